"""Instances ready to be painted: a table of boxes, and paths made once and simplified by level."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

from core.document.geometry.measure import Rect, ring_array
from core.document.instance import Line, Ring, Shape
from core.gestures.boxes import BoxTable

_SMALLEST_LEVEL = -16
_FULL_LEVEL = 2
_WORTH_SIMPLIFYING = 12
_LIGHT, _HEAVY = 60, 1000
"""Vertices up to which no line is too long, and from which on any is."""
_LONG = 15_000.0
"""Device pixels."""


class Outline:
    """One instance with its box and its paths, in image pixels."""

    __slots__ = ("_heavy", "_paths", "box", "instance")

    def __init__(self, instance: Shape, box: Rect) -> None:
        self.instance = instance
        self.box = box
        self._paths: dict[int, QPainterPath] = {}
        self._heavy: dict[int, bool] = {}

    def is_heavy(self, device_scale: float) -> bool:
        """Whether a broad and smooth line along the outline would take too long at that scale."""
        level = level_of(device_scale)
        heavy = self._heavy.get(level)
        if heavy is None:
            heavy = self._heavy[level] = is_heavy(self.path(device_scale), device_scale)
        return heavy

    def path(self, device_scale: float) -> QPainterPath:
        """The outline with holes, right to half a device pixel at that scale."""
        level = level_of(device_scale)
        path = self._paths.get(level)
        if path is None:
            error = 0.0 if level == _FULL_LEVEL else 0.5 / 2.0**level
            path = self._paths[level] = make_path(self.instance, error)
        return path


def level_of(device_scale: float) -> int:
    """The power of two at or above a scale; from the full level on nothing is left out."""
    return min(max(math.ceil(math.log2(device_scale)), _SMALLEST_LEVEL), _FULL_LEVEL)


def make_path(instance: Shape, error: float = 0.0) -> QPainterPath:
    """All rings of an instance as one path, right to `error` image pixels."""
    path = QPainterPath()
    if isinstance(instance, Line):
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in instance.points]))
        return path
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for polygon in instance.polygons:
        for ring in polygon.rings:
            _add_ring(path, _simplified(ring, error))
    return path


def is_heavy(path: QPainterPath, device_scale: float) -> bool:
    """Whether a broad and smooth line along a path would take too long at that scale.

    Qt takes some 60 microseconds for each of its vertices, and 20 for each device pixel where it
    crosses itself.
    """
    count = path.elementCount()
    if count < _LIGHT:
        return False
    return count > _HEAVY or path.length() * device_scale > _LONG


def _add_ring(path: QPainterPath, ring: Ring) -> None:
    path.moveTo(*ring[0])
    for x, y in ring[1:]:
        path.lineTo(x, y)
    path.closeSubpath()


def _simplified(ring: Ring, error: float) -> Ring:
    """Of neighbouring vertices that fall into one square of side `error`, only the first."""
    if error <= 0 or len(ring) <= _WORTH_SIMPLIFYING:
        return ring
    points = ring_array(ring)
    cells = np.floor(points / error)
    kept = np.empty(len(cells), bool)
    kept[1:] = np.any(cells[1:] != cells[:-1], axis=1)
    kept[0] = bool(np.any(cells[0] != cells[-1]))
    if kept.all():
        return ring
    chosen = [point for point, keep in zip(ring, kept.tolist(), strict=True) if keep]
    return tuple(chosen) if len(chosen) >= 3 else (ring[0], ring[len(ring) // 2], ring[-1])


class OutlineTable:
    """The outlines of instances in z order, made when first asked for, found by place."""

    def __init__(self) -> None:
        self._boxes = BoxTable()
        self._rows: dict[str, int] = {}
        self._made: dict[str, Outline] = {}

    def __len__(self) -> int:
        return len(self._boxes)

    @property
    def boxes(self) -> BoxTable:
        """The boxes of all, in z order."""
        return self._boxes

    def set(self, instances: Sequence[Shape]) -> None:
        """Show other instances; those whose polygons are the same keep their paths."""
        before, self._boxes = self._boxes.shapes, self._boxes.updated(instances)
        now = self._boxes.shapes
        start, tail = self._boxes.unchanged
        gone, come = before[start : len(before) - tail], now[start : len(now) - tail]
        if [each.id for each in gone] != [each.id for each in come]:
            for each in gone:
                self._rows.pop(each.id, None)
            last = len(now) - tail if len(before) == len(now) else len(now)
            self._rows.update((now[row].id, row) for row in range(start, last))
        kept = set(map(id, come))
        for each in gone:
            if id(each) not in kept and each.id in self._made:
                outline = self._made[each.id]
                if not self._is_current(each.id, outline):
                    del self._made[each.id]

    def _is_current(self, id: str, outline: Outline) -> bool:
        row = self._rows.get(id)
        if row is None or self._boxes.shapes[row].polygons is not outline.instance.polygons:
            return False
        outline.instance = self._boxes.shapes[row]
        return True

    def get(self, id: str) -> Outline | None:
        """The outline of an instance, or None."""
        row = self._rows.get(id)
        return None if row is None else self._at(row)

    def within(self, rect: Rect, side: float = 0.0) -> list[Outline]:
        """Those whose box meets a rectangle and is `side` pixels wide and high, lowest first."""
        return [self._at(row) for row in self._boxes.meeting(rect, side)]

    def largest(self, rect: Rect, side: float, most: int) -> list[Outline]:
        """At most so many of those within, the largest first."""
        return [self._at(row) for row in self._boxes.largest(rect, side, most)]

    def holds(self, outline: Outline) -> bool:
        """Whether an outline is still that of its instance."""
        return self._made.get(outline.instance.id) is outline

    def boxes_of(self, ids: Collection[str]) -> list[Rect]:
        """The boxes of those of the ids that are here."""
        return [self._boxes.box(self._rows[id]) for id in ids if id in self._rows]

    def box_around(self, ids: Collection[str]) -> Rect | None:
        """The box around those of the ids that are here; None without any."""
        rows = [self._rows[id] for id in ids if id in self._rows]
        return self._boxes.around(rows) if rows else None

    def _at(self, row: int) -> Outline:
        instance = self._boxes.shapes[row]
        outline = self._made.get(instance.id)
        if outline is None:
            outline = self._made[instance.id] = Outline(instance, self._boxes.box(row))
        return outline
