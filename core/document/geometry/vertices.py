"""Single vertices and edges of an outline: the nearest ones, and outlines with one changed.

A vertex is named by polygon, ring and index, an edge by the index of the vertex it starts at; the
last edge of a ring runs back to its first vertex. Ring 0 is the outer ring, ring k is hole k - 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.document.geometry.errors import GeometryError
from core.document.geometry.measure import Outline, polygons_of, ring_array
from core.document.instance import Point, Polygon, Polygons, Ring
from core.sentences import say

_LONG: Final = 500
"""Vertices from which on numpy finds the nearest edge sooner."""


@dataclass(frozen=True, slots=True)
class VertexRef:
    """A vertex of an outline and how far, in pixels, it is from the point asked about."""

    polygon: int
    ring: int
    index: int
    point: Point
    distance: float


@dataclass(frozen=True, slots=True)
class EdgeRef:
    """An edge of an outline, the point on it nearest to the one asked about, and their distance."""

    polygon: int
    ring: int
    index: int
    point: Point
    distance: float


def nearest_vertex(outline: Outline, x: float, y: float) -> VertexRef:
    """The vertex nearest to a point. Raises ValueError when the outline has no polygon."""
    return min(
        (
            VertexRef(p, r, k, point, math.hypot(point[0] - x, point[1] - y))
            for p, polygon in enumerate(polygons_of(outline))
            for r, ring in enumerate(polygon.rings)
            for k, point in enumerate(ring)
        ),
        key=lambda vertex: vertex.distance,
    )


def nearest_edge(outline: Outline, x: float, y: float) -> EdgeRef:
    """The edge nearest to a point. Raises ValueError when the outline has no polygon."""
    return min(
        (
            _edge(p, r, k, ring, x, y)
            for p, polygon in enumerate(polygons_of(outline))
            for r, ring in enumerate(polygon.rings)
            for k in _rows(ring, x, y)
        ),
        key=lambda edge: edge.distance,
    )


def _rows(ring: Ring, x: float, y: float) -> Sequence[int]:
    """The edges of a ring that may be the nearest one: all, or of a long ring that one."""
    if len(ring) < _LONG:
        return range(len(ring))
    start = ring_array(ring) - (x, y)
    along = np.roll(start, -1, axis=0) - start
    length2 = (along * along).sum(axis=1)
    share = -(start * along).sum(axis=1) / np.where(length2 > 0, length2, 1.0)
    nearest = start + np.clip(share, 0.0, 1.0)[:, None] * along
    return (int(np.argmin((nearest * nearest).sum(axis=1))),)


def _edge(polygon: int, ring: int, index: int, points: Ring, x: float, y: float) -> EdgeRef:
    ax, ay = points[index]
    bx, by = points[(index + 1) % len(points)]
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0 else ((x - ax) * dx + (y - ay) * dy) / length2
    along = min(1.0, max(0.0, along))
    px, py = ax + along * dx, ay + along * dy
    return EdgeRef(polygon, ring, index, (px, py), math.hypot(px - x, py - y))


def move_vertex(polygons: Polygons, polygon: int, ring: int, index: int, to: Point) -> Polygons:
    """The polygons with one vertex at another place. Raises IndexError when it is not there."""
    points = _ring(polygons, polygon, ring, index)
    return _with_ring(polygons, polygon, ring, (*points[:index], to, *points[index + 1 :]))


def insert_vertex(polygons: Polygons, polygon: int, ring: int, edge: int, at: Point) -> Polygons:
    """The polygons with a new vertex in an edge. Raises IndexError when there is no such edge."""
    points = _ring(polygons, polygon, ring, edge)
    return _with_ring(polygons, polygon, ring, (*points[: edge + 1], at, *points[edge + 1 :]))


def delete_vertex(
    polygons: Polygons, polygon: int, ring: int, index: int, least: int = 3
) -> Polygons:
    """The polygons without one vertex; each ring keeps `least`.

    A hole that would keep fewer goes as a whole, and so does a part, unless it
    is the last one: that raises GeometryError. Raises IndexError when there is no such vertex.
    """
    points = _ring(polygons, polygon, ring, index)
    if len(points) > least:
        return _with_ring(polygons, polygon, ring, (*points[:index], *points[index + 1 :]))
    if ring > 0:
        return _with_ring(polygons, polygon, ring, None)
    if len(polygons) == 1:
        raise GeometryError(
            say(
                "geometry.last_triangle",
                "The last three points of an instance cannot become fewer; delete the instance "
                "instead.",
            )
        )
    return (*polygons[:polygon], *polygons[polygon + 1 :])


def moved_inside(polygons: Polygons, width: int, height: int) -> Polygons:
    """A line with each vertex at the nearest place of an image of that size; nothing when it lies
    beside it altogether."""
    (line,) = polygons
    if not any(0 <= x <= width and 0 <= y <= height for x, y in line.outer):
        return ()
    inside = ((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in line.outer)
    return (Polygon(tuple(inside)),)


def translate(polygons: Polygons, dx: float, dy: float) -> Polygons:
    """The polygons moved by (dx, dy) pixels."""

    def moved(ring: Ring) -> Ring:
        return tuple([(x + dx, y + dy) for x, y in ring])  # a list is made faster

    made = []
    for polygon in polygons:
        other = Polygon(moved(polygon.outer), tuple([moved(hole) for hole in polygon.holes]))
        if (box := polygon.known_extent) is not None:
            other.know_extent((box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy))
        made.append(other)
    return tuple(made)


def scaled(polygons: Polygons, origin: Point, scale: tuple[float, float]) -> Polygons:
    """The polygons as seen from an origin, x and y each in units of their own."""
    (x0, y0), (across, down) = origin, scale

    def moved(ring: Ring) -> Ring:
        return tuple([((x - x0) * across, (y - y0) * down) for x, y in ring])

    return tuple(
        Polygon(moved(polygon.outer), tuple([moved(hole) for hole in polygon.holes]))
        for polygon in polygons
    )


def _ring(polygons: Polygons, polygon: int, ring: int, index: int) -> Ring:
    if min(polygon, ring, index) < 0:
        raise IndexError("polygon, ring and index count from 0")
    points = polygons[polygon].rings[ring]
    if index >= len(points):
        raise IndexError("no such vertex")
    return points


def _with_ring(polygons: Polygons, polygon: int, ring: int, points: Ring | None) -> Polygons:
    """The polygons with another ring; None takes a hole out."""
    old = polygons[polygon]
    if ring == 0 and points is not None:
        changed = Polygon(points, old.holes)
    else:
        new = () if points is None else (points,)
        changed = Polygon(old.outer, (*old.holes[: ring - 1], *new, *old.holes[ring:]))
    return (*polygons[:polygon], changed, *polygons[polygon + 1 :])
