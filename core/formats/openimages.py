"""OpenImages: a CSV with one row a mask, and the masks as PNGs, often smaller than the image."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

import numpy as np

from core.codec import wrong
from core.document.instance import Instance
from core.document.runs import rasterise
from core.formats.beside import Siblings
from core.formats.errors import NO_AREA_DROPPED, FormatError, plain_text, read_bytes
from core.formats.format import Format, Source, Writing, Written
from core.formats.label_image import Values, mask_png, read_values, traced
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.places import stems
from core.formats.remarks import Remarks
from core.formats.said import EMPTY, OPENIMAGES_SCALED
from core.sentences import say
from core.storage.images import ImageError, image_size

_HEADER: Final = (
    "MaskPath",
    "ImageID",
    "LabelName",
    "BoxID",
    "BoxXMin",
    "BoxXMax",
    "BoxYMin",
    "BoxYMax",
    "PredictedIoU",
    "Clicks",
)
_NAMES: Final = "class-descriptions.csv"
_FILE: Final = "annotations-object-segmentation.csv"


def _recognises(source: Source) -> bool:
    return source.suffix == ".csv" and source.head.lstrip(b"\xef\xbb\xbf").startswith(b"MaskPath,")


def _read(source: Source) -> Collection:
    path, remarks = source.path, Remarks(source.path)
    names = _names(path)
    folder = Source(path.parent)
    masks = {each.name: each for each in folder.ending(".png")}
    stems_ = {each.stem: each for each in folder.files if each.name not in masks}
    siblings = Siblings()
    found: dict[str, list[Instance]] = {}
    images: dict[str, tuple[Path | None, tuple[int, int] | None]] = {}
    text = plain_text(read_bytes(path))
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 2):
        where = f"row {number}"
        with remarks.entry():
            id, mask = row.get("ImageID") or "", Path(row.get("MaskPath") or "").name
            if not id or mask not in masks:
                raise wrong(where, f"there is no mask {mask}")
            if id not in images:
                image = siblings.of(path, id) or _real(stems_.get(id), siblings)
                images[id] = (image, _size(image))
            values = read_values(masks[mask], f"{where}, {mask}")
            values = _fitted(values, images[id][1], remarks)
            size = (values.shape[1], values.shape[0])
            images[id] = (images[id][0], images[id][1] or size)
            polygons = traced(values != 0)
            if not polygons:
                remarks.count(NO_AREA_DROPPED)
                continue
            label = row.get("LabelName") or ""
            instance = Instance(f"openimages-{number}", names.get(label, label), polygons)
            found.setdefault(id, []).append(instance)
    labelled = []
    for id, (image, found_size) in images.items():
        name = image.name if image is not None else f"{id}.jpg"
        width, height = found_size or (None, None)
        instances = tuple(found.get(id, ()))
        labelled.append(Labelled(path, name, width, height, instances, image_path=image))
    return Collection("openimages", used_labels(labelled), tuple(labelled), remarks.notes())


def _real(path: Path | None, siblings: Siblings) -> Path | None:
    return None if path is None else siblings.image(path.parent, path.stem)


def _size(image: Path | None) -> tuple[int, int] | None:
    try:
        return None if image is None else image_size(image)
    except ImageError:
        return None  # the data set names the image when it is opened


def _fitted(values: Values, size: tuple[int, int] | None, remarks: Remarks) -> Values:
    """The mask at the size of its image, by the nearest value."""
    height, width = values.shape
    if size is None or size == (width, height):
        return values
    remarks.count(OPENIMAGES_SCALED)
    rows = (np.arange(size[1]) + 0.5) * height / size[1]
    columns = (np.arange(size[0]) + 0.5) * width / size[0]
    return values[np.ix_(rows.astype(int), columns.astype(int))]


def _names(path: Path) -> dict[str, str]:
    """Names by the codes of classes, from the file of descriptions beside, if there is one."""
    for file in sorted(path.parent.glob("*class-descriptions*.csv")):
        text = plain_text(read_bytes(file))
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) >= 2]
        return {row[0]: row[1] for row in rows}
    return {}


def _write(writing: Writing) -> Written:
    """Images, masks, the CSV and the names of the classes, below the folder."""
    sink, out = writing.sink, writing.out
    codes = {label: f"/m/{k:04d}" for k, label in enumerate(writing.labels)}
    rows: list[tuple[object, ...]] = []
    images = instances = empty = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink, flat=True), strict=True):
        id = stem.as_posix()
        width, height = image.width or 1, image.height or 1
        if image.path is not None and not sink.copy(
            image.path, out / "images" / f"{id}{image.path.suffix}"
        ):
            continue
        images += 1
        for k, instance in enumerate(image.labels.instances):
            mask = rasterise(instance.polygons, width, height)
            if not mask.any():
                empty += 1
                continue
            code = codes[instance.label]
            name = f"{id}_{code.strip('/').replace('/', '')}_{k:08x}.png"
            if sink.put(out / "masks" / name, mask_png(mask)):
                instances += 1
                ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
                box = (xs[0] / width, (xs[-1] + 1) / width, ys[0] / height, (ys[-1] + 1) / height)
                rows.append((name, id, code, f"{k:08x}", *(f"{v:.6f}" for v in box), "1.0", ""))
    bare = sum(not image.labels.instances for image in writing.images)
    if bare:
        sink.notes.append(
            say(
                "convert.bare_images",
                "{count} images without instances have no place in {format}.",
                count=bare,
                format="OpenImages",
            )
        )
    if empty:
        sink.notes.append(EMPTY.given(count=empty))
    if not sink.put(out / _FILE, _csv([_HEADER, *rows])):
        raise FormatError(sink.problems[-1])
    sink.put(out / _NAMES, _csv([(code, label) for label, code in codes.items()]))
    sink.written += [out / _FILE, out / _NAMES]
    return Written(images, instances)


def _csv(rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


FORMAT: Final = Format(
    name="openimages",
    title="OpenImages",
    recognises=_recognises,
    read=_read,
    write=_write,
    carries=frozenset(("holes", "parts", "overlap")),
)
