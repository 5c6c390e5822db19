"""The sample images of `masklens demo`: a few scenes, chosen by eye, drawn from fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from core.document.geometry.algebra import simplify
from core.document.instance import Instance, Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.formats.masks import trace
from resources.starter.scenes import CLASS_NAMES
from resources.starter.scenes.cells import bright_field, fluorescence, sheet, tissue
from resources.starter.scenes.generator import SAMPLE_SEED
from resources.starter.scenes.heaps import heap
from resources.starter.scenes.photo import photo
from resources.starter.scenes.scene import Scene


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample image: file stem, what draws it, its number in the series, width and height."""

    name: str
    draw: Callable[[np.random.Generator, int], Scene]
    number: int
    width: int
    height: int


SAMPLES: Final = (
    Sample("nuclei-1", fluorescence, 9, 640, 640),
    Sample("nuclei-2", fluorescence, 1, 640, 512),
    Sample("tissue-1", tissue, 2, 640, 512),
    Sample("tissue-2", tissue, 6, 640, 640),
    Sample("smear", bright_field, 4, 640, 512),
    Sample("layer", sheet, 6, 512, 512),
    Sample("heap-1", heap, 3, 800, 600),
    Sample("heap-2", heap, 7, 800, 800),
    Sample("things-1", photo, 31, 800, 600),
    Sample("things-2", photo, 2, 800, 600),
    Sample("things-3", photo, 5, 800, 600),
    Sample("things-4", photo, 15, 800, 600),
)


LABELLED: Final = frozenset({"nuclei-2", "tissue-1", "tissue-2", "smear"})
"""Samples that come with the labels of their instances, so that learning can be tried."""
_WITHIN: Final = 0.4
"""Pixels by which an outline of a label may miss its mask."""


def draw_sample(sample: Sample) -> Image.Image:
    """The picture of one sample, cut from the middle of a square scene."""
    scene, rows, columns = _scene(sample)
    return Image.fromarray(np.ascontiguousarray(scene.pixels[rows, columns]))


def label_sample(sample: Sample) -> LabelFile:
    """The true outlines of one sample, marked as done; ids count up, so that it is drawn alike."""
    scene, rows, columns = _scene(sample)
    shapes: list[Instance] = []
    for label, mask in zip(scene.labels, scene.masks(), strict=True):
        polygons = simplify(trace(mask[rows, columns]), _WITHIN)
        if polygons:
            name = CLASS_NAMES[label - 1]
            shapes.append(Instance(f"{sample.name}-{len(shapes)}", name, polygons, Source.DRAWN))
    size = sample.width, sample.height
    return LabelFile(f"{sample.name}.jpg", *size, tuple(shapes), done=True)


def _scene(sample: Sample) -> tuple[Scene, slice, slice]:
    size = max(sample.width, sample.height)
    # A series of its own for each kind of scene, so that the numbers stay when the list changes.
    kind = sum(sample.draw.__name__.encode())
    scene = sample.draw(np.random.default_rng((SAMPLE_SEED, kind, sample.number)), size)
    top, left = (size - sample.height) // 2, (size - sample.width) // 2
    return scene, slice(top, top + sample.height), slice(left, left + sample.width)


def write_samples(folder: Path) -> list[Path]:
    """Write every sample into a folder as JPEG, and labels as labelme; return the images."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for sample in SAMPLES:
        path = folder / f"{sample.name}.jpg"
        draw_sample(sample).save(path, quality=88)
        written.append(path)
        if sample.name in LABELLED:
            path.with_suffix(".json").write_bytes(labelme.dumps(label_sample(sample)))
    return written
