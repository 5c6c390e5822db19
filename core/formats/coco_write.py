"""Writing COCO instance files.

Objects without holes are lists of polygons, one a part; crowds and objects with holes are run
lengths, since the polygons of a list are united and cannot cut holes. Category and annotation ids
begin at 1, because detectors keep 0 for the background; those of a file that was read stay. What
COCO has no place for rides under the key `masklens`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from core.document.instance import Instance, Source
from core.document.runs import encode
from core.document.skeleton import Skeleton, flat, labelled_count
from core.formats.coco_image import INFO, KEY, CocoImage
from core.formats.fields import json_text
from core.storage.atomic import write_atomic

Json = dict[str, object]


def write(
    path: Path,
    images: Sequence[CocoImage],
    labels: Sequence[str],
    extra: Mapping[str, object] | None = None,
) -> int:
    """Write a COCO file in one piece; returns how many instances cover no pixel and were left out.

    Raises StorageError, and ValueError as `dumps` does.
    """
    data, _, empty = encoded(images, labels, extra or {})
    write_atomic(path, data)
    return empty


def dumps(
    images: Sequence[CocoImage],
    labels: Sequence[str],
    extra: Mapping[str, object] | None = None,
    skeletons: Mapping[str, Skeleton] = MappingProxyType({}),
) -> bytes:
    """A COCO file in UTF-8, see `encoded`."""
    return encoded(images, labels, extra or {}, skeletons)[0]


def encoded(
    images: Sequence[CocoImage],
    labels: Sequence[str],
    extra: Mapping[str, object],
    skeletons: Mapping[str, Skeleton] = MappingProxyType({}),
    each: Callable[[Sequence[CocoImage]], Iterable[CocoImage]] = iter,
) -> tuple[bytes, int, int]:
    """A COCO file in UTF-8, how many instances it has, and how many cover no pixel and are left
    out.

    `extra` are the keys of a file that was read. Categories keep the ids that they have there;
    others are numbered on, in the order of `labels`. A category that says nothing of keypoints gets
    those of the label in `skeletons`. Annotations keep their ids where no two are alike. The images
    are gone through by `each`. Raises ValueError when a label is not among them, or an image has no
    size.
    """
    listed = _categories(labels, extra.get("categories"), skeletons)
    numbers = {str(category["name"]): category["id"] for category in reversed(listed)}
    lines, count, empty, alike = _annotations(each(images), numbers)
    if alike:
        lines, count, empty, _ = _annotations(images, numbers, renumbered=True)
    top: dict[str, object] = {
        "info": INFO,
        "licenses": [],
        **{key: value for key, value in extra.items() if key not in ("categories", KEY)},
        "categories": listed,
        "images": [
            {
                "id": image.id,
                "width": image.width,
                "height": image.height,
                "file_name": image.file_name,
                **image.extra,
            }
            for image in images
        ],
    }
    return _joined(top, lines), count, empty


def _annotations(
    images: Iterable[CocoImage], numbers: Mapping[str, object], *, renumbered: bool = False
) -> tuple[bytearray, int, int, bool]:
    """The annotations, one a line, and how many; how many cover no pixel; whether ids repeat."""
    lines = bytearray()
    taken: set[str] = set()
    empty = count = 0
    for image in images:
        if image.width is None or image.height is None:
            raise ValueError(f"image {image.file_name} has no size")
        for instance in image.instances:
            if instance.label not in numbers:
                raise ValueError(f"{instance.label} is not among the labels")
            shape = outline(instance, image.width, image.height)
            if not shape["area"]:
                empty += 1
                continue
            count += 1
            others = image.extras.get(instance.id, {})
            own = others.get("coco")
            attributes = others.get("attributes")
            annotation: Json = {
                "id": count,
                "image_id": image.id,
                "category_id": numbers[instance.label],
                **shape,
                **(own if isinstance(own, dict) else {}),
                **({"attributes": attributes} if attributes else {}),
                **_keypoints(instance),
                **_extras(instance),
            }
            if renumbered:
                annotation["id"] = count
            taken.add(str(annotation["id"]))
            lines += b",\n" if lines else b""
            lines += _text(annotation)
    return lines, count, empty, len(taken) < count


def _categories(
    labels: Sequence[str], before: object, skeletons: Mapping[str, Skeleton]
) -> list[dict[str, object]]:
    """The categories of the file that was read, and those of labels that it lacks."""
    listed = [
        dict(category)
        for category in (before if isinstance(before, list) else [])
        if isinstance(category, dict)
        and isinstance(category.get("name"), str)
        and isinstance(category.get("id"), int | str)
    ]
    known = {category["name"] for category in listed}
    taken = [id for category in listed if isinstance(id := category["id"], int)]
    number = max(taken, default=0)
    for label in labels:
        if label not in known:
            number += 1
            listed.append({"id": number, "name": label, "supercategory": ""})
    for category in listed:
        skeleton = skeletons.get(str(category["name"]))
        if skeleton is not None and "keypoints" not in category:
            category["keypoints"] = list(skeleton.names)
            category["skeleton"] = [[a + 1, b + 1] for a, b in skeleton.edges]
    return listed


def outline(instance: Instance, width: int, height: int) -> Json:
    """Segmentation, area, bbox and iscrowd of an instance on an image of that size.

    Area and box are those of its pixels on the image, whatever the outline does.
    """
    polygons = instance.polygons
    runs = encode(polygons, width, height)
    as_runs = instance.crowd or any(polygon.holes for polygon in polygons)
    flat = [[value for point in p.outer for value in point] for p in polygons]
    return {
        "segmentation": runs.to_json() if as_runs else flat,
        "area": runs.area,
        "bbox": list(runs.box),
        "iscrowd": int(instance.crowd),
    }


def _keypoints(instance: Instance) -> Json:
    points = instance.keypoints
    return {"num_keypoints": labelled_count(points), "keypoints": flat(points)} if points else {}


def _extras(instance: Instance) -> Json:
    own: Json = {}
    if instance.source not in (Source.DRAWN, Source.IMPORTED):
        own["source"] = instance.source.value
    if instance.model is not None:
        own["model"] = instance.model
    if instance.flags:
        own["flags"] = [[name, on] for name, on in instance.flags]
    if instance.description:
        own["description"] = instance.description
    if instance.group_id is not None and len(instance.polygons) == 1:
        own["group"] = instance.group_id
    extras: Json = {} if instance.score is None else {"score": instance.score}
    return {**extras, KEY: own} if own else extras


def _joined(top: Mapping[str, object], annotations: bytearray) -> bytes:
    """JSON with one entry of a list a line."""
    data = bytearray(b"{\n")
    for key, value in top.items():
        listed = isinstance(value, list)
        inner = b",\n".join(map(_text, value)) if isinstance(value, list) else _text(value)
        data += _text(key) + (b": [\n%s\n],\n" if listed else b": %s,\n") % inner
    data += b'"annotations": [\n'
    annotations[0:0] = data
    annotations += b"\n]\n}\n"
    return bytes(annotations)


def _text(value: object) -> bytes:
    try:
        return json_text(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can name and UTF-8 cannot hold
        return json_text(value).encode("ascii")
