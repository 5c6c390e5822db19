"""The sheet on which a scene is painted, back to front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resources.starter.scenes.noise import Field, soften
from resources.starter.scenes.scene import LEAST_AREA, LEAST_VISIBLE, MOST_INSTANCES


@dataclass(frozen=True, slots=True)
class Patch:
    """A painted piece: `alpha` (h, w) 0..1, `colour` (h, w, 3), top left corner on the canvas."""

    x: int
    y: int
    alpha: Field
    colour: Field


class Canvas:
    """Colours 0..1 as float32 (H, W, 3), and the number of the instance on top of each pixel."""

    def __init__(self, pixels: Field) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self.index = np.zeros((self.height, self.width), dtype=np.int16)
        self.labels: list[int] = []
        self.areas: list[int] = []

    def paint(self, patch: Patch, label: int | None) -> None:
        """Lay a patch on top. With a label it becomes an instance, else it only hides."""
        window = self._window(patch)
        if window is None:
            return
        rows, columns, alpha, colour = window
        view = self.pixels[rows, columns]
        view += alpha[..., None] * (colour - view)
        covered = alpha >= 0.5
        area = int(np.count_nonzero(covered))
        number = 0
        if label is not None and area >= LEAST_AREA and len(self.labels) < MOST_INSTANCES:
            self.labels.append(label)
            self.areas.append(area)
            number = len(self.labels)
        self.index[rows, columns][covered] = number

    def glow(self, patch: Patch) -> None:
        """Add light instead of covering (fluorescence); nothing is labelled."""
        window = self._window(patch)
        if window is not None:
            rows, columns, alpha, colour = window
            self.pixels[rows, columns] += alpha[..., None] * colour

    def shade(self, patch: Patch, dx: int, dy: int, strength: float, radius: float) -> None:
        """Cast the patch's outline as a soft shadow, moved by (dx, dy)."""
        alpha = patch.alpha
        if min(alpha.shape) >= 4:
            border = max(2, int(radius))
            alpha = soften(np.pad(alpha, border), max(1.5, radius))
            dx, dy = dx - border, dy - border
        window = self._window(Patch(patch.x + dx, patch.y + dy, alpha, alpha[..., None]))
        if window is not None:
            rows, columns, dark, _ = window
            self.pixels[rows, columns] *= 1 - np.float32(strength) * np.clip(dark, 0, 1)[..., None]

    def visible(self) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
        """The finished index picture and labels, without instances that hardly show."""
        counts = np.bincount(self.index.ravel(), minlength=len(self.labels) + 1)
        renumber = np.zeros(len(self.labels) + 1, dtype=np.uint8)
        kept: list[int] = []
        for number, (label, area) in enumerate(zip(self.labels, self.areas, strict=True), start=1):
            if counts[number] >= max(LEAST_AREA, LEAST_VISIBLE * area):
                kept.append(label)
                renumber[number] = len(kept)
        return renumber[self.index], tuple(kept)

    def _window(self, patch: Patch) -> tuple[slice, slice, Field, Field] | None:
        """The part of the patch inside the frame: rows, columns, alpha, colour."""
        height, width = patch.alpha.shape
        top, left = max(0, patch.y), max(0, patch.x)
        bottom, right = min(self.height, patch.y + height), min(self.width, patch.x + width)
        if top >= bottom or left >= right:
            return None
        inner = (slice(top - patch.y, bottom - patch.y), slice(left - patch.x, right - patch.x))
        return slice(top, bottom), slice(left, right), patch.alpha[inner], patch.colour[inner]
