"""The folders that labelme's json_to_dataset makes: `img.png`, `label.png`, `label_names.txt`.

The values of `label.png` are classes, so each piece that hangs together counts as an instance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from core.codec import wrong
from core.document.instance import Instance
from core.formats.errors import plain_text, read_bytes
from core.formats.format import Format, Source, Writing, Written
from core.formats.label_image import painted, picture_png, pieces, png_of, read_values
from core.formats.labelled import Collection, Labelled
from core.formats.places import stems
from core.formats.remarks import Remarks
from core.formats.said import OVERLAPS, PNG_PIECES
from core.sentences import say
from core.storage.images import ImageError, read_image

_BACKGROUND: Final = "_background_"
_NOT_OBJECTS: Final = (_BACKGROUND, "__ignore__")


def _folders(source: Source) -> list[Path]:
    """The folders with a label image and names."""
    if not source.is_dir:
        return []
    return [
        path.parent
        for path in source.files
        if path.name == "label.png" and (path.parent / "label_names.txt").is_file()
    ]


def _recognises(source: Source) -> bool:
    return bool(_folders(source))


def _read(source: Source) -> Collection:
    remarks = Remarks(source.path)
    images: list[Labelled] = []
    labels: dict[str, None] = {}
    for folder in _folders(source):
        with remarks.entry():
            images.append(_image(folder, labels, remarks))
    return Collection("dataset", tuple(labels), tuple(images), remarks.notes())


def _image(folder: Path, labels: dict[str, None], remarks: Remarks) -> Labelled:
    names = [
        line.strip() for line in plain_text(read_bytes(folder / "label_names.txt")).splitlines()
    ]
    where = f"{folder.name}/label.png"
    values = read_values(folder / "label.png", where)
    found: list[Instance] = []
    for value in np.unique(values).tolist():
        if value < 0 or value >= len(names):
            if value:
                remarks.left_out(f"{where}: value {value} has no name.")
            continue
        if names[value] in _NOT_OBJECTS:
            continue
        labels.setdefault(names[value])
        found += pieces(values == value, names[value], f"dataset-{value}")
    if found:
        remarks.count(PNG_PIECES)
    height, width = values.shape
    image = folder / "img.png"
    if not width or not height:
        raise wrong(where, "it has no pixels")
    return Labelled(
        folder / "label.png",
        f"{folder.name}/img.png",
        width,
        height,
        tuple(found),
        image_path=image if image.is_file() else None,
    )


def _write(writing: Writing) -> Written:
    """One folder an image."""
    sink = writing.sink
    numbers = {label: k for k, label in enumerate(writing.labels, 1)}
    names = "\n".join([_BACKGROUND, *writing.labels, ""]).encode("utf-8", "replace")
    images = instances = hidden = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink), strict=True):
        if image.path is None:
            continue
        try:
            pixels = read_image(image.path).pixels
        except ImageError as error:
            sink.problems.append(error.sentence)
            continue
        found = image.labels.instances
        values, lost = painted(found, image.width or 1, image.height or 1)
        table = np.array([0, *(numbers[each.label] for each in found)])
        folder = writing.out / stem
        files = {
            "img.png": picture_png(pixels),
            "label.png": png_of(table[values], coloured=len(numbers) < 256),
            "label_names.txt": names,
        }
        done = [sink.put(folder / name, data) for name, data in files.items()]
        if all(done):
            sink.written.append(folder / "label.png")
            images, instances, hidden = images + 1, instances + len(found), hidden + lost
    if hidden:
        sink.notes.append(OVERLAPS.given(count=hidden))
    if instances:
        sink.notes.append(
            say(
                "convert.classes_only",
                "The label images hold classes: instances of one label that touch become one.",
            )
        )
    return Written(images, instances)


FORMAT: Final = Format(
    name="dataset",
    title="json_to_dataset",
    recognises=_recognises,
    read=_read,
    write=_write,
    declared=True,
    carries=frozenset(
        (
            "size",
            "holes",
        )
    ),
)
