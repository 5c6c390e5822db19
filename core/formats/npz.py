"""NumPy's `.npz`, one an image: instance numbers by pixel, and the labels by number.

Where instances overlap, `instances` has several layers. Of other programs' files, the first array
of whole numbers with two sides is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.codec import wrong
from core.document.instance import Instance
from core.formats.arrays import npz_of, read_npz
from core.formats.beside import Siblings, is_file
from core.formats.errors import reading
from core.formats.format import Format, Located, Source, Writing, Written
from core.formats.label_image import LABEL, instances_of, layered, numbers
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.places import relative, stems
from core.formats.remarks import Remarks
from core.formats.said import NO_LABEL_NAMES

Arrays = dict[str, NDArray[Any]]
_NAMES: Final = ("instances", "masks", "labels", "label", "inst_map", "arr_0")


def _recognises(source: Source) -> bool:
    return source.suffix == ".npz"


def _read(source: Source) -> Collection:
    path, remarks = source.path, Remarks(source.path)
    with reading(path, "npz"):
        arrays = read_npz(source.data)
        layers = _layers(arrays)
        names = _texts(arrays, "labels")
        found: list[Instance] = []
        for layer in layers:
            values = numbers(layer, "instances")

            def label(value: int) -> str:
                return names[value - 1] if 0 < value <= len(names) else LABEL

            found += instances_of(values, label, "npz", "instances")
    if not names:
        remarks.count(NO_LABEL_NAMES, label=LABEL)
    found.sort(key=lambda instance: int(instance.id.rpartition("-")[2]))
    height, width = layers[0].shape[:2]
    named = _texts(arrays, "image")
    image = path.parent / named[0] if named else None
    if image is None or not is_file(image):
        image = Siblings().of(path)
    name = named[0] if named else (image.name if image else f"{path.stem}.png")
    labelled = Labelled(path, name, width, height, tuple(found), image_path=image)
    return Collection("npz", used_labels([labelled]), (labelled,), remarks.notes())


def _layers(arrays: Arrays) -> list[NDArray[Any]]:
    """The arrays of instance numbers, all of one size. Raises FieldError."""
    names = (*_NAMES, *(name for name in arrays if name not in _NAMES))
    for name in names:
        values = arrays.get(name)
        if values is None or values.dtype.kind not in "biu" or 0 in values.shape:
            continue
        if values.ndim == 2:
            return [values]
        if values.ndim == 3 and name == "instances":
            return list(values)
    raise wrong("file", "it holds no array (height, width) of whole numbers")


def _texts(arrays: Arrays, name: str) -> list[str]:
    values = arrays.get(name)
    if values is None or values.dtype.kind != "U":
        return []
    return [str(value) for value in values.ravel()[:1_000_000].tolist()]


def _write(writing: Writing) -> Written:
    """One file an image, below the folder."""
    sink = writing.sink
    images = instances = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink), strict=True):
        target = writing.out / f"{stem}.npz"
        if sink.put(target, _file(image, target)):
            sink.written.append(target)
            images, instances = images + 1, instances + len(image.labels.instances)
    return Written(images, instances)


def _file(image: Located, target: Path) -> bytes:
    found = image.labels.instances
    layers = layered(found, image.width or 1, image.height or 1)
    name = image.labels.file_name if image.path is None else relative(image.path, target.parent)
    return npz_of(
        instances=layers[0] if len(layers) == 1 else layers,
        labels=np.array([instance.label for instance in found], dtype=np.str_),
        image=np.array([name], dtype=np.str_),
    )


FORMAT: Final = Format(
    name="npz",
    title="npz",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(("size", "holes", "parts", "overlap")),
)
