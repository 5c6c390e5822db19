"""What the layers of the lens have in common: a switch, an opacity, and no answer to the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.canvas.layers.base import LayerView
from app.canvas.style import INK, PAPER
from core.document.geometry.measure import Rect
from core.lens.colours import Colour, Style

Boxes = NDArray[np.float64]
"""N×4 of x0, y0, x1, y1 in pixels of the image."""
D = TypeVar("D")
HALO: Final = QColor(10, 12, 14, 190)
Paint = Colour | QColor
PEN_STYLES: Final = {
    Style.SOLID: Qt.PenStyle.SolidLine,
    Style.DASH: Qt.PenStyle.DashLine,
    Style.DOT: Qt.PenStyle.DotLine,
    Style.DASH_DOT: Qt.PenStyle.DashDotLine,
}


class PlainLayer:
    """A layer that shows nothing yet; see `app.canvas.layers.base.Layer`."""

    def __init__(self, *, below_instances: bool = False) -> None:
        self.visible = False
        self.opacity = 1.0
        self.below_instances = below_instances

    @property
    def count(self) -> int:
        """How many things the layer shows."""
        return 0

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Paint in image coordinates."""

    def hover(self, x: float, y: float, tolerance: float) -> bool:
        """Nothing changes under the pointer."""
        return False

    def leave(self) -> None:
        """Nothing to forget."""

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """Clicks go through."""
        return False


class DrawingLayer(PlainLayer, Generic[D]):
    """A layer that shows a drawing of a view of the lens, one at a time."""

    def show(self, drawing: D) -> None:
        """Show this in place of what was shown."""
        raise NotImplementedError

    def clear(self) -> None:
        """Show nothing."""
        raise NotImplementedError


def qcolour(colour: Paint) -> QColor:
    """A colour as Qt wants it."""
    return QColor(*colour) if isinstance(colour, tuple) else colour


def pen_of(colour: Paint, width: float, style: Style = Style.SOLID) -> QPen:
    """A cosmetic pen with square corners."""
    pen = QPen(qcolour(colour), width, PEN_STYLES[style])
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def rects(boxes: Boxes) -> list[QRectF]:
    """Boxes as Qt wants them."""
    return [QRectF(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes.tolist()]


def in_sight(boxes: Boxes, visible: Rect) -> NDArray[np.bool_]:
    """Which boxes meet the visible part."""
    return np.asarray(
        (boxes[:, 0] <= visible.x1)
        & (boxes[:, 2] >= visible.x0)
        & (boxes[:, 1] <= visible.y1)
        & (boxes[:, 3] >= visible.y0)
    )


def strong_box(
    painter: QPainter,
    box: Sequence[float],
    colour: Paint,
    view: LayerView,
    style: Style = Style.SOLID,
) -> None:
    """A box that stands out, with a dark line around it."""
    x0, y0, x1, y1 = box
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (pen_of(HALO, 4.5 * view.dpr), pen_of(colour, 2.2 * view.dpr, style)):
        painter.setPen(pen)
        painter.drawRect(QRectF(x0, y0, x1 - x0, y1 - y0))


def tag(
    painter: QPainter, view: LayerView, at: tuple[float, float], texts: Sequence[tuple[str, Paint]]
) -> None:
    """Small texts, one above the other, the last one with its lower left corner at an image point.

    They are moved as far as it takes to keep them inside the viewport.
    """
    place = painter.worldTransform().map(QPointF(*at))
    painter.save()
    painter.resetTransform()
    metrics = painter.fontMetrics()
    high = metrics.height() + 2
    top = min(place.y() - 2, view.room[1] - 2.0) - len(texts) * high
    for row, (text, colour) in enumerate(texts):
        wide = metrics.horizontalAdvance(text) + 10
        left = min(max(place.x(), 2.0), max(view.room[0] - wide - 2.0, 2.0))
        board = QRectF(left, max(top, 2.0) + row * high, wide, high)
        painter.setPen(QPen(qcolour(colour), 1.5))
        painter.setBrush(INK)
        painter.drawRect(board)
        painter.setPen(PAPER)
        painter.drawText(board, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
