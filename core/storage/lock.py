"""One writer a folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from pathlib import Path

from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, explain, make_folder, write_atomic

# The locked byte lies far behind the text, which others can then read on every system.
_LOCKED_BYTE = 1 << 30
_LONGEST = 1000  # bytes of the text
_TRIES = 5
# What a file system answers that knows no locks.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


class FolderLocked(StorageError):
    """Another masklens works in the folder; the sentence says which process on which computer."""


class FolderLock:
    """Holds a folder for this process until `release`; made by `acquire`."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle: int | None = handle

    @staticmethod
    def acquire(path: Path) -> FolderLock:
        """Take the lock file `path`.

        Raises FolderLocked when another process, or this one, holds it, and StorageError when the
        file cannot be made. A file left by a process that ended holds nothing. Where the file
        system cannot lock (some network shares), the check before each save must do alone.
        """
        make_folder(path.parent)
        try:
            handle = _take(path)
        except BlockingIOError as error:
            pid, host = _holder(path)
            folder = str(path.parent.parent)
            raise FolderLocked(
                say(
                    "lock.held",
                    "Another masklens (process {pid} on {host}) is working in {folder}. Here the "
                    "images can be looked at, but not changed.",
                    folder=folder,
                    pid=pid,
                    host=host,
                )
            ) from error
        except OSError as error:
            raise StorageError(explain(error, path)) from error
        try:
            os.ftruncate(handle, 0)
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            os.write(handle, json.dumps(holder).encode())
        except OSError as error:
            os.close(handle)
            raise StorageError(explain(error, path)) from error
        return FolderLock(path, handle)

    @staticmethod
    def is_held(path: Path) -> bool:
        """Whether somebody holds the lock file; nothing is made or written. Never raises."""
        try:
            handle = inside.open_file(path, os.O_RDWR, unshared=False)
        except OSError:
            return False
        try:
            _lock(handle)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(handle)
        return False

    def release(self) -> None:
        """Give the folder free. The file stays; taking it away could hurt the next holder."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _take(path: Path) -> int:
    """The handle of the lock file, locked. Raises BlockingIOError when somebody else holds it.

    A file that has another name is not written into: while it is locked, a new one takes its
    place. So the name is compared after locking, for somebody else may have done that meanwhile.
    """
    for _ in range(_TRIES):
        handle = inside.open_file(path, os.O_RDWR | os.O_CREAT, unshared=False)
        try:
            _lock(handle)
            found = os.fstat(handle)
            if os.path.samestat(found, inside.stat(path)):
                if found.st_nlink == 1:
                    return handle
                write_atomic(path, b"")
        except FileNotFoundError:  # taken away meanwhile
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    raise BlockingIOError(errno.EAGAIN, "the lock file changes all the time", str(path))


def _holder(path: Path) -> tuple[int, str]:
    try:
        value = json.loads(inside.read(path, _LONGEST))
        return int(value["pid"]), str(value["host"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0, "?"


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
