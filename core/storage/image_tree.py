"""The images of a folder and of the folders in it, fast enough for a hundred thousand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.storage.images import UNREADABLE, ImageError, is_image_name, without_overlays
from core.storage.natural import natural_key


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder with images: its path below the root (empty, or with a slash at the end), the names
    of the images in natural order, and of all files that may be label files.
    """

    below: str
    images: tuple[str, ...]
    jsons: frozenset[str]


def image_folders(root: Path, *, nested: bool = True) -> list[ImageFolder]:
    """The folders with images: `root` first, then those in it, each in natural order.

    Hidden folders and links to folders are passed over, and so is a folder within that cannot be
    read. Raises ImageError when `root` itself cannot be.
    """
    try:
        return list(_walk(root, nested))
    except OSError as error:
        reason = error.strerror or "unknown"
        raise ImageError(UNREADABLE.given(path=str(root), reason=reason)) from error


def _walk(root: Path, nested: bool) -> Iterator[ImageFolder]:
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            found, folders = _look(root, below)
        except OSError:
            if not below:
                raise
            continue
        if found.images:
            yield found
        if nested:
            waiting += (f"{below}{name}/" for name in reversed(folders))


def _look(root: Path, below: str) -> tuple[ImageFolder, list[str]]:
    """The images of one folder, and the names of the folders in it."""
    images: list[str] = []
    folders: list[str] = []
    jsons: list[str] = []
    with os.scandir(f"{root}/{below}") as entries:
        for entry in entries:
            name = entry.name
            if is_image_name(name):
                if entry.is_file():
                    images.append(name)
            elif name.endswith(".json"):
                jsons.append(name)
            elif not name.startswith(".") and entry.is_dir(follow_symlinks=False):
                folders.append(name)
    names = tuple(sorted(without_overlays(images), key=natural_key))
    return ImageFolder(below, names, frozenset(jsons)), sorted(folders, key=natural_key)
