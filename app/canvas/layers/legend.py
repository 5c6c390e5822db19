"""What the colours on the canvas mean: a board in the lower left corner, folded by a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from app.base.words import text_of
from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import PEN_STYLES, PlainLayer, qcolour
from app.canvas.style import PAPER
from core.lens.views.marks import Entry, Line, Scale

_SWATCH: Final = 22.0
_SCALE: Final = 110.0
_PAD: Final = 7.0
_BOARD: Final = QColor(20, 22, 26, 215)


class LegendLayer(PlainLayer):
    """The board; it lies at the border of the viewport, whatever part of the image is in sight."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._folded = False
        self._board = QRectF()  # in image pixels, where it was painted last

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the board says, in the language of the user."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Say this; without lines there is no board."""
        self._lines = tuple(_said(line) for line in lines)

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """A click on the board folds it to its first line, or shows all of it again."""
        hit = bool(self._lines) and self._board.contains(x, y)
        self._folded ^= hit
        return hit

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """The board in logical pixels."""
        self._board = QRectF()
        if not self._lines:
            return
        lines = self._lines[:1] if self._folded else self._lines
        painter.save()
        to_image, _ = painter.deviceTransform().inverted()
        painter.resetTransform()
        row = painter.fontMetrics().height() + 3.0
        wide = max(self._width(painter, line) for line in lines) + 2 * _PAD
        high = row * len(lines) + 2 * _PAD - 2
        top = view.room[1] - high - 8
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BOARD)
        board = QRectF(8, top, wide, high)
        painter.drawRoundedRect(board, 4, 4)
        self._board = to_image.mapRect(painter.deviceTransform().mapRect(board))
        for place, line in enumerate(lines):
            at = QRectF(8 + _PAD, top + _PAD - 1 + place * row, wide - 2 * _PAD, row)
            if isinstance(line, Scale):
                self._paint_scale(painter, at, line)
            else:
                self._paint_entry(painter, at, line)
        painter.restore()

    def _width(self, painter: QPainter, line: Line) -> float:
        metrics = painter.fontMetrics()
        if isinstance(line, Scale):
            texts = metrics.horizontalAdvance(str(line.low))
            texts += metrics.horizontalAdvance(str(line.high))
            return _SCALE + 14.0 + texts
        before = 0.0 if line.colour is None else _SWATCH + 7
        return before + metrics.horizontalAdvance(str(line.text)) + 2

    def _paint_entry(self, painter: QPainter, at: QRectF, entry: Entry) -> None:
        left = at.x()
        if entry.colour is not None:
            middle = at.center().y()
            if entry.filled:
                painter.fillRect(QRectF(left, middle - 4, _SWATCH, 8), qcolour(entry.colour))
            else:
                pen = QPen(qcolour(entry.colour), 2, PEN_STYLES[entry.style])
                painter.setPen(pen)
                painter.drawLine(QPointF(left, middle), QPointF(left + _SWATCH, middle))
            left += _SWATCH + 7
        painter.setPen(PAPER)
        place = QRectF(left, at.y(), at.right() - left + 2, at.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, str(entry.text))

    def _paint_scale(self, painter: QPainter, at: QRectF, scale: Scale) -> None:
        painter.setPen(PAPER)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(at, middle | Qt.AlignmentFlag.AlignLeft, str(scale.low))
        painter.drawText(at, middle | Qt.AlignmentFlag.AlignRight, str(scale.high))
        left = at.x() + painter.fontMetrics().horizontalAdvance(str(scale.low)) + 7
        wide = at.right() - left - painter.fontMetrics().horizontalAdvance(str(scale.high)) - 7
        bar = QRectF(left, at.center().y() - 4, wide, 8)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in enumerate(scale.colours):
            gradient.setColorAt(place / max(len(scale.colours) - 1, 1), qcolour(colour))
        painter.fillRect(bar, gradient)


def _said(line: Line) -> Line:
    if isinstance(line, Scale):
        return replace(line, low=text_of(line.low), high=text_of(line.high))
    return replace(line, text=text_of(line.text))
