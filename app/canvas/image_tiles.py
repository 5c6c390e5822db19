"""Tiles of the image itself: the right level of the pyramid, scaled, brightened."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from app.canvas.look import Shade
from app.canvas.pyramid import ImagePyramid
from app.canvas.tiles import TILE, TileKey
from app.canvas.view import View

CRISP_FROM = 4.0
"""From this many device pixels per image pixel on, image pixels are shown as squares."""


class ImageTiles:
    """The source of the image layer."""

    format = QImage.Format.Format_RGB32
    cut = True

    def __init__(self) -> None:
        self._pyramid: ImagePyramid | None = None
        self._shade: Shade | None = None
        self._overview: QImage | None = None

    def set_pyramid(self, pyramid: ImagePyramid | None) -> None:
        """Show another image, or none."""
        self._pyramid = pyramid
        self._overview = None

    def set_shade(self, shade: Shade | None) -> None:
        """Show pixels through a shade, or as they are."""
        self._shade = shade
        self._overview = None

    def begin(self, key: TileKey) -> _ImageJob | None:
        """Start a tile; None when there is no image."""
        return _ImageJob(self._pyramid, self._shade, key) if self._pyramid else None

    def stand_in(self, painter: QPainter, view: View) -> None:
        """The smallest level of the pyramid, scaled up."""
        if self._pyramid is None:
            return
        left, top = view.origin
        scale = view.device_scale
        target = QRectF(left, top, self._pyramid.width * scale, self._pyramid.height * scale)
        overview = self.overview()
        if overview is not None:
            painter.drawImage(target, overview)

    def overview(self) -> QImage | None:
        """The smallest level of the pyramid as it is shown; None without an image."""
        if self._overview is None and self._pyramid is not None:
            self._overview = self._pyramid.image(self._pyramid.level_count - 1)
            if self._shade is not None:
                self._overview = self._overview.convertToFormat(self.format)
                _apply(self._overview, self._shade)
        return self._overview


class _ImageJob:
    """One tile: made in one step, well under a millisecond."""

    def __init__(self, pyramid: ImagePyramid, shade: Shade | None, key: TileKey) -> None:
        self._pyramid = pyramid
        self._shade = shade
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
        if self._shade is not None:
            target = painter.device()
            assert isinstance(target, QImage)
            _apply(target, self._shade)
        return True


def _apply(image: QImage, shade: Shade) -> None:
    """Shade an image of `ImageTiles.format`, whose rows are 4 bytes a pixel without a gap."""
    values = np.frombuffer(image.bits(), np.uint8)
    shade.apply(values.reshape(image.height(), image.width(), 4))
