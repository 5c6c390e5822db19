"""An outline put right at points: inner points come inside, outer ones outside. Polygons only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import (
    area,
    bounds,
    clip_to_image,
    contains,
    repair_ring,
    subtract,
    threads,
    union,
)
from core.document.instance import Point, Polygon, Polygons

_DISC: Final = 0.12
"""Radius of what a point takes along where nothing better is known, by the root of the area."""
_LEAST: Final = 2.0
_MOST: Final = 0.5
"""Share of the outline's area above which a piece of another outline is not what a point means."""
_CORNERS: Final = 16
_THREAD: Final = 2.0
"""Pixels: what is narrower and hangs on a piece that changed is left over between two edges."""
_APART: Final = 0.45
"""Share of the way to the nearest point of the other kind that a disc reaches at most."""


def satisfied(
    polygons: Polygons, points: Sequence[Point], inside: Sequence[bool] | NDArray[np.bool_]
) -> bool:
    """Whether every inner point lies in the outline and no outer one does."""
    return not wrong_points(polygons, points, inside)


def wrong_points(
    polygons: Polygons, points: Sequence[Point], inside: Sequence[bool] | NDArray[np.bool_]
) -> list[int]:
    """The places of the points that lie on the wrong side."""
    return [
        place
        for place, ((x, y), wanted) in enumerate(zip(points, inside, strict=True))
        if contains(polygons, x, y) != bool(wanted)
    ]


def mend(
    polygons: Polygons,
    points: Sequence[Point],
    inside: Sequence[bool] | NDArray[np.bool_],
    corrected: Polygons,
    others: Callable[[], Sequence[Polygons]],
    image_size: tuple[int, int],
) -> Polygons:
    """The outline with each wrong point put right; what is not about a point stays.

    A point adds or takes away the one piece under it in which the outline differs from a better
    one, and under which no point of the other kind lies (as FocalClick merges, arXiv 2204.02574):
    that of `corrected`, else the smallest that `others` have, which are asked for only then, unless
    it is large, else a disc. `image_size` is height and width. Empty when nothing remains.
    """
    for place in wrong_points(polygons, points, inside):
        adds = bool(inside[place])
        if contains(polygons, *points[place]) == adds:
            continue  # an earlier point has put it right
        against = [p for p, kind in zip(points, inside, strict=True) if bool(kind) != adds]
        piece = _piece(polygons, corrected, points[place], against, adds=adds) if corrected else ()
        if not piece:
            piece = _spare(polygons, others(), points[place], against, adds=adds)
        piece = piece or _disc(points, place, inside, polygons)
        polygons = _changed(polygons, piece, adds=adds)
    for place in wrong_points(polygons, points, inside):
        disc = _disc(points, place, inside, polygons)
        polygons = _changed(polygons, disc, adds=bool(inside[place]))
    return clip_to_image(polygons, image_size[1], image_size[0])


def _changed(polygons: Polygons, piece: Polygons, *, adds: bool) -> Polygons:
    """With the piece or without it; two edges that nearly meet leave no thread between them."""
    if not polygons:
        return piece if adds else ()
    if not adds:
        rest = subtract(polygons, piece)
        thin = threads(rest, _THREAD, piece) if rest else ()
        return subtract(rest, thin) if thin else rest
    both = union(polygons, piece)
    box = bounds(both).grown(3 * _THREAD)
    frame = Polygon(((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)))
    thin = threads(subtract((frame,), both), _THREAD, piece)
    return union(both, thin) if thin else both


def _piece(
    polygons: Polygons,
    better: Polygons,
    point: Point,
    against: Sequence[Point],
    *,
    adds: bool,
) -> Polygons:
    """The part under a point in which an outline differs from a better one."""
    whole, less = (better, polygons) if adds else (polygons, better)
    rest = subtract(whole, less) if whole and less else whole
    for part in rest:
        if contains((part,), *point) and not any(contains((part,), *each) for each in against):
            return (part,)
    return ()


def _spare(
    polygons: Polygons,
    others: Sequence[Polygons],
    point: Point,
    against: Sequence[Point],
    *,
    adds: bool,
) -> Polygons:
    """The smallest piece that others have; what is large beside the outline is something else."""
    pieces = (_piece(polygons, each, point, against, adds=adds) for each in others)
    smallest = min(filter(None, pieces), key=area, default=())
    if smallest and polygons and area(smallest) > _MOST * area(polygons):
        return ()
    return smallest


def _disc(
    points: Sequence[Point],
    place: int,
    inside: Sequence[bool] | NDArray[np.bool_],
    polygons: Polygons,
) -> Polygons:
    x, y = points[place]
    radius = max(_LEAST, _DISC * math.sqrt(area(polygons) if polygons else 0.0))
    for (other_x, other_y), kind in zip(points, inside, strict=True):
        if bool(kind) != bool(inside[place]):
            radius = min(radius, _APART * math.hypot(other_x - x, other_y - y))
    turns = (2 * math.pi * k / _CORNERS for k in range(_CORNERS))
    ring = tuple((x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns)
    return repair_ring(ring) if radius > 0 else ()


__all__ = ["mend", "satisfied", "wrong_points"]
