"""COCO instance files: reading. Writing is in `coco_write`.

Outlines are lists of flat polygons, several for an object in parts, or run lengths, compressed or
not, whatever `iscrowd` says: holes need them. Run lengths become polygons that draw the same
pixels. Nested polygons of one list do not cut holes; COCO takes their union.
"""

from __future__ import annotations

from array import array
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
from core.formats.entries import TOLD_EVERY, Entries, Tell, Top, unheard
from core.formats.errors import FormatError, read_json, reading
from core.formats.fields import as_int, as_label, as_list, as_object, as_text, get, number_of
from core.formats.label_file import Json
from core.formats.labelled import Box, Later, LaterByName
from core.formats.limits import MAX_COORDINATE, check_size, side_of
from core.formats.remarks import Remarks
from core.formats.said import NO_SIDE, RESULTS
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
    annotations, first = value["annotations"], None
    if isinstance(annotations, list | Entries) and annotations:
        with suppress(FieldError):
            first = annotations[0]
    return not (isinstance(first, dict) and "segments_info" in first)


def read(path: Path | str) -> CocoDataset:
    """Read a COCO file. Raises FormatError, naming the field that is wrong."""
    path = Path(path)
    return parse(read_json(path), path)


def parse(value: object, path: Path, tell: Tell = unheard, *, let_go: bool = False) -> CocoDataset:
    """The data set in a JSON value; `path` is what sentences call it. Raises FormatError.

    With `let_go` the value is emptied while it is read, so that it takes no memory beside.
    """
    if isinstance(value, list):
        raise FormatError(RESULTS.given(path=str(path)))
    with reading(path, "COCO"), uncollected():
        return _Reader(path, as_object(value, "file"), None, tell).dataset(let_go=let_go)


def parse_entries(top: Top, path: Path, tell: Tell) -> CocoDataset:
    """The same of a large file, of which the instances are read whenever they are looked at."""
    with reading(path, "COCO"), uncollected():
        value = {**top.others, "images": top.lists["images"][:]}
        return _Reader(path, value, top.lists["annotations"], tell).dataset()


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


class _Body:
    """What belongs to the instances of one image, by their ids."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.extras: dict[str, Json] = {}
        self.boxes: dict[str, Box] = {}

    def add(self, annotation: Json, instance: Instance, number: int) -> None:
        """Take an instance in; one with an id that is taken gets another one."""
        if instance.id in self.instances:
            instance = replace(instance, id=f"{instance.id}~{number}")
        self.instances[instance.id] = instance
        self.extras[instance.id] = _others(annotation, real=bool(instance.keypoints))
        box = _box(annotation.get("bbox"))
        if box is not None:
            self.boxes[instance.id] = box


class _Reader:
    """Reads one file entry by entry; what it has to leave out or repair is told.

    Of a large file it keeps the numbers of the annotations of each image, and reads these again
    whenever somebody asks for them: `body`.
    """

    def __init__(self, path: Path, top: Json, large: Entries | None, tell: Tell) -> None:
        self.remarks = Remarks(path)
        self._top, self._tell, self._large = top, tell, large
        ours = top.get(KEY)
        # A model's detections as masklens writes them; nobody has accepted any.
        predicted = isinstance(ours, dict) and "predicted" in ours
        self._source = Source.SUGGESTED if predicted else Source.DRAWN
        self.skeletons = _skeletons(top.get("categories"))
        self._labels = self._categories(as_list(get(top, "categories", "file"), "categories"))
        self._images = self._listed(as_list(get(top, "images", "file"), "images"))
        self._items: Sequence[object] = (
            as_list(get(top, "annotations", "file") or [], "annotations")
            if large is None
            else large
        )
        self._last: tuple[Sequence[int], _Body] = ((), _Body())

    def dataset(self, *, let_go: bool = False) -> CocoDataset:
        """All there is; with `let_go` each annotation is let go of once it was read."""
        distinct = {image.id: image for image in self._images.values()}
        bodies = {id: _Body() for id in distinct}
        numbers: dict[Id, array[int]] = {id: array("I") for id in distinct}
        used: set[Id] = set()
        for k in range(len(self._items)):
            if k % TOLD_EVERY == 0:
                self._tell(k, len(self._items))
            item = self._items[k]
            with self.remarks.entry():
                found = self._annotation(item, k, used)
                if found is not None and self._large is not None:
                    numbers[found[0].id].append(k)
                elif found is not None:
                    bodies[found[0].id].add(*found[1:], k)
            if let_go and isinstance(self._items, list):
                self._items[k] = None
        self._drop_roots(used)
        self._tell(len(self._items), len(self._items))
        return CocoDataset(
            images=tuple(
                _with(image, bodies[id]) if self._large is None else self._later(image, numbers[id])
                for id, image in distinct.items()
            ),
            labels=tuple(dict.fromkeys(self._labels.values())),
            notes=self.remarks.notes(),
            extra={
                key: value
                for key, value in self._top.items()
                if key not in ("images", "annotations")
            },
            skeletons=self.skeletons,
        )

    def _annotation(
        self, item: object, number: int, used: set[Id]
    ) -> tuple[CocoImage, Json, Instance] | None:
        """An annotation with its image; None for one without. Raises FieldError."""
        where = f"annotations[{number}]"
        annotation = as_object(item, where)
        category = _id(annotation, "category_id", where)
        used.add(category)
        image = self._images.get(_id(annotation, "image_id", where))
        label = self._labels.get(category)
        if image is None or label is None:
            self.remarks.count(_DANGLING)
            return None
        polygons = outline_of(annotation, image, where, self.remarks)
        if not polygons:
            return None
        instance = self._instance(annotation, label, polygons, number, where)
        points = self._keypoints(annotation, label)
        return image, annotation, replace(instance, keypoints=points) if points else instance

    def _later(self, image: CocoImage, numbers: Sequence[int]) -> CocoImage:
        return replace(
            image,
            instances=Later(lambda: tuple(self._body(numbers).instances.values()), len(numbers)),
            extras=LaterByName(lambda: self._body(numbers).extras),
            boxes=LaterByName(lambda: self._body(numbers).boxes),
        )

    def _body(self, numbers: Sequence[int]) -> _Body:
        """What these annotations hold, which were read before without fault."""
        kept, body = self._last
        if kept is numbers:
            return body
        body = _Body()
        for k in numbers:
            found = self._annotation(self._items[k], k, set())
            if found is not None:
                body.add(*found[1:], k)
        self._last = numbers, body
        return body

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

    def _drop_roots(self, used: set[Id]) -> None:
        """Leave out categories without annotations that only stand above others."""
        items, labels = as_list(self._top["categories"], "categories"), self._labels
        above = {str(item.get("supercategory")) for item in items if isinstance(item, dict)}
        for id, label in list(labels.items()):
            if label in above and id not in used and len(labels) > 1:
                self.remarks.count(_ROOT, label=label)
                del labels[id]

    def _listed(self, items: Sequence[object]) -> dict[Id, CocoImage]:
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
        self.remarks.count(NO_SIDE, side is None and value.get(key) is not None)
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
            return Instance(f"coco-{id}", label, polygons, self._source, score, crowd=crowd)
        own = as_object(annotation[KEY], f"{where}.{KEY}")
        where_own = f"{where}.{KEY}"
        model, given, group = own.get("model"), own.get("id"), own.get("group")
        return Instance(
            id=f"coco-{id}" if given is None else as_text(given, f"{where_own}.id", empty=False),
            label=label,
            polygons=polygons,
            source=_SOURCE.convert(own.get("source", self._source.value), f"{where_own}.source"),
            score=score,
            model=None if model is None else as_text(model, f"{where_own}.model"),
            flags=_FLAGS.convert(own.get("flags", []), f"{where_own}.flags"),
            description=as_text(own.get("description", ""), f"{where_own}.description"),
            crowd=crowd,
            group_id=None if group is None else as_int(group, f"{where_own}.group"),
        )


def _with(image: CocoImage, body: _Body) -> CocoImage:
    instances = tuple(body.instances.values())
    return replace(image, instances=instances, extras=body.extras, boxes=body.boxes)


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
