"""What a format is: how it is recognised, read and written, and what it cannot hold."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from core.formats import labelme
from core.formats.entries import Tell, Top, top_of, unheard
from core.formats.errors import UNREADABLE, FormatError, json_value, plain_text, read_bytes
from core.formats.labelled import Collection, Labelled
from core.formats.limits import MAX_FILE, MAX_FILES
from core.formats.mismatch import Mismatch
from core.formats.said import EXISTS, TOO_LARGE
from core.sentences import Sentence
from core.storage.atomic import StorageError, make_folder, write_atomic
from core.storage.natural import natural_key

T = TypeVar("T")
_HEAD = 65_536
LARGE = 32_000_000
"""A JSON file of more bytes is read entry by entry: as Python's values it takes tenfold."""


class Source:
    """A file or folder that labels are looked for in, read no more often than is needed."""

    def __init__(self, path: Path, tell: Tell = unheard) -> None:
        self.path = path
        self.tell = tell

    @cached_property
    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @property
    def suffix(self) -> str:
        """The ending of the file's name in lower case, with its dot; empty for a folder."""
        return "" if self.is_dir else self.path.suffix.lower()

    @cached_property
    def head(self) -> bytes:
        """What is in the first 64 KB of the file, in UTF-8. Raises FormatError."""
        return plain_text(self.data[:_HEAD]).encode("utf-8", "replace")

    @cached_property
    def is_json(self) -> bool:
        """Whether it is a file of JSON, by its name or its first letter."""
        if self.is_dir:
            return False
        return self.suffix == ".json" or self.head.lstrip()[:1] in (b"{", b"[")

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file. Raises FormatError."""
        if self.path.is_file() and self.path.stat().st_size > MAX_FILE:
            raise FormatError(TOO_LARGE.given(path=str(self.path), limit=MAX_FILE))
        return read_bytes(self.path)

    @cached_property
    def json(self) -> object:
        """The JSON value in the file. Raises FormatError."""
        return json_value(self.data, self.path)

    def taken_json(self) -> object:
        """The JSON value, which whoever takes it may change; neither it nor the bytes are held."""
        value = self.json
        self.forget()
        return value

    @cached_property
    def entries(self) -> Top | None:
        """A large JSON file with images and annotations, entry by entry; None for any other."""
        if not self.is_json or len(self.data) < LARGE:
            return None
        top = top_of(self.data, ("images", "annotations"), self.tell)
        return top if top is not None and len(top.lists) == 2 else None

    def forget(self) -> None:
        """Hold nothing of the file any more."""
        for name in ("json", "data", "entries"):
            self.__dict__.pop(name, None)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files below the folder in natural order, hidden ones left out."""
        found: list[Path] = []
        for where, folders, names in os.walk(self.path):
            folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
            found += [
                Path(where, name)
                for name in sorted(names, key=natural_key)
                if not name.startswith(".")
            ]
            if len(found) > MAX_FILES:
                break
        return tuple(found)

    def ending(self, *suffixes: str) -> list[Path]:
        """The files below the folder whose names end so."""
        return [path for path in self.files if path.name.lower().endswith(suffixes)]


@dataclass(frozen=True, slots=True)
class Located:
    """The labels of an image, with the image file when it was found, and the size they are for.

    `mismatch` tells that this is not the size of the image, and that nobody has answered for it.
    """

    labels: Labelled
    path: Path | None
    width: int | None
    height: int | None
    mismatch: Mismatch | None = None


@dataclass(slots=True)
class Sink:
    """Where a format writes to. Nothing that is there is overwritten, but for untouched
    suggestions of a model, or where `overwrite` says so."""

    overwrite: bool = False
    written: list[Path] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)
    _images: int = 0
    _tell: Tell = unheard
    _done: int = 0

    def begin(self, images: int, tell: Tell) -> None:
        """Tell from here on how many of so many images are written."""
        self._images, self._tell, self._done = images, tell, 0

    def each(self, images: Iterable[T]) -> Iterator[T]:
        """Go through what is written for images, telling how far it is."""
        for one in images:
            self._tell(self._done, self._images)
            yield one
            self._done += 1

    def put(self, target: Path, data: bytes) -> bool:
        """Write a file; False, with a problem noted, when there is one that must stay."""
        try:
            if target.exists() and target.read_bytes() == data:
                return True
            if not self.overwrite and not self._may_overwrite(target):
                self.problems.append(EXISTS.given(path=str(target)))
                return False
            make_folder(target.parent)
            write_atomic(target, data)
        except StorageError as error:
            self.problems.append(error.sentence)
            return False
        except OSError as error:
            self._refused(target, error)
            return False
        return True

    def copy(self, image: Path, target: Path) -> bool:
        """Copy an image beside what is written; False when another file is in its place."""
        try:
            if target.exists():
                if os.path.samefile(image, target) or target.read_bytes() == image.read_bytes():
                    return True
                self.problems.append(EXISTS.given(path=str(target)))
                return False
            make_folder(target.parent)
            beside = target.with_name(f"{target.name}.part")
            shutil.copyfile(image, beside)
            os.replace(beside, target)
        except StorageError as error:
            self.problems.append(error.sentence)
            return False
        except OSError as error:
            self._refused(target, error)
            return False
        return True

    def _may_overwrite(self, target: Path) -> bool:
        if target.suffix.lower() == ".json":
            return labelme.may_overwrite(target)
        return not (target.exists() or target.is_symlink())

    def _refused(self, target: Path, error: OSError) -> None:
        reason = error.strerror or str(error)
        self.problems.append(UNREADABLE.given(path=str(target), reason=reason))


@dataclass(frozen=True, slots=True)
class Writing:
    """What is to be written: the images with their labels, where to, and with which options.

    One file for all images names them as seen from the folder `root`, or else from its own.
    """

    collection: Collection
    images: Sequence[Located]
    labels: tuple[str, ...]
    out: Path
    sink: Sink
    options: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None

    def each(self) -> Iterator[Located]:
        """The images, telling how far it is: for going through them to write them."""
        return self.sink.each(self.images)

    @property
    def base(self) -> Path:
        """What the names of images are relative to, in one file for all of them."""
        return self.root or self.out.parent


@dataclass(frozen=True, slots=True)
class Written:
    """How many images and instances went into the files."""

    images: int
    instances: int


@dataclass(frozen=True, slots=True)
class Option:
    """A choice that a format offers when it is written; the first is the rule."""

    name: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    `recognises` tells from a file or a folder whether it is one; `read` raises FormatError.
    `ending` is that of the one file which holds all images, empty where each has its own.
    `carries` names what of an instance has a place in it, see LOSSES in `losses`. `declared` says
    that its labels have an order of their own, `splits` that it has a place for splits.
    """

    name: str
    title: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source], Collection]
    write: Callable[[Writing], Written]
    ending: str = ""
    declared: bool = False
    splits: bool = False
    carries: frozenset[str] = frozenset()
    options: tuple[Option, ...] = ()
