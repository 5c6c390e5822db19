"""A folder held open, so that names in it can be looked at, opened and changed by themselves."""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from pathlib import Path
from typing import Final, Protocol

OWN_FOLDER: Final = ".masklens"
NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# How a file is opened: a FIFO would keep the opener waiting, a terminal would become ours.
PLAIN: Final = (
    NO_FOLLOW
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_REPARSE_POINT: Final = 0x400  # Windows: FILE_ATTRIBUTE_REPARSE_POINT


def is_below_own(path: Path) -> bool:
    """Whether a path leads into a folder `.masklens`."""
    return OWN_FOLDER in path.absolute().parts[1:]


class Refused(OSError):
    """Something in the way is a link, no plain file, has two names, or is too long."""


class Linked(Refused):
    """A link, on the way or at the end."""


class Shared(Refused):
    """A file with another name, which must not be changed in place."""


class Folder(Protocol):
    """An open folder; names in it are looked at by themselves."""

    def enter(self, name: str) -> Folder:
        """The folder of this name, which must be no link. Raises OSError."""

    def open(self, name: str, flags: int, mode: int) -> int:
        """As `os.open`. Raises OSError."""

    def stat(self, name: str) -> os.stat_result:
        """What has this name, a link as itself. Raises OSError."""

    def names(self) -> list[str]:
        """The names in it. Raises OSError."""

    def unlink(self, name: str) -> None:
        """Take a name away. Raises OSError."""

    def mkdir(self, name: str) -> None:
        """Make a folder in it. Raises OSError."""

    def rmdir(self, name: str) -> None:
        """Take an empty folder away. Raises OSError."""

    def replace(self, name: str, other: Folder, new: str) -> None:
        """Give a file another name, in this folder or another one. Raises OSError."""

    def sync(self) -> None:
        """Make its names safe against a power cut. Raises OSError."""

    def close(self) -> None:
        """Close it."""


class ByHandle:
    """An open folder by its handle, where the system can open names relative to it."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @staticmethod
    def at(path: Path) -> ByHandle:
        """Open a folder that is trusted, whatever links lead to it. Raises OSError."""
        return ByHandle(path, os.open(path, _FOLDER))

    def enter(self, name: str) -> ByHandle:
        """See Folder."""
        path = self._path / name
        try:
            return ByHandle(path, os.open(name, _FOLDER | NO_FOLLOW, dir_fd=self._handle))
        except OSError:
            self._refuse_link(name)
            raise

    def open(self, name: str, flags: int, mode: int) -> int:
        """See Folder."""
        try:
            with contextlib.suppress(FileNotFoundError):
                _check_plain(self._path / name, self.stat(name))
            return os.open(name, flags, mode, dir_fd=self._handle)
        except Refused:
            raise
        except OSError:
            self._refuse_link(name)
            raise

    def stat(self, name: str) -> os.stat_result:
        """See Folder."""
        return os.stat(name, dir_fd=self._handle, follow_symlinks=False)

    def names(self) -> list[str]:
        """See Folder."""
        return os.listdir(self._handle)

    def unlink(self, name: str) -> None:
        """See Folder."""
        os.unlink(name, dir_fd=self._handle)

    def mkdir(self, name: str) -> None:
        """See Folder."""
        os.mkdir(name, dir_fd=self._handle)

    def rmdir(self, name: str) -> None:
        """See Folder."""
        os.rmdir(name, dir_fd=self._handle)

    def replace(self, name: str, other: Folder, new: str) -> None:
        """See Folder."""
        assert isinstance(other, ByHandle)
        os.replace(name, new, src_dir_fd=self._handle, dst_dir_fd=other._handle)

    def sync(self) -> None:
        """See Folder."""
        os.fsync(self._handle)

    def close(self) -> None:
        """See Folder."""
        # Nothing was written through it, and what was done with its help is done.
        with contextlib.suppress(OSError):
            os.close(self._handle)

    def _refuse_link(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            if modes.S_ISLNK(self.stat(name).st_mode):
                raise linked(self._path / name)


class ByPath:
    """A folder by its path; each name is looked at before it is used, and compared afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = os.stat(path)

    def enter(self, name: str) -> ByPath:
        """See Folder."""
        path = self._path / name
        if is_link(path, os.lstat(path)):
            raise linked(path)
        folder = ByPath(path)
        if not modes.S_ISDIR(folder._found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return folder

    def open(self, name: str, flags: int, mode: int) -> int:
        """See Folder."""
        path = self._path / name
        with contextlib.suppress(FileNotFoundError):
            _check_plain(path, os.lstat(path))
        handle = os.open(path, flags, mode)
        try:
            self._check_same()
            if not os.path.samestat(os.fstat(handle), os.lstat(path)):
                raise linked(path)
        except OSError:
            os.close(handle)
            raise
        return handle

    def stat(self, name: str) -> os.stat_result:
        """See Folder."""
        return os.lstat(self._path / name)

    def names(self) -> list[str]:
        """See Folder."""
        self._check_same()
        return os.listdir(self._path)

    def unlink(self, name: str) -> None:
        """See Folder."""
        self._check_same()
        os.unlink(self._path / name)

    def mkdir(self, name: str) -> None:
        """See Folder."""
        self._check_same()
        os.mkdir(self._path / name)

    def rmdir(self, name: str) -> None:
        """See Folder."""
        self._check_same()
        os.rmdir(self._path / name)

    def replace(self, name: str, other: Folder, new: str) -> None:
        """See Folder."""
        assert isinstance(other, ByPath)
        self._check_same()
        other._check_same()
        os.replace(self._path / name, other._path / new)

    def sync(self) -> None:
        """Nothing: such a system has no way to do it."""

    def close(self) -> None:
        """Nothing is open."""

    def _check_same(self) -> None:
        """Raise Refused when the folder is another one by now."""
        if not os.path.samestat(self._found, os.lstat(self._path)) and not self._is_anchor():
            raise linked(self._path)

    def _is_anchor(self) -> bool:
        return not is_below_own(self._path) and os.path.samestat(self._found, os.stat(self._path))


def is_link(path: Path, found: os.stat_result) -> bool:
    """Whether it is a symbolic link or, on Windows, a junction or another reparse point."""
    reparse = getattr(found, "st_file_attributes", 0) & _REPARSE_POINT
    return modes.S_ISLNK(found.st_mode) or bool(reparse and os.path.realpath(path) != str(path))


def _check_plain(path: Path, found: os.stat_result) -> None:
    if is_link(path, found):
        raise linked(path)
    if modes.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not modes.S_ISREG(found.st_mode):
        raise no_plain_file(path)


def linked(path: Path) -> Linked:
    """The error for a link."""
    return Linked(errno.ELOOP, "it is a link, and links are not followed here", str(path))


def too_long(path: Path, most: int) -> Refused:
    """The error for a file of more than `most` bytes."""
    return Refused(errno.EFBIG, f"it is longer than {most / 1e6:g} MB", str(path))


def no_plain_file(path: Path) -> Refused:
    """The error for a FIFO, a device, a socket."""
    return Refused(errno.EINVAL, "it is no plain file", str(path))
