"""Tiles of the image itself: the right level of the pyramid, scaled, brightened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from app.canvas.pyramid import ImagePyramid
from app.canvas.tiles import TILE, TileKey
from app.canvas.view import View

CRISP_FROM = 4.0
"""From this many device pixels per image pixel on, image pixels are shown as squares."""


def adjustment(brightness: float, contrast: float) -> NDArray[np.uint8] | None:
    """The 256 values that pixel values become; None when nothing changes.

    Both run from -1 to 1 with 0 for no change. Contrast turns around mid-grey: at -1 all is grey,
    at 1 it is four times as strong.
    """
    if brightness == 0 and contrast == 0:
        return None
    gain = 1 + contrast if contrast < 0 else 1 + 3 * contrast
    values = (np.arange(256) - 127.5) * gain + 127.5 + 255 * brightness
    table: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return table


class ImageTiles:
    """The source of the image layer."""

    format = QImage.Format.Format_RGB32
    cut = True

    def __init__(self) -> None:
        self._pyramid: ImagePyramid | None = None
        self._table: NDArray[np.uint8] | None = None

    def set_pyramid(self, pyramid: ImagePyramid | None) -> None:
        """Show another image, or none."""
        self._pyramid = pyramid

    def set_adjustment(self, table: NDArray[np.uint8] | None) -> None:
        """Show pixel values through a table of 256, or as they are."""
        self._table = table

    def begin(self, key: TileKey) -> _ImageJob | None:
        """Start a tile; None when there is no image."""
        return _ImageJob(self._pyramid, self._table, key) if self._pyramid else None

    def stand_in(self, painter: QPainter, view: View) -> None:
        """The smallest level of the pyramid, scaled up."""
        if self._pyramid is None:
            return
        left, top = view.origin
        scale = view.device_scale
        target = QRectF(left, top, self._pyramid.width * scale, self._pyramid.height * scale)
        image = self._pyramid.image(self._pyramid.level_count - 1)
        if self._table is not None:
            image = image.copy()
            _apply(image, self._table)
        painter.drawImage(target, image)


class _ImageJob:
    """One tile: made in one step, well under a millisecond."""

    def __init__(
        self, pyramid: ImagePyramid, table: NDArray[np.uint8] | None, key: TileKey
    ) -> None:
        self._pyramid = pyramid
        self._table = table
        self._key = key

    def paint(self, painter: QPainter, deadline: float) -> bool:
        """Paint the whole tile; it is quicker than any deadline."""
        key, pyramid = self._key, self._pyramid
        image = pyramid.image(pyramid.level_for(key.scale))
        # The exact ratio, also where halving rounded the size of a level up.
        across = key.scale * pyramid.width / image.width()
        down = key.scale * pyramid.height / image.height()
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, key.scale < CRISP_FROM and key.scale != 1
        )
        painter.setTransform(
            QTransform(across, 0, 0, down, -key.column * TILE, -key.row * TILE), False
        )
        painter.drawImage(0, 0, image)
        if self._table is not None:
            target = painter.device()
            assert isinstance(target, QImage)
            _apply(target, self._table)
        return True


def _apply(image: QImage, table: NDArray[np.uint8]) -> None:
    values = np.frombuffer(image.bits(), np.uint8)
    np.take(table, values, out=values, mode="clip")
