"""What gathering reads from files, remembered until they change, so that looking again is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from core.formats import labelme
from core.formats.label_file import LabelFile
from core.learning.frozen import FrozenLabels
from core.learning.likeness import Likeness, likeness
from core.storage import inside
from core.storage.images import image_size, read_image

T = TypeVar("T")


class _Known(Generic[T]):
    """Values read from files, by path, time and size."""

    def __init__(self, read: Callable[[Path], T]) -> None:
        self._read = read
        self._values: dict[Path, tuple[tuple[int, int], T]] = {}

    def get(self, path: Path) -> T:
        stamp = _stamp(path)
        known = self._values.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        value = self._read(path)
        self._values[path] = (stamp, value)
        return value


class Memory:
    """Label files, sizes and likenesses of images, sides of runs.

    Safe from any thread: two that ask at once at worst read a file twice.
    """

    def __init__(self) -> None:
        self._labels = _Known(labelme.read)
        self._sizes = _Known(image_size)
        self._likenesses = _Known(lambda path: likeness(read_image(path).pixels))
        self._sides = _Known(lambda path: FrozenLabels(path).sides())

    def labels(self, label_file: Path) -> LabelFile:
        """What a label file holds. Raises FormatError or FieldError."""
        return self._labels.get(label_file)

    def size(self, image: Path) -> tuple[int, int]:
        """Width and height of the upright image. Raises ImageError."""
        return self._sizes.get(image)

    def likeness(self, image: Path) -> Likeness:
        """What tells near-duplicates. Raises ImageError."""
        return self._likenesses.get(image)

    def sides(self, labels_file: Path) -> Mapping[str, bool]:
        """Whether each image of a run, by key, was held out. Raises LearningError."""
        return self._sides.get(labels_file)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = inside.stat(path) if inside.is_below_own(path) else path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
