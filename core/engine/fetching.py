"""Fetching a file over HTTP: resumed where it broke off, checked by its hash, from several places.

What has come so far lies beside the file as `NAME.part` and is gone on with next time; only a whole
file with the right hash gets the name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from core.sentences import MasklensError, Sentence, say
from core.storage.atomic import StorageError
from core.storage.lock import FolderLock, FolderLocked

CHUNK: Final = 1 << 18
TIMEOUT_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 1.0
TRIES: Final = 4
"""Attempts at one place without a byte more than before."""
ROOM: Final = 32 << 20
"""Bytes that are left free on the disk."""

OnProgress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all (0 when the server does not say)."""

_BUSY: Final = say(
    "models.busy", "{name!r} is being fetched by another masklens right now. Wait for it."
)
_FULL: Final = say(
    "models.full",
    "There is no room for {name!r} in {folder}: {needed} MB are needed, {free} MB are free. Make "
    "room and fetch it again.",
)
_WRONG: Final = say(
    "models.wrong_hash",
    "What came from {url} is not the model {name!r}: its hash is wrong. Nothing was kept; try "
    "again.",
)
_WRONG_FILE: Final = say(
    "models.wrong_file",
    "{file} is not the model {name!r}: its hash is wrong. The right file is called {wanted}.",
)
_OFFLINE: Final = say(
    "models.offline",
    "The model {name!r} could not be fetched ({why}). It needs a connection to the internet once; "
    "or fetch {url} elsewhere and give the file to masklens. What has come so far is kept.",
)
_NO_URL: Final = say(
    "models.no_url", "{url} is no address to fetch from: it must begin with https:// or http://."
)


class FetchError(MasklensError):
    """A file could not be had; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be had. `sha256` is the beginning of its hash in hex, `bytes` its rough size."""

    name: str
    path: Path
    sha256: str
    bytes: int
    urls: tuple[str, ...]
    """Where it can be fetched, tried in this order."""

    @property
    def partial(self) -> Path:
        """What has come so far."""
        return self.path.with_name(f"{self.path.name}.part")


def mirrored(url: str, mirrors: Sequence[str]) -> tuple[str, ...]:
    """The addresses of a file: below each mirror by its own name, then where it belongs.

    Raises FetchError for a mirror that is no web address.
    """
    name = url.rpartition("/")[2]
    for mirror in mirrors:
        parts = urllib.parse.urlsplit(mirror)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise FetchError(_NO_URL.given(url=mirror))
    return (*(f"{mirror.rstrip('/')}/{name}" for mirror in mirrors), url)


def fetch(wanted: Wanted, on_progress: OnProgress | None = None) -> None:
    """Have a file at its path. What `on_progress` raises ends it; what has come stays.

    Raises FetchError or StorageError.
    """
    with _alone(wanted):
        if wanted.path.is_file():
            return
        problems: list[FetchError] = []
        for url in wanted.urls:
            try:
                _fetch_from(url, wanted, on_progress or (lambda _done, _total: None))
            except FetchError as error:
                if error.sentence.id == _FULL.id:
                    raise
                problems.append(error)
            else:
                return
        raise problems[0]


def take(wanted: Wanted, file: Path, on_progress: OnProgress | None = None) -> None:
    """Have a file at its path from a copy that is on this machine. Raises FetchError."""
    with _alone(wanted):
        try:
            total = file.stat().st_size
            _check_room(wanted, total)
            with file.open("rb") as source, wanted.partial.open("wb") as target:
                done = 0
                while chunk := source.read(CHUNK):
                    _write(target, chunk, wanted)
                    done += len(chunk)
                    if on_progress is not None:
                        on_progress(done, total)
            if not _is_right(wanted):
                name = wanted.path.name
                raise FetchError(_WRONG_FILE.given(file=str(file), name=wanted.name, wanted=name))
            os.replace(wanted.partial, wanted.path)
        except OSError as error:
            raise FetchError(
                say(
                    "models.unreadable_file",
                    "{file} could not be taken over ({why}).",
                    file=str(file),
                    why=error.strerror or str(error),
                )
            ) from error
        finally:
            _forget(wanted)


@contextlib.contextmanager
def _alone(wanted: Wanted) -> Iterator[None]:
    """Hold the file against others who would fetch it too."""
    try:
        lock = FolderLock.acquire(wanted.path.with_name(f"{wanted.path.name}.lock"))
    except FolderLocked as error:
        raise FetchError(_BUSY.given(name=wanted.name)) from error
    try:
        yield
    finally:
        lock.release()


def _fetch_from(url: str, wanted: Wanted, on_progress: OnProgress) -> None:
    """One place: broken lines are taken up again as long as something comes."""
    fruitless = 0
    while True:
        before = _size(wanted.partial)
        try:
            whole = _go_on(url, wanted, on_progress)
        except (urllib.error.HTTPError, ValueError) as error:
            raise _offline(url, wanted, error) from error
        except (OSError, http.client.HTTPException) as error:
            whole, problem = False, _offline(url, wanted, error)
        else:
            problem = _offline(url, wanted, None)
        if whole:
            break
        fruitless = 0 if _size(wanted.partial) > before else fruitless + 1
        if fruitless >= TRIES:
            raise problem
        on_progress(_size(wanted.partial), wanted.bytes)
        time.sleep(PAUSE_SECONDS)
    if not _is_right(wanted):
        _forget(wanted)
        raise FetchError(_WRONG.given(name=wanted.name, url=url))
    os.replace(wanted.partial, wanted.path)


def _go_on(url: str, wanted: Wanted, on_progress: OnProgress) -> bool:
    """Fetch from where it broke off; whether all is there. Raises OSError when the line breaks."""
    have = _size(wanted.partial)
    request = urllib.request.Request(url, headers={"User-Agent": "masklens"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if have and error.code == 416:  # nothing comes after what is there
            return True
        raise
    with answer:
        start = _start(answer, have)
        length = int(answer.headers.get("Content-Length") or 0)
        total = start + length if length else 0
        _check_room(wanted, (total or wanted.bytes) - start)
        with wanted.partial.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = start
            while chunk := answer.read(CHUNK):
                _write(file, chunk, wanted)
                done += len(chunk)
                on_progress(done, total)
                if done > 2 * max(wanted.bytes, total):
                    raise ValueError("it is far too long")
    return not total or done == total


class _Answer(Protocol):
    status: int
    headers: http.client.HTTPMessage


def _start(answer: _Answer, have: int) -> int:
    """From which byte on a server sends: a server that knows no parts begins anew."""
    if answer.status != 206:
        return 0
    told = answer.headers.get("Content-Range", "")
    if not told.startswith(f"bytes {have}-"):
        raise ValueError("the server sends another part than was asked for")
    return have


def _write(file: BinaryIO, chunk: bytes, wanted: Wanted) -> None:
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(_storage(error, wanted)) from error
        file.close()
        _forget(wanted)
        raise _full(wanted, wanted.bytes) from error


def _storage(error: OSError, wanted: Wanted) -> Sentence:
    return say(
        "models.not_written",
        "{path} could not be written ({why}).",
        path=str(wanted.partial),
        why=error.strerror or str(error),
    )


def _check_room(wanted: Wanted, needed: int) -> None:
    """Say before it begins that the disk is too small."""
    if shutil.disk_usage(wanted.path.parent).free < needed + ROOM:
        raise _full(wanted, needed)


def _full(wanted: Wanted, needed: int) -> FetchError:
    folder = wanted.path.parent
    free = shutil.disk_usage(folder).free
    sizes = {"needed": -(-(needed + ROOM) // 1_000_000), "free": free // 1_000_000}
    return FetchError(_FULL.given(name=wanted.name, folder=str(folder), **sizes))


def _offline(url: str, wanted: Wanted, error: Exception | None) -> FetchError:
    why = "the connection ended" if error is None else _reason(error)
    return FetchError(_OFFLINE.given(name=wanted.name, url=url, why=why))


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", None)
    return str(inner or error) or type(error).__name__


def _is_right(wanted: Wanted) -> bool:
    with wanted.partial.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(wanted.sha256)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _forget(wanted: Wanted) -> None:
    with contextlib.suppress(FileNotFoundError):
        wanted.partial.unlink()
