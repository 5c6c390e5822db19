"""Cellpose's `_seg.npy`: one an image, a dict in a pickle, of which nothing is ever run."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.codec import wrong
from core.formats.arrays import read_header
from core.formats.beside import Siblings
from core.formats.errors import reading
from core.formats.fields import as_object
from core.formats.format import Format, Source, Writing, Written
from core.formats.inert_pickle import load
from core.formats.label_image import instances_of, numbers, painted
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.places import stems
from core.formats.remarks import Remarks
from core.formats.said import NO_LABEL_NAMES, OVERLAPS, TOO_MANY_VALUES

_END: Final = "_seg.npy"
_LABEL: Final = "cell"
_OURS: Final = "masklens"


def _recognises(source: Source) -> bool:
    return not source.is_dir and source.path.name.lower().endswith(_END)


def _read(source: Source) -> Collection:
    path, remarks = source.path, Remarks(source.path)
    with reading(path, "Cellpose"):
        top = as_object(load(_pickle(source.data), "file"), "file")
        masks = top.get("masks")
        if not isinstance(masks, np.ndarray):
            raise wrong("masks", "missing")
        squeezed = masks[0] if masks.ndim == 3 and masks.shape[0] == 1 else masks
        values = numbers(squeezed, "masks")
        own = top.get(_OURS)
        names = own.get("labels") if isinstance(own, dict) else None
        listed = names if isinstance(names, list) else []

        def label(value: int) -> str:
            name = listed[value - 1] if 0 < value <= len(listed) else None
            return name if isinstance(name, str) else _LABEL

        found = instances_of(values, label, "cellpose", "masks")
    if not listed:
        remarks.count(NO_LABEL_NAMES, label=_LABEL)
    stem = path.name[: -len(_END)]
    image = Siblings().of(path, stem)
    height, width = values.shape
    name = image.name if image is not None else f"{stem}.png"
    labelled = Labelled(path, name, width, height, found, image_path=image)
    return Collection("cellpose", used_labels([labelled]), (labelled,), remarks.notes())


def _pickle(data: bytes) -> bytes:
    """The pickle behind the header of a `.npy` file of one object. Raises FieldError."""
    file = io.BytesIO(data)
    shape, _, dtype = read_header(file, "file")
    if dtype.kind != "O" or shape not in ((), (1,)):
        raise wrong("file", "expected one object with masks")
    return data[file.tell() :]


def _write(writing: Writing) -> Written:
    """Images with their `_seg.npy` beside them, below the folder."""
    sink = writing.sink
    images = instances = hidden = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink), strict=True):
        suffix = ".png" if image.path is None else image.path.suffix
        if image.path is not None and not sink.copy(image.path, writing.out / f"{stem}{suffix}"):
            continue
        found = image.labels.instances
        if len(found) > 65_535:
            most = 65_535
            sink.problems.append(TOO_MANY_VALUES.given(name=image.labels.file_name, most=most))
            continue
        values, lost = painted(found, image.width or 1, image.height or 1)
        target = writing.out / f"{stem}{_END}"
        if sink.put(target, _file(values, [each.label for each in found], f"{stem.name}{suffix}")):
            sink.written.append(target)
            images, instances, hidden = images + 1, instances + len(found), hidden + lost
    if hidden:
        sink.notes.append(OVERLAPS.given(count=hidden))
    return Written(images, instances)


def _file(values: NDArray[np.int32], labels: list[str], name: str) -> bytes:
    """What Cellpose's own window saves, with our labels under a key that it leaves alone."""
    masks = values.astype(np.uint16)
    content: dict[str, Any] = {
        "masks": masks,
        "outlines": _outlines(masks),
        "filename": name,
        "chan_choose": [0, 0],
        "ismanual": np.ones(len(labels), np.bool_),
        "manual_changes": [],
        "flows": [],
        "model_path": 0,
        "flow_threshold": 0.4,
        "cellprob_threshold": 0.0,
        "diameter": None,
        _OURS: {"labels": labels},
    }
    out = io.BytesIO()
    np.save(out, content, allow_pickle=True)  # type: ignore[arg-type]
    return out.getvalue()


def _outlines(masks: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The pixels of each mask that touch another value by an edge."""
    edge = np.zeros(masks.shape, np.bool_)
    padded = np.pad(masks, 1)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        height, width = masks.shape
        edge |= padded[rows : rows + height, columns : columns + width] != masks
    return np.where(edge, masks, np.uint16(0))


FORMAT: Final = Format(
    name="cellpose",
    title="Cellpose",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(("size", "holes", "parts")),
)
