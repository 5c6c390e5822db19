"""Images that belong to a file by its place: beside it, or in the sibling folder of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.storage.images import is_image_name

# Names of folders that hold labels, and of those that hold the images then.
_IMAGES: Final = ("images", "JPEGImages", "imgs", "img", "image", "raw", "sources")

# What label files end in that lie in a folder of their own, and how many folders are looked at.
_LABELS: Final = (".json", ".xml", ".txt")
_MOST_FOLDERS: Final = 50


def is_file(path: Path) -> bool:
    """Whether a path from a file is that of a file; False for what is no path at all."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


class Siblings:
    """Looks up images by folder and stem, listing each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def image(self, folder: Path, stem: str, but: Path | None = None) -> Path | None:
        """The image of that stem in a folder; `but` is a file that is no candidate."""
        for path in self._listed(folder).get(stem, ()):
            if path != but:
                return path
        return None

    def of(self, file: Path, stem: str | None = None) -> Path | None:
        """The image of a label file: beside it, or in a folder of images next to its folder.

        Of `a/labels/train/x.txt` it is `a/images/train/x.*`.
        """
        stem = file.stem if stem is None else stem
        found = self.image(file.parent, stem, file)
        if found is not None:
            return found
        for name in _IMAGES:
            found = self.image(file.parent / name, stem, file)
            if found is not None:
                return found
        above, below = file.parent, Path()
        for _ in range(3):
            for name in _IMAGES:
                found = self.image(above.parent / name / below, stem, file)
                if found is not None:
                    return found
            above, below = above.parent, Path(above.name) / below
        return None

    def _listed(self, folder: Path) -> dict[str, list[Path]]:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = {}
            try:
                for path in sorted(folder.iterdir()):
                    if is_image_name(path.name) and path.is_file():
                        known.setdefault(path.stem, []).append(path)
            except OSError:
                pass  # no such folder, or none to be read: no image there
        return known


def labels_elsewhere(root: Path, images: Sequence[tuple[Path, Path]]) -> tuple[Path, int] | None:
    """The folder next to `root` with the most files that have the images' names, and how many.

    `images` are images with their label files. None when one of these is there, or nothing is
    found. Only so many folders are looked at: `root` may lie anywhere.
    """
    if not images or any(is_file(label_file) for _, label_file in images):
        return None
    stems = {image.stem for image, _ in images}
    best: tuple[Path, int] | None = None
    try:
        found = sorted(path for path in root.parent.iterdir() if not path.name.startswith("."))
        folders = [path for path in found if path != root and path.is_dir()]
    except OSError:
        return None
    for folder in folders[:_MOST_FOLDERS]:
        try:
            names = [path.stem for path in folder.iterdir() if path.suffix.lower() in _LABELS]
        except OSError:
            continue  # not to be read, so no labels there
        count = len(stems & set(names))
        if count and (best is None or count > best[1]):
            best = folder, count
    return best
