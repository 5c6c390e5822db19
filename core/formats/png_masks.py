"""Label images: a picture beside or next to each image whose values are its instances.

Read are Cellpose's `<stem>_masks.*`, folders `masks` or `labels` next to the images with one
picture an image, and one file a mask in a folder for each image. Each value but 0 is an instance; a
picture of one value is taken apart where it does not hang together. `labels.csv` beside them says
which label a value has, else it is `object`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from core.codec import wrong
from core.document.instance import Instance
from core.document.runs import rasterise
from core.formats.beside import Siblings, is_file
from core.formats.errors import NO_AREA_DROPPED, plain_text, read_bytes
from core.formats.format import Format, Located, Option, Source, Writing, Written
from core.formats.label_image import (
    LABEL,
    instances_of,
    is_label_name,
    mask_png,
    painted,
    pieces,
    png_of,
    read_values,
    traced,
)
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.places import relative, stems
from core.formats.remarks import Remarks
from core.formats.said import NO_LABEL_NAMES, OVERLAPS, PNG_PIECES, TOO_MANY_VALUES
from core.sentences import Sentence

TABLE: Final = "labels.csv"
_COLUMNS: Final = ("mask", "value", "label", "image")
_FOLDERS: Final = re.compile(
    r"(masks?|labels?\d*|instances?|instance_png|segmentations?|annotations?|gt|ground.?truth)$",
    re.IGNORECASE,
)
_CELLPOSE: Final = re.compile(r"(.+)_(cp_)?masks$", re.IGNORECASE)
_MOST_ROWS: Final = 5_000_000
_DIGITS: Final = 12


@dataclass(slots=True)
class _Masks:
    """The label images of one image: one with a value an instance, or one a mask."""

    image: Path | None
    name: str
    files: list[Path] = field(default_factory=list)
    apart: bool = False


def _recognises(source: Source) -> bool:
    if source.suffix == ".csv":
        return source.head.startswith(",".join(_COLUMNS).encode())
    if not source.is_dir:
        return is_label_name(source.path) and _CELLPOSE.match(source.path.stem) is not None
    return (source.path / TABLE).is_file() or next(_found(source), None) is not None


def _read(source: Source) -> Collection:
    root = source.path if source.is_dir else source.path.parent
    remarks = Remarks(source.path)
    if source.suffix == ".csv":
        source = Source(root)
    table = _Table(root / TABLE)
    groups = list(table.groups()) if table.rows else list(_found(source))
    images: list[Labelled] = []
    for group in groups:
        with remarks.entry():
            images.append(_image(group, table, remarks))
    if not table.rows and images:
        remarks.count(NO_LABEL_NAMES, len(images), label=LABEL)
    return Collection("png", used_labels(images), tuple(images), remarks.notes())


def _found(source: Source) -> Iterator[_Masks]:
    """The label images that names and places show, by image."""
    if not source.is_dir:
        stem = _stem(source.path)
        image = Siblings().of(source.path, stem)
        yield _Masks(image, image.name if image else f"{stem}.png", [source.path])
        return
    siblings = Siblings()
    single: dict[Path, _Masks] = {}
    for path in source.files:
        if not is_label_name(path):
            continue
        if _CELLPOSE.match(path.stem):
            stem = _stem(path)
            image = siblings.of(path, stem)
            yield _Masks(image, image.name if image else f"{stem}.png", [path])
        elif _FOLDERS.match(path.parent.name):
            image = siblings.of(path)
            if image is not None and not _FOLDERS.match(image.parent.name):
                yield _Masks(image, image.name, [path])
            elif path.parent.name.lower() in ("masks", "mask"):
                group = single.setdefault(path.parent, _Masks(None, path.parent.parent.name))
                group.files.append(path)
    for folder, group in single.items():
        images = _only_image(folder.parent)
        if images is not None:
            group.image, group.name, group.apart = images, images.name, True
            yield group


def _only_image(folder: Path) -> Path | None:
    """The one image in `folder/images`, of data with one file a mask."""
    names = Source(folder / "images").files if (folder / "images").is_dir() else ()
    return names[0] if len(names) == 1 else None


def _stem(path: Path) -> str:
    match = _CELLPOSE.match(path.stem)
    return match.group(1) if match else path.stem


def _image(group: _Masks, table: _Table, remarks: Remarks) -> Labelled:
    found: list[Instance] = []
    size: tuple[int, int] | None = None
    for number, path in enumerate(group.files):
        values = read_values(path, path.name)
        height, width = values.shape
        if size not in (None, (width, height)):
            raise wrong(path.name, "it is of another size than the other masks of the image")
        size = (width, height)
        labels = table.labels.get(path.resolve(), {})
        if group.apart:
            label = labels.get(1, LABEL)
            polygons = traced(values != 0)
            if polygons:
                found.append(Instance(f"png-{number}", label, polygons))
            else:
                remarks.count(NO_AREA_DROPPED)
            continue
        used = np.unique(values)
        if len(used) == 2 and not labels and int(used[0]) == 0 and int(used[1]) in (1, 255):
            found += pieces(values != 0, LABEL, "png")
            remarks.count(PNG_PIECES)
        else:
            label_of = partial(_label, labels)
            found += instances_of(values, label_of, f"png-{number}", path.name)
    width_, height_ = size or (None, None)
    return Labelled(
        group.files[0] if group.files else Path(group.name),
        group.name,
        width_,
        height_,
        tuple(found),
        image_path=group.image,
    )


def _label(labels: dict[int, str], value: int) -> str:
    return labels.get(value, LABEL)


class _Table:
    """Which label each value of each label image has, and which image it belongs to."""

    def __init__(self, path: Path) -> None:
        self._root = path.parent
        self.labels: dict[Path, dict[int, str]] = {}
        self.rows: list[tuple[Path, str]] = []
        if not path.is_file():
            return
        text = plain_text(read_bytes(path))
        for row in csv.DictReader(io.StringIO(text, newline="")):
            mask, value = row.get("mask") or "", (row.get("value") or "").strip()
            if len(self.rows) > _MOST_ROWS:
                break
            if "\0" in mask:
                continue
            place = self._root / mask
            if value.isdecimal() and len(value) < _DIGITS:
                self.labels.setdefault(place.resolve(), {})[int(value)] = row.get("label") or ""
            self.rows.append((place, row.get("image") or ""))

    def groups(self) -> Iterator[_Masks]:
        """The label images by image, in the order of the table."""
        by_image: dict[str, _Masks] = {}
        root = self._root.resolve()
        for place, name in dict.fromkeys(self.rows):
            path = self._root / name
            image = path if name and is_file(path) else None
            group = by_image.setdefault(name, _Masks(image, Path(name).name))
            if is_file(place) and place.resolve().is_relative_to(root):
                group.files.append(place)
                group.apart = len(group.files) > 1
        yield from by_image.values()


def _write(writing: Writing) -> Written:
    """Label images below the folder, and the table of their labels."""
    layout = writing.options.get("layout", "instances")
    sink, notes, rows = writing.sink, writing.sink.notes, list[tuple[object, ...]]()
    images = instances = hidden = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink), strict=True):
        files, lost = _files(image, stem.as_posix(), layout)
        if isinstance(files, Sentence):
            sink.problems.append(files)
            continue
        name = image.labels.file_name
        if image.path is not None:
            place = writing.out / f"{stem}{image.path.suffix}"
            if layout == "cellpose" and not sink.copy(image.path, place):
                continue
            name = relative(place if layout == "cellpose" else image.path, writing.out)
        done = [sink.put(writing.out / file, data) for file, data, _ in files]
        if not all(done):
            continue
        sink.written += [writing.out / file for file, _, _ in files]
        for file, _, labels in files:
            values = [(file, value, label, name) for value, label in labels]
            rows += values or [(file, "", "", name)]
        if not files:
            rows.append(("", "", "", name))
        images, instances = images + 1, instances + len(image.labels.instances)
        hidden += lost
    if hidden:
        notes.append(OVERLAPS.given(count=hidden))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
    if sink.put(writing.out / TABLE, text.getvalue().encode("utf-8", "replace")):
        sink.written.append(writing.out / TABLE)
    return Written(images, instances)


_Files = list[tuple[str, bytes, list[tuple[int, str]]]]


def _files(image: Located, stem: str, layout: str) -> tuple[_Files | Sentence, int]:
    """The label images of an image: name, bytes, labels by value; and how many lost pixels."""
    width, height = image.width or 1, image.height or 1
    instances: Sequence[Instance] = image.labels.instances
    if layout == "masks":
        files: _Files = []
        for k, instance in enumerate(instances, 1):
            data = mask_png(rasterise(instance.polygons, width, height))
            files.append((f"masks/{stem}/{k:04d}.png", data, [(1, instance.label)]))
        return files, 0
    most = 255 if layout == "indexed" else 65_535
    if len(instances) > most:
        return TOO_MANY_VALUES.given(name=image.labels.file_name, most=most), 0
    values, lost = painted(instances, width, height)
    name = f"{stem}_masks.png" if layout == "cellpose" else f"masks/{stem}.png"
    labels = [(k, i.label) for k, i in enumerate(instances, 1)]
    return [(name, png_of(values, coloured=layout == "indexed"), labels)], lost


FORMAT: Final = Format(
    name="png",
    title="label images",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(("size", "holes", "parts", "overlap_masks")),
    options=(Option("layout", ("instances", "indexed", "masks", "cellpose")),),
)
