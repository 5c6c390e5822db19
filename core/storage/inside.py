"""Files of ours, opened without following links: a folder of images is not to be trusted.

Below `.masklens` every folder on the way is opened by itself, from the one above it, and refused
when it is a link; so a link that is put there between a look and an opening leads nowhere either.
Where a system cannot open a name relative to an open folder (Windows), each step is looked at
before, and what was opened is compared afterwards. A path without `.masklens` in it, such as a run
in a folder that a person named, is followed up to its last folder, and never at its last name.

Only plain files are opened, never a FIFO or a device, and none for writing in place that has
another name (a hard link), for that name may lie anywhere. What is refused raises `Refused`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

OWN_FOLDER: Final = ".masklens"
MOST_BYTES: Final = 64_000_000
"""The longest file of ours that is read whole, unless the caller says otherwise."""
BY_HANDLE: Final = {os.open, os.stat, os.unlink, os.rename, os.mkdir, os.rmdir} <= (
    os.supports_dir_fd
) and os.listdir in os.supports_fd

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# A FIFO would keep the opener waiting, a terminal would become ours.
_FILE: Final = (
    _NO_FOLLOW
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_REPARSE_POINT: Final = 0x400  # Windows: FILE_ATTRIBUTE_REPARSE_POINT
_WRITING: Final = os.O_WRONLY | os.O_RDWR


class Refused(OSError):
    """Something in the way is a link, no plain file, has two names, or is too long."""


class Linked(Refused):
    """A link, on the way or at the end."""


class Shared(Refused):
    """A file with another name, which must not be changed in place."""


def is_below_own(path: Path) -> bool:
    """Whether a path leads into a folder `.masklens`."""
    return OWN_FOLDER in path.absolute().parts[1:]


def project_of(path: Path) -> Path | None:
    """The folder of the project that a path below `.masklens` belongs to; None for another."""
    parts = path.absolute().parts
    return Path(*parts[: parts.index(OWN_FOLDER, 1)]) if OWN_FOLDER in parts[1:] else None


def open_file(path: Path, flags: int, *, unshared: bool = True) -> int:
    """As `os.open`, for a plain file; with `unshared`, for writing none that has two names.

    Raises Refused and other OSErrors.
    """
    with _parent(path) as (folder, name):
        handle = folder.open(name, flags | _FILE, 0o666)
    try:
        found = os.fstat(handle)
        if not modes.S_ISREG(found.st_mode):
            raise _no_plain_file(path)
        if unshared and flags & _WRITING and found.st_nlink > 1:
            raise Shared(errno.EMLINK, "it has another name elsewhere (a hard link)", str(path))
    except OSError:
        os.close(handle)
        raise
    return handle


def open_reading(path: Path) -> io.BufferedReader:
    """The file for reading. Raises Refused and other OSErrors."""
    return open(open_file(path, os.O_RDONLY), "rb")


def read(path: Path, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file of at most `most`. Raises Refused and other OSErrors."""
    with open_reading(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Refused(errno.EFBIG, f"it is longer than {most / 1e6:g} MB", str(path))
    return data


def stat(path: Path) -> os.stat_result:
    """What is at a path, a link as itself. Raises OSError."""
    with _parent(path) as (folder, name):
        return folder.stat(name)


def check_no_link(path: Path) -> None:
    """Raise Linked when a path leads through a link, or ends with one; absent is fine."""
    try:
        found = stat(path)
    except FileNotFoundError:
        return
    if _is_link(path, found):
        raise _linked(path)


def is_file(path: Path) -> bool:
    """Whether a plain file can be reached without a link."""
    try:
        return modes.S_ISREG(stat(path).st_mode)
    except OSError:
        return False


def exists(path: Path) -> bool:
    """Whether a name is taken, by whatever it may be."""
    try:
        stat(path)
    except FileNotFoundError:
        return False
    return True


def names(path: Path) -> list[str]:
    """The names in a folder. Raises Refused and other OSErrors."""
    with _open(path) as folder:
        return folder.names()


def folders(path: Path) -> list[str]:
    """The names of the folders in a folder, links left out. Raises OSError."""
    with _open(path) as folder:
        return [name for name in folder.names() if modes.S_ISDIR(folder.stat(name).st_mode)]


def remove(path: Path) -> None:
    """Take a name away; of a link the link itself. Raises OSError."""
    with _parent(path) as (folder, name):
        folder.unlink(name)


def remove_folder(path: Path) -> None:
    """Take an empty folder away. Raises OSError."""
    with _parent(path) as (folder, name):
        folder.rmdir(name)


def rename(old: Path, new: Path) -> None:
    """Give a file another name, in place of what had it. Raises OSError."""
    with _parent(old) as (folder, name), _parent(new) as (other, new_name):
        folder.replace(name, other, new_name)


def make(path: Path) -> None:
    """Make a folder where there is none. Raises Refused where there is a link."""
    with _parent(path) as (folder, name):
        try:
            folder.mkdir(name)
        except FileExistsError:
            if is_below_own(path):
                folder.enter(name).close()
            elif not path.is_dir():
                raise


def sync(path: Path) -> None:
    """Make the names in a folder safe against a power cut. Raises OSError."""
    with _open(path) as folder:
        folder.sync()


def _split(path: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder that is trusted, and the names below it."""
    path = path.absolute()
    place = path.parts.index(OWN_FOLDER, 1) if is_below_own(path) else len(path.parts) - 1
    below = path.parts[place:]
    if ".." in below or any("\0" in name for name in below):
        raise Refused(errno.EINVAL, "its name leads elsewhere", str(path))
    return Path(*path.parts[:place]), below


@contextmanager
def _parent(path: Path) -> Iterator[tuple[_Folder, str]]:
    anchor, below = _split(path)
    with _walk(anchor, below[:-1]) as folder:
        yield folder, below[-1]


@contextmanager
def _open(path: Path) -> Iterator[_Folder]:
    # What holds no files of ours is a folder that a person named.
    anchor, below = _split(path) if is_below_own(path) else (path.absolute(), ())
    with _walk(anchor, below) as folder:
        yield folder


@contextmanager
def _walk(anchor: Path, below: tuple[str, ...]) -> Iterator[_Folder]:
    folder: _Folder = _ByHandle.at(anchor) if BY_HANDLE else _ByPath(anchor)
    try:
        for name in below:
            above, folder = folder, folder.enter(name)
            above.close()
        yield folder
    finally:
        folder.close()


class _Folder(Protocol):
    """An open folder; names in it are looked at by themselves."""

    def enter(self, name: str) -> _Folder: ...
    def open(self, name: str, flags: int, mode: int) -> int: ...
    def stat(self, name: str) -> os.stat_result: ...
    def names(self) -> list[str]: ...
    def unlink(self, name: str) -> None: ...
    def mkdir(self, name: str) -> None: ...
    def rmdir(self, name: str) -> None: ...
    def replace(self, name: str, other: _Folder, new: str) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


class _ByHandle:
    """An open folder by its handle, where the system can open names relative to it."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @staticmethod
    def at(path: Path) -> _ByHandle:
        return _ByHandle(path, os.open(path, _FOLDER))

    def enter(self, name: str) -> _ByHandle:
        path = self._path / name
        try:
            return _ByHandle(path, os.open(name, _FOLDER | _NO_FOLLOW, dir_fd=self._handle))
        except OSError:
            self._refuse_link(name)
            raise

    def open(self, name: str, flags: int, mode: int) -> int:
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
        return os.stat(name, dir_fd=self._handle, follow_symlinks=False)

    def names(self) -> list[str]:
        return os.listdir(self._handle)

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self._handle)

    def mkdir(self, name: str) -> None:
        os.mkdir(name, dir_fd=self._handle)

    def rmdir(self, name: str) -> None:
        os.rmdir(name, dir_fd=self._handle)

    def replace(self, name: str, other: _Folder, new: str) -> None:
        assert isinstance(other, _ByHandle)
        os.replace(name, new, src_dir_fd=self._handle, dst_dir_fd=other._handle)

    def sync(self) -> None:
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)

    def _refuse_link(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            if modes.S_ISLNK(self.stat(name).st_mode):
                raise _linked(self._path / name)


class _ByPath:
    """A folder by its path; each name is looked at before it is used, and compared afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = os.stat(path)

    def enter(self, name: str) -> _ByPath:
        path = self._path / name
        if _is_link(path, os.lstat(path)):
            raise _linked(path)
        folder = _ByPath(path)
        if not modes.S_ISDIR(folder._found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return folder

    def open(self, name: str, flags: int, mode: int) -> int:
        path = self._path / name
        with contextlib.suppress(FileNotFoundError):
            _check_plain(path, os.lstat(path))
        handle = os.open(path, flags, mode)
        try:
            self._check_same()
            if not os.path.samestat(os.fstat(handle), os.lstat(path)):
                raise _linked(path)
        except OSError:
            os.close(handle)
            raise
        return handle

    def stat(self, name: str) -> os.stat_result:
        return os.lstat(self._path / name)

    def names(self) -> list[str]:
        self._check_same()
        return os.listdir(self._path)

    def unlink(self, name: str) -> None:
        self._check_same()
        os.unlink(self._path / name)

    def mkdir(self, name: str) -> None:
        self._check_same()
        os.mkdir(self._path / name)

    def rmdir(self, name: str) -> None:
        self._check_same()
        os.rmdir(self._path / name)

    def replace(self, name: str, other: _Folder, new: str) -> None:
        assert isinstance(other, _ByPath)
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
            raise _linked(self._path)

    def _is_anchor(self) -> bool:
        return not is_below_own(self._path) and os.path.samestat(self._found, os.stat(self._path))


def _is_link(path: Path, found: os.stat_result) -> bool:
    """Whether it is a symbolic link or, on Windows, a junction or another reparse point."""
    reparse = getattr(found, "st_file_attributes", 0) & _REPARSE_POINT
    return modes.S_ISLNK(found.st_mode) or bool(reparse and os.path.realpath(path) != str(path))


def _check_plain(path: Path, found: os.stat_result) -> None:
    if _is_link(path, found):
        raise _linked(path)
    if modes.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not modes.S_ISREG(found.st_mode):
        raise _no_plain_file(path)


def _linked(path: Path) -> Linked:
    return Linked(errno.ELOOP, "it is a link, and links are not followed here", str(path))


def _no_plain_file(path: Path) -> Refused:
    return Refused(errno.EINVAL, "it is no plain file", str(path))
