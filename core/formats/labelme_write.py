"""Writing labelme's JSON: what was not changed as it stood, one shape a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Raw

from core.codec import encode, layout, loads, members, pretty, uncollected
from core.document.geometry.boxes import direction, is_box, is_upright
from core.document.geometry.measure import bounds
from core.document.instance import Point, Polygon, Shape, Source
from core.formats.label_file import Kept, KeptShape, LabelFile, Raws
from core.formats.labelme_extras import KEY, Extra, with_attributes, with_details, write_extras
from core.formats.labelme_provenance import PREDICTED, digest
from core.formats.labelme_shapes import BOXES, line_kind

# The version of labelme's format that new files are written in.
_VERSION: Final = "5.7.0"
_FORMAT: Final = 1
_NOTHING: Final = b"null"

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
    with uncollected():
        shapes = _as_it_stood(file)
        if shapes is None:
            shapes = _shapes(file)
        top = _top(file)
        if predicted:
            whole: dict[str, object] = json.loads(_text(top, shapes))
            top[KEY] = _raw({**members(top[KEY]), PREDICTED: digest(whole)})
        return _text(top, shapes)


def _text(top: Raws, shapes: Sequence[Raw]) -> bytes:
    """One key a line, and one shape a line."""
    lines = []
    for key, raw in top.items():
        value = _list(shapes) if key == "shapes" and shapes else layout(raw)
        lines.append(b"  %s: %s" % (encode(key), value))
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _list(shapes: Iterable[Raw]) -> bytes:
    return b"[\n" + b",\n".join(b"    " + bytes(shape) for shape in shapes) + b"\n  ]"


def _raw(value: object) -> Raw:
    return Raw(encode(value))


def _top(file: LabelFile) -> dict[str, Raw]:
    """The keys of the file with what is known now; `shapes` is left empty."""
    new: dict[str, object] = {
        "version": _VERSION,
        "flags": {},
        "shapes": [],
        "imagePath": "",
        "imageData": None,
        "imageHeight": file.height,
        "imageWidth": file.width,
    }
    top = {**with_details(file.kept.top, file.details)}
    for key, value in new.items():
        top.setdefault(key, _raw(value))
    top["shapes"] = _raw([])
    if str(loads(top["imagePath"])).replace("\\", "/") != file.image_name:
        top["imagePath"] = _raw(file.image_name)
    for key, side in (("imageHeight", file.height), ("imageWidth", file.width)):
        if side is not None and loads(top[key]) != side:
            top[key] = _raw(side)
    marks: dict[str, object] = {"format": _FORMAT, **_ours(top)}
    for key in (PREDICTED, "status"):
        marks.pop(key, None)
    if file.done:
        marks["status"] = "done"
    if file.split is not None:
        marks["split"] = file.split
    top[KEY] = _raw(marks)
    return top


def _ours(value: Raws) -> Raws:
    return members(value[KEY]) if KEY in value else {}


def _as_it_stood(file: LabelFile) -> list[Raw] | None:
    """The shapes in the order of the file, where no instance was changed; else None."""
    if tuple(file.kept.read.values()) != file.shapes:
        return None
    if not file.kept.shapes or any(shape.outdated for _, shape in file.kept.shapes):
        return None
    return list(file.kept.raw_shapes)


def _shapes(file: LabelFile) -> list[Raw]:
    behind = _others(file)
    by_instance: dict[str, list[KeptShape]] = {}
    for id, shape in file.kept.shapes:
        if id is not None:
            by_instance.setdefault(id, []).append(shape)
    shapes: list[Raw] = list(behind.get(None, ()))
    turned = _turned_kind(file.kept)
    for instance, group in _apart(file, by_instance):
        kept = by_instance.get(instance.id, [])
        shapes += _shapes_of(instance, _Named(group, turned), file.kept, kept)
        if behind:
            shapes += behind.get(instance.id, ())
    return shapes


def _others(file: LabelFile) -> dict[str | None, list[Raw]]:
    """The shapes that are no instance, by the living instance that stood before them."""
    living = {instance.id for instance in file.shapes}
    behind: dict[str | None, list[Raw]] = {}
    last: str | None = None
    for id, shape in file.kept.shapes:
        if id is None:
            behind.setdefault(last, []).append(file.kept.raw_shapes[shape.number])
        elif id in living:
            last = id
    return behind


def _apart(
    file: LabelFile, kept: Mapping[str, list[KeptShape]]
) -> Iterator[tuple[Shape, int | None]]:
    """The instances, each with a group such that labelme joins no two, and all parts of each.

    Shapes of one label and group are one instance to labelme. Unchanged instances keep their group.
    """
    read = file.kept.read
    grouped = [one for one in file.shapes if one.group_id is not None and not one.line]
    owner: dict[_Name, str] = {}
    for instance in sorted(grouped, key=lambda i: read.get(i.id) != i):
        owner.setdefault((instance.label, instance.group_id), instance.id)
    used = {instance.group_id for instance in grouped}
    used |= {shape.group for _, shape in file.kept.shapes}
    free = max((group for group in used if group is not None), default=0) + 1
    for instance in file.shapes:
        name = (instance.label, instance.group_id)
        scattered = instance.group_id is None and not _one_shape(instance, kept)
        taken = not instance.line and owner.get(name, instance.id) != instance.id
        if scattered or taken:
            yield instance, free
            free += 1
        else:
            yield instance, instance.group_id


def _one_shape(instance: Shape, kept: Mapping[str, list[KeptShape]]) -> bool:
    """Whether one shape, such as a mask that was there, stands for all polygons of the instance."""
    if len(instance.polygons) == 1:
        return True
    return any(shape.polygons == instance.polygons for shape in kept.get(instance.id, ()))


@dataclass(frozen=True, slots=True)
class _Named:
    """What a file calls the group of an instance, and turned boxes that are new in it."""

    group: int | None
    turned: str


def _turned_kind(kept: Kept) -> str:
    """The kind of new turned boxes: as the file has others, `rotation` in X-AnyLabeling's files,
    else a polygon, which every version of labelme opens."""
    kinds = {shape.kind for _, shape in kept.shapes} & {*BOXES[1:]}
    if kinds:
        return min(kinds)
    theirs = any(key in kept.source for key in (b'"kie_linking"', b'"difficult"'))
    return "rotation" if theirs else "polygon"


def _shapes_of(instance: Shape, named: _Named, file: Kept, kept: list[KeptShape]) -> list[Raw]:
    """The shapes of one instance: kept ones where the outline is as it was, else polygons."""
    raws = [file.raw_shapes[shape.number] for shape in kept]
    before = file.read.get(instance.id)
    # Most are the same object; comparing them field by field would cost the most of a save.
    if (before is instance or before == instance) and not any(s.outdated for s in kept):
        return raws
    shapes: list[Raw] = []
    first = raws[0] if raws else None
    left = list(kept)
    polygons = instance.polygons
    k = 0
    while k < len(polygons):
        same = next(
            (s for s in left if s.polygons and s.polygons == polygons[k : k + len(s.polygons)]),
            None,
        )
        if same is not None:
            left.remove(same)
            raw = file.raw_shapes[same.number]
            shapes.append(_shape(instance, named, before, raw, same, None))
            k += len(same.polygons)
        else:
            # A part that was changed goes on with the unknown keys of the instance's first shape.
            shapes.append(_shape(instance, named, before, first, None, polygons[k]))
            k += 1
    return shapes


def _shape(
    instance: Shape,
    named: _Named,
    before: Shape | None,
    source: Raw | None,
    kept: KeptShape | None,
    polygon: Polygon | None,
) -> Raw:
    """The shape for a polygon, or with None for what the kept shape says in its own way."""
    raw = members(source) if source is not None else {}
    shape: dict[str, object] = {**raw, "label": instance.label}
    kind = ""
    if polygon is not None:
        kind, shape["points"] = _kind(instance, polygon, raw, named.turned)
    if named.group is not None or "group_id" in raw or not raw:
        shape["group_id"] = named.group
    if instance.description or bytes(raw.get("description", _NOTHING)) != _NOTHING or not raw:
        shape["description"] = instance.description
    if kind:
        shape["shape_type"] = kind
    if kind == "rotation" and polygon is not None:
        shape["direction"] = direction(polygon.outer)
    if kind and "mask" in shape:
        shape["mask"] = None
    if instance.flags or bytes(raw.get("flags", _NOTHING)) != _NOTHING or not raw:
        shape["flags"] = dict(instance.flags)
    if instance.attributes != (() if before is None else before.attributes):
        shape["attributes"] = with_attributes(raw.get("attributes"), instance.attributes)
    plain = polygon
    if polygon is None and kept is not None and len(kept.polygons) == 1 and kept.kind != "mask":
        plain = kept.polygons[0]
    extras = write_extras(instance, plain, named.group)
    if instance.box and (kind or (kept.kind if kept else "")) == "polygon":
        extras["box"] = True
    shape[KEY] = {**_unknown(raw), **extras}
    return Raw(pretty(shape, 0))


def _kind(instance: Shape, polygon: Polygon, raw: Raws, turned: str) -> tuple[str, Sequence[Point]]:
    """The kind that an outline is written as, and its points."""
    before = str(loads(bytes(raw.get("shape_type", _NOTHING))))
    if instance.line:
        return line_kind(polygon.outer, before), polygon.outer
    if not (instance.box and is_box(instance.polygons)):
        return "polygon", polygon.outer
    if before in BOXES[1:]:
        return before, polygon.outer
    if not is_upright(polygon.outer):
        return turned, polygon.outer
    rect = bounds((polygon,))
    return BOXES[0], ((rect.x0, rect.y0), (rect.x1, rect.y1))


def _unknown(raw: Raws) -> Raws:
    """The keys under KEY that this version does not write itself."""
    known = Extra.__struct_fields__
    return {key: value for key, value in _ours(raw).items() if key not in known}
