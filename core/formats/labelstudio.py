"""Label Studio's JSON: a list of tasks, each with an image and the results of its annotations.

Sides are percents of the image. A brush is run lengths of RGBA bytes in a stream of bits; see
`_Bits`. Objects in parts or with holes are written as brushes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.codec import wrong
from core.document.instance import Instance, Polygons
from core.document.instance import Source as Origin
from core.document.runs import rasterise
from core.formats.errors import NO_AREA_DROPPED, FormatError, reading
from core.formats.fields import as_list, as_number, as_object, as_text, get, json_text
from core.formats.file_names import image_name
from core.formats.format import Format, Located, Source, Writing, Written
from core.formats.label_file import Json
from core.formats.label_image import traced
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.labelme_shapes import ellipse, points_of, polygon
from core.formats.limits import check_size, whole
from core.formats.places import name_from
from core.formats.remarks import Remarks
from core.formats.said import LABELSTUDIO_KINDS, LABELSTUDIO_SEVERAL

_KINDS: Final = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")
# Sizes, in bits, of the lengths that Label Studio's own encoder takes.
_SIZES: Final = (3, 4, 8, 16)


def _recognises(source: Source) -> bool:
    if not source.is_json:
        return False
    value = source.json
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        return False
    if isinstance(first.get("data"), dict):
        return "annotations" in first or "predictions" in first or "completions" in first
    return "image" in first and _minimal(first)


def _minimal(task: Mapping[str, object]) -> bool:
    """Whether it is a task of the small export: results straight under the names of the tags."""
    return any(
        isinstance(value, list)
        and value
        and isinstance(value[0], dict)
        and not {"original_width", *_KINDS}.isdisjoint(value[0])
        for value in task.values()
    )


_OURS: Final = "masklens"
"""The model version under which suggestions are written."""


def _read(source: Source) -> Collection:
    path = source.path
    remarks = Remarks(path)
    images: list[Labelled] = []
    with reading(path, "Label Studio"):
        for k, item in enumerate(as_list(source.json, "file")):
            with remarks.entry():
                images.append(_task(as_object(item, f"[{k}]"), f"[{k}]", source, remarks))
    return Collection("labelstudio", used_labels(images), tuple(images), remarks.notes())


def _task(task: Json, where: str, source: Source, remarks: Remarks) -> Labelled:
    data = task.get("data")
    holder = as_object(data, f"{where}.data") if data is not None else task
    keys = ("image", *(key for key in holder if key != "image"))
    name = next((v for key in keys if isinstance(v := holder.get(key), str) and "." in v), None)
    if name is None:
        raise wrong(f"{where}.data.image", "missing")
    found: list[Instance] = []
    size: list[int] = []
    for origin, entry, place in _results(task, where, remarks):
        with remarks.entry():
            width, height = (
                whole(entry.get(f"original_{side}"), f"{place}.original_{side}", least=1)
                for side in ("width", "height")
            )
            check_size(width, height, place)
            instance = _instance(entry, (width, height), origin, place, remarks, len(found))
            size = [width, height]
            if instance is not None:
                found.append(instance)
    width_, height_ = size or (None, None)
    return Labelled(source.path, image_name(name), width_, height_, tuple(found))


def _results(task: Json, where: str, remarks: Remarks) -> list[tuple[Origin, Json, str]]:
    """All results of a task: those of the last annotation that was not cancelled, else of the
    predictions, as suggestions; and those of the suggestions that we wrote beside."""
    if "data" not in task:
        return [
            (Origin.DRAWN, {"value": entry, **entry}, f"{where}.{key}[{n}]")
            for key, value in task.items()
            if isinstance(value, list)
            for n, entry in enumerate(value)
            if isinstance(entry, dict) and "original_width" in entry
        ]
    found: list[tuple[Origin, Json, str]] = []
    for key, origin in (
        ("annotations", Origin.DRAWN),
        ("completions", Origin.DRAWN),
        ("predictions", Origin.SUGGESTED),
    ):
        entries = as_list(task.get(key) or [], f"{where}.{key}")
        good = [
            (n, entry)
            for n, entry in enumerate(entries)
            if isinstance(entry, dict) and not entry.get("was_cancelled")
        ]
        # What another model proposed before a person annotated is answered; what we wrote is not.
        if not good or (found and good[-1][1].get("model_version") != _OURS):
            continue
        if len(good) > 1:
            remarks.count(LABELSTUDIO_SEVERAL, len(good) - 1)
        n, last = good[-1]
        place = f"{where}.{key}[{n}].result"
        found += [
            (origin, as_object(result, f"{place}[{m}]"), f"{place}[{m}]")
            for m, result in enumerate(as_list(last.get("result") or [], place))
        ]
    return found


def _instance(
    entry: Json, size: tuple[int, int], origin: Origin, where: str, remarks: Remarks, number: int
) -> Instance | None:
    value = as_object(get(entry, "value", where), f"{where}.value")
    kind = entry.get("type") or next((kind for kind in _KINDS if kind in value), "")
    kind = str(kind)
    if kind not in _KINDS:
        remarks.count(LABELSTUDIO_KINDS, kinds=kind or "?")
        return None
    labels = as_list(value.get(kind) or [], f"{where}.value.{kind}")
    label = as_text(labels[0], f"{where}.value.{kind}[0]") if labels else ""
    polygons = _outline(kind, value, size, f"{where}.value")
    if not polygons:
        remarks.count(NO_AREA_DROPPED)
        return None
    score = entry.get("score")
    good = float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None
    id = entry.get("id")
    own = (
        f"labelstudio-{number}"
        if not isinstance(id, str) or not id
        else f"labelstudio-{number}-{id}"
    )
    return Instance(own, label, polygons, source=origin, score=good)


def _outline(kind: str, value: Json, size: tuple[int, int], where: str) -> Polygons:
    width, height = size

    def number(key: str) -> float:
        return as_number(get(value, key, where), f"{where}.{key}")

    def at(x: float, y: float) -> tuple[float, float]:
        return round(x * width / 100, 9), round(y * height / 100, 9)

    if kind == "polygonlabels":
        return polygon(
            tuple(at(x, y) for x, y in points_of(value.get("points"), f"{where}.points"))
        )
    if kind == "brushlabels":
        return _brush(value, size, where)
    turn = math.radians(as_number(value.get("rotation") or 0, f"{where}.rotation"))
    x, y = at(number("x"), number("y"))
    if kind == "ellipselabels":
        rx, ry = at(number("radiusX"), number("radiusY"))
        return ellipse((x, y), rx, ry, turn)
    w, h = at(number("width"), number("height"))
    cos, sin = math.cos(turn), math.sin(turn)
    corners = ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h))  # it turns about its first corner
    return polygon(tuple((x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners))


def _brush(value: Json, size: tuple[int, int], where: str) -> Polygons:
    if value.get("format", "rle") != "rle":
        raise wrong(f"{where}.format", "expected rle")
    runs = as_list(get(value, "rle", where), f"{where}.rle")
    try:
        data = bytes(runs)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise wrong(f"{where}.rle", "expected bytes from 0 to 255") from None
    rgba = decode_rle(data, size[0] * size[1] * 4, f"{where}.rle")
    return traced(rgba.reshape(size[1], size[0], 4)[..., 3] > 127)


def decode_rle(data: bytes, expected: int, where: str) -> NDArray[np.uint8]:
    """The bytes in Label Studio's stream of bits. Raises FieldError when they are not so many.

    It begins with the count of bytes (32 bits), the size of a byte less 1 (5), and four sizes of
    lengths less 1 (4 each). Then a bit says whether a run follows; two bits say which size its
    length less 1 has; and one byte is repeated, or as many follow.
    """
    bits = _Bits(data, where)
    count, word = bits.take(32), bits.take(5) + 1
    sizes = [bits.take(4) + 1 for _ in range(4)]
    if count != expected:
        raise wrong(where, f"it holds {count} bytes and not the {expected} of the image")
    if word > 8:
        raise wrong(where, "its bytes have over 8 bits")
    out = np.zeros(count, np.uint8)
    place = 0
    while place < count:
        run = bits.take(1)
        end = place + 1 + bits.take(sizes[bits.take(2)])
        if end > count:
            raise wrong(where, "it holds more than it says")
        if run:
            out[place:end] = bits.take(word)
        else:
            out[place:end] = bits.take_many(end - place, word)
        place = end
    return out


class _Bits:
    """A stream of bits, the highest of a byte first."""

    def __init__(self, data: bytes, where: str) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self._data = data
        self._where = where
        self._place = 0

    def take(self, count: int) -> int:
        """The next bits as a number. Raises FieldError at the end of the stream."""
        start, end = self._place, self._place + count
        self._place = end
        if end > len(self._data) * 8:
            raise wrong(self._where, "it ends too early")
        first, last = start >> 3, (end + 7) >> 3
        chunk = int.from_bytes(self._data[first:last], "big")
        return chunk >> (last * 8 - end) & ((1 << count) - 1)

    def take_many(self, number: int, size: int) -> NDArray[np.uint8]:
        """So many numbers of one size. Raises FieldError at the end of the stream."""
        start, end = self._place, self._place + number * size
        self._place = end
        if end > len(self._bits):
            raise wrong(self._where, "it ends too early")
        table = self._bits[start:end].reshape(number, size)
        values: NDArray[np.uint8] = (table * (1 << np.arange(size)[::-1])).sum(1).astype(np.uint8)
        return values


def encode_rle(values: NDArray[np.uint8]) -> list[int]:
    """Bytes as the stream of bits that `decode_rle` reads, in runs."""
    text = [f"{len(values):032b}", "00111", *(f"{size - 1:04b}" for size in _SIZES)]
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate(([0], changes)).tolist()
    ends = [*starts[1:], len(values)]
    longest = 1 << _SIZES[-1]
    for start, end in zip(starts, ends, strict=True):
        value = f"{int(values[start]):08b}"
        for at in range(start, end, longest):
            length = min(longest, end - at) - 1
            which = next(k for k, size in enumerate(_SIZES) if length < 1 << size)
            text.append(f"1{which:02b}{length:0{_SIZES[which]}b}{value}")
    bits = "".join(text)
    bits += "0" * (-len(bits) % 8)
    return list(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def _write(writing: Writing) -> Written:
    """One list of tasks. Raises FormatError when there is one already."""
    tasks = [_task_of(image, k, writing) for k, image in enumerate(writing.each(), 1)]
    data = json_text(tasks).encode("ascii")
    if not writing.sink.put(writing.out, data):
        raise FormatError(writing.sink.problems[-1])
    writing.sink.written.append(writing.out)
    return Written(len(tasks), sum(len(image.labels.instances) for image in writing.images))


def _task_of(image: Located, number: int, writing: Writing) -> Json:
    drawn: list[Json] = []
    guessed: list[Json] = []
    for k, instance in enumerate(image.labels.instances):
        suggested = instance.source is Origin.SUGGESTED
        (guessed if suggested else drawn).append(_result(instance, f"{number}_{k}", image))
    task: dict[str, object] = {
        "id": number,
        "data": {"image": name_from(image, writing.base)},
        "annotations": [{"id": number, "result": drawn}] if drawn or not guessed else [],
    }
    if guessed:
        task["predictions"] = [{"model_version": _OURS, "result": guessed}]
    return task


def _result(instance: Instance, id: str, image: Located) -> Json:
    width, height = image.width or 1, image.height or 1
    value: dict[str, Any]
    if sum(len(each.rings) for each in instance.polygons) == 1:
        ring = instance.polygons[0].outer
        kind = "polygonlabels"
        value = {"points": [[x / width * 100, y / height * 100] for x, y in ring], "closed": True}
    else:
        kind = "brushlabels"
        mask = rasterise(instance.polygons, width, height)
        value = {
            "format": "rle",
            "rle": encode_rle(np.repeat(mask.ravel().astype(np.uint8) * 255, 4)),
        }
    result: dict[str, object] = {
        "id": id,
        "type": kind,
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {**value, kind: [instance.label]},
    }
    if instance.score is not None:
        result["score"] = instance.score
    return result


FORMAT: Final = Format(
    name="labelstudio",
    title="Label Studio",
    recognises=_recognises,
    read=_read,
    write=_write,
    ending=".json",
    carries=frozenset(("score", "size", "holes", "parts", "overlap", "source")),
)
