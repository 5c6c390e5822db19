"""Everyday scenes: things before a background, near and far, alone, in rows and in heaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from resources.starter.scenes import household, living, plain, vehicles
from resources.starter.scenes.backgrounds import backdrop, litter
from resources.starter.scenes.camera import capture, expose
from resources.starter.scenes.canvas import Canvas
from resources.starter.scenes.colour import Textures
from resources.starter.scenes.scene import OBJECT, Scene
from resources.starter.scenes.thing import Part, Pose, Surfaces, choose_surfaces, draw, placed

Maker = Callable[[np.random.Generator], Sequence[Part]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: how to make it, how often, how upright it stays, how much it bends."""

    make: Maker
    weight: float
    tilt: float
    wobble: float


KINDS: Final = (
    Kind(living.person, 5.0, 0.1, 0.01),
    Kind(living.portrait, 1.5, 0.1, 0.01),
    Kind(living.quadruped, 1.6, 0.1, 0.012),
    Kind(living.face_animal, 0.7, 0.2, 0.01),
    Kind(living.bird, 0.6, 0.4, 0.01),
    Kind(living.plant, 1.0, 0.1, 0.01),
    Kind(living.assemblage, 2.5, 3.2, 0.02),
    Kind(household.bottle, 1.3, 0.15, 0.0),
    Kind(household.vessel, 1.5, 0.1, 0.005),
    Kind(household.plate, 1.0, 0.1, 0.0),
    Kind(household.appliance, 3.0, 0.05, 0.0),
    Kind(household.laptop, 0.5, 0.1, 0.0),
    Kind(household.chair, 1.3, 0.1, 0.0),
    Kind(household.table, 0.8, 0.05, 0.0),
    Kind(household.sofa, 0.6, 0.05, 0.005),
    Kind(vehicles.car, 1.3, 0.05, 0.0),
    Kind(vehicles.car_front, 0.9, 0.05, 0.0),
    Kind(vehicles.cycle, 0.9, 0.1, 0.0),
    Kind(household.utensil, 1.2, 3.2, 0.01),
    Kind(household.lamp, 0.6, 0.05, 0.0),
    Kind(vehicles.boat, 0.6, 0.2, 0.0),
    Kind(household.fruit, 1.3, 3.2, 0.01),
    Kind(household.board, 1.2, 0.4, 0.015),
    Kind(plain.plain, 1.5, 3.2, 0.02),
)
_TABLE: Final = KINDS[13]
_BOX: Final = KINDS[10]
_CHANCES: Final = np.cumsum([kind.weight for kind in KINDS]) / sum(kind.weight for kind in KINDS)


def pick_kind(rng: np.random.Generator) -> Kind:
    """A kind of thing, by weight."""
    return KINDS[int(np.searchsorted(_CHANCES, rng.random(), side="right"))]


class Stage:
    """A photo in the making: where its light comes from and what has been put on it."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng = rng
        self.size = size
        self.light = float(rng.uniform(-1, 1))
        self.shadow = float(rng.uniform(0.15, 0.55)) if rng.random() < 0.65 else 0.0
        self.textures = Textures(rng, size)
        self.canvas = Canvas(backdrop(rng, self.textures, size))

    def put(
        self, kind: Kind, parts: Sequence[Part], pose: Pose, surfaces: Surfaces | None = None
    ) -> None:
        """Place one thing in front of all others."""
        rng = self.rng
        chosen = surfaces or choose_surfaces(rng, parts, pose.size)
        rings = placed(rng, parts, pose, kind.wobble * rng.random())
        patch = draw(parts, rings, chosen, self.textures, (self.size, self.size), self.light)
        if patch is None:
            return
        if self.shadow > 0 and pose.size > 12:
            reach = pose.size * rng.uniform(0.02, 0.1)
            self.canvas.shade(
                patch, round(-self.light * reach), round(reach), self.shadow, reach + 1
            )
        self.canvas.paint(patch, OBJECT)

    def pose(self, kind: Kind, x: float, y: float, size: float) -> Pose:
        """A natural pose of a kind of thing at a place."""
        rng = self.rng
        turn = float(rng.normal(0, kind.tilt) if kind.tilt < 3 else rng.uniform(0, 2 * np.pi))
        squeeze = float(np.exp(rng.normal(0, 0.15)))
        shear = float(rng.normal(0, 0.08))
        return Pose(x, y, size, turn, bool(rng.random() < 0.5), squeeze, shear)

    def put_any(self, x: float, y: float, size: float) -> None:
        """A random thing at a place; furniture and vehicles tend to be larger than tableware."""
        kind = pick_kind(self.rng)
        self.put(kind, kind.make(self.rng), self.pose(kind, x, y, size))


def few(stage: Stage) -> None:
    """One to four large things, often cut by the frame."""
    rng, size = stage.rng, stage.size
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0.1, 0.9, 2) * size
        stage.put_any(x, y, size * rng.uniform(0.35, 1.15))
    scatter(stage, int(rng.integers(0, 5)), 0.04, 0.2)


def scatter(stage: Stage, count: int, least: float, most: float) -> None:
    """Things of all sizes, the small ones mostly in front of the large ones."""
    rng, size = stage.rng, stage.size
    extents = np.sort(np.exp(rng.uniform(np.log(least), np.log(most), count)))[::-1]
    for extent in extents * np.exp(rng.normal(0, 0.2, count)):
        x, y = rng.uniform(0, 1, 2) * size
        stage.put_any(x, y, size * extent)


def street(stage: Stage) -> None:
    """Things on the ground, those nearer lower down and larger."""
    rng, size = stage.rng, stage.size
    horizon = rng.uniform(0.2, 0.6)
    nearest = rng.uniform(0.25, 0.9)
    crowd = pick_kind(rng) if rng.random() < 0.5 else None
    for depth in np.sort(rng.beta(1, 1.5, int(rng.integers(4, 16)))):
        extent = size * (0.06 + nearest * depth) * np.exp(rng.normal(0, 0.25))
        ground = size * (horizon + (1.05 - horizon) * depth)
        kind = crowd if crowd is not None and rng.random() < 0.7 else pick_kind(rng)
        where = stage.pose(kind, float(rng.uniform(0, size)), float(ground - extent * 0.4), extent)
        stage.put(kind, kind.make(rng), where)


def group(stage: Stage) -> None:
    """Many of one kind, alike or in several colours: rows, shelves, heaps, flocks."""
    rng, size = stage.rng, stage.size
    kind = pick_kind(rng)
    parts = kind.make(rng)
    count = int(np.exp(rng.uniform(np.log(4), np.log(60))))
    extent = size * rng.uniform(0.5, 1.3) / np.sqrt(count)
    surfaces = choose_surfaces(rng, parts, extent)
    alike, rows = rng.random() < 0.5, rng.random() < 0.5
    columns = max(1, round(np.sqrt(count) * rng.uniform(0.6, 1.6)))
    for number in range(count):
        if not alike:
            parts = kind.make(rng)
        if rows:
            gap = size / columns
            x = (number % columns + 0.5 + rng.normal(0, 0.06)) * gap
            y = (number // columns + 0.5 + rng.normal(0, 0.06)) * gap
        else:
            x, y = rng.uniform(0, 1, 2) * size
        where = stage.pose(kind, float(x), float(y), float(extent * np.exp(rng.normal(0, 0.15))))
        if alike:
            tinted = {name: one.recoloured(rng, 0.05) for name, one in surfaces.items()}
            stage.put(kind, parts, where, tinted)
        else:
            stage.put(kind, parts, where)
    scatter(stage, int(rng.integers(0, 5)), 0.08, 0.4)


def table_top(stage: Stage) -> None:
    """A large table or box that carries many small things, itself an instance."""
    rng, size = stage.rng, stage.size
    kind = _TABLE if rng.random() < 0.6 else _BOX
    extent = size * rng.uniform(0.6, 1.2)
    x, y = size * rng.uniform(0.3, 0.7), size * rng.uniform(0.55, 0.85)
    stage.put(kind, kind.make(rng), stage.pose(kind, x, y, extent))
    for _ in range(int(rng.integers(3, 14))):
        stage.put_any(
            float(rng.normal(x, extent * 0.3)),
            float(rng.normal(y - extent * 0.1, extent * 0.15)),
            float(size * rng.uniform(0.05, 0.25)),
        )


def photo(rng: np.random.Generator, size: int) -> Scene:
    """One everyday scene, `size` pixels square."""
    stage = Stage(rng, size)
    if rng.random() < 0.7:
        litter(rng, stage.canvas, stage.textures, int(rng.integers(2, 14)))
    pick = rng.random()
    if pick < 0.25:
        few(stage)
    elif pick < 0.5:
        scatter(stage, int(rng.integers(5, 22)), 0.04, 0.7)
    elif pick < 0.7:
        street(stage)
    elif pick < 0.85:
        group(stage)
    else:
        table_top(stage)
    index, labels = stage.canvas.visible()
    return Scene(capture(rng, expose(rng, stage.canvas.pixels)), index, labels)
