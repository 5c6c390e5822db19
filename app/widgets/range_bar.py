"""A histogram with two handles: the range of values that is shown."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.theme import muted

_NEAR: Final = 7  # pixels around a handle that take it
_EDGE: Final = 6


class RangeBar(QWidget):
    """`moved` carries the two values while a handle, or what lies between both, is dragged."""

    moved = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self._counts = np.zeros(0, np.int64)
        self._bounds = (0.0, 255.0)
        self._range = (0.0, 255.0)
        self._held: str | None = None
        self._from = (0.0, self._range)
        self.setMinimumSize(QSize(180, 56))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Range of values that is shown"))
        self.setToolTip(
            self.tr("Drag an end, or what lies between both: left of it is black, right is white")
        )

    def set_values(self, counts: NDArray[np.int64], bounds: tuple[float, float]) -> None:
        """Show how often values in equal parts of `bounds` occur."""
        self._counts, self._bounds = counts, bounds
        self.update()

    def set_range(self, low: float, high: float) -> None:
        """Show which values are black and white."""
        self._range = (low, high)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the nearer end, or both where it is pressed between them."""
        x = event.position().x()
        low, high = (self._x(value) for value in self._range)
        near = min((abs(x - low), "low"), (abs(x - high), "high"))
        inside = low < x < high
        self._held = near[1] if near[0] <= _NEAR or not inside else "both"
        self._from = (self._value(x), self._range)
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held."""
        x = event.position().x()
        if self._held is None:
            ends = min(abs(x - self._x(value)) for value in self._range) <= _NEAR
            self.setCursor(Qt.CursorShape.SizeHorCursor if ends else Qt.CursorShape.ArrowCursor)
            return
        start, (low, high) = self._from
        value = self._value(x)
        if self._held == "both":
            least, most = self._bounds
            by = min(max(value - start, least - low), most - high) if high - low < most - least \
                else 0.0  # fmt: skip
            low, high = low + by, high + by
        elif self._held == "low":
            low = min(value, high)
        else:
            high = max(value, low)
        if (low, high) != self._range:
            self.set_range(low, high)
            self.moved.emit(low, high)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._held = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars, what lies outside of the range dimmed, and the two ends."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(_EDGE, 2, -_EDGE, -2)
        palette = self.palette()
        painter.fillRect(area, palette.color(QPalette.ColorRole.Base))
        if self._counts.size and self._counts.max() > 0:
            heights = np.sqrt(self._counts / self._counts.max()) * area.height()
            wide = area.width() / len(heights)
            colour = muted(palette)
            for k, high in enumerate(heights.tolist()):
                painter.fillRect(
                    QRectF(area.left() + k * wide, area.bottom() - high, wide + 0.5, high), colour
                )
        low, high = (self._x(value) for value in self._range)
        veil = QColor(palette.color(QPalette.ColorRole.Window))
        veil.setAlphaF(0.7)
        painter.fillRect(QRectF(area.left(), area.top(), low - area.left(), area.height()), veil)
        painter.fillRect(QRectF(high, area.top(), area.right() - high, area.height()), veil)
        accent = palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(accent, 2))
        for x in (low, high):
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setBrush(accent)
            painter.drawEllipse(QPointF(x, area.center().y()), 4, 4)

    def _x(self, value: float) -> float:
        low, high = self._bounds
        share = (value - low) / (high - low) if low < high else 0.0
        return _EDGE + min(max(share, 0.0), 1.0) * (self.width() - 2 * _EDGE)

    def _value(self, x: float) -> float:
        low, high = self._bounds
        share = min(max((x - _EDGE) / max(self.width() - 2 * _EDGE, 1), 0.0), 1.0)
        return low + share * (high - low)
