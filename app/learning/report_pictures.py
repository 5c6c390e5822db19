"""Small pictures of held-out images with what each model saw; made off-thread, on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PIL import Image
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from app.base.tasks import Context, Task, Tasks
from app.base.words import error_text
from app.canvas.outlines import make_path
from core.document.geometry.measure import bounds
from core.document.instance import Instance, Source
from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.frozen import FrozenImage, FrozenLabels
from core.learning.seen import Outcome, Seen, SeenFile
from core.lru import Lru
from core.storage.images import read_image

KEPT: Final = 60
HALO: Final = QColor(8, 10, 12, 170)
FOUND, FALSE, MISSED, PLAIN = (QColor(c) for c in ("#3ddc97", "#ffb000", "#ff6fb5", "#d8dce2"))
_CROSS: Final = 2.2
"""Half the side of a cross, in widths of a line."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a run that pictures are made from; None where a run did not keep one."""

    labels: FrozenLabels
    before: SeenFile | None
    after: SeenFile | None
    measured_on: int
    """Instances of the held-out images."""
    accepted: int
    """Of these, the ones that a person took as a model had proposed them."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two pictures of one image, or why there are none."""

    before: QImage | None
    after: QImage | None
    problem: str = ""


def open_sources(run: RunFolder) -> Sources:
    """Open the files of a run; reads them once. Raises LearningError when the labels are gone."""
    seen: list[SeenFile | None] = []
    for path in (run.seen_before_file, run.seen_after_file):
        try:
            seen.append(SeenFile(path))
        except LearningError:  # the pictures then show the labels alone
            seen.append(None)
    labels = run.labels()
    sources = Counter(one.source for image in labels.images(held_out=True) for one in image.objects)
    return Sources(labels, seen[0], seen[1], sources.total(), sources[Source.ACCEPTED])


def make_pair(sources: Sources, key: str, width: int, height: int) -> Pair:
    """Both pictures of an image, each fitted into a box of device pixels.

    Raises LearningError when it is not among the labels, ImageError when it cannot be read.
    """
    number = sources.labels.number_of(key)
    if number is None:
        return Pair(None, None, key)
    image = sources.labels.read(number)
    small = _shrunk(image, width, height)
    sides = []
    for file in (sources.before, sources.after):
        picture = small.copy()
        seen = None if file is None else file.read(key)
        _draw(picture, image, seen)
        sides.append(picture)
    return Pair(sides[0], sides[1])


def _shrunk(image: FrozenImage, width: int, height: int) -> QImage:
    picture = Image.fromarray(read_image(image.path).pixels)
    zoom = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * zoom)), max(1, round(picture.height * zoom))
    picture = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    data = picture.tobytes()
    made = QImage(
        data, picture.width, picture.height, 3 * picture.width, QImage.Format.Format_RGB888
    )
    return made.convertToFormat(QImage.Format.Format_RGB32)  # a copy: `data` may go


def _draw(picture: QImage, image: FrozenImage, seen: tuple[Seen, ...] | None) -> None:
    """Outlines over a picture: what was found, what is false, what was missed."""
    scale = picture.width() / image.width
    width = max(1.4, picture.width() / 110)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if seen is None:
        _stroke(painter, scale, image.objects, PLAIN, Qt.PenStyle.SolidLine, width)
    else:
        found = {one.found for one in seen}
        missed = [one for one in image.objects if one.id not in found]
        false = [one.instance for one in seen if one.outcome is Outcome.FALSE]
        right = [one.instance for one in seen if one.outcome is Outcome.FOUND]
        _stroke(painter, scale, right, FOUND, Qt.PenStyle.SolidLine, width)
        _stroke(painter, scale, missed, MISSED, Qt.PenStyle.DashLine, width)
        _stroke(painter, scale, false, FALSE, Qt.PenStyle.DotLine, width)
        for one in false:
            _cross(painter, scale, one, width)
    painter.end()


def _stroke(
    painter: QPainter,
    scale: float,
    instances: Iterable[Instance],
    colour: QColor,
    style: Qt.PenStyle,
    width: float,
) -> None:
    zoom = QTransform.fromScale(scale, scale)
    paths = [zoom.map(make_path(one, 0.5 / scale)) for one in instances]
    stroke(painter, paths, colour, style, width)


def stroke(
    painter: QPainter,
    paths: Iterable[QPainterPath],
    colour: QColor,
    style: Qt.PenStyle,
    width: float,
) -> None:
    """Lines with a dark rim, so that they show on light and on dark ground."""
    listed = list(paths)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(HALO, width + 1.6), QPen(colour, width, style)):
        painter.setPen(pen)
        for path in listed:
            painter.drawPath(path)


def _cross(painter: QPainter, scale: float, instance: Instance, width: float) -> None:
    box = bounds(instance)
    middle = QPointF((box.x0 + box.x1) / 2 * scale, (box.y0 + box.y1) / 2 * scale)
    path = QPainterPath()
    reach = _CROSS * width
    for dx in (-reach, reach):
        path.moveTo(middle + QPointF(-dx, -reach))
        path.lineTo(middle + QPointF(dx, reach))
    stroke(painter, [path], FALSE, Qt.PenStyle.SolidLine, width)


class Pairs(QObject):
    """Pictures as they are asked for: what is not there yet is made, the last asked for first."""

    ready = Signal(str)  # the key of an image whose pictures are there now

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._sources: Sources | None = None
        self._size = (0, 0)
        self._made: Lru[str, tuple[tuple[int, int], Pair]] = Lru(KEPT)
        self._wanted: list[str] = []
        self._task: Task[Pair] | None = None

    def set_sources(self, sources: Sources | None) -> None:
        """Show another run, or none."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._sources = sources
        self._made.clear()
        self._wanted.clear()

    def get(self, key: str, width: int, height: int) -> Pair | None:
        """The pictures of an image, perhaps of another size; None while they are being made."""
        self._size = (width, height)
        made = self._made.get(key)
        if made is None or made[0] != self._size:
            self._want(key)
        return None if made is None else made[1]

    def _want(self, key: str) -> None:
        if key in self._wanted:
            self._wanted.remove(key)
        self._wanted.append(key)
        del self._wanted[:-KEPT]
        self._next()

    def _next(self) -> None:
        sources, size = self._sources, self._size
        if self._task is not None or sources is None or not self._wanted:
            return
        key = self._wanted[-1]

        def work(_context: Context) -> Pair:
            return make_pair(sources, key, *size)

        self._task = self._tasks.run(
            work,
            done=lambda pair: self._take(key, size, pair),
            failed=lambda error: self._take(key, size, Pair(None, None, error_text(error))),
        )

    def _take(self, key: str, size: tuple[int, int], pair: Pair) -> None:
        self._task = None
        if key in self._wanted:
            self._wanted.remove(key)
        self._made[key] = (size, pair)
        self.ready.emit(key)
        self._next()
