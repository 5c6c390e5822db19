"""A stretch of an outline replaced by a line, and lines led along the outlines of neighbours.

Lines are open, outlines closed; all values are image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.document.geometry.algebra import is_valid, polygon_iou, repair_ring, subtract, union
from core.document.geometry.errors import GeometryError
from core.document.geometry.measure import area, bounds, ring_contains, signed_area
from core.document.instance import Point, Polygon, Polygons, Ring

Line = tuple[Point, ...]
_Floats = NDArray[np.float64]

_SLIVER = 0.02
"""A piece that a crossing cuts off, and that has less than this share of the whole, is dropped."""
_HOOK = 3.0
"""How many times the reach an end may overshoot an outline and still be cut off there."""
_LOOP = 0.1
"""A line whose ends are nearer to each other than this share of its length is a loop."""
_ON = 1e-6
"""Pixels between a ring and a point that is said to lie on it."""
_DETOUR = 1.5
"""How much longer than the drawn way the way along a neighbour's outline may be."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a ring: the edge by the vertex it starts at, the share along it, the point."""

    edge: int
    share: float
    point: Point


class Track:
    """A ring made ready to be met by lines: asked again with each move of a hand."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.starts: _Floats = np.array(ring, np.float64)
        self.ends: _Floats = np.roll(self.starts, -1, axis=0)

    def nearest(self, point: Point) -> Place:
        """The place that is nearest to a point."""
        at = np.array(point)
        along = self.ends - self.starts
        length2 = (along * along).sum(axis=1)
        share = ((at - self.starts) * along).sum(axis=1) / np.where(length2 > 0, length2, 1.0)
        share = np.clip(share, 0.0, 1.0)
        off = ((self.starts + share[:, None] * along - at) ** 2).sum(axis=1)
        k = int(off.argmin())
        return self.place(k, float(share[k]))

    def place(self, edge: int, share: float) -> Place:
        """The place at a share of an edge."""
        if share >= 1.0:
            edge, share = (edge + 1) % len(self.ring), 0.0
        end = self.ring[(edge + 1) % len(self.ring)]
        return Place(edge, share, _along(self.ring[edge], end, share))


@dataclass(frozen=True, slots=True)
class Join:
    """A line that begins and ends on a ring, and where it does."""

    line: Line
    start: Place
    end: Place


def joined(track: Track, line: Line, reach: float) -> Join | None:
    """The part of a line that begins and ends on a ring; None where it has no length.

    An end that overshoots the ring by a little is cut off at the crossing. One that lies off it
    by more than `reach` is cut off at its last crossing, or led straight to the nearest place
    where there is none.
    """
    line = without_loops(line, _HOOK * reach)
    if len(line) < 2:
        return None
    tail = _cut(track, line, reach)
    head = _cut(track, tail[0][::-1], reach)
    whole, start, end = head[0][::-1], head[1], tail[1]
    if _length(whole) == 0:
        return None
    return Join(whole, start, end)


def stretched(polygons: Polygons, polygon: int, ring: int, join: Join, way: int) -> Polygons | None:
    """The polygons with one or the other of the two stretches between the ends replaced.

    Way 0 keeps the stretch from the end of the line on in the direction of the ring, way 1 the
    stretch up to it. Vertices outside the replaced stretch stay as they are. Where a
    line crosses the stretch that is kept, what it encloses is taken by the even-odd rule. None
    where nothing would remain.
    """
    after, before = _stretches(polygons[polygon].rings[ring], join)
    points = join.line + after if way == 0 else join.line[:1] + before + join.line[:0:-1]
    return _with_outline(polygons, polygon, ring, points)


def nearer(polygons: Polygons, polygon: int, ring: int, join: Join) -> int:
    """Which way of `stretched` changes less."""
    after, before = _stretches(polygons[polygon].rings[ring], join)
    # What lies between the line and the stretch that it replaces.
    changed = [abs(signed_area(join.line + before[::-1])), abs(signed_area(join.line + after))]
    loop = math.dist(join.line[0], join.line[-1]) < _LOOP * _length(join.line)
    longer = max(after, before, key=len)
    if loop and longer and ring_contains(join.line, *longer[len(longer) // 2]):
        # Around the whole ring: where both run the same way, the areas above count it twice.
        ways = [stretched(polygons, polygon, ring, join, way) for way in (0, 1)]
        changed = [2.0 if way is None else 1 - polygon_iou(polygons, way) for way in ways]
    return int(changed[1] < changed[0])


def _stretches(ring: Ring, join: Join) -> tuple[Line, Line]:
    """The vertices from the end of a line on to its start, and from its start on to its end."""
    if join.start == join.end:
        return _around(ring, join.start), ()
    return _between(ring, join.end, join.start), _between(ring, join.start, join.end)


def without_loops(line: Line, most: float) -> Line:
    """The line without repeated points, and without the loops of an unsteady hand.

    Where it crosses itself, a loop up to `most` long is cut off at the crossing.
    """
    points = _different(line)
    if len(points) < 4 or not _crosses_itself(np.array(points)):
        return tuple(points)
    k = 0
    while k < len(points) - 3:
        a = np.array(points)
        rows, shares, _ = _crossings(a[k], a[k + 1], a[k + 2 : -1], a[k + 3 :])
        for row, share in sorted(zip(rows.tolist(), shares.tolist(), strict=True), reverse=True):
            crossing = _along(points[k], points[k + 1], share)
            loop = (crossing, *points[k + 1 : k + 3 + row], crossing)
            if _length(loop) <= most:
                points[k + 1 : k + 3 + row] = [crossing]
                break
        k += 1
    return tuple(_different(points))


def snapped(line: Line, rings: Sequence[Ring], reach: float) -> Line:
    """The line with points within `reach` of a ring on that ring, following it between them."""
    if not rings or not line:
        return line
    tracks = [Track(ring) for ring in rings]
    places = [_snap(point, tracks, reach) for point in line]
    out: list[Point] = []
    for k, place in enumerate(places):
        before = places[k - 1] if k else None
        if place is None:
            out.append(line[k])
            continue
        if before is not None and before[0] == place[0]:
            out += _follow(rings[place[0]], before[1], place[1], reach)
        out.append(place[1].point)
    return tuple(_different(out))


def between(start: Point, end: Point, rings: Sequence[Ring]) -> Line:
    """The vertices of a ring from one point on it to another, where that is about the straight way.

    Of several rings with both points the first that has such vertices counts; none where none has.
    """
    for ring in rings:
        track = Track(ring)
        places = track.nearest(start), track.nearest(end)
        if all(
            math.dist(place.point, point) <= _ON
            for place, point in zip(places, (start, end), strict=True)
        ):
            found = _follow(ring, *places, 0.0)
            if found:
                return found
    return ()


def _along(a: Point, b: Point, share: float) -> Point:
    if share == 0.0:
        return a
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def _cut(track: Track, line: Line, reach: float) -> tuple[Line, Place]:
    """The line with its last point on the ring, and where that is."""
    nearest = track.nearest(line[-1])
    off = math.dist(nearest.point, line[-1])
    crossing = _last_crossing(track, line)
    if crossing is not None:
        place, segment = crossing
        overshoot = _length((place.point, *line[segment + 1 :]))
        if off > reach or (0 < overshoot <= _HOOK * reach):
            return (*line[: segment + 1], place.point), place
    if off <= reach:
        return (*line[:-1], nearest.point), nearest
    return (*line, nearest.point), nearest


def _last_crossing(track: Track, line: Line) -> tuple[Place, int] | None:
    """Where a line crosses a ring for the last time, its beginning left out; and its segment."""
    for k in range(len(line) - 2, -1, -1):
        a, b = np.array(line[k]), np.array(line[k + 1])
        rows, shares, theirs = _crossings(a, b, track.starts, track.ends)
        if k == 0:  # where it begins on the ring is no crossing
            later = shares > 1e-6
            rows, shares, theirs = rows[later], shares[later], theirs[later]
        if len(rows):
            best = int(shares.argmax())
            return track.place(int(rows[best]), float(theirs[best])), k
    return None


def _crosses_itself(points: _Floats) -> bool:
    """Whether segments of an open line meet that do not follow each other."""
    starts, along = points[:-1], np.diff(points, axis=0)
    off = starts[None] - starts[:, None]
    det = along[:, None, 0] * along[None, :, 1] - along[:, None, 1] * along[None, :, 0]
    safe = np.where(det == 0, 1.0, det)
    ours = (off[..., 0] * along[None, :, 1] - off[..., 1] * along[None, :, 0]) / safe
    met = (det != 0) & (ours >= 0) & (ours <= 1)
    return bool(np.triu(met & met.T, 2).any())


def _crossings(
    a: _Floats, b: _Floats, starts: _Floats, ends: _Floats
) -> tuple[NDArray[np.intp], _Floats, _Floats]:
    """Which segments a segment from a to b crosses, and the shares along it and along them."""
    if not len(starts):
        nothing = np.empty(0)
        return np.empty(0, np.intp), nothing, nothing
    d, e, f = b - a, ends - starts, starts - a
    det = d[0] * e[:, 1] - d[1] * e[:, 0]
    safe = np.where(det == 0, 1.0, det)
    ours = (f[:, 0] * e[:, 1] - f[:, 1] * e[:, 0]) / safe
    theirs = (f[:, 0] * d[1] - f[:, 1] * d[0]) / safe
    met = (det != 0) & (ours >= 0) & (ours <= 1) & (theirs >= 0) & (theirs <= 1)
    rows = np.flatnonzero(met)
    return rows, ours[rows], theirs[rows]


def _between(ring: Ring, start: Place, end: Place) -> Line:
    """The vertices strictly between two places, in the direction of the ring."""
    count = len(ring)
    steps = (end.edge - start.edge) % count
    if steps == 0 and end.share < start.share:
        steps = count
    found = [(start.edge + 1 + k) % count for k in range(steps)]
    if found and end.share == 0.0:
        found.pop()  # the end itself
    return tuple(ring[k] for k in found)


def _around(ring: Ring, place: Place) -> Line:
    """All vertices of a ring from a place on, that place itself left out."""
    first = place.edge + 1
    found = (*ring[first:], *ring[:first])
    return found[:-1] if place.share == 0.0 else found


def _with_outline(polygons: Polygons, polygon: int, ring: int, points: Line) -> Polygons | None:
    """The polygons with another ring, made valid where it crosses itself or others."""
    old = polygons[polygon]
    pieces = _pieces(points)
    holes = tuple(Polygon(hole) for hole in old.holes)
    if ring == 0:
        changed = _less(pieces, holes)
    else:
        changed = _less((Polygon(old.outer),), (*holes[: ring - 1], *pieces, *holes[ring:]))
    before, after = polygons[:polygon], polygons[polygon + 1 :]
    touched = [each for each in (*before, *after) if changed and _overlap((each,), changed)]
    if touched:
        changed = union(changed, tuple(touched))
        before = tuple(each for each in before if each not in touched)
        after = tuple(each for each in after if each not in touched)
    return (*before, *changed, *after) or None


def _less(bodies: Polygons, holes: Polygons) -> Polygons:
    """Bodies without holes; a body that stays whole keeps all vertices."""
    if len(bodies) == 1 and not any(each.holes for each in (*bodies, *holes)):
        plain = (Polygon(bodies[0].outer, tuple(each.outer for each in holes)),)
        if is_valid(plain):
            return plain
    return subtract(bodies, *((each,) for each in holes)) if bodies else ()


def _pieces(points: Line) -> Polygons:
    """What a ring encloses, without the slivers that a crossing cuts off; maybe nothing."""
    ring = tuple(point for k, point in enumerate(points) if point != points[k - 1])
    if len(ring) >= 3 and is_valid((Polygon(ring),)):
        return (Polygon(ring),)
    try:
        found = repair_ring(ring)
    except GeometryError:
        return ()
    least = _SLIVER * max(area((each,)) for each in found)
    return tuple(each for each in found if area((each,)) >= least)


def _different(points: Sequence[Point]) -> list[Point]:
    return [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]


def _length(line: Sequence[Point]) -> float:
    return sum(map(math.dist, line, line[1:]))


def _overlap(one: Polygons, other: Polygons) -> bool:
    return bounds(one).intersects(bounds(other)) and polygon_iou(one, other) > 0


def _snap(point: Point, tracks: Sequence[Track], reach: float) -> tuple[int, Place] | None:
    places = [track.nearest(point) for track in tracks]
    nearest = min(range(len(tracks)), key=lambda k: math.dist(places[k].point, point))
    near = math.dist(places[nearest].point, point) <= reach
    return (nearest, places[nearest]) if near else None


def _follow(ring: Ring, start: Place, end: Place, reach: float) -> Line:
    """The vertices of a ring from one place to another, where that is about the straight way."""
    ahead, back = _between(ring, start, end), _between(ring, end, start)[::-1]
    ways = [(start.point, *way, end.point) for way in (ahead, back)]
    lengths = [_length(way) for way in ways]
    shorter = int(lengths[1] < lengths[0])
    if lengths[shorter] > _DETOUR * math.dist(start.point, end.point) + reach:
        return ()
    return ways[shorter][1:-1]
