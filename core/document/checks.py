"""What makes a shape one that can be kept: an id, outlines of finite points, and enough of them."""

from __future__ import annotations

import itertools
import math
from typing import Final

from core.document.edits import EditError
from core.document.instance import Keypoints, Polygons, Seen, Shape
from core.document.limits import MOST_KEYPOINTS
from core.sentences import say

_NOT_FINITE: Final = say(
    "edits.not_finite", "A coordinate of instance {id} is not a finite number."
)
_SHORT_RING: Final = say(
    "edits.short_ring", "An outline of instance {id} has fewer than three points."
)


def check_shape(shape: Shape) -> None:
    """Raise EditError unless it has an id, polygons, and finite rings of three or more points; a
    line has one, of a point or more."""
    if not shape.id:
        raise EditError(say("edits.no_id", "An instance without an id cannot be kept."))
    if not shape.polygons:
        raise EditError(say("edits.no_polygon", "Instance {id} has no outline.", id=shape.id))
    least = 1 if shape.line else 3
    if shape.line and (len(shape.polygons) > 1 or shape.polygons[0].holes):
        raise EditError(say("edits.line_parts", "Line {id} has more than one part.", id=shape.id))
    _check_rings(shape.id, shape.polygons, least)
    if shape.keypoints:
        _check_keypoints(shape.id, shape.keypoints)


def _check_keypoints(id: str, keypoints: Keypoints) -> None:
    if len(keypoints) > MOST_KEYPOINTS or not all(seen in tuple(Seen) for _, _, seen in keypoints):
        raise EditError(say("edits.keypoints", "Instance {id} has keypoints that are none.", id=id))
    if not math.isfinite(sum(itertools.chain.from_iterable(keypoints))):
        raise EditError(_NOT_FINITE.given(id=id))


def _check_rings(id: str, polygons: Polygons, least: int) -> None:
    for polygon in polygons:
        for ring in (polygon.outer, *polygon.holes):
            if len(ring) < least:
                raise EditError(_SHORT_RING.given(id=id))
            # A sum is finite only when all its terms are; this is the fast way to look at all.
            if not math.isfinite(sum(itertools.chain.from_iterable(ring))):
                raise EditError(_NOT_FINITE.given(id=id))
