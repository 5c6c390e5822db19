"""Instances and polygons as JSON values, read back with every field checked.

A ring is a list of [x, y], a polygon `{"outer", "holes"}`; defaults are left out.
"""

from __future__ import annotations

from core.document.fields import (
    as_bool,
    as_choice,
    as_fraction,
    as_int,
    as_label,
    as_list,
    as_number,
    as_object,
    as_text,
    get,
    wrong,
)
from core.document.instance import Instance, Polygon, Polygons, Ring, Shape, Source


def polygons_to_json(polygons: Polygons) -> list[object]:
    """The polygons as a JSON list. Rings stay tuples, which JSON writes like lists."""
    return [
        {"outer": polygon.outer, "holes": polygon.holes}
        if polygon.holes
        else {"outer": polygon.outer}
        for polygon in polygons
    ]


def polygons_from_json(value: object, where: str) -> Polygons:
    """Read what `polygons_to_json` wrote. Raises FieldError."""
    polygons = tuple(
        _polygon(item, f"{where}[{k}]") for k, item in enumerate(as_list(value, where))
    )
    if not polygons:
        raise wrong(where, "expected at least one polygon")
    return polygons


def _polygon(value: object, where: str) -> Polygon:
    fields = as_object(value, where)
    holes = as_list(fields.get("holes", []), f"{where}.holes")
    return Polygon(
        _ring(get(fields, "outer", where), f"{where}.outer"),
        tuple(_ring(hole, f"{where}.holes[{k}]") for k, hole in enumerate(holes)),
    )


def _ring(value: object, where: str) -> Ring:
    points: list[tuple[float, float]] = []
    for k, item in enumerate(as_list(value, where)):
        pair = as_list(item, f"{where}[{k}]")
        if len(pair) != 2:
            raise wrong(f"{where}[{k}]", "expected two numbers")
        points.append((as_number(pair[0], f"{where}[{k}]"), as_number(pair[1], f"{where}[{k}]")))
    if len(points) < 3:
        raise wrong(where, "expected three points or more")
    return tuple(points)


def instance_to_json(instance: Shape) -> dict[str, object]:
    value: dict[str, object] = {
        "id": instance.id,
        "label": instance.label,
        "source": instance.source.value,
        "polygons": polygons_to_json(instance.polygons),
    }
    if instance.score is not None:
        value["score"] = instance.score
    if instance.model is not None:
        value["model"] = instance.model
    if instance.flags:
        value["flags"] = [[name, on] for name, on in instance.flags]
    if instance.description:
        value["description"] = instance.description
    if instance.crowd:
        value["crowd"] = True
    if instance.group_id is not None:
        value["group_id"] = instance.group_id
    return value


def instance_from_json(value: object, where: str = "instance") -> Instance:
    """Read what `instance_to_json` wrote. Raises FieldError."""
    fields = as_object(value, where)
    score, model, group = (fields.get(key) for key in ("score", "model", "group_id"))
    return Instance(
        id=as_text(get(fields, "id", where), f"{where}.id", empty=False),
        label=as_label(get(fields, "label", where), f"{where}.label"),
        polygons=polygons_from_json(get(fields, "polygons", where), f"{where}.polygons"),
        source=source_from_json(get(fields, "source", where), f"{where}.source"),
        score=None if score is None else as_fraction(score, f"{where}.score"),
        model=None if model is None else as_text(model, f"{where}.model"),
        flags=flags_from_json(fields.get("flags", []), f"{where}.flags"),
        description=as_text(fields.get("description", ""), f"{where}.description"),
        crowd=as_bool(fields.get("crowd", False), f"{where}.crowd"),
        group_id=None if group is None else as_int(group, f"{where}.group_id"),
    )


def source_from_json(value: object, where: str) -> Source:
    """Read the source of an instance. Raises FieldError."""
    return Source(as_choice(value, where, (source.value for source in Source)))


def flags_from_json(value: object, where: str) -> tuple[tuple[str, bool], ...]:
    """Read flags: a list of [name, on]. Raises FieldError."""
    flags: list[tuple[str, bool]] = []
    for k, item in enumerate(as_list(value, where)):
        pair = as_list(item, f"{where}[{k}]")
        if len(pair) != 2:
            raise wrong(f"{where}[{k}]", "expected a name and true or false")
        flags.append((as_text(pair[0], f"{where}[{k}]"), as_bool(pair[1], f"{where}[{k}]")))
    return tuple(flags)
