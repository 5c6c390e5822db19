"""Pictures over the image: feature maps, objectness, the input, mask logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, DrawingLayer, pen_of
from core.lens.colours import PADDING, Style
from core.lens.views.marks import PictureShown

Pixels = NDArray[np.uint8]


def image_of(pixels: Pixels) -> QImage:
    """A picture H×W×4 (red, green, blue, opacity) as an image of its own memory, quick to draw."""
    own = np.ascontiguousarray(pixels)
    height, width = own.shape[:2]
    shared = QImage(own.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return shared.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


class PictureLayer(DrawingLayer[PictureShown]):
    """One picture, stretched over its place with hard cell borders."""

    def __init__(self, *, opacity: float = 0.8, below_instances: bool = True) -> None:
        super().__init__(below_instances=below_instances)
        self.opacity = opacity
        self._image: QImage | None = None
        self._place = QRectF()
        self._frame: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        """Cells of the picture."""
        return 0 if self._image is None else self._image.width() * self._image.height()

    def show(self, drawing: PictureShown) -> None:
        """Show a picture over its place, and the border of the image where it has a frame."""
        pixels, place = drawing.picture.pixels, drawing.picture.place
        self._image = image_of(pixels) if pixels.size else None
        self._frame = drawing.frame
        self._place = QRectF(place.x0, place.y0, place.x1 - place.x0, place.y1 - place.y0)

    def clear(self) -> None:
        self._image = None

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Stretch the picture; cells larger than two device pixels keep hard borders."""
        if self._image is None:
            return
        cell = self._place.width() * view.scale / max(self._image.width(), 1)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, cell < 2)
        painter.drawImage(self._place, self._image)
        if self._frame is not None:
            high, wide = self._frame
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (
                pen_of(HALO, 3 * view.dpr),
                pen_of(PADDING, 1.5 * view.dpr, Style.DASH),
            ):
                painter.setPen(pen)
                painter.drawRect(QRectF(0, 0, wide, high))
