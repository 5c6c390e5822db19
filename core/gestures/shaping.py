"""From what a hand drew to polygons that a document may hold."""

from __future__ import annotations

from core.document.geometry import GeometryError, area, clip_to_image, is_valid, repair
from core.document.instance import Polygons
from core.sentences import say

SMALLEST_AREA = 1.0
"""Square pixels below which an outline is taken for a slip of the hand."""


def settle(polygons: Polygons, width: float, height: float) -> Polygons:
    """Valid polygons inside a width×height image, from any.

    Valid ones keep their vertices, those in the middle of a straight edge too. Crossing rings are
    taken apart; parts smaller than a pixel that this leaves are dropped. Raises GeometryError,
    saying why, when nothing remains.
    """
    whole = polygons if is_valid(polygons) else repair(polygons)
    inside = clip_to_image(whole, int(width), int(height))
    kept = tuple(part for part in inside if area((part,)) >= SMALLEST_AREA)
    if not kept:
        raise GeometryError(say("gestures.too_small", "The outline is smaller than a pixel."))
    return kept
