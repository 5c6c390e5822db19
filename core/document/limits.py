"""What an image may hold to be worked on in a window, which draws and searches all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.document.edits import Add, Batch, Edit, Reshape
from core.document.geometry.measure import ring_array
from core.document.instance import Polygons, Ring, Shape
from core.sentences import Sentence, say

MOST_POINTS: Final = 20_000
"""Vertices of one instance, holes included."""
MOST_POINTS_TOGETHER: Final = 500_000
MOST_SHAPES: Final = 150_000
MOST_KEYPOINTS: Final = 1_000
"""Of one instance."""
MOST_LABELS: Final = 5_000
"""Different labels."""
MOST_LETTERS: Final = 1_000
"""Characters of a label."""
MOST_LENGTH: Final = 100
"""The length of all rings of an instance, in halves of the border of the image."""
_SHORT: Final = 300
"""Instances of fewer vertices are not measured."""

_POINTS: Final = say(
    "limits.points",
    "An outline ({label}) has {points} points; up to {most} can be shown. Simplify it in the "
    "program that made it.",
)
_CROSSED: Final = say(
    "limits.crossed",
    "An outline ({label}) runs to and fro across the image more often than can be shown. Draw it "
    "anew in the program that made it.",
)
_LETTERS: Final = say(
    "limits.letters", "A label has {letters} characters; up to {most} can be shown."
)
_TOGETHER: Final = say(
    "limits.together",
    "{shapes} shapes with {points} points and {labels} labels are too many to be shown; the most "
    "are {most_shapes} shapes, {most_points} points and {most_labels} labels.",
)


def why_too_large(shapes: Sequence[Shape], size: tuple[int, int]) -> Sentence | None:
    """What of the shapes of an image of (width, height) pixels is more than a window can show.

    None when all is fine. Numbers that are not finite count as fine: others refuse them.
    """
    reason, points = _first_outline(shapes, size)
    if reason is not None:
        return reason
    labels = len({shape.label for shape in shapes})
    if len(shapes) <= MOST_SHAPES and points <= MOST_POINTS_TOGETHER and labels <= MOST_LABELS:
        return None
    return _TOGETHER.given(
        shapes=len(shapes),
        points=points,
        labels=labels,
        most_shapes=MOST_SHAPES,
        most_points=MOST_POINTS_TOGETHER,
        most_labels=MOST_LABELS,
    )


def why_too_large_after(edit: Edit, size: tuple[int, int]) -> Sentence | None:
    """As `why_too_large`, for each outline that an edit brings."""
    match edit:
        case Batch():
            return next(filter(None, (why_too_large_after(e, size) for e in edit.edits)), None)
        case Add():
            return _first_outline(edit.shapes, size)[0]
        case Reshape():
            return _outline("", edit.polygons, size)
    return None


def _first_outline(shapes: Sequence[Shape], size: tuple[int, int]) -> tuple[Sentence | None, int]:
    """Why the first outline is too large that is, and the points up to there, else of all."""
    points = 0
    for shape in shapes:
        count = _points(shape.polygons)
        points += count
        small = count <= _SHORT and len(shape.label) <= MOST_LETTERS
        reason = None if small else _outline(shape.label, shape.polygons, size)
        if reason is not None:
            return reason, points
    return None, points


def _outline(label: str, polygons: Polygons, size: tuple[int, int]) -> Sentence | None:
    if len(label) > MOST_LETTERS:
        return _LETTERS.given(letters=len(label), most=MOST_LETTERS)
    points = _points(polygons)
    if points > MOST_POINTS:
        return _POINTS.given(label=label, points=points, most=MOST_POINTS)
    if points > _SHORT:
        length = sum(_length(ring) for polygon in polygons for ring in polygon.rings)
        if length > MOST_LENGTH * sum(size):
            return _CROSSED.given(label=label)
    return None


def _points(polygons: Polygons) -> int:
    if len(polygons) == 1 and not polygons[0].holes:
        return len(polygons[0].outer)  # as nearly all
    return sum(len(ring) for polygon in polygons for ring in polygon.rings)


def _length(ring: Ring) -> float:
    points = ring_array(ring)
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.abs(np.diff(points, axis=0, append=points[:1])).sum())
