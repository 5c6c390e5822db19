"""Circles, squares and triangles that overlap, with their outlines.

Drawn after the description of matterport's shapes example: random colours and sizes on a plain
ground, later shapes in front of earlier ones, those that are hidden too far left out.
"""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from core.document.geometry import area, clip_to_image, subtract
from core.document.instance import Instance, Polygon, Polygons
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.storage.atomic import write_atomic

KINDS: Final = ("circle", "square", "triangle")
_CORNERS: Final = 40
"""Corners of a circle's outline."""
_LEAST_SEEN: Final = 0.3
"""Share of a shape that must be in sight."""
_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture, and the outlines of what is seen in it."""

    picture: Image.Image
    instances: tuple[Instance, ...]


def draw(side: int, chance: random.Random) -> Scene:
    """A scene of one to four shapes."""
    picture = Image.new("RGB", (side, side), _colour(chance))
    pen, found = ImageDraw.Draw(picture), list[tuple[str, float, Polygons]]()
    for _ in range(chance.randint(1, _MOST)):
        kind, whole = chance.choice(KINDS), _shape(side, chance)
        outline: Polygons = (Polygon(_ring(kind, *whole)),)
        pen.polygon([(x - 0.5, y - 0.5) for x, y in outline[0].outer], fill=_colour(chance))
        inside = clip_to_image(outline, side, side)
        found = [(name, size, subtract(rest, outline)) for name, size, rest in found]
        found.append((kind, area(inside), inside))
    seen = [
        Instance(id=f"{number}", label=kind, polygons=rest)
        for number, (kind, size, rest) in enumerate(found)
        if rest and area(rest) >= _LEAST_SEEN * size
    ]
    return Scene(picture, tuple(seen))


def _shape(side: int, chance: random.Random) -> tuple[float, float, float]:
    """Centre and half side."""
    half = chance.uniform(side / 12, side / 4)
    return chance.uniform(half, side - half), chance.uniform(half, side - half), half


def _ring(kind: str, x: float, y: float, half: float) -> tuple[tuple[float, float], ...]:
    if kind == "square":
        low, high = (x - half, y - half), (x + half, y + half)
        return (low, (high[0], low[1]), high, (low[0], high[1]))
    if kind == "triangle":
        width = half / math.sin(math.radians(60))
        return ((x, y - half), (x + width, y + half), (x - width, y + half))
    turn = 2 * math.pi / _CORNERS
    return tuple(
        (x + half * math.cos(k * turn), y + half * math.sin(k * turn)) for k in range(_CORNERS)
    )


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255)


def write(path: Path, scene: Scene) -> None:
    """The picture, and its labels beside it, marked done. Raises StorageError."""
    buffer = io.BytesIO()
    scene.picture.save(buffer, "png")
    write_atomic(path, buffer.getvalue())
    file = LabelFile(path.name, *scene.picture.size, scene.instances, done=True)
    write_atomic(path.with_suffix(".json"), labelme.dumps(file))
