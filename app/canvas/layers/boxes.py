"""Boxes of one stage, in groups with a colour and a line style each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import (
    Boxes,
    DrawingLayer,
    in_sight,
    pen_of,
    qcolour,
    rects,
    strong_box,
    tag,
)
from core.lens.colours import CHOSEN, HOVERED
from core.lens.views.marks import BoxesShown, Group

MOST: Final = 1000
"""Boxes that are drawn at a time: the strongest."""
_DARKER: Final = 190
"""Per cent."""
_BEHIND: Final = 0.15
"""How opaque boxes are that let another layer be seen."""
Ints = NDArray[np.int64]


class BoxLayer(DrawingLayer[BoxesShown]):
    """Boxes that can be pointed at: `hovered` and `picked` are told the number, or None.

    The pointer takes the smallest box that has an edge near it, so that clicks inside boxes still
    reach the instances below.
    """

    def __init__(
        self,
        hovered: Callable[[int | None], object],
        picked: Callable[[int], object],
        describe: Callable[[int], str],
    ) -> None:
        super().__init__()
        self._tell_hovered = hovered
        self._tell_picked = picked
        self._describe = describe
        self._groups: list[tuple[Group, list[QRectF]]] = []
        self._boxes: Boxes = np.zeros((0, 4))
        self._index: Ints = np.zeros(0, np.int64)
        self._total = 0
        self._chosen: tuple[int, Sequence[float]] | None = None
        self._hover: tuple[int, Sequence[float]] | None = None
        self.names_chosen = True
        """Whether the chosen box has its tag; another layer may name it already."""
        self.behind: Callable[[], bool] = lambda: False
        """Whether another layer shows what these boxes would hide."""

    @property
    def count(self) -> int:
        """Boxes of the stage, also those that are not drawn."""
        return self._total

    @property
    def painted(self) -> int:
        """Boxes that are drawn."""
        return len(self._index)

    def show(self, drawing: BoxesShown) -> None:
        """Show these boxes, later groups above earlier ones."""
        groups = drawing.groups
        self._groups = [(group, rects(group.boxes)) for group in groups]
        self._boxes = np.concatenate([np.zeros((0, 4)), *(group.boxes for group in groups)])
        none = np.zeros(0, np.int64)
        self._index = np.concatenate([none, *(group.index for group in groups)])
        self._total = drawing.total
        self._chosen = self._hover = None

    def clear(self) -> None:
        self.show(BoxesShown((), 0))

    def mark(self, chosen: tuple[int, Sequence[float]] | None) -> None:
        """Let one box (its number and corners) stand out as chosen."""
        self._chosen = chosen

    def light(self, hovered: tuple[int, Sequence[float]] | None) -> None:
        """Let one box stand out as pointed at."""
        self._hover = hovered

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """All boxes in sight, then those that stand out."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        all_faint = _BEHIND if self.behind() else 1.0
        for group, ready in self._groups:
            seen = np.flatnonzero(in_sight(group.boxes, view.visible))
            if len(seen):
                # Beside a chosen box the others step back.
                colour = qcolour(group.colour)
                colour = colour if self._chosen is None else colour.darker(_DARKER)
                colour.setAlphaF(all_faint * (group.opacity if group.fogged else 1.0))
                painter.setPen(pen_of(colour, max(1.0, round(view.dpr)), group.style))
                shown = ready if len(seen) == len(ready) else [ready[i] for i in seen]
                painter.drawRects(shown)
        for marked, stands_out in ((self._chosen, CHOSEN), (self._hover, HOVERED)):
            if marked is not None:
                number, box = marked
                strong_box(painter, box, stands_out, view)
                if stands_out is HOVERED or self.names_chosen:
                    tag(painter, view, (box[0], box[1]), [(self._describe(number), stands_out)])

    def hover(self, x: float, y: float, tolerance: float) -> bool:
        """Light the box under the pointer."""
        at = self._at(x, y, tolerance)
        before = None if self._hover is None else self._hover[0]
        now = None if at is None else int(self._index[at])
        if now == before:
            return False
        self._hover = None if at is None else (int(self._index[at]), self._boxes[at].tolist())
        self._tell_hovered(now)
        return True

    def leave(self) -> None:
        """Nothing is under the pointer."""
        if self._hover is not None:
            self._hover = None
            self._tell_hovered(None)

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """Choose the box whose edge was clicked."""
        at = self._at(x, y, tolerance)
        if at is not None:
            self._tell_picked(int(self._index[at]))
        return at is not None

    def _at(self, x: float, y: float, tolerance: float) -> int | None:
        reach = tolerance * 0.6
        boxes = self._boxes
        outside = (
            (x < boxes[:, 0] - reach)
            | (x > boxes[:, 2] + reach)
            | (y < boxes[:, 1] - reach)
            | (y > boxes[:, 3] + reach)
        )
        deep = (
            (x > boxes[:, 0] + reach)
            & (x < boxes[:, 2] - reach)
            & (y > boxes[:, 1] + reach)
            & (y < boxes[:, 3] - reach)
        )
        near = np.flatnonzero(~outside & ~deep)
        if not len(near):
            return None
        sides = boxes[near, 2:] - boxes[near, :2]
        return int(near[np.argmin(sides[:, 0] * sides[:, 1])])
