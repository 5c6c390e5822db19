"""What a model saw in the held-out images of a run: outlines, and what each of them found.

A run keeps two such files, of the model it started from and of the one that came out. An image is
one line, read when it is asked for, so that a large data set need not fit memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from core.document.fields import FieldError, as_choice, as_list, as_object, as_text, get
from core.document.instance import Instance
from core.document.instance_json import instance_from_json, instance_to_json
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
        line = {"key": key, "detections": [_to_json(one) for one in detections]}
        try:
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
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
                value = as_object(json.loads(file.readline()), "image")
            found = as_list(get(value, "detections", "image"), "detections")
            return tuple(_from_json(one, f"detections[{k}]") for k, one in enumerate(found))
        except (OSError, ValueError, FieldError) as error:
            raise LearningError(NO_REPORT.given(path=str(self._path))) from error


def _key(line: bytes) -> str | None:
    try:
        return as_text(get(as_object(json.loads(line), "image"), "key", "image"), "key")
    except (ValueError, RecursionError, FieldError):
        return None


def _to_json(seen: Seen) -> dict[str, object]:
    return {
        "instance": instance_to_json(seen.instance),
        "outcome": seen.outcome.value,
        "found": seen.found,
    }


def _from_json(value: object, where: str) -> Seen:
    given = as_object(value, where)
    outcome = as_choice(get(given, "outcome", where), f"{where}.outcome", list(Outcome))
    return Seen(
        instance_from_json(get(given, "instance", where), f"{where}.instance"),
        Outcome(outcome),
        as_text(get(given, "found", where), f"{where}.found"),
    )
