"""What masklens adds to labelme's shapes under the key `masklens`, and how it notices changes.

A shape may carry `id`, `source`, `score`, `model`, `crowd`, and `holes`: the rings cut out of it.
`ring` is a hash of the outline that these were written for. When the outline was moved in another
program, holes are stale and dropped, and what a model proposed counts as edited by a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.document.fields import as_bool, as_fraction, as_list, as_object, as_text, wrong
from core.document.instance import Polygon, Ring, Shape, Source, source_after_change
from core.document.instance_json import source_from_json
from core.document.ring_hash import ring_hash
from core.formats.labelme_shapes import points_of

KEY = "masklens"


@dataclass(frozen=True, slots=True)
class Extras:
    """What a shape says about itself beyond labelme."""

    id: str | None = None
    source: Source = Source.DRAWN
    score: float | None = None
    model: str | None = None
    crowd: bool = False
    holes: tuple[Ring, ...] = ()
    outdated: bool = False  # the outline or the label was changed since by another program
    lost_holes: bool = False  # and holes were dropped for it


def read_extras(shape: Mapping[str, object], label: str, outer: Ring | None, where: str) -> Extras:
    """The extras of a shape with this label and outer ring (None for a mask). Raises FieldError."""
    where = f"{where}.{KEY}"
    extra = as_object(shape.get(KEY, {}), where)
    id, model, score = (extra.get(key) for key in ("id", "model", "score"))
    source = source_from_json(extra.get("source", Source.DRAWN.value), f"{where}.source")
    holes = tuple(
        _hole(ring, f"{where}.holes[{k}]")
        for k, ring in enumerate(as_list(extra.get("holes", []), f"{where}.holes"))
    )
    mark = extra.get("ring")
    moved = mark is not None and (outer is None or mark != ring_hash(outer))
    outdated = moved or extra.get("label", label) != label
    if outdated:
        source = source_after_change(source)
    return Extras(
        id=None if id is None else as_text(id, f"{where}.id", empty=False),
        source=source,
        # Other programs have scores of their own making; one out of range says nothing.
        score=_foreign_score(shape) if score is None else as_fraction(score, f"{where}.score"),
        model=None if model is None else as_text(model, f"{where}.model"),
        crowd=as_bool(extra.get("crowd", False), f"{where}.crowd"),
        holes=() if moved else holes,
        outdated=outdated,
        lost_holes=moved and bool(holes),
    )


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
    proposed = instance.source in (Source.SUGGESTED, Source.ACCEPTED)
    if proposed:
        extra["label"] = instance.label
    if polygon is not None and (polygon.holes or proposed):
        extra["ring"] = ring_hash(polygon.outer)
    if polygon is not None and polygon.holes:
        extra["holes"] = [[[x, y] for x, y in ring] for ring in polygon.holes]
    return extra


def _hole(value: object, where: str) -> Ring:
    ring = points_of(value, where)
    if len(ring) < 3:
        raise wrong(where, "expected three points or more")
    return ring


def _foreign_score(shape: Mapping[str, object]) -> float | None:
    score = shape.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        return None
    return float(score)
