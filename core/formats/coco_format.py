"""COCO's instance files as one of the formats: one JSON for all images."""

from __future__ import annotations

from functools import partial
from typing import Final

from core.formats import coco, coco_panoptic, coco_write
from core.formats.coco import CocoImage
from core.formats.coco_panoptic import is_panoptic
from core.formats.entries import Top
from core.formats.errors import FormatError
from core.formats.format import Format, Source, Writing, Written
from core.formats.labelled import Collection, Labelled, Later
from core.formats.places import name_from
from core.formats.said import EMPTY


def _recognises(source: Source) -> bool:
    if _entries(source) is not None:
        return True
    return source.is_json and (coco.is_coco(source.json) or is_panoptic(source.json))


def _entries(source: Source) -> Top | None:
    """A large instance file entry by entry; None for any other."""
    top = source.entries
    return top if top is not None and coco.is_coco(top.lists) else None


def _read(source: Source) -> Collection:
    path = source.path
    large = _entries(source)
    if large is not None:
        dataset = coco.parse_entries(large, path, source.tell)
        source.forget()
    elif is_panoptic(source.json):
        return coco_panoptic.read(source)
    else:
        dataset = coco.parse(source.taken_json(), path, source.tell, let_go=True)
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
    ids = [image.labels.image_id for image in writing.images]
    own_ids = all(isinstance(id, int) for id in ids) and len(set(ids)) == len(ids)
    images = [
        CocoImage(
            image.labels.image_id if own_ids and image.labels.image_id is not None else number,
            name_from(image, writing.base),
            image.width,
            image.height,
            Later(partial(getattr, image.labels, "instances")),
            image.labels.extra if own else {},
            image.labels.extras,
        )
        for number, image in enumerate(writing.images, 1)
    ]
    nameless = not own and any(not each.label for image in images for each in image.instances)
    labels = (*writing.labels, "") if nameless and "" not in writing.labels else writing.labels
    data, count, empty = coco_write.encoded(
        images, labels, extra, writing.collection.skeletons, writing.sink.each
    )
    if empty:
        writing.sink.notes.append(EMPTY.given(count=empty))
    if not writing.sink.put(out, data):
        raise FormatError(writing.sink.problems[-1])
    writing.sink.written.append(out)
    return Written(len(images), count)


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
