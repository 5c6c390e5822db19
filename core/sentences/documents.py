"""Sentences about instances, edits and outlines."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "edits.unknown_instance": "There is no instance {id} in this image.",
    "edits.id_twice": "An instance would be in the image twice.",
    "edits.no_id": "An instance without an id cannot be kept.",
    "edits.no_polygon": "Instance {id} has no outline.",
    "edits.short_ring": "An outline of instance {id} has fewer than three points.",
    "edits.not_finite": "A coordinate of instance {id} is not a finite number.",
    "edits.places": "The places for the new instances do not fit the image.",
    "edits.sources": "The sources do not fit the labels.",
    "fields.problem": "{where}: {problem}.",
    "geometry.few_points": "The outline has fewer than three different points.",
    "geometry.no_area": "The outline encloses no area.",
    "geometry.last_triangle": (
        "The last three points of an instance cannot become fewer; delete the instance instead."
    ),
}
