"""Finding the images that label files name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from core.storage.images import is_image_name
from core.storage.natural import natural_key

# A search below a folder looks at this many files at most: it may begin at somebody's home.
_MOST_FILES: Final = 500_000


class ImageFinder:
    """Finds images: in a named folder, or around the label file that names them.

    With `images_dir`: there by path, there by name, then by name below it. Without: as the file
    names them, absolute or from its own folder or the working directory; then beside it; then in
    `images/` beside it; then by name anywhere below the parent of its folder. Of several with the
    name, the one whose folders agree best is taken, then the first in natural order.
    """

    def __init__(self, images_dir: Path | None = None) -> None:
        self._images_dir = images_dir
        self._names: dict[Path, dict[str, list[Path]]] = {}

    def find(self, label_file: Path, file_name: str) -> Path | None:
        """The image that a label file names, or None."""
        for candidate in self._candidates(label_file.parent, file_name):
            # Some files name themselves, when they have their image inside.
            if candidate.suffix.lower() != ".json" and _is_file(candidate):
                return candidate
        root = self._images_dir or label_file.parent.resolve().parent
        return self._below(root, PurePosixPath(file_name))

    def _candidates(self, folder: Path, file_name: str) -> Iterator[Path]:
        name = PurePosixPath(file_name).name
        if self._images_dir is not None:
            folders = [self._images_dir]
        else:
            yield folder / file_name  # an absolute name stands for itself
            yield Path(file_name)
            folders = [folder, folder / "images"]
        for each in folders:
            if not Path(file_name).is_absolute():
                yield each / file_name
            yield each / name

    def _below(self, root: Path, wanted: PurePosixPath) -> Path | None:
        names = self._names.get(root)
        if names is None:
            names = self._names[root] = _index(root)
        found = names.get(wanted.name.casefold(), [])

        def agreement(path: Path) -> int:
            pairs = zip(reversed(path.parts), reversed(wanted.parts), strict=False)
            return next((k for k, (a, b) in enumerate(pairs) if a != b), len(wanted.parts))

        return max(found, key=agreement, default=None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def _index(root: Path) -> dict[str, list[Path]]:
    """The images below a folder by name without case, each list in natural order."""
    names: dict[str, list[Path]] = {}
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        for name in filter(is_image_name, files):
            names.setdefault(name.casefold(), []).append(Path(folder, name))
        seen += len(files)
        if seen > _MOST_FILES:
            break
    return names
