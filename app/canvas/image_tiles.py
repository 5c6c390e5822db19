"""Tiles of the image itself: the right level of the pyramid, scaled, brightened."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from app.canvas.look import Shade
from app.canvas.pyramid import ImagePyramid
from app.canvas.tiles import TILE, TileKey
from app.canvas.view import View
from core.document.geometry.measure import Rect

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

    def is_quick(self, device_scale: float) -> bool:
        """Whether what is painted in place of tiles is what they would show: squares."""
        return device_scale >= CRISP_FROM and self._shade is None

    def stand_in(self, painter: QPainter, view: View) -> None:
        """The smallest level of the pyramid, scaled up; from close by the pixels themselves."""
        if self._pyramid is None:
            return
        left, top = view.origin
        scale = view.device_scale
        if self.is_quick(scale):
            painter.setTransform(QTransform.fromTranslate(left, top), True)
            across, down = view.device_size
            _draw(painter, self._pyramid, scale, Rect(-left, -top, across - left, down - top))
            return
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
        left, top = self._key.column * TILE, self._key.row * TILE
        painter.translate(-left, -top)
        part = Rect(left, top, left + TILE, top + TILE)
        _draw(painter, self._pyramid, self._key.scale, part)
        if self._shade is not None:
            target = painter.device()
            assert isinstance(target, QImage)
            _apply(target, self._shade)
        return True


def _draw(painter: QPainter, pyramid: ImagePyramid, scale: float, part: Rect) -> None:
    """Paint a part of the image, given in device pixels from its corner, at a scale."""
    image = pyramid.image(pyramid.level_for(scale))
    # The exact ratio, also where halving rounded the size of a level up.
    across = scale * pyramid.width / image.width()
    down = scale * pyramid.height / image.height()
    painter.setRenderHint(
        QPainter.RenderHint.SmoothPixmapTransform, scale < CRISP_FROM and scale != 1
    )
    # Only what is seen, in a format that Qt scales in half the time, with a border to blend.
    x, y = max(int(part.x0 / across) - 1, 0), max(int(part.y0 / down) - 1, 0)
    right = min(math.ceil(part.x1 / across) + 1, image.width())
    bottom = min(math.ceil(part.y1 / down) + 1, image.height())
    if right <= x or bottom <= y:
        return
    seen = image.copy(x, y, right - x, bottom - y).convertToFormat(ImageTiles.format)
    painter.setTransform(QTransform.fromScale(across, down), True)
    painter.drawImage(x, y, seen)


def _apply(image: QImage, shade: Shade) -> None:
    """Shade an image of `ImageTiles.format`, whose rows are 4 bytes a pixel without a gap."""
    values = np.frombuffer(image.bits(), np.uint8)
    shade.apply(values.reshape(image.height(), image.width(), 4))
