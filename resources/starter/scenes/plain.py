"""Single shapes and letters: things without a story."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.shapes import (
    blob,
    box,
    capsule,
    curve,
    ellipse,
    polygon,
    star,
    stroke,
)
from resources.starter.scenes.thing import Part


def plain(rng: np.random.Generator) -> list[Part]:
    """One simple shape: blob, polygon, star, ring, crescent, worm, cross or letter."""
    pick = int(rng.integers(9))
    if pick == 0:
        return [Part(blob(rng, 0, 0, 0.5, rng.uniform(0, 0.7)), "any", "ball")]
    if pick == 1:
        return [Part(polygon(rng, 0, 0, 0.5), "any")]
    if pick == 2:
        return [Part(star(rng, 0, 0, 0.5), "any")]
    if pick == 3:
        hole = rng.uniform(0.15, 0.38)
        return [
            Part(ellipse(0, 0, 0.5, 0.5, n=28), "any", "ball"),
            Part(ellipse(0, 0, hole, hole, n=28), "any", cut=True),
        ]
    if pick == 4:
        return [
            Part(ellipse(0, 0, 0.5, 0.5, n=28), "any"),
            Part(ellipse(rng.uniform(0.15, 0.4), 0.05, 0.42, 0.42, n=28), "any", cut=True),
        ]
    if pick == 5:
        return [Part(stroke(curve(rng, 0.25), rng.uniform(0.02, 0.1)), "any", "tube")]
    if pick == 6:
        wide = rng.uniform(0.04, 0.16)
        return [
            Part(capsule(-0.5, 0, 0.5, 0, wide, wide), "any", "tube"),
            Part(capsule(0, -0.5, 0, 0.5, wide, wide), "any", "tube"),
        ]
    if pick == 7:
        return letter(rng)
    return [Part(box(0, 0, rng.uniform(0.1, 1), rng.uniform(0.1, 1)), "any")]


_LETTERS = (
    "A:0-4,4-2,1-3",
    "E:0-6,0-2,3-5,6-8",
    "H:0-6,2-8,3-5",
    "K:0-6,3-2,3-8",
    "L:0-6,6-8",
    "N:0-6,0-8,2-8",
    "T:0-2,1-7",
    "V:0-7,7-2",
    "X:0-8,2-6",
    "Z:0-2,2-6,6-8",
    "F:0-6,0-2,3-4",
    "Y:0-4,2-4,4-7",
    "M:0-6,0-4,4-2,2-8",
)


def letter(rng: np.random.Generator) -> list[Part]:
    """A capital made of straight strokes on a 3 by 3 grid of points."""
    thick = rng.uniform(0.06, 0.14)
    parts: list[Part] = []
    for pair in _LETTERS[int(rng.integers(len(_LETTERS)))].split(":")[1].split(","):
        a, b = (int(number) for number in pair.split("-"))
        ends = (a % 3 / 2, a // 3 / 2, b % 3 / 2, b // 3 / 2)
        parts.append(Part(capsule(*ends, thick, thick), "any"))
    return parts
