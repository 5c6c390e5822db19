"""Small labelled images for tests of learning: bright squares on a dark ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.document.instance import Instance, Polygon, Source
from core.learning.folder import RunFolder, create_run
from core.learning.frozen import FrozenImage, Provenance
from core.learning.gather import Gathered
from core.learning.schedule import ScheduleChoices
from core.learning.spec import RunSpec

SIDE = 64


def square(id: str, x: float, y: float, size: float, label: str = "square", **more: object):
    ring = ((x, y), (x + size, y), (x + size, y + size), (x, y + size))
    return Instance(id, label, (Polygon(ring),), **more)


def picture(seed: int) -> tuple[np.ndarray, list[tuple[int, int, int]]]:
    """Pixels SIDE×SIDE×3, and the squares on them as x, y, size."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, (SIDE, SIDE, 3)).astype(np.uint8)
    squares = []
    for corner in ((2, 2), (34, 2), (2, 34), (34, 34)):
        size = int(rng.integers(12, 24))
        x, y = corner[0] + int(rng.integers(0, 5)), corner[1] + int(rng.integers(0, 5))
        pixels[y : y + size, x : x + size] = rng.integers(150, 255, 3)
        squares.append((x, y, size))
    return pixels, squares


def labelled_image(folder: Path, number: int, *, held_out: bool = False, **more) -> FrozenImage:
    pixels, squares = picture(number)
    path = folder / f"{number:03d}.png"
    Image.fromarray(pixels).save(path)
    instances = tuple(
        square(f"{number}-{k}", x, y, size, source=Source.DRAWN)
        for k, (x, y, size) in enumerate(squares)
    )
    return FrozenImage(path.name, path, number, SIDE, SIDE, instances, held_out=held_out, **more)


def gathered(folder: Path, learned: int = 3, held_out: int = 1) -> Gathered:
    folder.mkdir(parents=True, exist_ok=True)
    images = tuple(
        labelled_image(folder, n, held_out=n >= learned) for n in range(learned + held_out)
    )
    return Gathered(images, ("square",), Provenance(drawn=4 * learned))


def small_spec(model: Path, **changes) -> RunSpec:
    """A request that is done in a second or two."""
    values = {
        "model": str(model),
        "dataset": "squares",
        "steps": 4,
        "device": "cpu",
        "precision": "float32",
        "threads": 1,
        "validations": 1,
        "checkpoint_seconds": 0.0,
        "schedule": ScheduleChoices(side=64, batch=2),
        **changes,
    }
    return RunSpec(**values)


def make_run(tmp_path: Path, model: Path, name: str = "run", **changes) -> RunFolder:
    return create_run(tmp_path / name, small_spec(model, **changes), gathered(tmp_path / "images"))
