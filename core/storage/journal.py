"""The edit journal: each edit of an image on disk before the person makes the next one.

One line an edit: a CRC-32 of the rest in eight hexadecimal digits, a space, a JSON object. The
first line is the header: which image, and which label file (by SHA-256 of its bytes) the edits go
on from. Before a label file is written, a `save` line says which hash it will have and how many of
the edits it holds, so that a crash between the two files is understood at the next start.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.document.edits import Edit, edit_from_json, edit_to_json
from core.document.fields import FieldError, as_int, as_object, as_text, get, wrong
from core.sentences import say
from core.storage import inside
from core.storage.atomic import (
    StorageError,
    explain,
    make_folder,
    sync_folder,
    write_all,
    write_atomic,
)

_VERSION = 1
MOST_BYTES = 256_000_000
"""The longest journal that is read."""


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What the edits belong to: the image by name and upright size, the label file by hash.

    `label_sha256` is None when there was no label file.
    """

    image: str
    width: int
    height: int
    label_sha256: str | None

    def to_json(self) -> dict[str, object]:
        """The header as a JSON object."""
        return {
            "masklens_journal": _VERSION,
            "image": self.image,
            "width": self.width,
            "height": self.height,
            "label_sha256": self.label_sha256,
        }

    @staticmethod
    def from_json(value: object) -> JournalHeader:
        """Read what `to_json` wrote. Raises FieldError."""
        fields = as_object(value, "journal")
        if fields.get("masklens_journal") != _VERSION:
            raise wrong("journal.masklens_journal", f"expected {_VERSION}")
        sha256 = get(fields, "label_sha256", "journal")
        return JournalHeader(
            as_text(get(fields, "image", "journal"), "journal.image"),
            as_int(get(fields, "width", "journal"), "journal.width", least=1),
            as_int(get(fields, "height", "journal"), "journal.height", least=1),
            None if sha256 is None else as_text(sha256, "journal.label_sha256"),
        )


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
    try:
        data = inside.read(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            say(
                "journal.unreadable",
                "The edits kept in {path} cannot be read ({reason}).",
                path=str(path),
                reason=reason,
            )
        ) from error
    lines = data.split(b"\n")
    try:
        header = JournalHeader.from_json(_decode(lines[0]))
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
            _take(_decode(line), edits, saves)
        except FieldError:
            unread = len(lines) - k - (not lines[-1])
            return JournalContent(header, tuple(edits), tuple(saves), unread)
    return JournalContent(header, tuple(edits), tuple(saves), int(bool(lines[-1])))


def _take(value: object, edits: list[Edit], saves: list[tuple[str, int]]) -> None:
    fields = as_object(value, "line")
    if "save" in fields:
        save = as_object(fields["save"], "save")
        sha256 = as_text(get(save, "sha256", "save"), "save.sha256")
        saves.append((sha256, as_int(get(save, "edits", "save"), "save.edits", least=0)))
        return
    if as_int(get(fields, "n", "line"), "line.n") != len(edits):
        raise wrong("line.n", "out of order")
    edits.append(edit_from_json(get(fields, "edit", "line")))


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
        self._edits: list[Mapping[str, object]] = []
        self._saves: list[tuple[str, int]] = []
        self._on_disk = False  # the file holds exactly what this object does

    def start(self, header: JournalHeader, edits: Iterable[Edit] = ()) -> None:
        """Begin anew from a label file, with edits that it lacks. Without edits no file is made.

        A file that is there stays until the first edit replaces it. Raises StorageError.
        """
        with self._lock:
            self._header = header
            self._edits = [edit_to_json(edit) for edit in edits]
            self._saves = []
            self._on_disk = False
            if self._edits:
                self._write_anew()

    def append(self, edit: Edit) -> None:
        """Add an edit and wait until it is on the disk. Raises StorageError."""
        with self._lock:
            self._edits.append(edit_to_json(edit))
            self._add_line({"n": len(self._edits) - 1, "edit": self._edits[-1]})

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
            self._add_line(_save_line(sha256, edits))

    def saved(self, sha256: str | None, edits: int) -> None:
        """Drop the first `edits` edits: a label file of this hash holds them now.

        With none left the file goes. Raises StorageError; the journal stays right even so.
        """
        with self._lock:
            if self._header is None:
                raise ValueError("the journal was not started")
            old = self._header
            self._header = JournalHeader(old.image, old.width, old.height, sha256)
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

    def _add_line(self, value: Mapping[str, object]) -> None:
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
            write_all(handle, _encode(value))
            os.fsync(handle)
        except OSError as error:
            raise StorageError(explain(error, self.path)) from error
        finally:
            os.close(handle)
        self._on_disk = True

    def _write_anew(self) -> None:
        if self._header is None:
            raise ValueError("the journal was not started")
        lines = [_encode(self._header.to_json())]
        lines += [_encode({"n": n, "edit": edit}) for n, edit in enumerate(self._edits)]
        lines += [_encode(_save_line(sha256, edits)) for sha256, edits in self._saves]
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


def _save_line(sha256: str, edits: int) -> Mapping[str, object]:
    return {"save": {"sha256": sha256, "edits": edits}}


def _encode(value: Mapping[str, object]) -> bytes:
    body = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(line: bytes) -> object:
    """The JSON value of a line. Raises FieldError when the line is not as it was written."""
    checksum, space, body = line.partition(b" ")
    if not space or checksum != b"%08x" % zlib.crc32(body):
        raise wrong("line", "the checksum does not fit")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise wrong("line", "not JSON") from None
