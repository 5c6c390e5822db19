"""Writing files so that each is, at any moment, either the old one or the new one."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from core.sentences import MasklensError, Sentence, say
from core.storage import inside

# On Windows a virus scanner or an indexer can hold the old file for a moment.
_TRIES = 5 if sys.platform == "win32" else 1
_PAUSE_S = 0.05
_TEMPORARY = ".masklens-tmp"
_ABANDONED_S = 600.0


_UNREADABLE: Final = say("storage.unreadable", "{path} cannot be read ({reason}).")


class StorageError(MasklensError):
    """Something could not be written or read; what was on disk before is still there."""


def if_there(
    read: Callable[[], bytes], path: Path, unreadable: Sentence = _UNREADABLE
) -> bytes | None:
    """The bytes that `read` gives of a file; None when there is none.

    Raises StorageError: `unreadable`, given the path and the reason.
    """
    try:
        return read()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(unreadable.given(path=str(path), reason=reason)) from error


def write_atomic(path: Path, data: bytes, *, check: Callable[[], None] | None = None) -> None:
    """Write a file beside and rename it into place; after a crash the old or the new one is whole.

    `check` runs last before the rename and may raise to call it off. The mode of an existing file
    is kept. Raises StorageError, with the old file untouched, when the disk refuses.
    """
    path = Path(path)
    _check_not_protected(path)
    temporary = path.with_name(f".{secrets.token_hex(8)}{_TEMPORARY}")
    try:
        _write_synced(temporary, data, _mode_of(path))
        if check is not None:
            check()
        _replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(explain(error, path)) from error
    finally:
        with contextlib.suppress(OSError):
            inside.remove(temporary)


def explain(error: OSError, path: Path) -> Sentence:
    """What an error of the operating system while writing `path` means to a person."""
    name = str(path)
    if isinstance(error, inside.Refused):
        return say(
            "storage.refused",
            "{path} is not opened: {reason}. Take it away if you did not put it there yourself.",
            path=str(error.filename),
            reason=error.strerror or "",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return say(
            "storage.full",
            "{path} could not be written: the disk is full. What was there before is unchanged.",
            path=name,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return say(
            "storage.denied",
            "{path} could not be written: no permission. What was there before is unchanged.",
            path=name,
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return say(
            "storage.gone", "{path} could not be written: its folder is no longer there.", path=name
        )
    return say(
        "storage.failed",
        "{path} could not be written ({reason}). What was there before is unchanged.",
        path=name,
        reason=error.strerror or str(error),
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe against a power cut, where the system can do that.

    Never raises: the names have changed by now, and some network shares cannot do more.
    """
    with contextlib.suppress(OSError):
        inside.sync(folder)


def sweep(folder: Path) -> None:
    """Take away what processes that were killed left half-written in a folder. Never raises."""
    with contextlib.suppress(OSError):
        for path in (folder / name for name in inside.names(folder) if _is_temporary(name)):
            with contextlib.suppress(OSError):
                # A young one may belong to another process that is writing it right now.
                if time.time() - inside.stat(path).st_mtime > _ABANDONED_S:
                    inside.remove(path)


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(_TEMPORARY)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, but never the one that holds `.masklens`.

    So a project on a drive that was taken out does not come into being a second time, empty.
    Raises StorageError.
    """
    try:
        if folder.name != inside.OWN_FOLDER and not inside.exists(folder.parent):
            make_folder(folder.parent)
        inside.make(folder)
    except OSError as error:
        raise StorageError(explain(error, folder)) from error


def move_aside(path: Path, folder: Path) -> Path | None:
    """Move a file into a folder under a name that is free there; None when there is no file.

    Raises StorageError when it cannot be moved.
    """
    try:
        target = _free_name(path, folder)
        inside.rename(path, target)
        sync_folder(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(explain(error, path)) from error
    return target


def copy_aside(path: Path, folder: Path) -> Path:
    """Copy a file into a folder under a name that is free there. Raises StorageError."""
    try:
        target = _free_name(path, folder)
        data = inside.read(path)
    except OSError as error:
        raise StorageError(explain(error, path)) from error
    write_atomic(target, data)
    return target


def open_appending(path: Path) -> int:
    """A handle that reads a file and adds to its end; the file is made where there is none.

    One that has another name (a hard link) is first written anew, so that the other stays as it
    is. Raises OSError, and StorageError where that cannot be done.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        return inside.open_file(path, flags)
    except inside.Shared:
        write_atomic(path, inside.read(path))
        return inside.open_file(path, flags)


def _free_name(path: Path, folder: Path) -> Path:
    make_folder(folder)
    names = (folder / f"{path.name}.{number}" for number in itertools.count(1))
    return next(name for name in names if not inside.exists(name))


def write_all(handle: int, data: bytes) -> None:
    """Write all bytes to an open file; a short write goes on where it stopped. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def create_anew(path: Path) -> BinaryIO:
    """A new file for writing bit by bit, in place of what was there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        inside.remove(path)
    return os.fdopen(inside.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")


def _write_synced(path: Path, data: bytes, mode: int | None) -> None:
    handle = inside.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(handle, mode)
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def _mode_of(path: Path) -> int | None:
    try:
        return inside.stat(path).st_mode & 0o777
    except FileNotFoundError:
        return None


def _check_not_protected(path: Path) -> None:
    """A rename would replace a file that somebody has protected. Raises StorageError."""
    try:
        protected = is_protected(inside.stat(path).st_mode)
    except OSError:
        return  # what is wrong shows when it is written
    if protected:
        raise StorageError(explain(PermissionError(errno.EACCES, "write-protected"), path))


def is_protected(mode: int) -> bool:
    """Whether nobody may write a file, going by its mode."""
    return stat.S_ISREG(mode) and not mode & 0o222


def _replace(temporary: Path, path: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            inside.rename(temporary, path)
        except PermissionError:
            if not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
