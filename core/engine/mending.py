"""An outline put right at points: inner points come inside, outer ones outside. Polygons only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import (
    area,
    clip_to_image,
    contains,
    repair_ring,
    subtract,
    union,
)
from core.document.instance import Point, Polygons

_DISC: Final = 0.12
"""Radius of what a point takes along where nothing better is known, by the root of the area."""
_LEAST: Final = 2.0
_CORNERS: Final = 16
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
    others: Sequence[Polygons],
    image_size: tuple[int, int],
) -> Polygons:
    """The outline with each wrong point put right; the rest stays.

    What a point adds or takes away is the smallest of `others` that lies under it and under no
    point of the other kind, else a disc around it. Outlines start empty when nothing is there.
    """
    for place in wrong_points(polygons, points, inside):
        if contains(polygons, *points[place]) == bool(inside[place]) and polygons:
            continue  # an earlier point has put it right
        against = [p for p, kind in zip(points, inside, strict=True) if bool(kind) != inside[place]]
        piece = _piece(points[place], against, others) or _disc(points, place, inside, polygons)
        polygons = _changed(polygons, piece, adds=bool(inside[place]))
    for place in wrong_points(polygons, points, inside):
        disc = _disc(points, place, inside, polygons)
        polygons = _changed(polygons, disc, adds=bool(inside[place]))
    return clip_to_image(polygons, image_size[1], image_size[0])


def _changed(polygons: Polygons, piece: Polygons, *, adds: bool) -> Polygons:
    if adds:
        return union(polygons, piece) if polygons else piece
    return subtract(polygons, piece) if polygons else ()


def _piece(point: Point, against: Sequence[Point], others: Sequence[Polygons]) -> Polygons:
    fitting = [
        each
        for each in others
        if contains(each, *point) and not any(contains(each, *other) for other in against)
    ]
    return min(fitting, key=area, default=())


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
