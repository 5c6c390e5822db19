"""Which part of an image a sample shows, and its instances as masks at the sample's resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import Rect, bounds, scaled
from core.document.instance import Keypoints, Polygons
from core.document.runs import rasterise
from core.document.skeleton import ABSENT
from core.engine.config import ModelConfig
from core.engine.train.size import seen_factor
from core.learning.frozen import FrozenImage

Masks = NDArray[np.uint8]
LEAST_SIDE: Final = 2
"""Rows and columns of pixels that an instance needs to be learned from..."""
LEAST_AREA: Final = 6
"""... and pixels in all; smaller ones are neither object nor background."""
_AROUND_OBJECT: Final = 0.75
"""Share of the windows that are laid around an instance, the others anywhere."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an image, in whole pixels of the image, and the size it is resized to."""

    x: int
    y: int
    width: int
    height: int
    columns: int
    rows: int

    def place(self, polygons: Polygons) -> Polygons:
        """Outlines of the image in pixels of the resized window."""
        scale = self.columns / self.width, self.rows / self.height
        return scaled(polygons, (self.x, self.y), scale)

    def place_points(self, keypoints: Keypoints) -> Keypoints:
        """Keypoints of the image in pixels of the resized window; outside of it they are absent."""
        kx, ky = self.columns / self.width, self.rows / self.height
        placed = [((x - self.x) * kx, (y - self.y) * ky, seen) for x, y, seen in keypoints]
        return tuple(
            each if 0 <= each[0] <= self.columns and 0 <= each[1] <= self.rows else ABSENT
            for each in placed
        )

    def sees(self, polygons: Polygons) -> bool:
        """Whether an outline may reach into the window."""
        box = bounds(polygons)
        return Rect(self.x, self.y, self.x + self.width, self.y + self.height).intersects(box)


def choose_window(
    image: FrozenImage,
    config: ModelConfig,
    side: int,
    scale: float,
    rng: np.random.Generator,
) -> Window:
    """A window that is at most `side` pixels wide and high once it is resized.

    The factor is the one that the network applies when it predicts, times up to `scale` or down
    to one over it.
    """
    factor = seen_factor(config, image.width, image.height)
    factor *= float(np.exp(rng.uniform(-1, 1) * np.log(scale)))
    width = min(image.width, max(1, round(side / factor)))
    height = min(image.height, max(1, round(side / factor)))
    x, y = _corner(image, width, height, rng)
    columns = max(1, min(side, round(width * factor)))
    rows = max(1, min(side, round(height * factor)))
    return Window(x, y, width, height, columns, rows)


def _corner(
    image: FrozenImage, width: int, height: int, rng: np.random.Generator
) -> tuple[int, int]:
    aims: Sequence[Polygons] = [one.polygons for one in image.objects]
    if image.regions is not None:
        aims = image.regions  # outside of them there is nothing to learn
    near = rng.random() < _AROUND_OBJECT or image.regions is not None
    u, v, pick = rng.random(), rng.random(), rng.integers(0, max(1, len(aims)))
    if near and aims:
        box = bounds(aims[int(pick)])
        px, py = box.x0 + rng.random() * box.width, box.y0 + rng.random() * box.height
        x, y = px - u * width, py - v * height
    else:
        x, y = u * (image.width - width), v * (image.height - height)
    return (
        int(min(max(0, round(x)), image.width - width)),
        int(min(max(0, round(y)), image.height - height)),
    )


def masks_of(outlines: Sequence[Polygons], columns: int, rows: int) -> Masks:
    """Outlines as masks: uint8 N×rows×columns of 0 and 1."""
    if not outlines:
        return np.zeros((0, rows, columns), np.uint8)
    return np.stack([rasterise(polygons, columns, rows) for polygons in outlines]).astype(np.uint8)


def area_of(outlines: Sequence[Polygons], columns: int, rows: int) -> NDArray[np.bool_]:
    """What any of the outlines covers: bool rows×columns."""
    covered: NDArray[np.bool_] = np.any(masks_of(outlines, columns, rows), axis=0)
    return covered
