"""COCO's panoptic files, read: one JSON, and a PNG an image whose colours are its segments.

Segments of things become instances; those of stuff, such as sky, are no objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Final

from core.codec import wrong
from core.formats.beside import is_file
from core.formats.coco_image import Id
from core.formats.errors import reading
from core.formats.fields import as_int, as_list, as_object, as_text, get
from core.formats.file_names import image_name
from core.formats.format import Source
from core.formats.label_file import Json
from core.formats.label_image import Values, instances_of, read_values
from core.formats.labelled import Collection, Labelled
from core.formats.limits import check_size, whole
from core.formats.remarks import Remarks
from core.sentences import say

_STUFF: Final = say(
    "formats.stuff",
    "{path}: {count} segments are stuff such as sky (isthing 0), which is no object; left out.",
)


@dataclass(frozen=True, slots=True)
class _Image:
    name: str
    width: int
    height: int


def is_panoptic(value: object) -> bool:
    """Whether a JSON value looks like a panoptic file."""
    annotations = value.get("annotations") if isinstance(value, dict) else None
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return isinstance(first, dict) and "segments_info" in first


def read(source: Source) -> Collection:
    """The things of a panoptic file. Raises FormatError when it is none."""
    path, remarks = source.path, Remarks(source.path)
    with reading(path, "COCO panoptic"):
        top = as_object(source.json, "file")
        things = _things(top)
        images = _images(top, remarks)
        found: list[Labelled] = []
        for k, item in enumerate(as_list(get(top, "annotations", "file"), "annotations")):
            with remarks.entry():
                found.append(_image(item, f"annotations[{k}]", images, things, path, remarks))
    labels = tuple(dict.fromkeys(label for label in things.values() if label is not None))
    return Collection("coco", labels, tuple(found), remarks.notes())


def _things(top: Json) -> dict[int, str | None]:
    """The labels of categories by id; None for stuff."""
    found: dict[int, str | None] = {}
    for k, item in enumerate(as_list(get(top, "categories", "file"), "categories")):
        where = f"categories[{k}]"
        category = as_object(item, where)
        id = as_int(get(category, "id", where), f"{where}.id")
        name = as_text(get(category, "name", where), f"{where}.name")
        found[id] = name if category.get("isthing", 1) else None
    return dict(sorted(found.items()))


def _images(top: Json, remarks: Remarks) -> dict[object, _Image]:
    found: dict[object, _Image] = {}
    for k, item in enumerate(as_list(get(top, "images", "file"), "images")):
        where = f"images[{k}]"
        with remarks.entry():
            image = as_object(item, where)
            name = as_text(get(image, "file_name", where), f"{where}.file_name", empty=False)
            width, height = (
                whole(get(image, side, where), f"{where}.{side}", least=1)
                for side in ("width", "height")
            )
            check_size(width, height, where)
            found[_id(get(image, "id", where), f"{where}.id")] = _Image(name, width, height)
    return found


def _id(value: object, where: str) -> Id:
    return value if isinstance(value, str) else as_int(value, where)


def _image(
    item: object,
    where: str,
    images: Mapping[object, _Image],
    things: Mapping[int, str | None],
    path: Path,
    remarks: Remarks,
) -> Labelled:
    annotation = as_object(item, where)
    id = _id(get(annotation, "image_id", where), f"{where}.image_id")
    if id not in images:
        raise wrong(f"{where}.image_id", "no image of that id is listed")
    image = images[id]
    name = as_text(get(annotation, "file_name", where), f"{where}.file_name", empty=False)
    labels: dict[int, str] = {}
    crowds: set[int] = set()
    segments = as_list(get(annotation, "segments_info", where), f"{where}.segments_info")
    for k, each in enumerate(segments):
        place = f"{where}.segments_info[{k}]"
        segment = as_object(each, place)
        number = as_int(get(segment, "id", place), f"{place}.id")
        category = as_int(get(segment, "category_id", place), f"{place}.category_id")
        if category not in things:
            raise wrong(f"{place}.category_id", "no category of that id is listed")
        label = things[category]
        if label is None:
            remarks.count(_STUFF)
            continue
        labels[number] = label
        if segment.get("iscrowd"):
            crowds.add(number)
    values = _segments(_picture(path, name, f"{where}.file_name"), name)
    if values.shape != (image.height, image.width):
        raise wrong(f"{where}.file_name", f"{name} is of another size than the image")
    instances = tuple(
        replace(each, crowd=int(each.id.rpartition("-")[2]) in crowds)
        for each in instances_of(values, labels.get, "panoptic", name)
    )
    return Labelled(path, image_name(image.name), image.width, image.height, instances, image_id=id)


def _picture(path: Path, name: str, where: str) -> Path:
    """The PNG of an image: in the folder called like the file, or beside it. Raises FieldError."""
    inner = PureWindowsPath(name)
    if inner.anchor or ".." in inner.parts:
        raise wrong(where, "expected a name below the file")
    for folder in (path.with_suffix(""), path.parent):
        place = folder.joinpath(*inner.parts)
        if is_file(place):
            return place
    raise wrong(where, f"{name} was not found in the folder {path.stem} or beside the file")


def _segments(picture: Path, where: str) -> Values:
    """The numbers of segments (height, width): red + 256 green + 65,536 blue."""
    values = read_values(picture, where)
    if values.dtype.itemsize < 8:  # one band
        return values
    return (values >> 16) | (values & 0xFF00) | (values & 0xFF) << 16
