"""What masklens adds to labelme's shapes under the key `masklens`, and how it notices changes.

A shape may carry `id`, `source`, `score`, `model`, `crowd`, `locked`, `box` (a polygon that stays a
rectangle), `group` (its own, and what the file calls it), `keypoints` (x, y and visibility, as COCO
has them), and `holes`: the rings cut out of it.
`ring` is a hash of the outline that these were written for. When the outline was moved in another
program, holes are stale and dropped, and what a model proposed counts as edited by a person.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from core.codec import Fraction, Name, encode, loads
from core.document.instance import Attributes, ImageDetails, Polygon, Ring, Shape, Source
from core.document.limits import MOST_KEYPOINTS
from core.document.ring_hash import ring_hash
from core.formats.label_file import Raws
from core.formats.labelme_shapes import Near, NearPoint

KEY = "masklens"
DETAILS = ("flags", "description", "attributes")
"""The keys at the top of a file that speak of its image: the first is labelme's, the others as
X-AnyLabeling has them of images and shapes."""


_Keypoint = tuple[Near, Near, Annotated[int, Meta(ge=0, le=2)]]


class Extra(msgspec.Struct, frozen=True):
    """What a shape says about itself beyond labelme, under KEY."""

    id: Name | None = None
    source: Source = Source.DRAWN
    score: Fraction | None = None
    model: str | None = None
    crowd: bool = False
    locked: bool = False
    box: bool = False
    group: tuple[int | None, int] | None = None
    holes: tuple[Annotated[tuple[NearPoint, ...], Meta(min_length=3)], ...] = ()
    keypoints: Annotated[tuple[_Keypoint, ...], Meta(max_length=MOST_KEYPOINTS)] = ()
    ring: object = None
    label: object = msgspec.UNSET

    def own_group(self, group: int | None) -> int | None:
        """The group of an instance whose shape has `group` in the file: there it may be another,
        where labelme would else take two instances for the parts of one."""
        return group if self.group is None or self.group[1] != group else self.group[0]

    def moved(self, outer: Ring | None) -> bool:
        """Whether this was written for another outline; `outer` is None for a mask."""
        return self.ring is not None and (outer is None or self.ring != ring_hash(outer))

    def renamed(self, label: str) -> bool:
        """Whether this was written for another label."""
        return self.label is not msgspec.UNSET and self.label != label


def write_extras(instance: Shape, polygon: Polygon | None, group: int | None) -> dict[str, object]:
    """The value under KEY for one shape of an instance: one of its polygons, or None for a shape
    that says its outline in another way. `group` is what the file calls its group."""
    extra: dict[str, object] = {"id": instance.id, "source": instance.source.value}
    if instance.score is not None:
        extra["score"] = instance.score
    if instance.model is not None:
        extra["model"] = instance.model
    if instance.crowd:
        extra["crowd"] = True
    if instance.locked:
        extra["locked"] = True
    if group is not None and group != instance.group_id:
        extra["group"] = (instance.group_id, group)
    if instance.keypoints:
        extra["keypoints"] = instance.keypoints
    proposed = instance.source in (Source.SUGGESTED, Source.ACCEPTED, Source.PROMPTED)
    if proposed:
        extra["label"] = instance.label
    if polygon is not None and (polygon.holes or proposed):
        extra["ring"] = ring_hash(polygon.outer)
    if polygon is not None and polygon.holes:
        extra["holes"] = polygon.holes
    return extra


def details_of(flags: object, description: object, attributes: object) -> ImageDetails:
    """What a file says of its image at the top; what has another form is left to the file."""
    marks = flags.items() if isinstance(flags, dict) else ()
    return ImageDetails(
        tuple((name, on) for name, on in marks if isinstance(on, bool)),
        description if isinstance(description, str) else "",
        attributes_of(attributes),
    )


def with_details(top: Raws, details: ImageDetails) -> Raws:
    """The keys at the top of a file, those changed that say something else of the image."""
    flags, description, attributes = (
        loads(bytes(top[key]), constants=True) if key in top else None for key in DETAILS
    )
    before = details_of(flags, description, attributes)
    changed: dict[str, object] = {}
    if details.flags != before.flags:
        there = flags if isinstance(flags, dict) else {}
        kept = {name: on for name, on in there.items() if not isinstance(on, bool)}
        changed["flags"] = {**kept, **dict(details.flags)}
    if details.description != before.description:
        changed["description"] = details.description
    if details.attributes != before.attributes:
        changed["attributes"] = with_attributes(top.get("attributes"), details.attributes)
    return {**top, **{key: Raw(encode(value)) for key, value in changed.items()}}


def attributes_of(value: object) -> Attributes:
    """The attributes of a shape, as X-AnyLabeling writes them; what is no plain value is left to
    the file."""
    if not isinstance(value, dict):
        return ()
    return tuple((name, each) for name, each in value.items() if name and _is_plain(each))


def with_attributes(raw: Raw | None, attributes: Attributes) -> dict[str, object]:
    """What is written for attributes where the file had `raw`: what was not plain stays."""
    value = None if raw is None else loads(bytes(raw), constants=True)
    there = value if isinstance(value, dict) else {}
    kept = {name: each for name, each in there.items() if not name or not _is_plain(each)}
    return {**kept, **dict(attributes)}


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value))


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
