"""Boxes: rectangles, upright or turned, that stay rectangles while a corner or a side is moved."""

from __future__ import annotations

import math
from typing import Final

from core.document.instance import Point, Polygons, Ring

_SQUARE: Final = 1e-6
"""The cosine of a corner may be so far from zero: what rounding leaves, and no hand draws."""


def is_box(polygons: Polygons) -> bool:
    """Whether an outline is a single rectangle without holes, upright or turned."""
    if len(polygons) != 1 or polygons[0].holes or len(polygons[0].outer) != 4:
        return False
    ring = polygons[0].outer
    sides = [_minus(ring[k], ring[k - 1]) for k in range(4)]
    lengths = [math.hypot(*side) for side in sides]
    return min(lengths) > 0 and all(
        abs(_dot(sides[k], sides[k - 1])) <= _SQUARE * lengths[k] * lengths[k - 1] for k in range(4)
    )


def is_upright(ring: Ring) -> bool:
    """Whether a box has its sides along x and y."""
    return len({x for x, _ in ring}) == len({y for _, y in ring}) == 2


def with_corner(ring: Ring, index: int, to: Point) -> Ring:
    """A box with one corner at `to` and the opposite one where it was."""
    opposite, before, after = ring[index - 2], ring[index - 1], ring[(index + 1) % 4]
    moved = list(ring)
    moved[index] = to
    for place, corner in ((index - 1, before), ((index + 1) % 4, after)):
        moved[place] = _onto(opposite, corner, to)
    return tuple(moved)


def with_side(ring: Ring, index: int, dx: float, dy: float) -> Ring:
    """A box with the side from corner `index` on moved, at right angles to itself only."""
    start, end = ring[index], ring[(index + 1) % 4]
    along = _minus(end, start)
    share = _dot(along, (dx, dy)) / _dot(along, along)
    by = dx - share * along[0], dy - share * along[1]
    moved = list(ring)
    moved[index] = start[0] + by[0], start[1] + by[1]
    moved[(index + 1) % 4] = end[0] + by[0], end[1] + by[1]
    return tuple(moved)


def _onto(start: Point, end: Point, point: Point) -> Point:
    """The place nearest to a point on the line through start and end."""
    if start[0] == end[0]:
        return start[0], point[1]  # exactly, so that an upright box stays upright
    if start[1] == end[1]:
        return point[0], start[1]
    side = _minus(end, start)
    share = _dot(side, _minus(point, start)) / _dot(side, side)
    return start[0] + share * side[0], start[1] + share * side[1]


def _minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1]


def _dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1]
