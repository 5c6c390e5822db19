"""Crowds of like pieces: pebbles, seeds, coins, sweets, leaves, thrown on a ground."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.camera import capture, expose
from resources.starter.scenes.colour import pick_surface
from resources.starter.scenes.photo import Kind, Stage
from resources.starter.scenes.scene import Scene
from resources.starter.scenes.shapes import (
    blob,
    capsule,
    curve,
    ellipse,
    polygon,
    rounded,
    star,
    stroke,
)
from resources.starter.scenes.thing import Part, Pose


def _piece(rng: np.random.Generator, pick: int, rough: float) -> list[Part]:
    if pick == 0:
        return [Part(blob(rng, 0, 0, 0.5, rough), "any", "ball")]
    if pick == 1:
        return [Part(ellipse(0, 0, 0.5, rng.uniform(0.3, 0.5)), "any", "ball")]
    if pick == 2:
        return [Part(polygon(rng, 0, 0, 0.5), "any")]
    if pick == 3:
        return [Part(rounded(-0.5, -0.25, 0.5, 0.25, 0.2), "any", "ball")]
    if pick == 4:
        return [Part(capsule(-0.4, 0, 0.4, 0, 0.13, 0.1), "any", "tube")]
    if pick == 5:
        return [Part(stroke(curve(rng, 0.2), rng.uniform(0.04, 0.09)), "any", "tube")]
    if pick == 6:
        return [Part(star(rng, 0, 0, 0.5), "any")]
    return [
        Part(ellipse(0, 0, 0.5, 0.5), "any", "ball"),
        Part(ellipse(0, 0, 0.2, 0.2), "any", cut=True),
    ]


def heap(rng: np.random.Generator, size: int) -> Scene:
    """Up to 150 pieces of one to three sorts, side by side or on top of each other."""
    stage = Stage(rng, size)
    extent = size * float(np.exp(rng.uniform(np.log(0.03), np.log(0.25))))
    count = int(np.clip(rng.uniform(0.1, 1.6) * (size / extent) ** 2, 3, 150))
    sorts = rng.integers(0, 8, int(rng.integers(1, 4)))
    rough = float(rng.uniform(0, 0.5))
    kind = Kind(lambda _: (), 1.0, 3.2, 0.01)
    spread = rng.uniform(0.05, 0.4)
    shades = [pick_surface(rng, "any", extent) for _ in range(int(rng.integers(1, 5)))]
    for _ in range(count):
        parts = _piece(rng, int(rng.choice(sorts)), rough)
        x, y = rng.uniform(0, size, 2)
        where = Pose(
            float(x),
            float(y),
            float(extent * np.exp(rng.normal(0, spread))),
            float(rng.uniform(0, 2 * np.pi)),
        )
        shade = shades[int(rng.integers(len(shades)))].recoloured(rng, 0.06)
        stage.put(kind, parts, where, {"any": shade})
    index, labels = stage.canvas.visible()
    return Scene(capture(rng, expose(rng, stage.canvas.pixels)), index, labels)
