"""The strokes with which a careful person puts an outline right, one stretch after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from core.document.geometry import nearest_edge
from core.document.geometry.stretch import Track, joined, stretched
from core.document.instance import Point, Polygons, Ring
from core.learning.effort import GOOD, NEAR

_REACH: Final = 2 * NEAR
"""How far from an outline a stroke may begin, in pixels."""
_MOST: Final = 12
_FINER: Final = (NEAR, NEAR / 2, NEAR / 4)
"""How far off counts as off; the finer ones where a thing of a few pixels does not fit yet."""

Overlap = Callable[[Polygons], float]


def stroked(truth: Polygons, outline: Polygons, overlap: Overlap) -> Iterator[Polygons]:
    """The outline after each stroke.

    A stroke follows a contiguous run of vertices of the true outline that lie more than `NEAR`
    pixels off, from the last vertex before it that fits to the first one after it. It replaces the
    side of the outline that fits worse; one that makes nothing better is not drawn. A ring without
    any vertex that fits is drawn as a whole, from the nearest place of the outline and back to it.
    Where no stroke is left and the overlap is below `GOOD`, half the distance is off as well, and
    half of that: a thing of ten pixels may fit nowhere though nothing is `NEAR` pixels off.
    """
    current, best = outline, overlap(outline)
    for _ in range(_MOST):
        for near in _FINER:
            better = max(_made(truth, current, near), key=overlap, default=None)
            reached = 0.0 if better is None else overlap(better)
            if reached > best or best >= GOOD:
                break
        if better is None or reached <= best:
            return
        current, best = better, reached
        yield current


def _made(truth: Polygons, outline: Polygons, near: float) -> Iterator[Polygons]:
    """The outline after each stroke that may be the next."""
    for line in _lines(truth, outline, near):
        yield from (result for result in _results(outline, line) if result is not None)


def _lines(truth: Polygons, outline: Polygons, near: float) -> Iterator[tuple[Point, ...]]:
    """What the strokes would be, each with the vertices that fit at its two ends."""
    for polygon in truth:
        for ring in polygon.rings:
            places = [nearest_edge(outline, x, y) for x, y in ring]
            off = [each.distance > near for each in places]
            if all(off):
                first = min(range(len(ring)), key=lambda k, at=places: at[k].distance)  # type: ignore[misc]
                begin = places[first].point
                yield (begin, *ring[first:], *ring[: first + 1], begin)
            for first, count in _runs(off):
                yield tuple(ring[(first - 1 + k) % len(ring)] for k in range(count + 2))


def _runs(off: list[bool]) -> Iterator[tuple[int, int]]:
    """First vertex and length of each run round a ring that does not hold all vertices."""
    count = len(off)
    if all(off):
        return
    for first in range(count):
        if off[first] and not off[first - 1]:
            length = 1
            while off[(first + length) % count]:
                length += 1
            yield first, length


def _results(outline: Polygons, line: tuple[Point, ...]) -> Iterator[Polygons | None]:
    """The outline with one or the other side replaced by a line."""
    at = nearest_edge(outline, *line[0])
    ring: Ring = outline[at.polygon].rings[at.ring]
    join = joined(Track(ring), line, _REACH)
    if join is not None:
        yield stretched(outline, at.polygon, at.ring, join, 0)
        yield stretched(outline, at.polygon, at.ring, join, 1)
