"""COCO's instance files as one of the formats: one JSON for all images."""

from __future__ import annotations

from typing import Final

from core.formats import coco, coco_panoptic, coco_write
from core.formats.coco import CocoImage
from core.formats.coco_panoptic import is_panoptic
from core.formats.errors import FormatError
from core.formats.format import Format, Source, Writing, Written
from core.formats.labelled import Collection, Labelled
from core.formats.places import name_from
from core.formats.said import EMPTY


def _recognises(source: Source) -> bool:
    return source.is_json and (coco.is_coco(source.json) or is_panoptic(source.json))


def _read(source: Source) -> Collection:
    if is_panoptic(source.json):
        return coco_panoptic.read(source)
    path = source.path
    dataset = coco.parse(source.taken_json(), path, let_go=True)
    return Collection(
        kind="coco",
        labels=dataset.labels,
        images=tuple(
            Labelled(
                path,
                i.file_name,
                i.width,
                i.height,
                i.instances,
                image_id=i.id,
                extra=i.extra,
                extras=i.extras,
                boxes=i.boxes,
            )
            for i in dataset.images
        ),
        notes=dataset.notes,
        extra=dataset.extra,
        skeletons=dataset.skeletons,
    )


def _write(writing: Writing) -> Written:
    """One COCO file. Raises FormatError when there is one already."""
    out = writing.out
    own = writing.collection.kind == "coco"
    extra = writing.collection.extra if own else {}
    own_ids = all(isinstance(image.labels.image_id, int) for image in writing.images)
    images = [
        CocoImage(
            image.labels.image_id if own_ids and image.labels.image_id is not None else number,
            name_from(image, writing.base),
            image.width,
            image.height,
            image.labels.instances,
            image.labels.extra if own else {},
            image.labels.extras,
        )
        for number, image in enumerate(writing.images, 1)
    ]
    nameless = any(not each.label for image in images for each in image.instances)
    labels = (*writing.labels, "") if nameless and "" not in writing.labels else writing.labels
    data, empty = coco_write.encoded(images, labels, extra, writing.collection.skeletons)
    if empty:
        writing.sink.notes.append(EMPTY.given(count=empty))
    if not writing.sink.put(out, data):
        raise FormatError(writing.sink.problems[-1])
    writing.sink.written.append(out)
    return Written(len(images), sum(len(image.instances) for image in images) - empty)


FORMAT: Final = Format(
    name="coco",
    title="COCO",
    recognises=_recognises,
    read=_read,
    write=_write,
    ending=".json",
    declared=True,
    carries=frozenset(
        (
            *("group", "flags", "description", "score", "size", "holes", "parts", "overlap"),
            *("source", "crowd", "attributes", "unlabelled", "keypoints"),
        )
    ),
)
