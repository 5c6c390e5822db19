"""Which suggestions say again what an instance, or a stronger suggestion, says already.

A model may propose one object twice, under two labels, or a part of it beside the whole; a person
wants to answer it once.
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
INSIDE: Final = 0.8
"""A suggestion of which a better one covers this share is a part of it."""


def covered_by(
    suggestions: Sequence[Instance], labelled: Sequence[Shape], *, parts: bool = False
) -> dict[str, str]:
    """Of each suggestion that is not worth showing: its id, and the id of what covers it.

    That is one of what is `labelled`, whatever its label, or a suggestion of a higher score that is
    not covered itself; the overlap is an IoU of `SAME` or more. Unless `parts` are wanted, a
    suggestion goes too when another of a higher score covers `INSIDE` of it.
    """
    strongest_first = sorted(suggestions, key=lambda each: -(each.score or 0.0))
    outlines = [*labelled, *strongest_first]
    boxes = np.array([_box(each) for each in outlines], np.float64).reshape(-1, 4)
    areas = np.array([area(each) for each in outlines], np.float64)
    shown = np.zeros(len(outlines), np.bool_)
    shown[: len(labelled)] = True
    found: dict[str, str] = {}
    for place in range(len(labelled), len(outlines)):
        for other in _near(place, boxes, areas, shown):
            overlap = polygon_iou(outlines[place], outlines[other])
            shared = overlap * (areas[place] + areas[other]) / (1 + overlap)
            inside = not parts and other >= len(labelled) and shared >= INSIDE * areas[place]
            if overlap >= SAME or inside:
                found[outlines[place].id] = outlines[other].id
                break
        else:
            shown[place] = True
    return found


def _near(
    place: int,
    boxes: NDArray[np.float64],
    areas: NDArray[np.float64],
    shown: NDArray[np.bool_],
) -> list[int]:
    """Those shown that may share enough with this one: boxes and areas put a bound to it."""
    x0, y0, x1, y1 = boxes[place]
    wide = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    high = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    small, large = np.minimum(areas, areas[place]), np.maximum(areas, areas[place])
    most = np.minimum(shared, small)
    enough = (most >= SAME * large) | (most >= INSIDE * areas[place])
    possible = shown & enough & (shared > 0)
    return [int(other) for other in np.flatnonzero(possible)]


def _box(shape: Shape) -> tuple[float, float, float, float]:
    box = bounds(shape)
    return box.x0, box.y0, box.x1, box.y1
