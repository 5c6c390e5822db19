"""labelme's files as one of the formats: one JSON an image, in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from core.codec import Codec, NotJson, loads, members
from core.formats import labelme
from core.formats.format import Format, Located, Sink, Source, Writing, Written
from core.formats.label_file import Json, Kept, KeptShape, LabelFile, Raws
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.mismatch import refitted
from core.formats.places import relative, renamed
from core.sentences import say
from core.storage.paths import assign_label_files

_TOP: Final = frozenset(
    (
        *("version", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"),
        *("lineColor", "fillColor", "masklens"),
    )
)
_SHAPE: Final = frozenset(
    (
        *("label", "points", "shape_type", "group_id", "flags", "description", "mask", "score"),
        *("line_color", "fill_color", "masklens"),
    )
)
# The keys of a new shape in labelme's order; attributes follow, as X-AnyLabeling has them.
_NEW_SHAPE: Final[Json] = {
    "label": "",
    "points": [],
    "group_id": None,
    "description": "",
    "shape_type": "polygon",
    "flags": {},
}


def _recognises(source: Source) -> bool:
    if not source.is_json:
        return False
    return labelme.is_labelme(source.data)


def _read(source: Source) -> Collection:
    # The file itself is let go: it may hold the image.
    path = source.path
    file = labelme.parse(source.data, path)
    labelled = labelled_of(file, path, file.image_name)
    return Collection("labelme", used_labels([labelled]), (labelled,), file.notes)


def labelled_of(file: LabelFile, path: Path, name: str) -> Labelled:
    """A label file as labels of the image of that name."""
    extra, extras = others(file)
    return Labelled(
        label_file=path,
        file_name=name,
        width=file.width,
        height=file.height,
        shapes=file.shapes,
        done=file.done,
        details=file.details,
        split=file.split,
        embedded=bytes(file.kept.top.get("imageData", b"null")) != b"null",
        others=sum(id is None for id, _ in file.kept.shapes),
        extra=extra,
        extras=extras,
        places=places(file),
    )


class _Everything(msgspec.Struct, frozen=True):
    """All keys of the shapes, each value as it stands."""

    shapes: tuple[dict[str, msgspec.Raw], ...]


_EVERYTHING: Final[Codec[_Everything]] = Codec(_Everything, "")
_NOTHING: Final[tuple[object, ...]] = (None, False, "", [], {})


def others(file: LabelFile) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """What a file says that has no field here: of the image by key, and of each instance by id.

    Of an instance these are its attributes, as X-AnyLabeling writes them, and under `labelme` the
    other keys. What says nothing (empty, false) is left out.
    """
    top = {key: loads(raw, constants=True) for key, raw in file.kept.top.items() if key not in _TOP}
    image = {key: value for key, value in top.items() if value not in _NOTHING}
    shapes: dict[str, dict[str, object]] = {}
    if file.kept.shapes:
        raws = _all_keys(file.kept)
        for id, kept in file.kept.shapes:
            if id is not None and not raws[kept.number].keys() <= _SHAPE:
                _note_keys(raws[kept.number], shapes.setdefault(id, {}))
    return image, {id: extra for id, extra in shapes.items() if extra}


def _all_keys(kept: Kept) -> Sequence[Raws]:
    try:
        return _EVERYTHING.decode_strictly(kept.source, "").shapes
    except NotJson:  # half a pair of surrogates, or NaN
        return [members(raw) for raw in kept.raw_shapes]


def _note_keys(raws: Raws, extra: dict[str, object]) -> None:
    for key, raw in raws.items():
        value = None if key in _SHAPE else loads(raw, constants=True)
        if value in _NOTHING:
            continue
        if key == "attributes" and isinstance(value, dict):
            extra.setdefault(key, value)
        else:
            more = extra.setdefault("labelme", {})
            assert isinstance(more, dict)
            more.setdefault(key, value)


def places(file: LabelFile) -> dict[str, int]:
    """The number of the first shape of each instance and region."""
    return {id: shape.number for id, shape in reversed(file.kept.shapes) if id is not None}


def _write(writing: Writing) -> Written:
    """One labelme file an image, below the folder."""
    own = writing.collection.kind == "labelme"
    targets = label_files(writing.images, writing.out, writing.sink)
    images = instances = 0
    for image, target in zip(writing.each(), targets, strict=True):
        if target is not None and writing.sink.put(target, encoded(image, target, own)):
            writing.sink.written.append(target)
            images += 1
            instances += len(image.labels.shapes)
    return Written(images, instances)


def label_files(images: Sequence[Located], out: Path, sink: Sink) -> list[Path | None]:
    """Where the labels of each image go; None for an image that has a place already."""
    places = [_below(image, out, sink) for image in images]
    free = assign_label_files(list(dict.fromkeys(places)))
    targets: list[Path | None] = []
    for located, place in zip(images, places, strict=True):
        target = free.pop(place, None)
        targets.append(target)
        if target is None:
            name, file = located.labels.file_name, str(located.labels.label_file)
            sink.problems.append(
                say(
                    "convert.place_taken",
                    "{path} names the image {name}, for which labels were written already; "
                    "these were left out.",
                    name=name,
                    path=file,
                )
            )
    return targets


def _below(image: Located, out: Path, sink: Sink) -> Path:
    """The image as if it lay below `out`."""
    if image.path is not None:
        real, root = image.path.resolve(), out.resolve()
        if real.is_relative_to(root):
            return out / real.relative_to(root)
    return out / renamed(image, sink)


def encoded(image: Located, target: Path, own: bool) -> bytes:
    """The label file of an image for its place; `own` when it was read from a labelme file."""
    labels = image.labels
    if image.path is None:
        name = PurePosixPath(labels.file_name).name
    else:
        name = relative(image.path, target.parent)
    if own:
        file = labelme.read(labels.label_file)
        if labels.fitted is not None:
            file = refitted(file, *labels.fitted)
        shapes = tuple(labels.shapes)
        file = replace(file, image_name=name, shapes=shapes, details=labels.details)
    else:
        kept = _with_attributes(labels)
        file = LabelFile(
            name,
            None,
            None,
            tuple(labels.shapes),
            labels.done,
            details=labels.details,
            split=labels.split,
            kept=kept,
        )
    return labelme.dumps(replace(file, width=image.width, height=image.height))


def _with_attributes(labels: Labelled) -> Kept:
    """What a file would hold in which these instances had had their attributes, and no outline."""
    shapes: list[dict[str, object]] = []
    kept: list[tuple[str | None, KeptShape]] = []
    for id, extra in labels.extras.items():
        attributes = extra.get("attributes")
        if isinstance(attributes, dict) and attributes:
            kept.append((id, KeptShape(len(shapes), "polygon", None)))
            shapes.append({**_NEW_SHAPE, "attributes": attributes})
    if not shapes:
        return Kept()
    return Kept(json.dumps({"shapes": shapes}).encode("ascii"), tuple(kept))


FORMAT: Final = Format(
    name="labelme",
    title="labelme",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(
        (
            "keypoints",
            *(
                "flags",
                "description",
                "score",
                "attributes",
                "size",
                "holes",
                "parts",
                "overlap",
                "source",
            ),
            *("crowd", "group", "others", "regions", "sizeless"),
        )
    ),
)
