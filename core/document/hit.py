"""What lies under the pointer: a table of bounding boxes, then an exact test of those that remain.

Coordinates and tolerances are image pixels (float64). Vertices go before edges and edges before
bodies, so that what is drawn as a handle can always be taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.document.instance import Line, Point, Shape

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Hit:
    """A part of a shape under the pointer.

    For a vertex, `index` is its place in the ring; for an edge, that of the vertex it starts at.
    For a body, `ring` and `index` are 0. Ring 0 is the outer ring, ring k is hole k - 1.
    """

    kind: Literal["vertex", "edge", "body"]
    id: str
    polygon: int = 0
    ring: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A shape made ready: its vertices, where each edge ends, and where each ring starts."""

    shape: Shape
    points: _Floats  # (N, 2), all rings one after another
    ends: _Floats  # (N, 2), the vertex after each
    starts: tuple[int, ...]  # first row of each ring
    names: tuple[tuple[int, int], ...]  # polygon and ring of each ring
    box: tuple[float, float, float, float]

    def of(self, shape: Shape) -> _Entry:
        """The entry of a shape with the same polygons."""
        return self if shape is self.shape else replace(self, shape=shape)

    def locate(self, row: int) -> tuple[int, int, int]:
        """Polygon, ring and index of a row of `points`."""
        k = max(k for k, start in enumerate(self.starts) if start <= row)
        return (*self.names[k], row - self.starts[k])

    def polygon_starts(self) -> list[int]:
        """The first row of each polygon."""
        return [start for start, name in zip(self.starts, self.names, strict=True) if name[1] == 0]


class HitIndex:
    """Finds what lies at a point among shapes in z order, the lowest first.

    Frozen like a document's tuple of shapes; `updated` makes the next one and takes over all
    that has not changed.
    """

    def __init__(self, shapes: Sequence[Shape] = ()) -> None:
        self._fill(_entries(shapes))

    def _fill(self, entries: Sequence[_Entry]) -> None:
        self._entries = tuple(entries)
        flat = np.fromiter(
            chain.from_iterable(entry.box for entry in entries), np.float64, 4 * len(entries)
        )
        self._boxes = flat.reshape(-1, 4).T.copy()

    def updated(self, shapes: Sequence[Shape]) -> HitIndex:
        """The index of other shapes; those whose polygons are the same cost next to nothing."""
        known = {id(entry.shape.polygons): entry for entry in self._entries}
        fresh = [shape for shape in shapes if id(shape.polygons) not in known]
        known.update((id(entry.shape.polygons), entry) for entry in _entries(fresh))
        index = HitIndex()
        index._fill([known[id(shape.polygons)].of(shape) for shape in shapes])
        return index

    def at(
        self, x: float, y: float, tolerance: float, *, first: Collection[str] = ()
    ) -> Hit | None:
        """The best hit within `tolerance` pixels: nearest vertex, nearest edge, topmost body.

        Shapes named in `first` (the selection, as a rule) go before all others.
        """
        candidates = self._candidates(x, y, tolerance)
        if first:
            preferred = [entry for entry in candidates if entry.shape.id in first]
            hit = _best(preferred, x, y, tolerance)
            if hit is not None:
                return hit
        return _best(candidates, x, y, tolerance)

    def all_at(self, x: float, y: float, tolerance: float = 0.0) -> tuple[Hit, ...]:
        """Every shape at a point, the topmost first: as a body, or as its nearest edge."""
        hits: list[Hit] = []
        for entry in reversed(self._candidates(x, y, tolerance)):
            hit = _body([entry], x, y) or _nearest_edge([entry], x, y, tolerance)
            if hit is not None:
                hits.append(hit)
        return tuple(hits)

    def place_at(
        self, x: float, y: float, reach: float, *, but: Collection[str] = ()
    ) -> Point | None:
        """The nearest vertex within `reach`, else the nearest place on an edge within it.

        None where there is neither. Shapes named in `but` take no part.
        """
        entries = [each for each in self._candidates(x, y, reach) if each.shape.id not in but]
        if not entries:
            return None
        hit = _nearest_vertex(entries, x, y, reach) or _nearest_edge(entries, x, y, reach)
        if hit is None:
            return None
        shape = next(each.shape for each in entries if each.shape.id == hit.id)
        ring = shape.polygons[hit.polygon].rings[hit.ring]
        start = ring[hit.index]
        return (
            start if hit.kind == "vertex" else _foot(start, ring[(hit.index + 1) % len(ring)], x, y)
        )

    def _candidates(self, x: float, y: float, tolerance: float) -> list[_Entry]:
        x0, y0, x1, y1 = self._boxes
        near = (x0 <= x + tolerance) & (x1 >= x - tolerance)
        near &= (y0 <= y + tolerance) & (y1 >= y - tolerance)
        return [self._entries[k] for k in np.flatnonzero(near)]


def _entries(shapes: Sequence[Shape]) -> list[_Entry]:
    """Make shapes ready, all their vertices in one pass."""
    rings = [
        (k, (p, r), ring)
        for k, shape in enumerate(shapes)
        for p, polygon in enumerate(shape.polygons)
        for r, ring in enumerate(polygon.rings)
    ]
    lengths = np.fromiter((len(ring) for _, _, ring in rings), np.intp, len(rings))
    count = int(lengths.sum())
    numbers = chain.from_iterable(chain.from_iterable(ring for _, _, ring in rings))
    points = np.fromiter(numbers, np.float64, 2 * count).reshape(-1, 2)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    following = np.arange(1, count + 1)
    following[starts[1:] - 1] = starts[:-1]
    for k, (owner, _, _) in enumerate(rings):
        if isinstance(shapes[owner], Line):  # which does not run back to where it began
            following[starts[k + 1] - 1] = starts[k + 1] - 1
    ends = points[following]

    owners = np.fromiter((k for k, _, _ in rings), np.intp, len(rings))
    firsts = np.searchsorted(owners, np.arange(len(shapes) + 1))
    rows = starts[firsts]
    boxes = _boxes(points, rows[:-1]) if shapes else []
    names = [name for _, name, _ in rings]
    return [
        _Entry(
            shape,
            points[rows[k] : rows[k + 1]],
            ends[rows[k] : rows[k + 1]],
            tuple((starts[firsts[k] : firsts[k + 1]] - rows[k]).tolist()),
            tuple(names[firsts[k] : firsts[k + 1]]),
            boxes[k],
        )
        for k, shape in enumerate(shapes)
    ]


def _boxes(points: _Floats, rows: _Ints) -> list[tuple[float, float, float, float]]:
    low = np.minimum.reduceat(points, rows)
    high = np.maximum.reduceat(points, rows)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in np.hstack((low, high)).tolist()]


def _best(entries: Sequence[_Entry], x: float, y: float, tolerance: float) -> Hit | None:
    if not entries:
        return None
    return (
        _nearest_vertex(entries, x, y, tolerance)
        or _nearest_edge(entries, x, y, tolerance)
        or _body(entries, x, y)
    )


def _nearest_vertex(entries: Sequence[_Entry], x: float, y: float, tolerance: float) -> Hit | None:
    points = np.concatenate([entry.points for entry in entries])
    distance2 = (points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2
    return _nearest("vertex", entries, distance2, tolerance)


def _nearest_edge(entries: Sequence[_Entry], x: float, y: float, tolerance: float) -> Hit | None:
    start = np.concatenate([entry.points for entry in entries]) - (x, y)
    along = np.concatenate([entry.ends for entry in entries]) - (x, y) - start
    length2 = (along * along).sum(axis=1)
    # An edge without length is its vertex: any share of it will do.
    share = -(start * along).sum(axis=1) / np.where(length2 > 0, length2, 1.0)
    nearest = start + np.clip(share, 0.0, 1.0)[:, None] * along
    return _nearest("edge", entries, (nearest * nearest).sum(axis=1), tolerance)


def _foot(a: Point, b: Point, x: float, y: float) -> Point:
    """The place on an edge from a to b that is nearest to a point."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    share = ((x - a[0]) * dx + (y - a[1]) * dy) / ((dx * dx + dy * dy) or 1.0)
    share = min(max(share, 0.0), 1.0)
    return b if share == 1.0 else (a[0] + share * dx, a[1] + share * dy)


def _nearest(
    kind: Literal["vertex", "edge"],
    entries: Sequence[_Entry],
    distance2: _Floats,
    tolerance: float,
) -> Hit | None:
    # From the end, so that of two at the same distance the upper one is found.
    row = len(distance2) - 1 - int(np.argmin(distance2[::-1]))
    if distance2[row] > tolerance * tolerance:
        return None
    for entry in entries:
        if row < len(entry.points):
            return Hit(kind, entry.shape.id, *entry.locate(row))
        row -= len(entry.points)
    raise AssertionError("a row beyond the last entry")


def _body(entries: Sequence[_Entry], x: float, y: float) -> Hit | None:
    """The topmost shape with a polygon that holds the point, by the even-odd rule."""
    entries = [entry for entry in entries if not isinstance(entry.shape, Line)]
    if not entries:
        return None
    start = np.concatenate([entry.points for entry in entries])
    end = np.concatenate([entry.ends for entry in entries])
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    height = np.where(spans, end[:, 1] - start[:, 1], 1.0)
    meets = start[:, 0] + (y - start[:, 1]) / height * (end[:, 0] - start[:, 0])
    crossed = spans & (x < meets)
    owners, starts = _polygon_rows(entries)
    inside = np.flatnonzero(np.add.reduceat(crossed.astype(np.intp), starts) % 2)
    if not len(inside):
        return None
    owner, polygon = owners[int(inside[-1])]
    return Hit("body", entries[owner].shape.id, polygon)


def _polygon_rows(entries: Iterable[_Entry]) -> tuple[list[tuple[int, int]], list[int]]:
    """Entry and polygon number of each polygon, and its first row in the joined vertices."""
    owners: list[tuple[int, int]] = []
    starts: list[int] = []
    offset = 0
    for k, entry in enumerate(entries):
        for p, start in enumerate(entry.polygon_starts()):
            owners.append((k, p))
            starts.append(offset + start)
        offset += len(entry.points)
    return owners, starts
