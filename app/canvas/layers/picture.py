"""Pictures over the image: feature maps, objectness, the input, mask logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, PlainLayer, pen_of
from core.lens.colours import PADDING, Style

Pixels = NDArray[np.uint8]


def image_of(pixels: Pixels) -> QImage:
    """A picture H×W×4 (red, green, blue, opacity) as an image of its own memory, quick to draw."""
    own = np.ascontiguousarray(pixels)
    height, width = own.shape[:2]
    shared = QImage(own.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return shared.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


class PictureLayer(PlainLayer):
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

    def show(
        self,
        pixels: Pixels | None,
        place: tuple[float, float, float, float],
        frame: tuple[int, int] | None = None,
    ) -> None:
        """Show a picture H×W×4 over x0, y0, x1, y1 in pixels of the image; None shows nothing.

        With the height and width of a `frame`, the border of that part is drawn over it.
        """
        self._frame = frame
        self._image = None if pixels is None or not pixels.size else image_of(pixels)
        x0, y0, x1, y1 = place
        self._place = QRectF(x0, y0, x1 - x0, y1 - y0)

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
