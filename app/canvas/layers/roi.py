"""What happens to one RoI: where it is sampled, what it is called, how its box is refined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, Boxes, DrawingLayer, in_sight, pen_of, qcolour, strong_box
from app.canvas.style import INK, PAPER
from core.lens.colours import ANCHOR, CHOSEN, DETECTION, PROPOSAL, Style
from core.lens.views.marks import ArrowsShown, BarsShown, SamplingShown

BARS: Final = 8
"""Classes shown at most: the likeliest."""
_BAR_WIDTH: Final = 150.0
_NAME_WIDTH: Final = 84.0


class SamplingLayer(DrawingLayer[SamplingShown]):
    """The points that RoIAlign reads for one RoI, and the cells that they are mixed from."""

    def __init__(self) -> None:
        super().__init__()
        self._box: Sequence[float] | None = None
        self._points: list[QPointF] = []
        self._cells: list[tuple[QRectF, float]] = []
        self._bins: list[QLineF] = []

    @property
    def count(self) -> int:
        """Points of the RoI."""
        return len(self._points)

    def show(self, drawing: SamplingShown) -> None:
        """Show points, cells, and the borders of the bins."""
        self._box, bins = drawing.box, drawing.bins
        self._points = [QPointF(x, y) for y in drawing.y for x in drawing.x]
        self._cells = [(QRectF(c[0], c[1], c[2] - c[0], c[3] - c[1]), w) for c, w in drawing.cells]
        self._bins = []
        x0, y0, x1, y1 = drawing.box
        for step in range(1, bins):
            across, down = x0 + (x1 - x0) * step / bins, y0 + (y1 - y0) * step / bins
            self._bins += [QLineF(across, y0, across, y1), QLineF(x0, down, x1, down)]

    def clear(self) -> None:
        self._box, self._points = None, []

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Cells the brighter the more they count, the bins, the points."""
        if self._box is None:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        most = max((weight for _, weight in self._cells), default=1.0) or 1.0
        for cell, weight in self._cells:
            painter.fillRect(cell, QColor(240, 228, 66, round(130 * weight / most)))
        if self._apart() * view.scale >= 3 * view.dpr:
            painter.setPen(pen_of(QColor(255, 255, 255, 130), view.dpr, Style.DOT))
            painter.drawLines(self._bins)
        strong_box(painter, self._box, CHOSEN, view)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        # Never so large that they run together; below a pixel there is nothing to tell apart.
        size = min(3.6 * view.dpr, 0.4 * self._apart() * view.scale)
        for colour, width in ((HALO, 1.6 * size), (ANCHOR, size)):
            if size >= view.dpr:
                pen = pen_of(colour, width)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawPoints(self._points)

    def _apart(self) -> float:
        """Image pixels from a point to its nearest neighbour."""
        if self._box is None or not self._points:
            return 0.0
        side = math.isqrt(len(self._points))
        x0, y0, x1, y1 = self._box
        return min(x1 - x0, y1 - y0) / side


class BarsLayer(DrawingLayer[BarsShown]):
    """Class probabilities of one RoI as bars beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._box: Sequence[float] | None = None
        self._bars: tuple[tuple[str, float], ...] = ()

    @property
    def count(self) -> int:
        """Bars that are shown."""
        return len(self._bars)

    def show(self, drawing: BarsShown) -> None:
        """Show the first bars."""
        self._box, self._bars = drawing.box, drawing.bars[:BARS]

    def clear(self) -> None:
        self._box, self._bars = None, ()

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """At the right of the box, or at its left where there is no room."""
        if self._box is None or not self._bars:
            return
        strong_box(painter, self._box, PROPOSAL, view, Style.DASH)
        world = painter.worldTransform()
        right = world.map(QPointF(self._box[2], self._box[1]))
        left = world.map(QPointF(self._box[0], self._box[1]))
        painter.save()
        painter.resetTransform()
        row = painter.fontMetrics().height() + 3.0
        wide, high = _NAME_WIDTH + _BAR_WIDTH + 12, row * len(self._bars) + 8
        room, depth = view.room
        x = right.x() + 8 if right.x() + 8 + wide < room else left.x() - wide - 8
        x, y = max(x, 4.0), min(max(right.y(), 4.0), max(depth - high - 4.0, 4.0))
        painter.setPen(QPen(qcolour(CHOSEN), 1))
        painter.setBrush(QColor(20, 22, 26, 225))
        painter.drawRect(QRectF(x, y, wide, high))
        for place, (name, share) in enumerate(self._bars):
            top = y + 4 + place * row
            painter.setPen(PAPER)
            label = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(_NAME_WIDTH - 6)
            )
            painter.drawText(
                QRectF(x + 6, top, _NAME_WIDTH - 6, row), Qt.AlignmentFlag.AlignVCenter, label
            )
            bar = QRectF(x + _NAME_WIDTH + 4, top + 2, _BAR_WIDTH, row - 4)
            painter.fillRect(bar, QColor(255, 255, 255, 30))
            colour = qcolour(DETECTION if place == 0 else PROPOSAL)
            painter.fillRect(QRectF(bar.x(), bar.y(), bar.width() * share, bar.height()), colour)
            inside = share > 0.4
            painter.setPen(INK if inside else PAPER)
            side = Qt.AlignmentFlag.AlignLeft if inside else Qt.AlignmentFlag.AlignRight
            painter.drawText(
                bar.adjusted(4, 0, -4, 0), side | Qt.AlignmentFlag.AlignVCenter, f"{share:.3f}"
            )
        painter.restore()


class ArrowLayer(DrawingLayer[ArrowsShown]):
    """Box refinement: boxes before and after, with arrows between their corners."""

    def __init__(self) -> None:
        super().__init__()
        self._before: Boxes = np.zeros((0, 4))
        self._after: Boxes = np.zeros((0, 4))

    @property
    def count(self) -> int:
        """Boxes that were refined."""
        return len(self._before)

    def show(self, drawing: ArrowsShown) -> None:
        """Show boxes and what becomes of them."""
        self._before, self._after = drawing.before, drawing.after

    def clear(self) -> None:
        self._before = self._after = np.zeros((0, 4))

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Dashed before, solid after, an arrow between the corners."""
        seen = np.flatnonzero(in_sight(self._after, view.visible))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for row in seen.tolist():
            before, after = self._before[row].tolist(), self._after[row].tolist()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen_of(PROPOSAL, 1.2 * view.dpr, Style.DASH))
            painter.drawRect(QRectF(QPointF(*before[:2]), QPointF(*before[2:])))
            painter.setPen(pen_of(DETECTION, 1.6 * view.dpr))
            painter.drawRect(QRectF(QPointF(*after[:2]), QPointF(*after[2:])))
            for corner in (0, 2):
                _arrow(painter, before[corner : corner + 2], after[corner : corner + 2], view)


def _arrow(
    painter: QPainter, start: Sequence[float], end: Sequence[float], view: LayerView
) -> None:
    line = QLineF(QPointF(*start), QPointF(*end))
    if line.length() * view.scale < 3:
        return
    painter.drawLine(line)
    for turn in (150, -150):
        head = QLineF.fromPolar(7 * view.dpr / view.scale, line.angle() + turn)
        painter.drawLine(QLineF(line.p2(), line.p2() + head.p2()))
