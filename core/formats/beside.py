"""Images that belong to a file by its place: beside it, or in the sibling folder of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.formats.splits import are_splits
from core.storage.images import is_image_name

# Names of folders that hold labels, and of those that hold the images then.
_IMAGES: Final = ("images", "JPEGImages", "imgs", "img", "image", "raw", "sources")

# What label files end in that lie in a folder of their own, and how many folders are looked at.
_LABELS: Final = (".json", ".xml", ".txt")
_MOST_FOLDERS: Final = 50
_DESCRIPTIONS: Final = ("data.yaml", "dataset.yaml")
# Two of them stand at the begin of a COCO file: after one key, or within its first image.
_COCO_KEYS: Final = (b'"images"', b'"annotations"', b'"categories"', b'"file_name"', b'"info"')
_HEAD: Final = 65_536


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


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Labels that lie apart from the images: what to import, how many files it is, and whether
    each of them is for many images; `either` are files of which only one can be imported."""

    place: Path
    count: int
    whole: bool = False
    either: tuple[Path, ...] = ()


def labels_elsewhere(root: Path, images: Sequence[tuple[Path, Path]]) -> Elsewhere | None:
    """The files within `root` that hold the labels of a data set, or the folder next to `root` with
    the most files that have the images' names.

    `images` are images with their label files. None when one of these is there, or nothing is
    found. Only so many folders are looked at: `root` may lie anywhere.
    """
    if not images or any(is_file(label_file) for _, label_file in images):
        return None
    files = [path for folder in (root, *_folders(root)) for path in _listing(folder)]
    whole = [path for path in files if _is_data_set(path)]
    if whole:
        place, several = (root, tuple(whole)) if len(whole) > 1 else (whole[0], ())
        either = () if are_splits(several, root) else several
        return Elsewhere(place, len(whole), whole=True, either=either)
    stems = {image.stem for image, _ in images}
    counts = {
        folder: len(stems & {p.stem for p in _listing(folder) if p.suffix.lower() in _LABELS})
        for folder in _folders(root.parent)
        if folder != root
    }
    best = max(counts, key=lambda folder: counts[folder], default=None)
    return None if best is None or not counts[best] else Elsewhere(best, counts[best])


def folder_to_open(label_file: Path) -> Path:
    """The folder of the images that a file with labels is for: its own, or the one above it where
    only that one has images."""
    own = label_file.parent
    for folder in (own, own.parent):
        if any(_has_images(each) for each in (folder, *_folders(folder))):
            return folder
    return own


def _has_images(folder: Path) -> bool:
    return any(is_image_name(path.name) for path in _listing(folder))


def _folders(root: Path) -> list[Path]:
    found = [path for path in _listing(root) if not path.name.startswith(".") and path.is_dir()]
    return found[:_MOST_FOLDERS]


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # not to be read, so nothing is there for us


def _is_data_set(path: Path) -> bool:
    """Whether a file seems to hold the labels of many images, as COCO's and YOLO's do."""
    if path.name.lower() in _DESCRIPTIONS:
        return True
    if path.suffix.lower() != ".json" or not path.is_file():  # a FIFO would keep us waiting
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return b'"shapes"' not in head and sum(key in head for key in _COCO_KEYS) >= 2
