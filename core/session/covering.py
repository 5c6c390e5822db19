"""Which suggestions say again what an instance, or a stronger suggestion, says already.

A model may propose one object twice, under two labels; a person wants to answer it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import polygon_iou
from core.document.geometry.measure import area, bounds
from core.document.instance import Instance, Shape

SAME: Final = 0.7
"""Outlines that overlap by this IoU are one object."""


def covered_by(suggestions: Sequence[Instance], labelled: Sequence[Shape]) -> dict[str, str]:
    """Of each suggestion that is not worth showing: its id, and the id of what covers it.

    That is one of what is `labelled`, whatever its label, or a suggestion of a higher score that is
    not covered itself; the overlap is an IoU of `SAME` or more.
    """
    strongest_first = sorted(suggestions, key=lambda each: -(each.score or 0.0))
    outlines = [*labelled, *strongest_first]
    boxes = np.array([_box(each) for each in outlines], np.float64).reshape(-1, 4)
    areas = np.array([area(each) for each in outlines], np.float64)
    shown = np.zeros(len(outlines), np.bool_)
    shown[: len(labelled)] = True
    found: dict[str, str] = {}
    for place in range(len(labelled), len(outlines)):
        for other in _alike(place, boxes, areas, shown):
            if polygon_iou(outlines[place], outlines[other]) >= SAME:
                found[outlines[place].id] = outlines[other].id
                break
        else:
            shown[place] = True
    return found


def _alike(
    place: int,
    boxes: NDArray[np.float64],
    areas: NDArray[np.float64],
    shown: NDArray[np.bool_],
) -> list[int]:
    """Those shown whose IoU with this one may reach `SAME`: boxes and areas put a bound to it."""
    x0, y0, x1, y1 = boxes[place]
    wide = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    high = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    small, large = np.minimum(areas, areas[place]), np.maximum(areas, areas[place])
    possible = shown & (np.minimum(shared, small) >= SAME * large) & (shared > 0)
    return [int(other) for other in np.flatnonzero(possible)]


def _box(shape: Shape) -> tuple[float, float, float, float]:
    box = bounds(shape)
    return box.x0, box.y0, box.x1, box.y1
