"""The cells of a one-stage detector under the pointer: where each box starts, and the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QColor, QPainter

from app.base.words import text_of
from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import DrawingLayer, pen_of, strong_box, tag
from core.lens.cells import CellLevel
from core.lens.colours import Style
from core.lens.views.marks import CellSeen, CellsShown

FAINT: Final = 90
"""Opacity of the lines of the grid."""
NEAR: Final = 3.0
"""Device pixels from cell to cell from which the grid is drawn."""


class CellLayer(DrawingLayer[CellsShown]):
    """Cells at the pointer, that of the best score in full; `picked` is told its box's number."""

    def __init__(self, picked: Callable[[int], object]) -> None:
        super().__init__()
        self._tell_picked = picked
        self._drawing: CellsShown | None = None
        self._seen: tuple[CellSeen, ...] = ()

    @property
    def count(self) -> int:
        """Cells of all levels."""
        levels = () if self._drawing is None else self._drawing.levels
        return sum(level.rows * level.columns for level in levels)

    @property
    def seen(self) -> tuple[CellSeen, ...]:
        """What is shown, the best first."""
        return self._seen

    def show(self, drawing: CellsShown) -> None:
        """Show these in place of those before."""
        self._drawing, self._seen = drawing, ()

    def clear(self) -> None:
        self._drawing, self._seen = None, ()

    # Painting

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """The grid of the best one's level, all cells, and the best one's start and box."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._drawing is None or not self._seen:
            return
        best = self._seen[0]
        self._paint_grid(painter, view, self._drawing.levels[best.level], QColor(*best.colour))
        for each in reversed(self._seen):
            strong_box(painter, each.cell, each.colour, view)
        if best.start != best.cell:
            strong_box(painter, best.start, best.colour, view, Style.DASH)
        strong_box(painter, best.box, best.fate, view, best.style)
        painter.setPen(pen_of(best.fate, 1.5 * view.dpr))
        painter.drawLine(QLineF(_middle(best.start), _middle(best.box)))
        texts = [(text_of(line), best.colour) for line in best.lines[:-1]]
        texts.append((text_of(best.lines[-1]), best.fate))
        tag(painter, view, (best.cell[0], best.cell[1]), texts)

    def _paint_grid(
        self, painter: QPainter, view: LayerView, level: CellLevel, colour: QColor
    ) -> None:
        if min(level.step) * view.scale < NEAR:
            return
        colour.setAlpha(FAINT)
        painter.setPen(pen_of(colour, max(1.0, round(view.dpr))))
        seen = view.visible
        left, top = (level.first[n] - level.step[n] / 2 for n in (0, 1))
        x = left + np.arange(level.columns + 1) * level.step[0]
        y = top + np.arange(level.rows + 1) * level.step[1]
        lines = [
            QLineF(at, max(y[0], seen.y0), at, min(y[-1], seen.y1))
            for at in x[(x >= seen.x0) & (x <= seen.x1)].tolist()
        ]
        lines += [
            QLineF(max(x[0], seen.x0), at, min(x[-1], seen.x1), at)
            for at in y[(y >= seen.y0) & (y <= seen.y1)].tolist()
        ]
        painter.drawLines(lines)

    # Pointing

    def hover(self, x: float, y: float, tolerance: float) -> bool:
        """Show the cells at the pointer."""
        seen = () if self._drawing is None else self._drawing.at(x, y)
        if seen == self._seen:
            return False
        self._seen = seen
        return True

    def light(self, number: int | None) -> None:
        """Show the cell of a box, as if the pointer were there."""
        one = None if self._drawing is None or number is None else self._drawing.of(number)
        self._seen = () if one is None else (one,)

    def leave(self) -> None:
        """Nothing is under the pointer."""
        self._seen = ()

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """Choose the box of the best cell, when there is one and cells are large enough to hit."""
        if self._drawing is None or not self._seen:
            return False
        best = self._seen[0]
        step = min(self._drawing.levels[best.level].step)
        if best.number < 0 or step < tolerance / 2:
            return False
        self._tell_picked(best.number)
        return True


def _middle(box: tuple[float, float, float, float]) -> QPointF:
    return QPointF((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
