"""`masklens shapes`: a data set of circles, squares and triangles that overlap, with their labels.

Drawn after the description of matterport's shapes example: random colours and sizes on a plain
ground, later shapes in front of earlier ones, those that are hidden too far left out.
"""

from __future__ import annotations

import argparse
import io
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from core.cli.console import CommandError, Console, UsageError
from core.cli.options import OUT_IS_FILE, add_json
from core.document.geometry import area, clip_to_image, subtract
from core.document.instance import Instance, Polygon, Polygons
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.sentences import say
from core.storage.atomic import explain, write_atomic

HELP: Final = "Make a data set of circles, squares and triangles that overlap"
KINDS: Final = ("circle", "square", "triangle")
_CORNERS: Final = 40
"""Corners of a circle's outline."""
_LEAST_SEEN: Final = 0.3
"""Share of a shape that must be in sight."""
_MOST: Final = 4
_LARGEST_SIDE: Final = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--images", type=int, default=100, metavar="N", help="default 100")
    parser.add_argument("--side", type=int, default=128, metavar="PX", help="default 128")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    add_json(parser)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture, and the outlines of what is seen in it."""

    picture: Image.Image
    instances: tuple[Instance, ...]


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write images and labelme files; a folder that holds anything is left as it is."""
    out, count, side = Path(arguments.out), arguments.images, arguments.side
    if count < 1 or not 32 <= side <= _LARGEST_SIDE:
        raise UsageError(
            say("cli.shapes_size", "There must be an image at least, with a side of 32 to 4096.")
        )
    if out.exists() and not out.is_dir():
        raise UsageError(OUT_IS_FILE.given(path=str(out)))
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(
            say("cli.shapes_kept", "{path} holds files already; choose another.", path=str(out))
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error, out)) from error
    shapes = 0
    for number in range(count):
        console.progress("drawing", number + 1, count)
        scene = draw(side, random.Random(f"{arguments.seed} {number}"))
        shapes += len(scene.instances)
        _write(out / f"shapes_{number:04d}.png", scene)
    text = f"{count} images with {shapes} shapes: {out}"
    console.result(text, {"out": str(out), "images": count, "instances": shapes})
    return console.code()


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


def _write(path: Path, scene: Scene) -> None:
    """The picture, and its labels beside it, marked done. Raises StorageError."""
    buffer = io.BytesIO()
    scene.picture.save(buffer, "png")
    write_atomic(path, buffer.getvalue())
    file = LabelFile(path.name, *scene.picture.size, scene.instances, done=True)
    write_atomic(path.with_suffix(".json"), labelme.dumps(file))
