"""An image at halved sizes, ready to be cut into tiles. Built away from the window's thread."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtGui import QImage

Pixels = NDArray[np.uint8]

OVERVIEW_SIDE = 1024
"""The smallest level has no side longer than this many pixels, so it is cheap to draw whole."""

_STRIP_ROWS = 1024


class ImagePyramid:
    """An image of H×W×3 uint8 pixels and its levels: level k is 2**k times smaller.

    Level 0 shares the memory it was given. `build` may run on any thread; the finished pyramid
    does not change and may be handed to the window's thread.
    """

    def __init__(self, levels: tuple[Pixels, ...]) -> None:
        self._levels = levels
        self._images = tuple(_shared_image(level) for level in levels)

    @staticmethod
    def build(pixels: Pixels) -> ImagePyramid:
        """Halve `pixels` (H×W×3 uint8) until the longer side is at most `OVERVIEW_SIDE`.

        Raises ValueError when the array has another shape or type, or no pixels.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ValueError(f"need H×W×3 uint8 pixels, not {pixels.shape} {pixels.dtype}")
        levels = [np.ascontiguousarray(pixels)]
        while max(levels[-1].shape[:2]) > OVERVIEW_SIDE:
            levels.append(_halve(levels[-1]))
        return ImagePyramid(tuple(levels))

    @property
    def width(self) -> int:
        """Width of the image in pixels."""
        return int(self._levels[0].shape[1])

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return int(self._levels[0].shape[0])

    @property
    def level_count(self) -> int:
        """How many levels there are, the full size included."""
        return len(self._levels)

    @property
    def pixels(self) -> Pixels:
        """The full size, H×W×3."""
        return self._levels[0]

    def image(self, level: int) -> QImage:
        """The level as a QImage over the pyramid's memory; keep the pyramid while it is used."""
        return self._images[level]

    def level_for(self, device_scale: float) -> int:
        """The smallest level that still has a pixel for each device pixel at that scale."""
        if device_scale >= 1.0:
            return 0
        wanted = math.floor(math.log2(1.0 / device_scale) + 1e-6)
        return min(wanted, self.level_count - 1)


def _shared_image(pixels: Pixels) -> QImage:
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)


def _halve(pixels: Pixels) -> Pixels:
    """Mean of 2×2 pixels, in strips so that no second full-size copy is made."""
    height, width = pixels.shape[:2]
    half = np.empty(((height + 1) // 2, (width + 1) // 2, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        strip = Image.fromarray(pixels[top : top + _STRIP_ROWS]).reduce(2)
        half[top // 2 : top // 2 + strip.height] = np.asarray(strip)
    return half
