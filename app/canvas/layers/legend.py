"""What the colours on the canvas mean: a small board in the lower left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import PlainLayer
from app.canvas.style import PAPER

_SWATCH: Final = 22.0
_SCALE: Final = 110.0
_PAD: Final = 7.0
_BOARD: Final = QColor(20, 22, 26, 215)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the board: a text behind a line in a colour and style, or behind nothing."""

    text: str
    colour: QColor | None = None
    style: Qt.PenStyle = Qt.PenStyle.SolidLine
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A line of the board: colours from a low value to a high one."""

    low: str
    high: str
    colours: tuple[QColor, ...]


Line = Entry | Scale


class LegendLayer(PlainLayer):
    """The board; it lies at the border of the viewport, whatever part of the image is in sight."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the board says."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Say this; without lines there is no board."""
        self._lines = tuple(lines)

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """The board in logical pixels."""
        if not self._lines:
            return
        painter.save()
        painter.resetTransform()
        row = painter.fontMetrics().height() + 3.0
        wide = max(self._width(painter, line) for line in self._lines) + 2 * _PAD
        high = row * len(self._lines) + 2 * _PAD - 2
        top = view.room[1] - high - 8
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BOARD)
        painter.drawRoundedRect(QRectF(8, top, wide, high), 4, 4)
        for place, line in enumerate(self._lines):
            at = QRectF(8 + _PAD, top + _PAD - 1 + place * row, wide - 2 * _PAD, row)
            if isinstance(line, Scale):
                self._paint_scale(painter, at, line)
            else:
                self._paint_entry(painter, at, line)
        painter.restore()

    def _width(self, painter: QPainter, line: Line) -> float:
        metrics = painter.fontMetrics()
        if isinstance(line, Scale):
            texts = metrics.horizontalAdvance(line.low) + metrics.horizontalAdvance(line.high)
            return _SCALE + 14.0 + texts
        before = 0.0 if line.colour is None else _SWATCH + 7
        return before + metrics.horizontalAdvance(line.text) + 2

    def _paint_entry(self, painter: QPainter, at: QRectF, entry: Entry) -> None:
        left = at.x()
        if entry.colour is not None:
            middle = at.center().y()
            if entry.filled:
                painter.fillRect(QRectF(left, middle - 4, _SWATCH, 8), entry.colour)
            else:
                pen = QPen(entry.colour, 2, entry.style)
                painter.setPen(pen)
                painter.drawLine(QPointF(left, middle), QPointF(left + _SWATCH, middle))
            left += _SWATCH + 7
        painter.setPen(PAPER)
        place = QRectF(left, at.y(), at.right() - left + 2, at.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, entry.text)

    def _paint_scale(self, painter: QPainter, at: QRectF, scale: Scale) -> None:
        painter.setPen(PAPER)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(at, middle | Qt.AlignmentFlag.AlignLeft, scale.low)
        painter.drawText(at, middle | Qt.AlignmentFlag.AlignRight, scale.high)
        left = at.x() + painter.fontMetrics().horizontalAdvance(scale.low) + 7
        wide = at.right() - left - painter.fontMetrics().horizontalAdvance(scale.high) - 7
        bar = QRectF(left, at.center().y() - 4, wide, 8)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in enumerate(scale.colours):
            gradient.setColorAt(place / max(len(scale.colours) - 1, 1), colour)
        painter.fillRect(bar, gradient)
