"""Writing COCO instance files.

Objects without holes are lists of polygons, one a part; crowds and objects with holes are run
lengths, since the polygons of a list are united and cannot cut holes. Category and annotation ids
begin at 1, because detectors keep 0 for the background. What COCO has no place for rides under the
key `masklens`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.document.geometry import area, bounds, union
from core.document.instance import Instance, Source
from core.formats.coco_image import KEY, CocoImage
from core.formats.masks import encode, is_traced
from core.storage.atomic import write_atomic

Json = dict[str, object]


def write(path: Path, images: Sequence[CocoImage], labels: Sequence[str]) -> None:
    """Write a COCO file in one piece. Raises StorageError, and ValueError as `dumps` does."""
    write_atomic(path, dumps(images, labels))


def dumps(images: Sequence[CocoImage], labels: Sequence[str]) -> bytes:
    """A COCO file in UTF-8; categories are numbered from 1 in the order of `labels`.

    Raises ValueError when a label is not among them, or an image has no size.
    """
    categories = {label: number for number, label in enumerate(labels, 1)}
    annotations: list[Json] = []
    for image in images:
        if image.width is None or image.height is None:
            raise ValueError(f"image {image.file_name} has no size")
        for instance in image.instances:
            if instance.label not in categories:
                raise ValueError(f"{instance.label} is not among the labels")
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image.id,
                    "category_id": categories[instance.label],
                    **outline(instance, image.width, image.height),
                    **_extras(instance),
                }
            )
    return _text(
        {
            "info": {"description": "Instances labelled with masklens", "version": "1.0"},
            "licenses": [],
            "categories": [
                {"id": number, "name": label, "supercategory": ""}
                for label, number in categories.items()
            ],
            "images": [
                {
                    "id": image.id,
                    "width": image.width,
                    "height": image.height,
                    "file_name": image.file_name,
                }
                for image in images
            ],
            "annotations": annotations,
        }
    )


def outline(instance: Instance, width: int, height: int) -> Json:
    """Segmentation, area, bbox and iscrowd of an instance on an image of that size."""
    polygons = instance.polygons
    if instance.crowd or any(polygon.holes for polygon in polygons):
        runs = encode(polygons, width, height)
        return {
            "segmentation": runs.to_json(),
            "area": runs.area,
            "bbox": list(runs.box),
            "iscrowd": int(instance.crowd),
        }
    box = bounds(polygons)
    if is_traced(polygons):
        covered: float = encode(polygons, width, height).area
    else:
        covered = area(polygons if len(polygons) == 1 else union(polygons))
    return {
        "segmentation": [[value for point in p.outer for value in point] for p in polygons],
        "area": covered,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "iscrowd": 0,
    }


def _extras(instance: Instance) -> Json:
    own: Json = {}
    if instance.source is not Source.DRAWN:
        own["source"] = instance.source.value
    if instance.model is not None:
        own["model"] = instance.model
    if instance.flags:
        own["flags"] = [[name, on] for name, on in instance.flags]
    if instance.description:
        own["description"] = instance.description
    extras: Json = {} if instance.score is None else {"score": instance.score}
    return {**extras, KEY: own} if own else extras


def _text(top: Mapping[str, object]) -> bytes:
    """JSON with one entry of a list a line."""
    lines = [f"{json.dumps(key)}: {_value(value)}" for key, value in top.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can name and UTF-8 cannot hold
        return json.dumps(top).encode("ascii")


def _value(value: object) -> str:
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join(_entries(value)) + "\n]"


def _entries(values: Iterable[object]) -> Iterable[str]:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values)
