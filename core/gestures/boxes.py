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
        self.unchanged = (0, 0)
        """How many rows at the start, and at the end, are as in the table that this was made of."""
        self._boxes = _boxes_of(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def updated(self, shapes: Sequence[Shape]) -> BoxTable:
        """The table of other shapes; those whose polygons are the same keep their boxes."""
        table, before = BoxTable(), self.shapes
        table.shapes = tuple(shapes)
        start, tail = table.unchanged = _unchanged_ends(before, table.shapes)
        end = len(before) - tail
        if start == end == len(shapes) - tail:
            table._boxes = self._boxes
            return table
        between = table.shapes[start : len(shapes) - tail]
        if len(before) == len(shapes):
            others = list(compress(range(end - start), map(is_not, before[start:end], between)))
            if 2 * len(others) <= end - start + 1:
                table._boxes = self._boxes.copy()
                rows = [start + k for k in others]
                table._boxes[:, rows] = _boxes_of([between[k] for k in others])
                return table
        known = {id(before[row].polygons): row for row in range(start, end)}
        places = [known.get(id(each.polygons), -1) for each in between]
        fresh = [k for k, place in enumerate(places) if place < 0]
        made = self._boxes[:, places] if known else np.empty((4, len(between)))
        made[:, fresh] = _boxes_of([between[k] for k in fresh])
        table._boxes = np.concatenate((self._boxes[:, :start], made, self._boxes[:, end:]), axis=1)
        return table

    def box(self, row: int) -> Rect:
        return Rect(*self._boxes[:, row].tolist())

    def boxes(self, rows: Sequence[int]) -> list[Rect]:
        """The boxes of some rows."""
        return [Rect(*box) for box in self._boxes[:, rows].T.tolist()]

    def around(self, rows: Sequence[int]) -> Rect:
        """The box around some of them, at least one."""
        boxes = self._boxes[:, rows]
        return Rect(*boxes[:2].min(axis=1).tolist(), *boxes[2:].max(axis=1).tolist())

    def meeting(self, rect: Rect) -> list[int]:
        """Rows of boxes that meet a rectangle."""
        return _numbers(self._meeting(rect))

    def largest(self, rect: Rect, side: float, most: int) -> list[int]:
        """At most so many of the rows that `meeting` gives, the largest box first.

        All are at least `side` wide and high.
        """
        rows = self._meeting(rect)
        x0, y0, x1, y1 = self._boxes[:, rows]
        areas = (x1 - x0) * (y1 - y0)
        areas[(x1 - x0 < side) | (y1 - y0 < side)] = -1.0
        order = np.argsort(-areas, kind="stable")[: min(most, int((areas >= 0).sum()))]
        return _numbers(rows[order])

    def _meeting(self, rect: Rect) -> _Rows:
        x0, y0, x1, y1 = self._boxes
        found = (x0 <= rect.x1) & (x1 >= rect.x0) & (y0 <= rect.y1) & (y1 >= rect.y0)
        return np.flatnonzero(found)

    def inside(self, rect: Rect) -> list[int]:
        """Rows of boxes that lie wholly inside a rectangle."""
        x0, y0, x1, y1 = self._boxes
        found = (x0 >= rect.x0) & (x1 <= rect.x1) & (y0 >= rect.y0) & (y1 <= rect.y1)
        return _numbers(np.flatnonzero(found))


def _unchanged_ends(before: Sequence[Shape], now: Sequence[Shape]) -> tuple[int, int]:
    """How many shapes at the start, and how many at the end, are the same; none counts twice."""
    most = min(len(before), len(now))
    start = next(compress(range(most), map(is_not, before, now)), most)
    most -= start
    back = map(is_not, reversed(before), reversed(now))
    return start, next(compress(range(most), back), most)


def _numbers(rows: _Rows) -> list[int]:
    numbers: list[int] = rows.tolist()
    return numbers


def _boxes_of(shapes: Sequence[Shape]) -> _Boxes:
    """Boxes as four rows: left, top, right, bottom."""
    if not shapes:
        return np.empty((4, 0))
    return np.array([extent(each.polygons) for each in shapes]).T.copy()
