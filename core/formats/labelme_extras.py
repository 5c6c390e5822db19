"""What masklens adds to labelme's shapes under the key `masklens`, and how it notices changes.

A shape may carry `id`, `source`, `score`, `model`, `crowd`, and `holes`: the rings cut out of it.
`ring` is a hash of the outline that these were written for. When the outline was moved in another
program, holes are stale and dropped, and what a model proposed counts as edited by a person.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.codec import Fraction, Name
from core.document.instance import Polygon, Ring, Shape, Source
from core.document.ring_hash import ring_hash
from core.formats.labelme_shapes import NearPoint

KEY = "masklens"


class Extra(msgspec.Struct, frozen=True):
    """What a shape says about itself beyond labelme, under KEY."""

    id: Name | None = None
    source: Source = Source.DRAWN
    score: Fraction | None = None
    model: str | None = None
    crowd: bool = False
    holes: tuple[Annotated[tuple[NearPoint, ...], Meta(min_length=3)], ...] = ()
    ring: object = None
    label: object = msgspec.UNSET

    def moved(self, outer: Ring | None) -> bool:
        """Whether this was written for another outline; `outer` is None for a mask."""
        return self.ring is not None and (outer is None or self.ring != ring_hash(outer))

    def renamed(self, label: str) -> bool:
        """Whether this was written for another label."""
        return self.label is not msgspec.UNSET and self.label != label


def write_extras(instance: Shape, polygon: Polygon | None) -> dict[str, object]:
    """The value under KEY for one shape of an instance: one of its polygons, or None for a shape
    that says its outline in another way."""
    extra: dict[str, object] = {"id": instance.id, "source": instance.source.value}
    if instance.score is not None:
        extra["score"] = instance.score
    if instance.model is not None:
        extra["model"] = instance.model
    if instance.crowd:
        extra["crowd"] = True
    proposed = instance.source in (Source.SUGGESTED, Source.ACCEPTED, Source.PROMPTED)
    if proposed:
        extra["label"] = instance.label
    if polygon is not None and (polygon.holes or proposed):
        extra["ring"] = ring_hash(polygon.outer)
    if polygon is not None and polygon.holes:
        extra["holes"] = polygon.holes
    return extra


def foreign_score(score: object) -> float | None:
    """The score that another program wrote beside a shape; one out of range says nothing."""
    if (
        score is None
        or isinstance(score, bool)
        or not isinstance(score, int | float)
        or not 0 <= score <= 1
    ):
        return None
    return float(score)
