"""The image whose predictions are shown while a run goes: its pixels and the labels it had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QImage, QPolygonF

from app.base.tasks import Context, Tasks
from core.document.instance import Instance
from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.frozen import LABELS_DAMAGED
from core.storage.images import read_image

SIDE: Final = 720  # pixels of the longer side; it is shown small


@dataclass(frozen=True, slots=True)
class Outline:
    """An instance as it is painted, in pixels of the small picture."""

    label: str
    rings: tuple[QPolygonF, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PinnedImage:
    """A small picture and its labels."""

    key: str
    path: Path
    picture: QImage
    scale: float
    labels: tuple[Outline, ...]

    def outlines(self, instances: Sequence[Instance]) -> tuple[Outline, ...]:
        """Instances of the image on the small picture."""
        return outlines(instances, self.scale)


class Pinned(QObject):
    """Loads the pinned image of a run off the window's thread; `changed` when it is there."""

    changed = Signal()

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._wanted: tuple[RunFolder, str] | None = None
        self.image: PinnedImage | None = None

    def want(self, run: RunFolder | None, key: str = "") -> None:
        """Show this image of this run; None shows nothing."""
        wanted = None if run is None else (run, key)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if run is None:
            self.image = None
            self.changed.emit()
            return
        self._tasks.run(
            _loading(run, key),
            done=lambda image: self._show(wanted, image),
            failed=lambda _error: self._show(wanted, None),
        )

    def _show(self, wanted: tuple[RunFolder, str] | None, image: PinnedImage | None) -> None:
        if wanted == self._wanted:
            self.image = image
            self.changed.emit()


def _loading(run: RunFolder, key: str) -> Callable[[Context], PinnedImage]:
    def load(_context: Context) -> PinnedImage:
        frozen = run.labels()
        number = frozen.number_of(key)
        if number is None:
            raise LearningError(LABELS_DAMAGED.given(path=str(run.labels_file)))
        image = frozen.read(number)
        pixels = Image.fromarray(read_image(image.path).pixels)
        scale = min(1.0, SIDE / max(pixels.size))
        size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
        small = pixels.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST)
        data = small.tobytes()
        picture = QImage(data, *size, 3 * size[0], QImage.Format.Format_RGB888).copy()
        return PinnedImage(key, image.path, picture, scale, outlines(image.objects, scale))

    return load


def outlines(instances: Sequence[Instance], scale: float) -> tuple[Outline, ...]:
    """Instances as polygons, scaled."""
    return tuple(
        Outline(
            each.label,
            tuple(
                QPolygonF([QPointF(x * scale, y * scale) for x, y in ring])
                for polygon in each.polygons
                for ring in polygon.rings
            ),
        )
        for each in instances
    )
