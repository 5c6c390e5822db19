"""Instances ready to be painted: a table of boxes, and paths made once and simplified by level."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QPointF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

from core.document.geometry.measure import Rect
from core.document.instance import Line, Ring, Shape
from core.gestures.boxes import BoxTable

_SMALLEST_LEVEL = -16
_FULL_LEVEL = 2
_WORTH_SIMPLIFYING = 12
_LIGHT, _HEAVY = 60, 1000
"""Vertices up to which no line is too long, and from which on any is."""
_LONG = 15_000.0
"""Device pixels."""
_ELEMENT = np.dtype([("kind", ">i4"), ("x", ">f8"), ("y", ">f8")])
"""A vertex of a path as `QDataStream` has it."""
_ODD_EVEN = Qt.FillRule.OddEvenFill.value
_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]
_Rows = NDArray[np.intp]


class Outline:
    """One instance with its box and its paths, in image pixels."""

    __slots__ = ("_heavy", "_paths", "box", "instance", "side")

    def __init__(self, instance: Shape, box: Rect) -> None:
        self.instance = instance
        self.box = box
        self.side = max(box.width, box.height)
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
        return self.path_at(level_of(device_scale))

    def path_at(self, level: int) -> QPainterPath:
        """The path that serves the scales of a level."""
        path = self._paths.get(level)
        if path is None:
            path = self._paths[level] = make_path(self.instance, _error_at(level))
        return path


def make_ready(outlines: Iterable[Outline], level: int) -> None:
    """Make the paths of a level together, in a third of the time that one after another takes."""
    missing = [each for each in outlines if level not in each._paths]
    paths = _simplified_paths([each.instance for each in missing], _error_at(level))
    for outline, path in zip(missing, paths, strict=True):
        outline._paths[level] = path


def _error_at(level: int) -> float:
    return 0.0 if level == _FULL_LEVEL else 0.5 / 2.0**level


def level_of(device_scale: float) -> int:
    """The power of two at or above a scale; from the full level on nothing is left out."""
    return min(max(math.ceil(math.log2(device_scale)), _SMALLEST_LEVEL), _FULL_LEVEL)


def make_path(instance: Shape, error: float = 0.0) -> QPainterPath:
    """All rings of an instance as one path, right to `error` image pixels."""
    if error > 0:
        return _simplified_paths((instance,), error)[0]
    path = QPainterPath()
    if isinstance(instance, Line):
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in instance.points]))
        return path
    for polygon in instance.polygons:
        for ring in polygon.rings:
            path.moveTo(*ring[0])
            for x, y in ring[1:]:
                path.lineTo(x, y)
            path.closeSubpath()
    return path


def _simplified_paths(shapes: Sequence[Shape], error: float) -> list[QPainterPath]:
    """The paths of many shapes; lines have all of their vertices.

    Qt reads what it has written in less than half the time that a call for each vertex takes.
    """
    areas = [each for each in shapes if not isinstance(each, Line)]
    rings = [[ring for polygon in each.polygons for ring in polygon.rings] for each in areas]
    if len(areas) == len(shapes):
        return _read_paths(rings, error)
    read = iter(_read_paths(rings, error))
    return [make_path(each) if isinstance(each, Line) else next(read) for each in shapes]


def _read_paths(shapes: Sequence[Sequence[Ring]], error: float) -> list[QPainterPath]:
    """The paths of shapes that have these rings, one or more each."""
    if not shapes:
        return []
    rings = list(chain.from_iterable(shapes))
    lengths = np.fromiter(map(len, rings), np.intp, len(rings))
    numbers = chain.from_iterable(chain.from_iterable(rings))
    points = np.fromiter(numbers, np.float64, 2 * int(lengths.sum())).reshape(-1, 2)
    kept = _worth_keeping(points, lengths, error)
    starts = np.cumsum(lengths) - lengths
    counts = np.add.reduceat(kept, starts, dtype=np.intp) + 1  # each ring ends where it starts
    elements = np.empty(int(counts.sum()), _ELEMENT)
    ends = np.cumsum(counts) - 1
    firsts = ends - counts + 1
    others = np.ones(len(elements), np.bool_)
    others[ends] = False
    elements["x"][others], elements["y"][others] = points[kept].T
    elements[ends] = elements[firsts]
    elements["kind"] = 1  # a line to
    elements["kind"][firsts] = 0  # a move to
    last = np.cumsum(np.fromiter(map(len, shapes), np.intp, len(shapes))) - 1
    stops = ends[last] + 1
    begins = np.concatenate(([0], stops[:-1]))
    heads = (stops - begins).astype(">i4").tobytes()
    tails = np.stack((firsts[last] - begins, _ODD_EVEN + 0 * last), 1).astype(">i4").tobytes()
    whole, size = elements.tobytes(), _ELEMENT.itemsize
    parts: list[bytes] = []
    for k, (begin, stop) in enumerate(zip(begins.tolist(), stops.tolist(), strict=True)):
        parts += heads[4 * k : 4 * k + 4], whole[size * begin : size * stop]
        parts.append(tails[8 * k : 8 * k + 8])
    stream = QDataStream(QByteArray(b"".join(parts)))
    stream.setVersion(QDataStream.Version.Qt_6_0)
    paths = [QPainterPath() for _ in shapes]
    for path in paths:
        stream >> path
    return paths


def _worth_keeping(points: _Floats, lengths: _Rows, error: float) -> _Flags:
    """Of neighbouring vertices that fall into one square of side `error`, only the first.

    Rings of few vertices keep all of them, and the others three at least.
    """
    kept = np.ones(len(points), np.bool_)
    if error <= 0:
        return kept
    ends = np.cumsum(lengths)
    starts = ends - lengths
    cells = np.floor(points / error)
    before = np.arange(-1, len(points) - 1)
    before[starts] = ends - 1
    kept[:] = np.any(cells != cells[before], axis=1)
    kept |= np.repeat(lengths <= _WORTH_SIMPLIFYING, lengths)
    for row in np.flatnonzero(np.add.reduceat(kept, starts, dtype=np.intp) < 3).tolist():
        start, count = starts[row], lengths[row]
        kept[start : start + count] = False
        kept[[start, start + count // 2, start + count - 1]] = True
    return kept


def is_heavy(path: QPainterPath, device_scale: float) -> bool:
    """Whether a broad and smooth line along a path would take too long at that scale.

    Qt takes some 60 microseconds for each of its vertices, and 20 for each device pixel where it
    crosses itself.
    """
    count = path.elementCount()
    if count < _LIGHT:
        return False
    return count > _HEAVY or path.length() * device_scale > _LONG


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

    def within(self, rect: Rect, ids: Collection[str] = (), among: bool = False) -> list[Outline]:
        """Those whose box meets a rectangle, lowest first: without `ids`, or only those `among`."""
        shapes = self._boxes.shapes
        found = [row for row in self._boxes.meeting(rect) if (shapes[row].id in ids) is among]
        unmade = [row for row in found if shapes[row].id not in self._made]
        for row, box in zip(unmade, self._boxes.boxes(unmade), strict=True):
            self._made[shapes[row].id] = Outline(shapes[row], box)
        return [self._made[shapes[row].id] for row in found]

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
