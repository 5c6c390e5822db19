"""The labels of a run as they were when it began: `labels.jsonl`, one image a line.

The file is read an image at a time, so that a data set need not fit memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import msgspec

from core.codec import Codec, Count, FieldError, Name, Size, encode, wrong
from core.document.instance import Instance, Polygons, are_outlines
from core.learning.errors import LearningError
from core.sentences import say
from core.storage import inside
from core.storage.atomic import write_atomic

FOLDER_GONE: Final = say(
    "learning.folder_gone",
    "The folder of the run, {path}, is no longer there. Was it moved or taken away?",
)
LABELS_DAMAGED: Final = say(
    "learning.labels_damaged", "The frozen labels {path} are missing or damaged."
)


@dataclass(frozen=True, slots=True)
class FrozenImage:
    """An image and its labels, as they were when the run began.

    `key` names the image from run to run. Outlines are pixels of the upright image. `regions` are
    those in which everything is labelled; None means the whole image.
    """

    key: Name
    path: Path
    image_id: int
    width: Size
    height: Size
    instances: tuple[Instance, ...]
    """Objects, and as crowds the areas from which nothing is learned."""
    regions: tuple[Polygons, ...] | None = None
    held_out: bool = False

    def __post_init__(self) -> None:
        if not are_outlines(self.instances):
            raise ValueError("an outline has fewer than three points")

    @property
    def objects(self) -> tuple[Instance, ...]:
        """The instances that are examples."""
        return tuple(instance for instance in self.instances if not instance.crowd)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the examples come from: counts of instances."""

    drawn: int = 0
    edited: int = 0
    accepted: int = 0
    left_out: int = 0
    """Areas to ignore: crowds, and what the person wanted left out."""
    prompted: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    offset: int
    key: str
    held_out: bool
    objects: int


class _Head(msgspec.Struct, frozen=True):
    """The first line of the file."""

    labels: tuple[str, ...]
    images: Count
    format: Literal["masklens-frozen-labels"] = "masklens-frozen-labels"
    version: Literal[1] = 1


_HEAD: Final[Codec[_Head]] = Codec(_Head, "head")
_IMAGE: Final[Codec[FrozenImage]] = Codec(FrozenImage, "image")


class FrozenLabels:
    """The frozen labels of a run, read image by image."""

    def __init__(self, path: Path) -> None:
        """Index the file. Raises LearningError when it is not whole."""
        self.path = path
        self.labels: tuple[str, ...] = ()
        self._entries: list[_Entry] = []
        try:
            self._index()
        except (OSError, ValueError, FieldError) as error:
            raise LearningError(LABELS_DAMAGED.given(path=str(path))) from error

    def _index(self) -> None:
        with inside.open_reading(self.path) as file:
            head = _HEAD.decode(file.readline())
            self.labels = head.labels
            while True:
                offset = file.tell()
                line = file.readline()
                if not line:
                    break
                image = _IMAGE.decode(line)
                self._entries.append(_Entry(offset, image.key, image.held_out, len(image.objects)))
        if len(self._entries) != head.images:
            raise ValueError("images are missing")

    def __len__(self) -> int:
        return len(self._entries)

    def numbers(self, *, held_out: bool) -> list[int]:
        """The numbers of the images on one side."""
        return [n for n, entry in enumerate(self._entries) if entry.held_out is held_out]

    def objects(self, *, held_out: bool) -> int:
        """How many examples one side holds."""
        return sum(entry.objects for entry in self._entries if entry.held_out is held_out)

    def sides(self) -> dict[str, bool]:
        """Whether each image, by key, is held out."""
        return {entry.key: entry.held_out for entry in self._entries}

    def number_of(self, key: str) -> int | None:
        """The number of the image with this key."""
        return next((n for n, entry in enumerate(self._entries) if entry.key == key), None)

    def read(self, number: int) -> FrozenImage:
        """An image by its number. Raises LearningError when the file has gone or changed."""
        try:
            with inside.open_reading(self.path) as file:
                file.seek(self._entries[number].offset)
                return self._placed(_IMAGE.decode(file.readline()))
        except FileNotFoundError as error:
            gone = FOLDER_GONE.given(path=str(self.path.parent))
            raise LearningError(gone) from error
        except (OSError, ValueError, FieldError) as error:
            raise LearningError(LABELS_DAMAGED.given(path=str(self.path))) from error

    def _placed(self, image: FrozenImage) -> FrozenImage:
        """An image of a project lies in it, also when the project was moved. Raises FieldError."""
        root = inside.project_of(self.path)
        if root is None or Path(os.path.normpath(image.path)).is_relative_to(root):
            return image
        here = root / image.key
        if here.parent != root or not here.is_file():
            raise wrong("path", "expected an image of the project")
        return replace(image, path=here)

    def images(self, *, held_out: bool) -> Iterator[FrozenImage]:
        """The images of one side, one after the other."""
        return (self.read(number) for number in self.numbers(held_out=held_out))


def write_frozen(path: Path, images: Iterable[FrozenImage], labels: Sequence[str]) -> None:
    """Write the frozen labels, whole or not at all. Raises StorageError."""
    lines = [encode(image) for image in images]
    write_atomic(path, b"\n".join([encode(_Head(tuple(labels), len(lines))), *lines, b""]))
