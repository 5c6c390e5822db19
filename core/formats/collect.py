"""The labels in a file or folder, whatever the format: what data sets and conversion stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from core.document.instance import Shape
from core.document.regions import labelled
from core.formats import coco, labelme, via
from core.formats.errors import FormatError, read_json
from core.formats.label_file import LabelFile
from core.formats.via import VIA3
from core.sentences import Sentence, say
from core.storage.natural import natural_key

_UNKNOWN: Final = say(
    "formats.unknown",
    "{path} is neither a COCO file with images and annotations, nor a labelme or VIA file.",
)


Kind = Literal["labelme", "coco", "via"]
Notes = tuple[Sentence, ...]
NAMES: Final[dict[Kind, str]] = {"labelme": "labelme", "coco": "COCO", "via": "VIA"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labels of one image: which file they come from, and how it names the image.

    Of labelme's files: `done` says that a person finished the image, `embedded` that the file has
    the image inside, and `others` counts shapes that are no outlines.
    """

    label_file: Path
    file_name: str
    width: int | None
    height: int | None
    shapes: tuple[Shape, ...]
    image_id: int | str | None = None
    done: bool = False
    embedded: bool = False
    others: int = 0


@dataclass(frozen=True, slots=True)
class Collection:
    """All labels found. `labels` are those of COCO's categories, else those used, sorted.

    `problems` name the files that could not be read; `notes` what was noticed in the others.
    """

    kind: Kind
    labels: tuple[str, ...]
    images: tuple[Labelled, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()


def collect(path: Path) -> Collection:
    """The labels in a COCO file, a VIA file, a labelme file, or a folder of them.

    In a folder, labelme files below it win over VIA files, and these over a COCO file. Raises
    FormatError when a file cannot be read, or a folder holds none that can.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".csv":
        return _via([(path, via.read(path))], [])
    value = read_json(path)
    kind = kind_of(value)
    if kind == "labelme":
        return _labelme([_labelled(path, labelme.parse(value, path))], [])
    if kind == "via":
        return _via([(path, via.parse(value, path))], [])
    if kind == "coco" or isinstance(value, list):
        return _coco(path, coco.parse(value, path))
    if isinstance(value, dict) and "project" in value and "view" in value:
        raise FormatError(VIA3.given(path=str(path)))
    raise FormatError(_UNKNOWN.given(path=str(path)))


def kind_of(value: object) -> Kind | None:
    """Which format a JSON value looks like."""
    if isinstance(value, dict) and "shapes" in value:
        return "labelme"
    if coco.is_coco(value):
        return "coco"
    return "via" if via.is_via(value) else None


@dataclass(slots=True)
class _Found:
    """What a folder holds, by kind."""

    labelme: list[tuple[Labelled, Notes]] = field(default_factory=list)
    via: list[tuple[Path, via.ViaFile]] = field(default_factory=list)
    coco: list[tuple[Path, coco.CocoDataset]] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)

    def take(self, path: Path) -> None:
        """Read a file and put it where it belongs; what cannot be read becomes a problem."""
        try:
            if path.suffix.lower() == ".csv":
                self.via.append((path, via.read(path)))
                return
            value = read_json(path)
            kind = kind_of(value)
            if kind == "labelme":
                self.labelme.append(_labelled(path, labelme.parse(value, path)))
            elif kind == "via":
                self.via.append((path, via.parse(value, path)))
            elif kind == "coco":
                self.coco.append((path, coco.parse(value, path)))
            else:
                self.notes.append(_UNKNOWN.given(path=str(path)))
        except FormatError as error:
            self.problems.append(error.sentence)


def _folder(folder: Path) -> Collection:
    found = _Found()
    for path in _files(folder, ".json"):
        found.take(path)
    if not found.labelme and not found.via and not found.coco:
        for path in _files(folder, ".csv"):
            found.take(path)
    if found.labelme:
        chosen = _labelme(found.labelme, found.problems)
    elif found.via:
        chosen = _via(found.via, found.problems)
    elif len(found.coco) == 1:
        chosen = _coco(*found.coco[0])
    elif found.coco:
        names = ", ".join(path.name for path, _ in found.coco)
        raise FormatError(
            say(
                "formats.several_coco",
                "{path} holds several COCO files ({names}): name one of them.",
                path=str(folder),
                names=names,
            )
        )
    elif found.problems:
        raise FormatError(found.problems[0])
    else:
        raise FormatError(
            say("formats.no_labels", "{path} holds no COCO, labelme or VIA file.", path=str(folder))
        )
    return _with_others(chosen, found)


def _with_others(chosen: Collection, found: _Found) -> Collection:
    """The collection, saying which files were left out for being of another kind."""
    others: dict[Kind, list[Path]] = {
        "via": [path for path, _ in found.via],
        "coco": [path for path, _ in found.coco],
    }
    left_out = [
        say(
            "formats.other_kind",
            "{path} is a {kind} file and was left out, because the folder has {used} files.",
            path=str(path),
            kind=NAMES[kind],
            used=NAMES[chosen.kind],
        )
        for kind, paths in others.items()
        if kind != chosen.kind
        for path in paths
    ]
    return Collection(
        chosen.kind,
        chosen.labels,
        chosen.images,
        (*chosen.notes, *found.notes, *left_out),
        tuple(found.problems),
    )


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    """The files below a folder, in natural order, hidden folders left out."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        for name in sorted(files, key=natural_key):
            if name.lower().endswith(suffix) and not name.startswith("."):
                yield Path(where, name)


def _labelled(path: Path, file: LabelFile) -> tuple[Labelled, Notes]:
    # The file itself is let go: it may hold the image.
    made = Labelled(
        label_file=path,
        file_name=file.image_name,
        width=file.width,
        height=file.height,
        shapes=file.shapes,
        done=file.done,
        embedded=file.kept.top.get("imageData") is not None,
        others=sum(id is None for id, _ in file.kept.shapes),
    )
    return made, file.notes


def _labelme(files: list[tuple[Labelled, Notes]], problems: list[Sentence]) -> Collection:
    return Collection(
        kind="labelme",
        labels=_used(shape for image, _ in files for shape in image.shapes),
        images=tuple(image for image, _ in files),
        notes=tuple(note for _, notes in files for note in notes),
        problems=tuple(problems),
    )


def _via(files: list[tuple[Path, via.ViaFile]], problems: list[Sentence]) -> Collection:
    # A file that covers more images goes first: where two label one image, it is the one used.
    files = sorted(files, key=lambda entry: -len(entry[1].images))
    images = [(path, image) for path, file in files for image in file.images]
    return Collection(
        kind="via",
        labels=_used(instance for _, image in images for instance in image.instances),
        images=tuple(
            Labelled(path, image.file_name, None, None, image.instances) for path, image in images
        ),
        notes=tuple(note for _, file in files for note in file.notes),
        problems=tuple(problems),
    )


def _coco(path: Path, dataset: coco.CocoDataset) -> Collection:
    return Collection(
        kind="coco",
        labels=dataset.labels,
        images=tuple(
            Labelled(path, i.file_name, i.width, i.height, i.instances, image_id=i.id)
            for i in dataset.images
        ),
        notes=dataset.notes,
    )


def _used(shapes: Iterator[Shape]) -> tuple[str, ...]:
    used = {shape.label for shape in labelled(shapes)}
    return tuple(sorted(used, key=natural_key))
