"""Small pictures for the list of images: made off-thread for what is looked at, some are kept."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.base.tasks import Task, Tasks
from core.lru import Lru
from core.sentences import MasklensError
from core.storage.thumbnails import thumbnail

SIDE: Final = 128
"""Pixels of the longer side: enough for a row of twice the usual density."""
BUDGET: Final = 32 << 20
_AT_ONCE: Final = 4
_WAITING_MOST: Final = 60  # of those asked for, the newest: who scrolls on wants no more


class Thumbnails(QObject):
    """`made` carries the paths of new ones."""

    made = Signal(object)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._kept: Lru[Path, QImage] = Lru(BUDGET, lambda image: max(image.sizeInBytes(), 256))
        self._wanted: OrderedDict[Path, None] = OrderedDict()
        self._task: Task[dict[Path, QImage]] | None = None
        self._start = QTimer(self, singleShot=True, interval=0)
        self._start.timeout.connect(self._go_on)

    def get(self, path: Path) -> QImage | None:
        """The picture, a null one where the image cannot be read; None until it is made."""
        found = self._kept.get(path)
        if found is None:
            self._wanted[path] = None
            self._wanted.move_to_end(path)
            while len(self._wanted) > _WAITING_MOST:
                self._wanted.popitem(last=False)
            if not self._start.isActive():
                self._start.start()
        return found

    def clear(self) -> None:
        """Forget all: another folder is open, or the images are others."""
        self._wanted.clear()
        self._kept.clear()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _go_on(self) -> None:
        if self._task is not None or not self._wanted:
            return
        paths = [self._wanted.popitem()[0] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        self._task = self._tasks.run(
            lambda context: {path: _made(path) for path in paths if not context.cancelled()},
            done=self._keep,
            failed=lambda _error: self._keep({path: QImage() for path in paths}),
        )

    def _keep(self, made: dict[Path, QImage]) -> None:
        self._task = None
        for path, image in made.items():
            self._kept[path] = image
        self.made.emit(list(made))
        self._go_on()


def _made(path: Path) -> QImage:
    try:
        pixels = thumbnail(path, SIDE)
    except (MasklensError, OSError, MemoryError):  # the list says why when the image is opened
        return QImage()
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
