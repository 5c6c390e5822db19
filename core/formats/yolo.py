"""YOLO's text files: a folder of labels, one line an object, sides as fractions of the image.

A line is a class and a box (centre, size), or a class and the points of one outline; where a model
wrote it, a score follows. Names of classes come from `data.yaml`, else from `classes.txt`. Holes
and parts are joined by bridges into the one outline there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from core.codec import wrong
from core.document.geometry import clip_to_image
from core.document.instance import Instance, Polygons
from core.document.runs import encode
from core.formats.beside import Siblings
from core.formats.bridge import bridged
from core.formats.errors import NO_AREA_DROPPED, FormatError, plain_text, read_bytes
from core.formats.format import Format, Located, Option, Source, Writing, Written
from core.formats.labelled import Collection, Labelled
from core.formats.labelme_shapes import polygon, rectangle
from core.formats.places import stems
from core.formats.remarks import Remarks
from core.formats.said import BOXES, BRIDGED, EMPTY, IMAGE_MISSING, YOLO_UNNAMED
from core.formats.splits import split_of
from core.sentences import say
from core.storage.images import ImageError, image_size

_LINE: Final = re.compile(
    rb"(?:\s*#[^\n]*\n)*\s*\d+(\.0*)?([ \t,;]+[-+.,\deE]+){4,}[ \t,;]*(#|\n|$)"
)
_SEPARATORS: Final = re.compile(r"[\s;]+|,(?!\d)|(?<!\d),")
_DECIMAL: Final = re.compile(r"-?\d+,\d+")
_LISTS: Final = ("classes.txt", "obj.names", "labels.txt", "predefined_classes.txt")
_YAML: Final = 4_000_000
# How far beyond the image, as a fraction, rounding may lead.
_OVER: Final = 0.5


def _recognises(source: Source) -> bool:
    if source.suffix in (".yaml", ".yml"):
        return b"names" in source.head
    if source.suffix == ".txt":
        return _LINE.match(source.head) is not None
    return source.is_dir and any(_is_labels(path) for path in source.ending(".txt"))


def _is_labels(path: Path) -> bool:
    if path.name.lower() in _LISTS:
        return False
    try:
        return _LINE.match(Source(path).head[:4096]) is not None
    except FormatError:
        return False


def _read(source: Source) -> Collection:
    root = source.path if source.is_dir else source.path.parent
    folder = source if source.is_dir or source.suffix == ".txt" else Source(root)
    files = folder.ending(".txt") if folder.is_dir else [source.path]
    files = [path for path in files if path.name.lower() not in _LISTS]
    return _Reader(source, root).collection(files)


class _Reader:
    """Reads the label files of one folder."""

    def __init__(self, source: Source, root: Path) -> None:
        self._remarks = Remarks(source.path)
        self._siblings = Siblings()
        self._names = _names(source, root)
        self._unnamed: dict[int, str] = {}

    def collection(self, files: Sequence[Path]) -> Collection:
        images: list[Labelled] = []
        problems = []
        for path in files:
            image = self._siblings.of(path)
            if image is None:
                if _is_labels(path):
                    problems.append(IMAGE_MISSING.given(path=str(path), name=path.stem))
                continue
            try:
                images.append(self._image(path, image))
            except (FormatError, ImageError) as error:
                problems.append(error.sentence)
        if self._unnamed:
            names = ", ".join(self._unnamed[k] for k in sorted(self._unnamed))
            self._remarks.count(YOLO_UNNAMED, len(self._unnamed), names=names)
        labels = tuple(dict.fromkeys([*self._names.values(), *self._unnamed.values()]))
        return Collection("yolo", labels, tuple(images), self._remarks.notes(), tuple(problems))

    def _image(self, path: Path, image: Path) -> Labelled:
        width, height = image_size(image)
        instances: list[Instance] = []
        text = plain_text(read_bytes(path))
        for number, line in enumerate(text.splitlines(), 1):
            parts = _parts(line)
            if not parts:
                continue
            with self._remarks.entry():
                instance = self._instance(parts, width, height, f"{path.name}, line {number}")
                if instance is not None:
                    instances.append(instance)
        return Labelled(
            path,
            image.name,
            width,
            height,
            tuple(instances),
            image_path=image,
            split=split_of(PurePosixPath(*path.parts[-3:])),
        )

    def _instance(self, parts: list[str], width: int, height: int, where: str) -> Instance | None:
        try:
            kind, values = int(float(parts[0])), [float(part) for part in parts[1:]]
        except (ValueError, OverflowError):
            raise wrong(where, "expected numbers") from None
        score = None
        if len(values) == 5 or (len(values) > 5 and len(values) % 2):
            score = values.pop()
        if len(values) < 4 or kind < 0:
            raise wrong(where, "expected a class and a box or an outline")
        if not all(-_OVER <= value <= 1 + _OVER for value in values):
            raise wrong(where, "expected fractions of the image from 0 to 1")
        polygons = _outline(values, width, height)
        if not polygons:
            self._remarks.count(NO_AREA_DROPPED)
            return None
        if len(values) == 4:
            self._remarks.count(BOXES)
        good = score if score is not None and 0 <= score <= 1 else None
        return Instance(f"yolo-{where.rpartition(' ')[2]}", self._label(kind), polygons, score=good)

    def _label(self, kind: int) -> str:
        if kind in self._names:
            return self._names[kind]
        return self._unnamed.setdefault(kind, f"class_{kind}")


def _parts(line: str) -> list[str]:
    """The numbers in a line without its comment, however they are kept apart, with points."""
    parts = [part for part in _SEPARATORS.split(line.partition("#")[0]) if part]
    if len(parts) == 1 or not all(map(_DECIMAL.fullmatch, parts[1:])):
        return [number for part in parts for number in part.split(",")]
    return [part.replace(",", ".") for part in parts]


def _outline(values: Sequence[float], width: int, height: int) -> Polygons:
    if len(values) == 4:
        x, y, w, h = values
        a, b = (x - w / 2, y - h / 2), (x + w / 2, y + h / 2)
        return rectangle(_point(*a, width, height), _point(*b, width, height))
    pairs = zip(values[::2], values[1::2], strict=True)
    return polygon(tuple(_point(x, y, width, height) for x, y in pairs))


def _point(x: float, y: float, width: int, height: int) -> tuple[float, float]:
    # What was written with all digits comes back as it was.
    return round(x * width, 9), round(y * height, 9)


def _names(source: Source, root: Path) -> dict[int, str]:
    """The names of the classes by number, from the nearest file that has them."""
    files = [source.path] if source.suffix in (".yaml", ".yml") else []
    if source.is_dir:
        files += source.ending(".yaml", ".yml")
    for folder in (root, root.parent, root.parent.parent):
        files += [
            path for path in sorted(folder.glob("*.y*ml")) if path.suffix in (".yaml", ".yml")
        ]
    for path in dict.fromkeys(files):
        names = _of_yaml(path)
        if names:
            return names
    lists = [path for path in source.files if path.name.lower() in _LISTS] if source.is_dir else []
    lists += [f / name for f in (root, root.parent, root.parent.parent) for name in _LISTS]
    for path in lists:
        if path.is_file():
            lines = plain_text(read_bytes(path)).splitlines()
            return {k: line.strip() for k, line in enumerate(lines) if line.strip()}
    return {}


def _of_yaml(path: Path) -> dict[int, str]:
    """The names in a data.yaml; nothing where it is none."""
    try:
        if path.stat().st_size > _YAML:
            return {}
        value: object = yaml.safe_load(read_bytes(path))
    except (OSError, FormatError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    names = value.get("names") if isinstance(value, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, Mapping):
        return {}
    found: dict[int, str] = {}
    for key, name in names.items():
        if (
            isinstance(key, int | str)
            and str(key).isdecimal()
            and len(str(key)) < 12
            and isinstance(name, str | int | float)
        ):
            found[int(key)] = str(name)
    return dict(sorted(found.items()))


def _write(writing: Writing) -> Written:
    """Images, labels and data.yaml below the folder."""
    sink, out = writing.sink, writing.out
    numbers = {label: k for k, label in enumerate(writing.labels)}
    splits: dict[str, None] = {}
    images = instances = joined = empty = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink), strict=True):
        split = image.labels.split or "train"
        place = PurePosixPath(split) / stem
        lines: list[str] = []
        for instance in image.labels.instances:
            line = _line(instance, image, writing.options.get("layout") == "boxes")
            if not line:
                empty += 1
                continue
            joined += sum(len(p.rings) for p in instance.polygons) > 1
            lines.append(f"{numbers[instance.label]} {line}\n")
        if image.path is None:
            continue
        if not sink.copy(image.path, out / "images" / f"{place}{image.path.suffix}"):
            continue
        target = out / "labels" / f"{place}.txt"
        if sink.put(target, "".join(lines).encode("ascii")):
            sink.written.append(target)
            splits[split] = None
            images += 1
            instances += len(lines)
    if joined and writing.options.get("layout") != "boxes":
        sink.notes.append(BRIDGED.given(count=joined, format="YOLO"))
    if empty:
        sink.notes.append(EMPTY.given(count=empty))
    if splits and "val" not in splits:
        sink.notes.append(
            say(
                "convert.yolo_no_val",
                "There is no split val, so data.yaml names the training images for it: "
                "figures measured on them say nothing. Use --split.",
            )
        )
    target = out / "data.yaml"
    if sink.put(target, _yaml(writing.labels, tuple(splits) or ("train",))):
        sink.written.append(target)
    return Written(images, instances)


def _line(instance: Instance, image: Located, boxes: bool) -> str:
    width, height = image.width or 1, image.height or 1
    runs = encode(instance.polygons, width, height)
    if not runs.area:
        return ""
    if boxes:
        x, y, w, h = runs.box
        values = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
    else:
        # YOLO refuses what is beyond the border.
        ring = bridged(clip_to_image(instance.polygons, width, height), width, height)
        values = [v for x, y in ring for v in (x / width, y / height)]
    return " ".join(map(repr, values))


def _yaml(labels: Sequence[str], splits: Sequence[str]) -> bytes:
    # Without the key `path` places are relative to this file; Ultralytics takes "." for its own
    # folder of data sets.
    value: dict[str, object] = {}
    for split in ("train", "val", "test"):
        if split in splits:
            value[split] = f"images/{split}"
    first = next(iter(splits))
    for needed in ("train", "val"):
        value.setdefault(needed, f"images/{first}")
    value["names"] = dict(enumerate(labels))
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True)).encode(
        "utf-8", "replace"
    )


FORMAT: Final = Format(
    name="yolo",
    title="YOLO",
    recognises=_recognises,
    read=_read,
    write=_write,
    declared=True,
    splits=True,
    carries=frozenset(("overlap", "bridges")),
    options=(Option("layout", ("segments", "boxes")),),
)
