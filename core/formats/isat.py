"""ISAT's JSON: one file an image; polygons of one category and group are one object."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from core.document.geometry import bounds
from core.document.instance import Instance
from core.document.runs import encode
from core.formats.bridge import simple_parts
from core.formats.errors import NO_AREA_DROPPED, reading
from core.formats.fields import as_label, as_list, as_object, as_text, get, json_text
from core.formats.file_names import image_name
from core.formats.format import Format, Located, Source, Writing, Written
from core.formats.label_file import Json
from core.formats.labelled import Collection, Labelled, group_numbers, used_labels
from core.formats.labelme_format import label_files
from core.formats.labelme_shapes import points_of, polygon
from core.formats.limits import side_of
from core.formats.places import relative
from core.formats.remarks import Remarks
from core.formats.said import BRIDGED, ISAT_BACKGROUND

_BACKGROUND: Final = "__background__"


def _recognises(source: Source) -> bool:
    if not source.is_json:
        return False
    value = source.json
    info = value.get("info") if isinstance(value, dict) else None
    return isinstance(info, dict) and isinstance(value, dict) and "objects" in value


def _read(source: Source) -> Collection:
    path = source.path
    with reading(path, "ISAT"):
        top = as_object(source.json, "file")
        info = as_object(get(top, "info", "file"), "info")
        name = image_name(as_text(get(info, "name", "info"), "info.name", empty=False))
        width, height = side_of(info.get("width")), side_of(info.get("height"))
        remarks = Remarks(path)
        made: dict[object, Instance] = {}
        items = as_list(get(top, "objects", "file"), "objects")
        for k in sorted(range(len(items)), key=lambda k: _layer(items[k])):
            with remarks.entry():
                _take(items[k], k, made, remarks)
    found = tuple(made.values())
    note = info.get("note")
    extra: Json = {"note": note} if note else {}
    labelled = Labelled(path, name, width, height, found, extra=extra)
    return Collection("isat", used_labels([labelled]), (labelled,), remarks.notes())


def _layer(item: object) -> float:
    layer = item.get("layer") if isinstance(item, dict) else None
    return float(layer) if isinstance(layer, int | float) and abs(layer) < 1e9 else 0.0


def _take(item: object, k: int, made: dict[object, Instance], remarks: Remarks) -> None:
    """Read one polygon and give it to its object."""
    where = f"objects[{k}]"
    value = as_object(item, where)
    label = as_label(get(value, "category", where), f"{where}.category")
    polygons = polygon(points_of(get(value, "segmentation", where), f"{where}.segmentation"))
    if label == _BACKGROUND:
        remarks.count(ISAT_BACKGROUND)
        return
    if not polygons:
        remarks.count(NO_AREA_DROPPED)
        return
    group = value.get("group")
    number = group if isinstance(group, int) and not isinstance(group, bool) else None
    key: object = (label, number) if number else k
    before = made.get(key)
    note = value.get("note")
    text = note if isinstance(note, str) else ""
    if before is None:
        crowd = value.get("iscrowd") in (1, True)
        made[key] = Instance(
            f"isat-{k}", label, polygons, description=text, crowd=crowd, group_id=number
        )
    else:
        whole = (*before.polygons, *polygons)
        made[key] = replace(before, polygons=whole, description=before.description or text)


def _write(writing: Writing) -> Written:
    """One JSON an image, below the folder, and isat.yaml with the categories."""
    sink = writing.sink
    images = instances = joined = 0
    for image, target in zip(
        writing.each(), label_files(writing.images, writing.out, sink), strict=True
    ):
        joined += sum(any(p.holes for p in i.polygons) for i in image.labels.instances)
        if target is not None and sink.put(target, _file(image, target)):
            sink.written.append(target)
            images += 1
            instances += len(image.labels.instances)
    if joined:
        sink.notes.append(BRIDGED.given(count=joined, format="ISAT"))
    return Written(images, instances)


def _file(image: Located, target: Path) -> bytes:
    labels = image.labels
    width, height = image.width or 1, image.height or 1
    name = labels.file_name if image.path is None else relative(image.path, target.parent)
    objects: list[Json] = []
    groups = group_numbers(labels.instances)
    for group, instance in zip(groups, labels.instances, strict=True):
        for ring in simple_parts(instance.polygons, width, height):
            part = polygon(ring)
            if not part:
                continue
            box = bounds(part)
            objects.append(
                {
                    "category": instance.label,
                    "group": group,
                    "segmentation": [[x, y] for x, y in ring],
                    "area": encode(part, width, height).area,
                    "layer": float(len(objects) + 1),
                    "bbox": [box.x0, box.y0, box.x1, box.y1],
                    "iscrowd": instance.crowd,
                    "note": instance.description,
                }
            )
    info = {
        "description": "ISAT",
        "folder": ".",
        "name": name,
        "width": width,
        "height": height,
        "depth": 3,
        "note": labels.extra.get("note", ""),
    }
    return json_text({"info": info, "objects": objects}, indent=1).encode("ascii")


FORMAT: Final = Format(
    name="isat",
    title="ISAT",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(("size", "group", "description", "parts", "overlap", "crowd", "bridges")),
)
