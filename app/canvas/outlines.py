"""Instances ready to be painted: a table of boxes, and paths made once and simplified by level."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath

from core.document.geometry.measure import Rect, bounds
from core.document.instance import Instance, Ring

_SMALLEST_LEVEL = -16
_FULL_LEVEL = 2
_WORTH_SIMPLIFYING = 12


class Outline:
    """One instance with its box and its paths, in image pixels."""

    __slots__ = ("_paths", "box", "instance")

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.box: Rect = bounds(instance)
        self._paths: dict[int, QPainterPath] = {}

    def path(self, device_scale: float) -> QPainterPath:
        """The outline with holes, right to half a device pixel at that scale."""
        level = level_of(device_scale)
        path = self._paths.get(level)
        if path is None:
            error = 0.0 if level == _FULL_LEVEL else 0.5 / 2.0**level
            path = self._paths[level] = make_path(self.instance, error)
        return path


def level_of(device_scale: float) -> int:
    """The power of two at or above a scale; from the full level on nothing is left out."""
    return min(max(math.ceil(math.log2(device_scale)), _SMALLEST_LEVEL), _FULL_LEVEL)


def make_path(instance: Instance, error: float = 0.0) -> QPainterPath:
    """All rings of an instance as one path, right to `error` image pixels."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for polygon in instance.polygons:
        for ring in polygon.rings:
            _add_ring(path, _simplified(ring, error))
    return path


def _add_ring(path: QPainterPath, ring: Ring) -> None:
    path.moveTo(*ring[0])
    for x, y in ring[1:]:
        path.lineTo(x, y)
    path.closeSubpath()


def _simplified(ring: Ring, error: float) -> Ring:
    """Of neighbouring vertices that fall into one square of side `error`, only the first."""
    if error <= 0 or len(ring) <= _WORTH_SIMPLIFYING:
        return ring
    points = np.asarray(ring)
    cells = np.floor(points / error)
    kept = np.any(cells != np.roll(cells, 1, axis=0), axis=1)
    if kept.all():
        return ring
    chosen = [point for point, keep in zip(ring, kept.tolist(), strict=True) if keep]
    return tuple(chosen) if len(chosen) >= 3 else (ring[0], ring[len(ring) // 2], ring[-1])


class OutlineTable:
    """The outlines of a document in z order, found by place in no time."""

    def __init__(self) -> None:
        self._outlines: tuple[Outline, ...] = ()
        self._by_id: dict[str, Outline] = {}
        self._boxes: NDArray[np.float64] = np.empty((4, 0))

    def __len__(self) -> int:
        return len(self._outlines)

    def set(self, instances: Sequence[Instance]) -> None:
        """Show other instances; those that are the same objects keep their paths."""
        known = self._by_id
        outlines: list[Outline] = []
        for instance in instances:
            old = known.get(instance.id)
            kept = old is not None and old.instance is instance
            outlines.append(old if old is not None and kept else Outline(instance))
        self._outlines = tuple(outlines)
        self._by_id = {each.instance.id: each for each in outlines}
        corners = ((each.box.x0, each.box.y0, each.box.x1, each.box.y1) for each in outlines)
        flat = np.fromiter(chain.from_iterable(corners), np.float64, 4 * len(outlines))
        self._boxes = np.ascontiguousarray(flat.reshape(-1, 4).T)

    def get(self, id: str) -> Outline | None:
        """The outline of an instance, or None."""
        return self._by_id.get(id)

    def within(self, rect: Rect) -> list[Outline]:
        """Those whose box meets a rectangle, lowest first."""
        x0, y0, x1, y1 = self._boxes
        meets = (x0 <= rect.x1) & (x1 >= rect.x0) & (y0 <= rect.y1) & (y1 >= rect.y0)
        return [self._outlines[k] for k in np.flatnonzero(meets).tolist()]

    def roomy(self, rect: Rect, side: float) -> list[Outline]:
        """Those whose box meets a rectangle and is at least `side` pixels wide and high."""
        x0, y0, x1, y1 = self._boxes
        fits = (x0 <= rect.x1) & (x1 >= rect.x0) & (y0 <= rect.y1) & (y1 >= rect.y0)
        fits &= (x1 - x0 >= side) & (y1 - y0 >= side)
        return [self._outlines[k] for k in np.flatnonzero(fits).tolist()]

    def boxes_of(self, ids: Collection[str]) -> list[Rect]:
        """The boxes of those of the ids that are here."""
        return [self._by_id[id].box for id in ids if id in self._by_id]
