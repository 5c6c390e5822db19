"""The bounding boxes of many shapes in one table: made in milliseconds, searched in less."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import is_not

import numpy as np
from numpy.typing import NDArray

from core.document.geometry.measure import Rect, extent
from core.document.instance import Shape

_Boxes = NDArray[np.float64]
_Rows = NDArray[np.intp]


class BoxTable:
    """The boxes (image pixels, float64) of shapes in z order, the lowest first. Frozen."""

    def __init__(self, shapes: Sequence[Shape] = ()) -> None:
        self.shapes = tuple(shapes)
        self._boxes = _boxes_of(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def updated(self, shapes: Sequence[Shape]) -> BoxTable:
        """The table of other shapes; those whose polygons are the same keep their boxes."""
        table = BoxTable()
        table.shapes = tuple(shapes)
        others = rows_that_differ(self.shapes, table.shapes)
        if others is not None and 2 * len(others) < len(shapes):
            table._boxes = self._boxes
            if others:
                table._boxes = self._boxes.copy()
                table._boxes[:, others] = _boxes_of([shapes[row] for row in others])
            return table
        rows = {id(each.polygons): row for row, each in enumerate(self.shapes)}
        places = np.fromiter((rows.get(id(each.polygons), -1) for each in shapes), np.intp)
        if not len(self.shapes):
            table._boxes = _boxes_of(table.shapes)
            return table
        table._boxes = self._boxes[:, places]
        fresh = np.flatnonzero(places < 0)
        table._boxes[:, fresh] = _boxes_of([shapes[row] for row in fresh.tolist()])
        return table

    def box(self, row: int) -> Rect:
        return Rect(*self._boxes[:, row].tolist())

    def around(self, rows: Sequence[int]) -> Rect:
        """The box around some of them, at least one."""
        boxes = self._boxes[:, rows]
        return Rect(*boxes[:2].min(axis=1).tolist(), *boxes[2:].max(axis=1).tolist())

    def meeting(self, rect: Rect, side: float = 0.0) -> list[int]:
        """Rows of boxes that meet a rectangle and are at least `side` wide and high."""
        x0, y0, x1, y1 = self._boxes
        found = (x0 <= rect.x1) & (x1 >= rect.x0) & (y0 <= rect.y1) & (y1 >= rect.y0)
        if side > 0:
            found &= (x1 - x0 >= side) & (y1 - y0 >= side)
        return _numbers(np.flatnonzero(found))

    def inside(self, rect: Rect) -> list[int]:
        """Rows of boxes that lie wholly inside a rectangle."""
        x0, y0, x1, y1 = self._boxes
        found = (x0 >= rect.x0) & (x1 <= rect.x1) & (y0 >= rect.y0) & (y1 <= rect.y1)
        return _numbers(np.flatnonzero(found))


def rows_that_differ(before: Sequence[Shape], now: Sequence[Shape]) -> list[int] | None:
    """The rows in which another shape stands; None where there are not as many."""
    if len(before) != len(now):
        return None
    return list(compress(range(len(now)), map(is_not, before, now)))


def _numbers(rows: _Rows) -> list[int]:
    return [int(row) for row in rows]


def _boxes_of(shapes: Sequence[Shape]) -> _Boxes:
    """Boxes as four rows: left, top, right, bottom."""
    if not shapes:
        return np.empty((4, 0))
    return np.array([extent(each.polygons) for each in shapes]).T.copy()
