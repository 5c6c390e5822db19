"""The edit journal: each edit of an image on disk before the person makes the next one.

One line an edit: a CRC-32 of the rest in eight hexadecimal digits, a space, a JSON object. The
first line is the header: which image, and which label file (by SHA-256 of its bytes) the edits go
on from. Before a label file is written, a `save` line says which hash it will have and how many of
the edits it holds, so that a crash between the two files is understood at the next start.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from core.codec import Codec, Count, FieldError, Size, encode, wrong
from core.document.edits import Edit
from core.sentences import say
from core.storage import inside
from core.storage.atomic import (
    StorageError,
    explain,
    if_there,
    make_folder,
    sync_folder,
    write_all,
    write_atomic,
)

_UNREADABLE: Final = say(
    "journal.unreadable", "The edits kept in {path} cannot be read ({reason})."
)
MOST_BYTES = 256_000_000
"""The longest journal that is read."""


class JournalHeader(msgspec.Struct, frozen=True, tag_field="masklens_journal", tag=1):
    """What the edits belong to: the image by name and upright size, the label file by hash.

    `label_sha256` is None when there was no label file.
    """

    image: str
    width: Size
    height: Size
    label_sha256: str | None


class _Save(msgspec.Struct, frozen=True):
    """A label file is about to be written that holds the first `edits` edits."""

    sha256: str
    edits: Count


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edit with its number, or a save."""

    n: Count | None = None
    edit: Edit | None = None
    save: _Save | None = None


_HEADER: Final[Codec[JournalHeader]] = Codec(JournalHeader, "journal")
_LINE: Final[Codec[_Line]] = Codec(_Line, "line")


@dataclass(frozen=True, slots=True)
class JournalContent:
    """What a journal on disk holds: header, edits, and the saves begun (hash, edits held).

    `unread` counts the lines from the first broken one on. One is what a crash in the middle of a
    write leaves; more mean that the file was damaged.
    """

    header: JournalHeader
    edits: tuple[Edit, ...]
    saves: tuple[tuple[str, int], ...] = ()
    unread: int = 0

    def edits_after(self, label_sha256: str | None) -> tuple[Edit, ...] | None:
        """The edits that a label file with this hash lacks; None when they do not belong to it."""
        if self.header.label_sha256 == label_sha256:
            return self.edits
        for sha256, held in reversed(self.saves):
            if sha256 == label_sha256:
                return self.edits[held:]
        return None


def read_journal(path: Path) -> JournalContent | None:
    """Read a journal; None when there is none.

    A torn or broken line ends it: what stands before counts. Raises StorageError when the file
    cannot be read or has no header.
    """
    data = if_there(lambda: inside.read(path, MOST_BYTES), path, _UNREADABLE)
    if data is None:
        return None
    lines = data.split(b"\n")
    try:
        header = _HEADER.decode(_body(lines[0]))
    except FieldError as error:
        raise StorageError(
            say(
                "journal.no_header",
                "{path} is not a journal of edits that this version can read.",
                path=str(path),
            )
        ) from error
    edits: list[Edit] = []
    saves: list[tuple[str, int]] = []
    # What follows the last line break is empty, or torn.
    for k, line in enumerate(lines[1:-1], start=1):
        try:
            _take(_LINE.decode(_body(line)), edits, saves)
        except FieldError:
            unread = len(lines) - k - (not lines[-1])
            return JournalContent(header, tuple(edits), tuple(saves), unread)
    return JournalContent(header, tuple(edits), tuple(saves), int(bool(lines[-1])))


def _take(line: _Line, edits: list[Edit], saves: list[tuple[str, int]]) -> None:
    if line.save is not None:
        saves.append((line.save.sha256, line.save.edits))
    elif line.edit is None:
        raise wrong("line.edit", "missing")
    elif line.n != len(edits):
        raise wrong("line.n", "out of order")
    else:
        edits.append(line.edit)


class Journal:
    """The journal of one open image. Safe to use from several threads.

    `path` is where it lies. `start` must say what it goes on from before the first edit comes;
    the file appears with that edit. A failed write raises StorageError and loses nothing: the
    edits stay in memory, and the next write brings the whole file up to date.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._header: JournalHeader | None = None
        self._edits: list[Edit] = []
        self._saves: list[tuple[str, int]] = []
        self._on_disk = False  # the file holds exactly what this object does

    def start(self, header: JournalHeader, edits: Iterable[Edit] = ()) -> None:
        """Begin anew from a label file, with edits that it lacks. Without edits no file is made.

        A file that is there stays until the first edit replaces it. Raises StorageError.
        """
        with self._lock:
            self._header = header
            self._edits = list(edits)
            self._saves = []
            self._on_disk = False
            if self._edits:
                self._write_anew()

    def append(self, edit: Edit) -> None:
        """Add an edit and wait until it is on the disk. Raises StorageError."""
        with self._lock:
            self._edits.append(edit)
            self._add_line(_Line(len(self._edits) - 1, edit))

    @property
    def count(self) -> int:
        """How many edits the label file lacks."""
        with self._lock:
            return len(self._edits)

    def is_whole(self) -> bool:
        """Whether the file on the disk holds all the edits, as far as a look can tell."""
        with self._lock:
            return not self._edits or (self._on_disk and inside.is_file(self.path))

    def read(self) -> list[Edit]:
        """The edits on disk; a torn last line is left out. Raises StorageError."""
        content = read_journal(self.path)
        return [] if content is None else list(content.edits)

    def announce_save(self, sha256: str, edits: int) -> None:
        """Say, before writing it, that a label file of this hash holds the first `edits` edits.

        Raises StorageError.
        """
        with self._lock:
            self._saves.append((sha256, edits))
            self._add_line(_Line(save=_Save(sha256, edits)))

    def saved(self, sha256: str | None, edits: int) -> None:
        """Drop the first `edits` edits: a label file of this hash holds them now.

        With none left the file goes. Raises StorageError; the journal stays right even so.
        """
        with self._lock:
            if self._header is None:
                raise ValueError("the journal was not started")
            self._header = msgspec.structs.replace(self._header, label_sha256=sha256)
            self._edits = self._edits[edits:]
            self._saves = []
            self._on_disk = False
            if self._edits:
                self._write_anew()
            else:
                self._remove()

    def reset(self) -> None:
        """Forget all edits and take the file away. Raises StorageError."""
        with self._lock:
            self._edits = []
            self._saves = []
            self._remove()

    def _add_line(self, line: _Line) -> None:
        if not self._on_disk:
            self._write_anew()
            return
        self._on_disk = False
        try:
            # Not created here: somebody may have taken the file, and its header, away.
            handle = inside.open_file(self.path, os.O_WRONLY | os.O_APPEND)
        except (FileNotFoundError, inside.Shared):
            self._write_anew()
            return
        except OSError as error:
            raise StorageError(explain(error, self.path)) from error
        try:
            try:
                write_all(handle, _encode(line))
                os.fsync(handle)
            finally:
                os.close(handle)  # where some network drives say that the disk is full
        except OSError as error:
            raise StorageError(explain(error, self.path)) from error
        self._on_disk = True

    def _write_anew(self) -> None:
        if self._header is None:
            raise ValueError("the journal was not started")
        lines = [_encode(self._header)]
        lines += [_encode(_Line(n, edit)) for n, edit in enumerate(self._edits)]
        lines += [_encode(_Line(save=_Save(*save))) for save in self._saves]
        make_folder(self.path.parent)
        write_atomic(self.path, b"".join(lines))
        self._on_disk = True

    def _remove(self) -> None:
        self._on_disk = False
        try:
            inside.remove(self.path)
            sync_folder(self.path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(explain(error, self.path)) from error


def _encode(value: JournalHeader | _Line) -> bytes:
    body = encode(value)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _body(line: bytes) -> bytes:
    """The JSON of a line. Raises FieldError when the line is not as it was written."""
    checksum, space, body = line.partition(b" ")
    if not space or checksum != b"%08x" % zlib.crc32(body):
        raise wrong("line", "the checksum does not fit")
    return body
