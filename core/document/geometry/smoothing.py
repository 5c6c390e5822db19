"""Outlines painted, grown, made smoother, and with fewer vertices. All lengths are image pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely

from core.document.geometry.algebra import grown, repair, simplify, subtract
from core.document.geometry.errors import GeometryError
from core.document.instance import Point, Polygon, Polygons, Ring

_STEPS: Final = 4.0
"""Points of a ring for each sigma, before it is smoothed."""
_MOST: Final = 20_000
_QUARTER: Final = 8
"""Edges of a quarter of the brush's circle."""
FINEST: Final = 0.1
"""Pixels that a vertex may lie off a smoothed outline when it is left out."""


def painted(line: Sequence[Point], radius: float) -> Polygons:
    """What a round brush covers along a line."""
    path = shapely.LineString(line) if len(set(line)) > 1 else shapely.Point(line[0])
    corners = np.array(shapely.buffer(path, radius, quad_segs=_QUARTER).exterior.coords)
    return repair((Polygon(tuple((float(x), float(y)) for x, y in corners[:-1])),))


def smooth(polygons: Polygons, sigma: float, tolerance: float, grow: float = 0.0) -> Polygons:
    """Outlines moved outwards by `grow`, then without details smaller than `sigma`, and no vertex
    needed for `tolerance` more.

    A Gaussian along each ring, applied twice so that the outline does not shrink at first order.
    A ring too small for it stays as it is. Empty when nothing is left of what is made smaller.
    Raises GeometryError when nothing with an area remains after that.
    """
    polygons = grown(polygons, grow)
    if not polygons:
        return ()
    if sigma > 0:
        polygons = _smoothed(polygons, sigma)
        tolerance = max(tolerance, FINEST)
    return simplify(polygons, tolerance) if tolerance > 0 else polygons


def _smoothed(polygons: Polygons, sigma: float) -> Polygons:
    found: list[Polygon] = []
    for polygon in polygons:
        outer = (Polygon(smooth_ring(polygon.outer, sigma)),)
        holes = [(Polygon(smooth_ring(hole, sigma)),) for hole in polygon.holes]
        try:
            found += subtract(repair(outer), *(repair(hole) for hole in holes))
        except GeometryError:
            found.append(polygon)
    return repair(tuple(found))


def smooth_ring(ring: Ring, sigma: float) -> Ring:
    """A ring in even steps, smoothed along its length; the same when it is shorter than 8 sigma."""
    points = np.array([*ring, ring[0]])
    lengths = np.hypot(*np.diff(points, axis=0).T)
    total = float(lengths.sum())
    if total < 8 * sigma:
        return ring
    count = min(max(math.ceil(total * _STEPS / sigma), 16), _MOST)
    at = np.arange(count) * (total / count)
    along = np.concatenate(([0.0], np.cumsum(lengths)))
    even = np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)
    waves = np.fft.rfftfreq(count, total / count)
    gain = np.exp(-2 * (math.pi * waves * sigma) ** 2)
    kept = (2 * gain - gain**2)[:, None]
    smoothed = np.fft.irfft(np.fft.rfft(even, axis=0) * kept, count, axis=0)
    return tuple((float(x), float(y)) for x, y in smoothed)
