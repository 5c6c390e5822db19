"""Writing and following `events.jsonl`: a torn line costs that line and nothing else."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Raw

from core.codec import Codec, FieldError, encode, members
from core.learning.errors import LearningError
from core.learning.events import EVENT, Event
from core.sentences import say
from core.storage import inside
from core.storage.atomic import explain, open_appending, write_all


@dataclass(frozen=True, slots=True)
class Told:
    """An event and when it was told, in seconds since 1970."""

    event: Event
    time: float


class EventWriter:
    """Appends events. One process writes, others read at the same time."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises LearningError when it cannot be written."""
        self.path = path
        try:
            self._handle: int | None = open_appending(path)
            self._close_torn_line()
        except OSError as error:
            raise LearningError(explain(error, path)) from error

    def tell(self, event: Event) -> None:
        """Write one event. Raises LearningError when the disk is full or gone."""
        if self._handle is None:
            raise LearningError(
                say(
                    "learning.run_gone", "The run in {path} was closed.", path=str(self.path.parent)
                )
            )
        now = Raw(encode(time.time()))
        line = encode({**members(encode(event)), "time": now}) + b"\n"
        try:
            write_all(self._handle, line)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._close_torn_line()
            raise LearningError(explain(error, self.path)) from error

    def close(self) -> None:
        """Close the file; safe to call again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _close_torn_line(self) -> None:
        """End a line that a killed writer left without its end."""
        assert self._handle is not None
        if os.lseek(self._handle, 0, os.SEEK_END):
            os.lseek(self._handle, -1, os.SEEK_END)
            if os.read(self._handle, 1) != b"\n":
                write_all(self._handle, b"\n")


_HELPING: Final = 32_000_000
"""Bytes that are taken in at once; the events of a whole run are a few millions."""
_LONGEST: Final = 4_000_000
"""Bytes of the longest event: a picture with many outlines."""
_MOST: Final = 100_000
"""Events that are taken in at once."""


class EventReader:
    """Follows the events of a run; call `read` as often as you like."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self.skipped = 0
        """Lines that were torn or not ours."""

    def read(self) -> list[Told]:
        """The events since the last call, up to a few megabytes of them.

        Never raises; a file that is gone has none.
        """
        try:
            with inside.open_reading(self.path) as file:
                file.seek(self._offset)
                data = file.read(_HELPING)
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) == _HELPING:
            # A line longer than any of ours is passed over, a helping at each look.
            self.skipped += 1
            whole = len(data)
        self._offset += whole
        told: list[Told] = []
        for line in data[:whole].splitlines():
            if len(line) > _LONGEST or len(told) == _MOST:
                self.skipped += 1
                continue
            one = _parse(line)
            if one is not None:
                told.append(one)
            elif line.strip():
                self.skipped += 1
        return told


class _Time(msgspec.Struct, frozen=True):
    time: float


_TIME: Final[Codec[_Time]] = Codec(_Time, "event")


def _parse(line: bytes) -> Told | None:
    try:
        return Told(EVENT.decode(line), _TIME.decode(line).time)
    except FieldError:
        return None
