"""VIA 1 and 2: annotation files (JSON, CSV) and project files.

A file is an object by file name and size, each with its regions: a list in VIA 2, an object in
VIA 1. The label is one of the attributes of a region, which people name as they like; see
`_Labels`. VIA knows no holes and no image sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from core.codec import wrong
from core.document.instance import Instance, Point, Polygons
from core.formats.errors import NO_AREA_DROPPED, FormatError, read_bytes, read_json, reading
from core.formats.fields import as_list, as_number, as_object, as_text, get
from core.formats.labelme_shapes import ellipse, polygon, rectangle
from core.formats.remarks import Remarks
from core.formats.via_csv import regions_of_csv
from core.sentences import Sentence, say

__all__ = ["DEFAULT_LABEL", "FormatError", "ViaFile", "ViaImage", "is_via", "parse", "read"]

VIA3: Final = say("formats.via3", "{path} was written by VIA 3: export it from there as COCO.")


# The label of regions that have none; in many files the class is understood.
DEFAULT_LABEL: Final = "object"
_PROJECT: Final = "_via_img_metadata"
# Attributes that hold the label, the likeliest first; compared without case.
_LABEL_NAMES: Final = (
    *("label", "labels", "class", "class_name", "classname", "category", "name"),
    *("type", "object", "object_name", "species"),
)
_OUTLINES: Final = ("polygon", "rect", "circle", "ellipse")

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ViaImage:
    """The instances on one image; `file_name` is as the file has it, or the path in its URL.

    `extra` are the attributes of the file, `extras` those of regions by instance but for the label.
    """

    file_name: str
    instances: tuple[Instance, ...]
    extra: Json = field(default_factory=dict)
    extras: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViaFile:
    """A VIA file. `labels` are in the order of their first use."""

    images: tuple[ViaImage, ...]
    labels: tuple[str, ...]
    notes: tuple[Sentence, ...] = ()


def is_via(value: object) -> bool:
    """Whether a JSON value looks like a VIA file of version 1 or 2."""
    if not isinstance(value, dict) or not value:
        return False
    if _PROJECT in value:
        return True
    return all(isinstance(e, dict) and "filename" in e and "regions" in e for e in value.values())


def read(path: Path | str) -> ViaFile:
    """Read a VIA file, JSON or CSV. Raises FormatError, naming the field that is wrong."""
    path = Path(path)
    if path.suffix.lower() == ".csv":
        with reading(path, "VIA"):
            remarks = Remarks(path)
            return _read(regions_of_csv(read_bytes(path), remarks), (), str(path), remarks)
    return parse(read_json(path), path)


def parse(value: object, path: Path) -> ViaFile:
    """The labels in a JSON value; `path` is what sentences call it. Raises FormatError."""
    if isinstance(value, dict) and "project" in value and "view" in value:
        raise FormatError(VIA3.given(path=str(path)))
    with reading(path, "VIA"):
        top = as_object(value, "file")
        named: Iterable[str] = ()
        if _PROJECT in top:
            attributes = as_object(top.get("_via_attributes", {}), "_via_attributes")
            named = as_object(attributes.get("region", {}), "_via_attributes.region")
            top = as_object(top[_PROJECT], _PROJECT)
        return _read(top, named, str(path), Remarks(path))


@dataclass(frozen=True, slots=True)
class _Region:
    polygons: Polygons
    kind: str
    attributes: Json


def _read(entries: Json, declared: Iterable[str], name: str, remarks: Remarks) -> ViaFile:
    regions: dict[str, list[_Region]] = {}
    files: dict[str, Json] = {}
    for key, item in entries.items():
        with remarks.entry():
            entry = as_object(item, key)
            name_of = as_text(get(entry, "filename", key), f"{key}.filename", empty=False)
            file_name = _file_name(name_of)
            items = get(entry, "regions", key)
            where = f"{key}.regions"
            values = list(items.values()) if isinstance(items, dict) else as_list(items, where)
            files.setdefault(file_name, {"file_attributes": entry.get("file_attributes") or {}})
            found = regions.setdefault(file_name, [])
            for k, value in enumerate(values):
                with remarks.entry():
                    found.append(_region(value, f"{where}[{k}]"))
    everything = [region for found in regions.values() for region in found]
    labels = _Labels(everything, declared)
    return ViaFile(
        images=tuple(
            ViaImage(
                file_name,
                tuple(_instances(found, labels)),
                files[file_name],
                {f"via-{k}": labels.others(r) for k, r in enumerate(found) if labels.others(r)},
            )
            for file_name, found in regions.items()
        ),
        labels=tuple(dict.fromkeys(labels.of(r) for r in everything if r.polygons)),
        notes=(*remarks.notes(), *_notes(everything, labels, name)),
    )


def _instances(regions: list[_Region], labels: _Labels) -> Iterable[Instance]:
    for k, region in enumerate(regions):
        if region.polygons:
            yield Instance(f"via-{k}", labels.of(region), region.polygons)


def _file_name(name: str) -> str:
    """The name of a file, which VIA lets be a URL."""
    parts = urlsplit(name) if "://" in name else None
    return (PurePosixPath(unquote(parts.path)).name or name) if parts else name.replace("\\", "/")


def _region(value: object, where: str) -> _Region:
    region = as_object(value, where)
    shape_where = f"{where}.shape_attributes"
    shape = as_object(get(region, "shape_attributes", where), shape_where)
    attributes = as_object(region.get("region_attributes") or {}, f"{where}.region_attributes")
    # VIA writes an empty object for a region that was begun and not drawn.
    kind = as_text(shape.get("name", ""), f"{shape_where}.name")
    return _Region(_outline(kind, shape, shape_where), kind, attributes)


def _outline(kind: str, shape: Json, where: str) -> Polygons:
    def number(key: str) -> float:
        return as_number(get(shape, key, where), f"{where}.{key}")

    if kind == "polygon":
        return polygon(_points(shape, where))
    if kind == "rect":
        x, y = number("x"), number("y")
        return rectangle((x, y), (x + number("width"), y + number("height")))
    if kind == "circle":
        radius = number("r")
        return ellipse((number("cx"), number("cy")), radius, radius)
    if kind == "ellipse":
        turn = as_number(shape.get("theta", 0), f"{where}.theta")
        return ellipse((number("cx"), number("cy")), number("rx"), number("ry"), turn)
    return ()


def _points(shape: Json, where: str) -> tuple[Point, ...]:
    def numbers(key: str) -> list[float]:
        values = as_list(get(shape, key, where), f"{where}.{key}")
        return [as_number(value, f"{where}.{key}[{k}]") for k, value in enumerate(values)]

    xs, ys = numbers("all_points_x"), numbers("all_points_y")
    if len(xs) != len(ys):
        raise wrong(where, "expected as many x as y")
    return tuple(zip(xs, ys, strict=True))


class _Labels:
    """Which attribute of the regions holds the label.

    A well-known name comes first; else an attribute that the project declares, when it is the only
    one; else the one that most regions have, text before numbers.
    """

    def __init__(self, regions: list[_Region], declared: Iterable[str]) -> None:
        filled: Counter[str] = Counter(dict.fromkeys(declared, 0))
        texts: Counter[str] = Counter()
        for region in regions:
            for name, value in region.attributes.items():
                text = _text(value)
                filled[name] += bool(text)
                texts[name] += bool(text) and not _is_number(text)
        known = {name.lower(): name for name in reversed(filled)}
        likely = [known[name] for name in _LABEL_NAMES if name in known and filled[known[name]]]
        ranked = sorted(filled, key=lambda name: (-texts[name], -filled[name]))
        used = [name for name in ranked if filled[name]]
        self.attribute: str | None = next(iter(likely or used), None)

    def of(self, region: _Region) -> str:
        value = region.attributes.get(self.attribute) if self.attribute is not None else None
        return _text(value) or DEFAULT_LABEL

    def others(self, region: _Region) -> Json:
        """The attributes beside the label; nothing when there are none."""
        rest = {name: v for name, v in region.attributes.items() if name != self.attribute}
        return {"attributes": rest} if rest else {}


def _text(value: object) -> str:
    """The value of an attribute: a text, a number, or check boxes: the first one ticked."""
    if isinstance(value, dict):
        return next((name for name, on in value.items() if on is True), "")
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _notes(regions: list[_Region], labels: _Labels, name: str) -> tuple[Sentence, ...]:
    notes: list[Sentence] = []
    if labels.attribute is not None:
        notes.append(
            say(
                "formats.via_attribute",
                "{path}: the labels were taken from the attribute {name}.",
                path=name,
                name=labels.attribute,
            )
        )
    if any(r.polygons and labels.of(r) == DEFAULT_LABEL for r in regions):
        notes.append(
            say(
                "formats.via_no_attribute",
                "{path}: regions without a label were labelled {label}.",
                path=name,
                label=DEFAULT_LABEL,
            )
        )
    others = Counter(r.kind or "empty" for r in regions if r.kind not in _OUTLINES)
    if others:
        kinds = ", ".join(sorted(others))
        notes.append(
            say(
                "formats.via_kinds",
                "{path}: {count} regions are no outlines of objects ({kinds}) and were left out.",
                path=name,
                count=others.total(),
                kinds=kinds,
            )
        )
    flat = sum(region.kind in _OUTLINES and not region.polygons for region in regions)
    if flat:
        notes.append(NO_AREA_DROPPED.given(path=name, count=flat))
    return tuple(notes)
