"""Writing labelme's JSON: what was not changed as it stood, one shape a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from core.document.instance import Polygon, Shape, Source
from core.formats.label_file import Json, KeptShape, LabelFile
from core.formats.labelme_extras import KEY, write_extras
from core.formats.labelme_provenance import PREDICTED, digest

# The version of labelme's format that new files are written in.
_VERSION: Final = "5.7.0"
_FORMAT: Final = 1

_Raw = dict[str, object]
# A label and a group that one instance has to itself.
_Name = tuple[str, int | None]


def dumps(file: LabelFile, *, predicted: bool = False) -> bytes:
    """The label file as labelme's JSON in UTF-8.

    Instances and regions come in their order, each followed by the kept shapes that stood behind
    it. With `predicted` the file is marked as a model's work that nobody has touched, which
    `may_overwrite` recognises; raises ValueError when one of them is no suggestion, or it is done.
    """
    if predicted and (file.done or any(i.source is not Source.SUGGESTED for i in file.shapes)):
        raise ValueError("a predicted file holds suggestions only")
    shapes = _as_it_stood(file) or _shapes(file)
    top = _top(file, shapes)
    if predicted:
        marks = dict(_ours(top))
        top[KEY] = marks
        marks[PREDICTED] = digest(top)
    return _text(top)


def _text(top: Json) -> bytes:
    lines = [f"  {_json(key)}: {_value(key, value)}" for key, value in top.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can name and UTF-8 cannot hold
        return json.dumps(top, ensure_ascii=True).encode("ascii")


def _value(key: str, value: object) -> str:
    if key != "shapes" or not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(f"    {_json(shape)}" for shape in value) + "\n  ]"


def _json(value: object) -> str:
    # Numbers that are none of JSON's can only come from keys that the file had and we do not know.
    return json.dumps(value, ensure_ascii=False)


def _top(file: LabelFile, shapes: list[Json]) -> dict[str, object]:
    new: dict[str, object] = {
        "version": _VERSION,
        "flags": {},
        "shapes": [],
        "imagePath": "",
        "imageData": None,
        "imageHeight": file.height,
        "imageWidth": file.width,
    }
    top = {**(file.kept.top or new)}
    for key, value in new.items():
        top.setdefault(key, value)
    top["shapes"] = shapes
    if str(top["imagePath"]).replace("\\", "/") != file.image_name:
        top["imagePath"] = file.image_name
    for key, side in (("imageHeight", file.height), ("imageWidth", file.width)):
        if side is not None and top[key] != side:
            top[key] = side
    marks: dict[str, object] = {"format": _FORMAT}
    marks |= {key: value for key, value in _ours(top).items() if key not in (PREDICTED, "status")}
    if file.done:
        marks["status"] = "done"
    top[KEY] = marks
    return top


def _ours(value: Json) -> Json:
    marks = value.get(KEY)
    return marks if isinstance(marks, dict) else {}


def _as_it_stood(file: LabelFile) -> list[Json] | None:
    """The shapes in the order of the file, where no instance was changed; else None."""
    if tuple(file.kept.read.values()) != file.shapes:
        return None
    if not file.kept.shapes or any(shape.outdated for _, shape in file.kept.shapes):
        return None
    return [shape.raw for _, shape in file.kept.shapes]


def _shapes(file: LabelFile) -> list[Json]:
    behind = _others(file)
    by_instance: dict[str, list[KeptShape]] = {}
    for id, shape in file.kept.shapes:
        if id is not None:
            by_instance.setdefault(id, []).append(shape)
    shapes: list[Json] = list(behind.get(None, ()))
    for instance in _apart(file, by_instance):
        kept = by_instance.get(instance.id, [])
        shapes += _shapes_of(instance, file.kept.read.get(instance.id), kept)
        shapes += behind.get(instance.id, ())
    return shapes


def _others(file: LabelFile) -> dict[str | None, list[Json]]:
    """The shapes that are no instance, by the living instance that stood before them."""
    living = {instance.id for instance in file.shapes}
    behind: dict[str | None, list[Json]] = {}
    last: str | None = None
    for id, shape in file.kept.shapes:
        if id is None:
            behind.setdefault(last, []).append(shape.raw)
        elif id in living:
            last = id
    return behind


def _apart(file: LabelFile, kept: Mapping[str, list[KeptShape]]) -> Iterator[Shape]:
    """The instances with groups such that no two would be read as one, and parts stay together.

    Shapes of one label and group are one instance to labelme. Unchanged instances keep their group.
    """
    unchanged = {i.id for i in file.shapes if file.kept.read.get(i.id) == i}
    owner: dict[_Name, str] = {}
    for instance in sorted(file.shapes, key=lambda i: i.id not in unchanged):
        if instance.group_id is not None:
            owner.setdefault((instance.label, instance.group_id), instance.id)
    used = {instance.group_id for instance in file.shapes}
    used |= {_group(shape.raw) for _, shape in file.kept.shapes}
    free = max((group for group in used if group is not None), default=0) + 1
    for instance in file.shapes:
        name = (instance.label, instance.group_id)
        scattered = instance.group_id is None and not _one_shape(instance, kept)
        if scattered or owner.get(name, instance.id) != instance.id:
            yield replace(instance, group_id=free)
            free += 1
        else:
            yield instance


def _group(raw: Json) -> int | None:
    group = raw.get("group_id")
    return group if isinstance(group, int) else None


def _one_shape(instance: Shape, kept: Mapping[str, list[KeptShape]]) -> bool:
    """Whether one shape, such as a mask that was there, stands for all polygons of the instance."""
    if len(instance.polygons) == 1:
        return True
    return any(shape.polygons == instance.polygons for shape in kept.get(instance.id, ()))


def _shapes_of(instance: Shape, before: Shape | None, kept: list[KeptShape]) -> list[Json]:
    """The shapes of one instance: kept ones where the outline is as it was, else polygons."""
    if before == instance and not any(shape.outdated for shape in kept):
        return [shape.raw for shape in kept]
    shapes: list[Json] = []
    left = list(kept)
    polygons = instance.polygons
    k = 0
    while k < len(polygons):
        same = next((s for s in left if s.polygons == polygons[k : k + len(s.polygons)]), None)
        if same is not None:
            left.remove(same)
            shapes.append(_shape(instance, same.raw, None, same))
            k += len(same.polygons)
        else:
            # A part that was changed goes on with the unknown keys of the instance's first shape.
            shapes.append(_shape(instance, kept[0].raw if kept else {}, polygons[k], None))
            k += 1
    return shapes


def _shape(instance: Shape, raw: Json, polygon: Polygon | None, same: KeptShape | None) -> _Raw:
    shape: _Raw = {**raw, "label": instance.label}
    if polygon is not None:
        shape["points"] = [[x, y] for x, y in polygon.outer]
    shape["group_id"] = instance.group_id
    if instance.description or raw.get("description") is not None or not raw:
        shape["description"] = instance.description
    if polygon is not None:
        shape["shape_type"] = "polygon"
        if "mask" in shape:
            shape["mask"] = None
    shape["flags"] = dict(instance.flags)
    plain = polygon
    if same is not None and len(same.polygons) == 1 and same.raw.get("shape_type") != "mask":
        plain = same.polygons[0]
    shape[KEY] = {**_unknown(raw), **write_extras(instance, plain)}
    return shape


def _unknown(raw: Json) -> Json:
    """The keys under KEY that this version does not write itself."""
    known = ("id", "source", "score", "model", "crowd", "label", "ring", "holes")
    return {key: value for key, value in _ours(raw).items() if key not in known}
