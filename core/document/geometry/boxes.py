"""Boxes: rectangles, upright or turned, that stay rectangles while a corner or a side is moved; and
the ellipse in one."""

from __future__ import annotations

import math
from typing import Final

from core.document.geometry.measure import Rect
from core.document.instance import Point, Polygons, Ring

_SQUARE: Final = 1e-6
"""The cosine of a corner may be so far from zero: what rounding leaves, and no hand draws."""
_ROUND: Final = 40
"""Vertices of an ellipse."""


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


def ellipse(box: Rect) -> Ring:
    """The ellipse that fills an upright box."""
    (x, y), across, down = box.centre, box.width / 2, box.height / 2
    turns = [2 * math.pi * k / _ROUND for k in range(_ROUND)]
    return tuple((x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns)


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


def spanned(a: Point, b: Point, to: Point) -> Ring:
    """The box with the side from a to b whose opposite side runs through `to`."""
    side = _minus(b, a)
    share = _dot(side, _minus(to, a)) / _dot(side, side)
    across = to[0] - a[0] - share * side[0], to[1] - a[1] - share * side[1]
    return a, b, (b[0] + across[0], b[1] + across[1]), (a[0] + across[0], a[1] + across[1])


def turned(ring: Ring, angle: float) -> Ring:
    """A box turned about its middle, clockwise on the screen by radians."""
    x, y = middle(ring)
    cos, sin = math.cos(angle), math.sin(angle)
    around = [_minus(corner, (x, y)) for corner in ring]
    return tuple((x + dx * cos - dy * sin, y + dx * sin + dy * cos) for dx, dy in around)


def middle(ring: Ring) -> Point:
    """Where the diagonals of a box meet."""
    return _between(ring[0], ring[2])


def direction(ring: Ring) -> float:
    """How far a box is turned: the angle of its first side, 0 to 2π clockwise from the x axis."""
    (ax, ay), (bx, by) = ring[0], ring[1]
    return math.atan2(by - ay, bx - ax) % (2 * math.pi)


def turn_handle(ring: Ring, away: float) -> tuple[Point, Point]:
    """Where a box is turned by the hand: the middle of its uppermost side, and `away` from it."""
    middles = [_between(ring[k], ring[(k + 1) % 4]) for k in range(4)]
    top = min(middles, key=lambda point: (point[1], point[0]))
    out = _minus(top, middle(ring))
    share = away / math.hypot(*out)
    return top, (top[0] + share * out[0], top[1] + share * out[1])


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


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
