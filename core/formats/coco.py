"""COCO instance files: reading. Writing is in `coco_write`.

Outlines are lists of flat polygons, several for an object in parts, or run lengths, compressed or
not, whatever `iscrowd` says: holes need them. Run lengths become polygons that draw the same
pixels. Nested polygons of one list do not cut holes; COCO takes their union.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from core.document.fields import (
    as_int,
    as_list,
    as_number,
    as_object,
    as_text,
    get,
    wrong,
)
from core.document.instance import Instance, Polygons, Source
from core.document.instance_json import flags_from_json, source_from_json
from core.formats.coco_image import KEY, CocoImage, Id
from core.formats.coco_write import dumps, write
from core.formats.errors import NO_AREA_DROPPED, FormatError, read_json, reading
from core.formats.labelme_shapes import polygon, rectangle
from core.formats.masks import trace_runs
from core.formats.said import BOXES, RESULTS
from core.sentences import Sentence, say

__all__ = ["CocoDataset", "CocoImage", "FormatError", "dumps", "is_coco", "parse", "read", "write"]

_DANGLING: Final = say(
    "formats.dangling",
    "{path}: {count} annotations belong to an image or a category that the file does not list; "
    "they were left out.",
)
_NO_GEOMETRY: Final = say(
    "formats.no_geometry",
    "{path}: {count} annotations have neither an outline nor a box and were left out.",
)


@dataclass(frozen=True, slots=True)
class CocoDataset:
    """A COCO file. `labels` are the category names in the order of their ids."""

    images: tuple[CocoImage, ...]
    labels: tuple[str, ...]
    notes: tuple[Sentence, ...] = ()


def is_coco(value: object) -> bool:
    return isinstance(value, dict) and "images" in value and "annotations" in value


def read(path: Path | str) -> CocoDataset:
    """Read a COCO file. Raises FormatError, naming the field that is wrong."""
    path = Path(path)
    return parse(read_json(path), path)


def parse(value: object, path: Path) -> CocoDataset:
    """The data set in a JSON value; `path` is what sentences call it. Raises FormatError."""
    if isinstance(value, list):
        raise FormatError(RESULTS.given(path=str(path)))
    with reading(path, "COCO"):
        return _Reader(str(path)).dataset(as_object(value, "file"))


class _Reader:
    """Reads one file and counts what it has to leave out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dangling = 0
        self.boxes = 0
        self.no_geometry = 0
        self.no_area = 0
        self.source = Source.DRAWN
        self.notes: list[Sentence] = []

    def dataset(self, top: Mapping[str, object]) -> CocoDataset:
        if "predicted" in as_object(top.get(KEY, {}), KEY):
            # A model's detections as masklens writes them; nobody has accepted any.
            self.source = Source.SUGGESTED
        labels = self._categories(as_list(get(top, "categories", "file"), "categories"))
        images = _images(as_list(get(top, "images", "file"), "images"))
        found: dict[Id, dict[str, Instance]] = {id: {} for id in images}
        for k, item in enumerate(as_list(get(top, "annotations", "file"), "annotations")):
            where = f"annotations[{k}]"
            annotation = as_object(item, where)
            image = images.get(_id(annotation, "image_id", where))
            label = labels.get(_id(annotation, "category_id", where))
            if image is None or label is None:
                self.dangling += 1
                continue
            polygons = self._outline(annotation, image, where)
            if polygons:
                known = found[image.id]
                instance = self._instance(annotation, label, polygons, k, where)
                if instance.id in known:
                    instance = replace(instance, id=f"{instance.id}~{k}")
                known[instance.id] = instance
        return CocoDataset(
            images=tuple(
                replace(image, instances=tuple(found[id].values())) for id, image in images.items()
            ),
            labels=tuple(dict.fromkeys(labels.values())),
            notes=(*self.notes, *self._counts()),
        )

    def _categories(self, items: Sequence[object]) -> dict[Id, str]:
        labels: dict[Id, str] = {}
        for k, item in enumerate(items):
            category = as_object(item, f"categories[{k}]")
            id = _id(category, "id", f"categories[{k}]")
            if id in labels:
                raise wrong(f"categories[{k}].id", "used twice")
            label = as_text(get(category, "name", f"categories[{k}]"), f"categories[{k}].name")
            if label in labels.values():
                self.notes.append(
                    say(
                        "formats.category_twice",
                        "{path}: several categories are called {label}; they became one label.",
                        path=self.name,
                        label=label,
                    )
                )
            labels[id] = label
        return dict(sorted(labels.items(), key=lambda entry: (str(type(entry[0])), entry[0])))

    def _outline(self, annotation: Mapping[str, object], image: CocoImage, where: str) -> Polygons:
        shape = annotation.get("segmentation")
        where_shape = f"{where}.segmentation"
        if isinstance(shape, dict):
            polygons = _from_runs(shape, image, where_shape)
        elif shape:
            parts = as_list(shape, where_shape)
            polygons = tuple(
                each
                for k, part in enumerate(parts)
                for each in polygon(_flat_points(part, f"{where_shape}[{k}]"))
            )
        else:
            polygons = _from_box(annotation.get("bbox"), f"{where}.bbox")
            self.boxes += bool(polygons)
            self.no_geometry += not polygons
            return polygons
        self.no_area += not polygons
        return polygons

    def _instance(
        self,
        annotation: Mapping[str, object],
        label: str,
        polygons: Polygons,
        number: int,
        where: str,
    ) -> Instance:
        own = as_object(annotation.get(KEY, {}), f"{where}.{KEY}")
        where_own = f"{where}.{KEY}"
        model, given = own.get("model"), own.get("id")
        id = annotation.get("id", number + 1)
        crowd = annotation.get("iscrowd", 0)
        if crowd not in (0, 1):
            raise wrong(f"{where}.iscrowd", "expected 0 or 1")
        return Instance(
            id=f"coco-{id}" if given is None else as_text(given, f"{where_own}.id", empty=False),
            label=label,
            polygons=polygons,
            source=source_from_json(own.get("source", self.source.value), f"{where_own}.source"),
            score=_score(annotation.get("score")),
            model=None if model is None else as_text(model, f"{where_own}.model"),
            flags=flags_from_json(own.get("flags", []), f"{where_own}.flags"),
            description=as_text(own.get("description", ""), f"{where_own}.description"),
            crowd=bool(crowd),
        )

    def _counts(self) -> tuple[Sentence, ...]:
        counted = (
            (_DANGLING, self.dangling),
            (BOXES, self.boxes),
            (_NO_GEOMETRY, self.no_geometry),
            (NO_AREA_DROPPED, self.no_area),
        )
        return tuple(said.given(path=self.name, count=n) for said, n in counted if n)


def _images(items: Sequence[object]) -> dict[Id, CocoImage]:
    images: dict[Id, CocoImage] = {}
    for k, item in enumerate(items):
        where = f"images[{k}]"
        value = as_object(item, where)
        id = _id(value, "id", where)
        if id in images:
            raise wrong(f"{where}.id", "used twice")
        name = as_text(get(value, "file_name", where), f"{where}.file_name", empty=False)
        width, height = value.get("width"), value.get("height")
        images[id] = CocoImage(
            id=id,
            file_name=PureWindowsPath(name).as_posix() if "\\" in name else name,
            width=None if width is None else as_int(width, f"{where}.width", least=1),
            height=None if height is None else as_int(height, f"{where}.height", least=1),
        )
    return images


def _id(value: Mapping[str, object], key: str, where: str) -> Id:
    id = get(value, key, where)
    if isinstance(id, float) and id.is_integer():
        id = int(id)
    return id if isinstance(id, str) else as_int(id, f"{where}.{key}")


def _flat_points(value: object, where: str) -> tuple[tuple[float, float], ...]:
    """The points in a list of x, y, x, y and so on. Raises FieldError."""
    flat: Sequence[Any] = as_list(value, where)
    if len(flat) % 2:
        raise wrong(where, "expected pairs of numbers")
    try:
        if {type(number) for number in flat} <= {int, float}:
            numbers = [float(number) for number in flat]
            if all(map(isfinite, numbers)):
                return tuple(zip(numbers[::2], numbers[1::2], strict=True))
    except OverflowError:
        pass
    # Something is wrong; look again, slowly, for where.
    for k, number in enumerate(flat):
        as_number(number, f"{where}[{k}]")
    raise wrong(where, "expected a list of numbers")


def _from_runs(runs: Mapping[str, object], image: CocoImage, where: str) -> Polygons:
    width, height = image.width, image.height
    if width is None or height is None:
        size = as_list(get(runs, "size", where), f"{where}.size")
        if len(size) != 2:
            raise wrong(f"{where}.size", "expected height and width")
        height, width = (as_int(side, f"{where}.size[{k}]", least=1) for k, side in enumerate(size))
    return trace_runs(runs, width, height, where)


def _from_box(value: object, where: str) -> Polygons:
    if not value:
        return ()
    numbers = [as_number(n, f"{where}[{k}]") for k, n in enumerate(as_list(value, where))]
    if len(numbers) != 4:
        raise wrong(where, "expected left, top, width and height")
    x, y, width, height = numbers
    return rectangle((x, y), (x + width, y + height)) if width > 0 and height > 0 else ()


def _score(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
