"""Instances with holes or several parts as one ring, for formats that know nothing else.

The rings are joined by bridges of no width, there and back along one line. Where they are filled
by crossings, as COCO's rule does, the ring covers the same pixels.
"""

from __future__ import annotations

import math

from core.document.instance import Polygon, Polygons, Ring
from core.document.runs import encode, rasterise
from core.formats.masks import trace


def bridged(polygons: Polygons, width: int, height: int) -> Ring:
    """One ring that covers the pixels which the polygons cover on an image of that size.

    Polygons that overlap are traced from their mask first. Empty when they cover nothing.
    """
    rings = [ring for polygon in polygons for ring in polygon.rings]
    if len(rings) == 1:
        return rings[0]
    joined = _joined(rings)
    wanted = encode(polygons, width, height)
    if encode((Polygon(joined),), width, height).counts == wanted.counts:
        return joined
    traced = trace(rasterise(polygons, width, height))
    return _joined([ring for polygon in traced for ring in polygon.rings])


def simple_parts(polygons: Polygons, width: int, height: int) -> tuple[Ring, ...]:
    """The parts as rings without holes: each part with holes becomes one bridged ring."""
    return tuple(
        polygon.outer if not polygon.holes else bridged((polygon,), width, height)
        for polygon in polygons
    )


def _joined(rings: list[Ring]) -> Ring:
    """All rings in one, each reached from the vertex nearest to its first."""
    if not rings:
        return ()
    whole = list(rings[0])
    for ring in rings[1:]:
        start = ring[0]
        place = min(range(len(whole)), key=lambda k: math.dist(whole[k], start))
        bridge = whole[place]
        whole[place + 1 : place + 1] = [*ring, start, bridge]
    return tuple(whole)
