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

import errno
import io
import os
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.storage.open_folder import (
    NO_FOLLOW,
    OWN_FOLDER,
    PLAIN,
    ByHandle,
    ByPath,
    Folder,
    Linked,
    Refused,
    Shared,
    is_below_own,
    is_link,
    linked,
    no_plain_file,
    too_long,
)

__all__ = ["OWN_FOLDER", "Linked", "Refused", "Shared", "is_below_own"]

MOST_BYTES: Final = 64_000_000
"""The longest file of ours that is read whole, unless the caller says otherwise."""
BY_HANDLE: Final = {os.open, os.stat, os.unlink, os.rename, os.mkdir, os.rmdir} <= (
    os.supports_dir_fd
) and os.listdir in os.supports_fd
_WRITING: Final = os.O_WRONLY | os.O_RDWR


def project_of(path: Path) -> Path | None:
    """The folder of the project that a path below `.masklens` belongs to; None for another."""
    parts = path.absolute().parts
    return Path(*parts[: parts.index(OWN_FOLDER, 1)]) if OWN_FOLDER in parts[1:] else None


def open_file(path: Path, flags: int, *, unshared: bool = True) -> int:
    """As `os.open`, for a plain file; with `unshared`, for writing none that has two names.

    Raises Refused and other OSErrors.
    """
    with _parent(path) as (folder, name):
        handle = folder.open(name, flags | PLAIN, 0o666)
    try:
        found = os.fstat(handle)
        if not modes.S_ISREG(found.st_mode):
            raise no_plain_file(path)
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
        raise too_long(path, most)
    return data


def read_named(path: Path, most: int = MOST_BYTES) -> bytes:
    """As `read`, for a file beside the images or one that a person named, which may be a link."""
    with open(os.open(path, os.O_RDONLY | (PLAIN & ~NO_FOLLOW)), "rb") as file:
        found = os.fstat(file.fileno())
        if modes.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not modes.S_ISREG(found.st_mode):
            raise no_plain_file(path)
        if found.st_size > most:
            raise too_long(path, most)
        return file.read(most)


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
    if is_link(path, found):
        raise linked(path)


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
def _parent(path: Path) -> Iterator[tuple[Folder, str]]:
    anchor, below = _split(path)
    with _walk(anchor, below[:-1]) as folder:
        yield folder, below[-1]


@contextmanager
def _open(path: Path) -> Iterator[Folder]:
    # What holds no files of ours is a folder that a person named.
    anchor, below = _split(path) if is_below_own(path) else (path.absolute(), ())
    with _walk(anchor, below) as folder:
        yield folder


@contextmanager
def _walk(anchor: Path, below: tuple[str, ...]) -> Iterator[Folder]:
    folder: Folder = ByHandle.at(anchor) if BY_HANDLE else ByPath(anchor)
    try:
        for name in below:
            above, folder = folder, folder.enter(name)
            above.close()
        yield folder
    finally:
        folder.close()
