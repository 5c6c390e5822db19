"""The images of a folder and of the folders in it, fast enough for a hundred thousand."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.storage.image_input import UNREADABLE
from core.storage.images import BESIDE, ImageError, is_image_name
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


def list_images(folder: Path | str) -> list[Path]:
    """The image files directly in a folder, by suffix, in natural order; hidden files are skipped.

    So are `NAME.overlay.png` beside an image NAME, what a model saw in it, and Cellpose's label
    images `NAME_masks.tif`. Raises ImageError when the folder cannot be read.
    """
    try:
        found = {path.name: path for path in Path(folder).iterdir() if is_image_name(path.name)}
        files = [found[name] for name in without_overlays(found) if found[name].is_file()]
        return sorted(files, key=lambda path: natural_key(path.name))
    except OSError as error:
        raise ImageError(
            UNREADABLE.given(path=str(folder), reason=error.strerror or "unknown")
        ) from error


def without_overlays(names: Collection[str]) -> list[str]:
    """The names of images but those that show, or hold the masks of, another one of them."""
    beside = {name: found[1] for name in names if (found := BESIDE.fullmatch(name)) is not None}
    stems = {Path(name).stem for name in names} if beside else set()
    return [name for name in names if beside.get(name) not in stems]
