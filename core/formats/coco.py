"""COCO instance files: reading. Writing is in `coco_write`.

Outlines are lists of flat polygons, several for an object in parts, or run lengths, compressed or
not, whatever `iscrowd` says: holes need them. Run lengths become polygons that draw the same
pixels. Nested polygons of one list do not cut holes; COCO takes their union.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path, PureWindowsPath
from typing import Final

from core.codec import Codec, FieldError, uncollected, wrong
from core.document.instance import Instance, Keypoints, Polygons, Source
from core.document.skeleton import Skeleton, from_flat
from core.formats.coco_image import KEY, CocoImage, Id
from core.formats.coco_shapes import outline_of
from core.formats.coco_write import dumps, write
from core.formats.errors import FormatError, read_json, reading
from core.formats.fields import as_int, as_label, as_list, as_object, as_text, get, number_of
from core.formats.label_file import Json
from core.formats.labelled import Box
from core.formats.limits import MAX_COORDINATE, check_size, side_of
from core.formats.remarks import Remarks
from core.formats.said import RESULTS
from core.sentences import Sentence, say

__all__ = ["CocoDataset", "CocoImage", "FormatError", "dumps", "is_coco", "parse", "read", "write"]

_KNOWN: Final = frozenset(
    ("image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score", KEY)
)
_POINTS: Final = frozenset(("keypoints", "num_keypoints"))
_IMAGE_KEYS: Final = frozenset(("id", "file_name", "width", "height"))
_CATEGORY_TWICE: Final = say(
    "formats.category_twice",
    "{path}: several categories are called {label}; they became one label.",
)
_ROOT: Final = say(
    "formats.root_category",
    "{path}: the category {label} has no annotations and only stands above others; it is no label.",
)
_IMAGE_TWICE: Final = say(
    "formats.image_entry_twice",
    "{path}: the image {name} is listed more than once; its annotations were put together.",
)
_NO_SIDE: Final = say(
    "formats.no_side", "{path}: {count} sides of images are not known there; the image tells them."
)
_DANGLING: Final = say(
    "formats.dangling",
    "{path}: {count} annotations belong to an image or a category that the file does not list; "
    "they were left out.",
)


@dataclass(frozen=True, slots=True)
class CocoDataset:
    """A COCO file. `labels` are the category names in the order of their ids.

    `extra` are the keys of the file beside images and annotations.
    """

    images: tuple[CocoImage, ...]
    labels: tuple[str, ...]
    notes: tuple[Sentence, ...] = ()
    extra: Json = field(default_factory=dict)
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)
    """By label, where a category names its keypoints."""


def is_coco(value: object) -> bool:
    if not isinstance(value, dict) or "images" not in value or "annotations" not in value:
        return False
    annotations = value["annotations"]
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return not (isinstance(first, dict) and "segments_info" in first)


def read(path: Path | str) -> CocoDataset:
    """Read a COCO file. Raises FormatError, naming the field that is wrong."""
    path = Path(path)
    return parse(read_json(path), path)


def parse(value: object, path: Path, *, let_go: bool = False) -> CocoDataset:
    """The data set in a JSON value; `path` is what sentences call it. Raises FormatError.

    With `let_go` the value is emptied while it is read, so that it takes no memory beside.
    """
    if isinstance(value, list):
        raise FormatError(RESULTS.given(path=str(path)))
    with reading(path, "COCO"), uncollected():
        return _Reader(path, let_go).dataset(as_object(value, "file"))


_CROWD: Final = {
    **dict.fromkeys(("0", "0.0", "false", "none", ""), False),
    **dict.fromkeys(("1", "1.0", "true"), True),
}
"""What programs write for `iscrowd`."""
_BOX: Final[Codec[Box]] = Codec(Box)
_SOURCE: Final[Codec[Source]] = Codec(Source)
_NAMES: Final[Codec[tuple[str, ...]]] = Codec(tuple[str, ...])
_EDGES: Final[Codec[tuple[tuple[int, int], ...]]] = Codec(tuple[tuple[int, int], ...])
_FLAGS: Final[Codec[tuple[tuple[str, bool], ...]]] = Codec(tuple[tuple[str, bool], ...])


class _Reader:
    """Reads one file entry by entry; what it has to leave out or repair is told."""

    def __init__(self, path: Path, let_go: bool) -> None:
        self.let_go = let_go
        self.source = Source.DRAWN
        self.remarks = Remarks(path)

    def dataset(self, top: Json) -> CocoDataset:
        ours = top.get(KEY)
        if isinstance(ours, dict) and "predicted" in ours:
            # A model's detections as masklens writes them; nobody has accepted any.
            self.source = Source.SUGGESTED
        self.skeletons = _skeletons(top.get("categories"))
        labels = self._categories(as_list(get(top, "categories", "file"), "categories"))
        images = self._images(as_list(get(top, "images", "file"), "images"))
        found: dict[Id, dict[str, Instance]] = {image.id: {} for image in images.values()}
        extras: dict[Id, dict[str, Json]] = {id: {} for id in found}
        boxes: dict[Id, dict[str, Box]] = {id: {} for id in found}
        used: set[Id] = set()
        items = as_list(get(top, "annotations", "file") or [], "annotations")
        for k, item in enumerate(items):
            where = f"annotations[{k}]"
            if self.let_go:
                items[k] = None
            with self.remarks.entry():
                annotation = as_object(item, where)
                category = _id(annotation, "category_id", where)
                used.add(category)
                image = images.get(_id(annotation, "image_id", where))
                label = labels.get(category)
                if image is None or label is None:
                    self.remarks.count(_DANGLING)
                    continue
                polygons = outline_of(annotation, image, where, self.remarks)
                if polygons:
                    known = found[image.id]
                    instance = self._instance(annotation, label, polygons, k, where)
                    points = self._keypoints(annotation, label)
                    if points:
                        instance = replace(instance, keypoints=points)
                    if instance.id in known:
                        instance = replace(instance, id=f"{instance.id}~{k}")
                    known[instance.id] = instance
                    extras[image.id][instance.id] = _others(annotation, real=bool(points))
                    box = _box(annotation.get("bbox"))
                    if box is not None:
                        boxes[image.id][instance.id] = box
        self._drop_roots(top, labels, used)
        distinct = {image.id: image for image in images.values()}
        return CocoDataset(
            images=tuple(
                replace(
                    image, instances=tuple(found[id].values()), extras=extras[id], boxes=boxes[id]
                )
                for id, image in distinct.items()
            ),
            labels=tuple(dict.fromkeys(labels.values())),
            notes=self.remarks.notes(),
            extra={
                key: value for key, value in top.items() if key not in ("images", "annotations")
            },
            skeletons=self.skeletons,
        )

    def _categories(self, items: Sequence[object]) -> dict[Id, str]:
        labels: dict[Id, str] = {}
        for k, item in enumerate(items):
            where = f"categories[{k}]"
            with self.remarks.entry():
                category = as_object(item, where)
                id = _id(category, "id", where)
                label = as_label(get(category, "name", where), f"{where}.name")
                if id in labels and labels[id] != label:
                    raise wrong(f"{where}.id", "used twice")
                if id not in labels and label in labels.values():
                    self.remarks.count(_CATEGORY_TWICE, label=label)
                labels[id] = label
        return dict(sorted(labels.items(), key=lambda entry: (str(type(entry[0])), entry[0])))

    def _drop_roots(self, top: Json, labels: dict[Id, str], used: set[Id]) -> None:
        """Leave out categories without annotations that only stand above others."""
        items = as_list(top["categories"], "categories")
        above = {str(item.get("supercategory")) for item in items if isinstance(item, dict)}
        for id, label in list(labels.items()):
            if label in above and id not in used and len(labels) > 1:
                self.remarks.count(_ROOT, label=label)
                del labels[id]

    def _images(self, items: Sequence[object]) -> dict[Id, CocoImage]:
        """The images by id; entries of one file under several ids are one image."""
        images: dict[Id, CocoImage] = {}
        by_name: dict[str, CocoImage] = {}
        for k, item in enumerate(items):
            with self.remarks.entry():
                image = self._image(as_object(item, f"images[{k}]"), f"images[{k}]")
                same = by_name.get(image.file_name)
                if same is not None:
                    self.remarks.count(_IMAGE_TWICE, name=image.file_name)
                    image = same if image.id == same.id else replace(same)
                    images.setdefault(_id(as_object(item, ""), "id", ""), same)
                elif image.id in images:
                    del images[image.id]
                    raise wrong(f"images[{k}].id", "used twice, for different images")
                else:
                    images[image.id] = by_name[image.file_name] = image
        return images

    def _image(self, value: Json, where: str) -> CocoImage:
        name = as_text(get(value, "file_name", where), f"{where}.file_name", empty=False)
        width, height = self._side(value, "width"), self._side(value, "height")
        if width is not None and height is not None:
            check_size(width, height, where)
        return CocoImage(
            id=_id(value, "id", where),
            file_name=PureWindowsPath(name).as_posix() if "\\" in name else name,
            width=width,
            height=height,
            extra={key: item for key, item in value.items() if key not in _IMAGE_KEYS},
        )

    def _side(self, value: Json, key: str) -> int | None:
        side = side_of(value.get(key))
        self.remarks.count(_NO_SIDE, side is None and value.get(key) is not None)
        return side

    def _keypoints(self, annotation: Json, label: str) -> Keypoints | None:
        """The keypoints that fit the label; None where there are none, or they are not COCO's."""
        skeleton = self.skeletons.get(label)
        count = None if skeleton is None else len(skeleton.names)
        return from_flat(annotation.get("keypoints"), count, MAX_COORDINATE)

    def _instance(
        self,
        annotation: Mapping[str, object],
        label: str,
        polygons: Polygons,
        number: int,
        where: str,
    ) -> Instance:
        id = annotation.get("id", number + 1)
        crowd = _CROWD.get(str(annotation.get("iscrowd")).lower())
        if crowd is None:
            raise wrong(f"{where}.iscrowd", "expected 0 or 1")
        score = _score(annotation.get("score"))
        if KEY not in annotation:
            return Instance(f"coco-{id}", label, polygons, self.source, score, crowd=crowd)
        own = as_object(annotation[KEY], f"{where}.{KEY}")
        where_own = f"{where}.{KEY}"
        model, given, group = own.get("model"), own.get("id"), own.get("group")
        return Instance(
            id=f"coco-{id}" if given is None else as_text(given, f"{where_own}.id", empty=False),
            label=label,
            polygons=polygons,
            source=_SOURCE.convert(own.get("source", self.source.value), f"{where_own}.source"),
            score=score,
            model=None if model is None else as_text(model, f"{where_own}.model"),
            flags=_FLAGS.convert(own.get("flags", []), f"{where_own}.flags"),
            description=as_text(own.get("description", ""), f"{where_own}.description"),
            crowd=crowd,
            group_id=None if group is None else as_int(group, f"{where_own}.group"),
        )


def _others(annotation: Json, *, real: bool) -> Json:
    """The id of an annotation and the keys that have no field here, its attributes apart.

    `real` says that its keypoints are those of the instance.
    """
    known = _KNOWN | _POINTS if real else _KNOWN
    kept = {key: value for key, value in annotation.items() if key not in known}
    attributes = kept.pop("attributes", None)
    extra: dict[str, object] = {"coco": kept} if kept else {}
    if isinstance(attributes, dict):
        extra["attributes"] = attributes
    elif attributes is not None:
        kept["attributes"] = attributes
    return extra


def _skeletons(categories: object) -> dict[str, Skeleton]:
    """What the keypoints of each label are called, where a category says it in COCO's way."""
    found: dict[str, Skeleton] = {}
    for each in categories if isinstance(categories, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str) and "keypoints" in each:
            with suppress(FieldError, ValueError):
                names = _NAMES.convert(each["keypoints"])
                edges = _EDGES.convert(each.get("skeleton") or [])
                found[each["name"]] = Skeleton(names, tuple((a - 1, b - 1) for a, b in edges))
    return found


def _box(value: object) -> Box | None:
    """The box that an annotation says its instance has; None where it says none."""
    try:
        box = _BOX.convert(value)
    except FieldError:
        return None
    return box if all(map(isfinite, box)) and min(box[2:]) > 0 else None


def _id(value: Mapping[str, object], key: str, where: str) -> Id:
    id = get(value, key, where)
    if type(id) is int:
        return id
    if isinstance(id, float) and id.is_integer():
        id = int(id)
    if isinstance(id, str) and id.isdecimal() and len(id) < 19 and str(int(id)) == id:
        id = int(id)  # ids that a table made texts of
    return id if isinstance(id, str) else as_int(id, f"{where}.{key}")


def _score(value: object) -> float | None:
    value = number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
