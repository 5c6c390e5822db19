"""What a model saw in the held-out images of a run: outlines, and what each of them found.

A run keeps two such files, of the model it started from and of the one that came out. An image is
one line, read when it is asked for, so that a large data set need not fit memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

import msgspec

from core.codec import Codec, FieldError, encode
from core.document.instance import Instance
from core.learning.errors import NO_REPORT, LearningError
from core.storage import inside
from core.storage.atomic import StorageError, create_anew, explain

CERTAIN: Final = 0.5
"""The score from which on a detection counts."""


class Outcome(StrEnum):
    """What became of a detection when it was compared with the labels."""

    FOUND = "found"  # an instance has this outline
    FALSE = "false"  # nothing has
    IGNORED = "ignored"  # it lies where nothing is compared


@dataclass(frozen=True, slots=True)
class Seen:
    """A detection with a score of one half or more; its outline in pixels of the image."""

    instance: Instance
    outcome: Outcome
    found: str = ""
    """The id of the instance that it found."""


class _Line(msgspec.Struct, frozen=True):
    """What was seen in one image."""

    key: str
    detections: tuple[Seen, ...]


class _Key(msgspec.Struct, frozen=True):
    """As much of a line as the index needs."""

    key: str


_LINE: Final[Codec[_Line]] = Codec(_Line, "image")
_KEY: Final[Codec[_Key]] = Codec(_Key, "image")


class SeenWriter:
    """Writes such a file image by image; use it as a context."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew. Raises StorageError."""
        self._path = path
        try:
            self._file: BinaryIO = create_anew(path)
        except OSError as error:
            raise StorageError(explain(error, path)) from error

    def add(self, key: str, detections: Iterable[Seen]) -> None:
        """Add an image by its key. Raises StorageError."""
        try:
            self._file.write(encode(_Line(key, tuple(detections))) + b"\n")
        except OSError as error:
            raise StorageError(explain(error, self._path)) from error

    def __enter__(self) -> SeenWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        except OSError as problem:
            raise StorageError(explain(problem, self._path)) from problem


class SeenFile:
    """Reads such a file, image by image. Reading is safe from any thread."""

    def __init__(self, path: Path) -> None:
        """Index the file; torn lines are passed over. Raises LearningError when it is gone."""
        self._path = path
        self._places: dict[str, int] = {}
        try:
            with inside.open_reading(path) as file:
                place = 0
                for line in file:
                    key = _key(line)
                    if key is not None:
                        self._places[key] = place
                    place += len(line)
        except OSError as error:
            raise LearningError(NO_REPORT.given(path=str(path))) from error

    def __contains__(self, key: str) -> bool:
        """Whether an image is here."""
        return key in self._places

    def read(self, key: str) -> tuple[Seen, ...]:
        """What was seen in an image; nothing in one that is not here.

        Raises LearningError when the file has gone or is damaged.
        """
        if key not in self._places:
            return ()
        try:
            with inside.open_reading(self._path) as file:
                file.seek(self._places[key])
                return _LINE.decode(file.readline()).detections
        except (OSError, FieldError) as error:
            raise LearningError(NO_REPORT.given(path=str(self._path))) from error


def _key(line: bytes) -> str | None:
    try:
        return _KEY.decode(line).key
    except FieldError:
        return None
