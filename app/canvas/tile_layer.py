"""A layer of retained tiles: made in short slices, shown from store, stale ones as stand-ins."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QRegion

from app.canvas.tiles import TILE, TileKey, cost, tiles_in
from app.canvas.view import View
from core.document.geometry.measure import Rect
from core.lru import Lru

_REMEMBERED_SCALES = 4
_SCREENS_KEPT = 3


class TileJob(Protocol):
    """The making of one tile, in slices."""

    def paint(self, painter: QPainter, deadline: float) -> bool:
        """Paint on in device pixels of the tile until `time.perf_counter()` passes the deadline.

        At least one step is made. True when the tile is finished.
        """


class TileSource(Protocol):
    """What a layer shows."""

    format: QImage.Format
    cut: bool
    """Whether tiles end where the image ends; else what sticks out of it is shown."""

    def begin(self, key: TileKey) -> TileJob | None:
        """Start a tile; None when there is nothing to see in it."""

    def is_quick(self, device_scale: float) -> bool:
        """Whether `stand_in` is better than tiles of another scale, and no slower."""

    def stand_in(self, painter: QPainter, view: View) -> None:
        """Paint, in device pixels of the viewport, something for what has no tile yet.

        The painter is clipped to that part.
        """


@dataclass(slots=True)
class _Work:
    key: TileKey
    image: QImage
    job: TileJob


class TileLayer:
    """Retained tiles of one source. `limit` is in bytes of pixels."""

    def __init__(self, source: TileSource, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._cache: Lru[TileKey, QImage | None] = Lru(limit, cost)
        self._stale: set[TileKey] = set()
        self._scales: list[float] = []
        self._work: _Work | None = None
        self._progress = False
        self._complete: tuple[View, int] | None = None  # no tile of it, so far around, is wanted
        self.version = 0
        """Another number whenever what `paint` shows of the view made for last is another."""
        self._width = 0.0
        self._height = 0.0

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the image in pixels."""
        return self._width, self._height

    def set_extent(self, width: float, height: float) -> None:
        """Start afresh for an image of that size; 0×0 for none."""
        self._width, self._height = width, height
        self._cache.clear()
        self._stale.clear()
        self._scales.clear()
        self._work = self._complete = None
        self.version += 1

    def invalidate(self, rect: Rect | None = None, reach: float = 0.0) -> None:
        """Mark tiles that show a part of `rect` (image pixels; None: all) to be made again.

        `reach` is how many device pixels the drawing may stick out of the rect. The old tiles are
        shown until the new ones are there.
        """

        def hit(key: TileKey) -> bool:
            return rect is None or key.rect().intersects(rect.grown(reach / key.scale))

        self._complete = None
        self._stale.update(key for key in self._cache if hit(key))
        if self._work is not None and hit(self._work.key):
            self._work = None

    def is_ready(self, view: View) -> bool:
        """Whether every tile in sight is up to date."""
        return not any(map(self._wanted, tiles_in(view, self._width, self._height)))

    def make(self, view: View, deadline: float, margin: int = 0) -> bool:
        """Make tiles in sight (and `margin` around) until the deadline. True when none is left."""
        if self._complete is not None:
            whole, around = self._complete
            if whole == view and margin <= around:
                return True
        self._remember(view)
        while (work := self._next(view, margin)) is not None:
            painter = QPainter(work.image)
            finished = work.job.paint(painter, deadline)
            painter.end()
            if finished:
                self._keep(work.key, work.image, view)
            if time.perf_counter() >= deadline:
                return self._work is None and self._first_wanted(view, margin) is None
        self._complete = view, margin
        return True

    def take_progress(self) -> bool:
        """Whether tiles were finished since the last call."""
        progress, self._progress = self._progress, False
        return progress

    def paint(
        self, painter: QPainter, view: View, opacity: float = 1.0, dx: int = 0, dy: int = 0
    ) -> None:
        """Show the layer, in device pixels of the viewport, moved by (dx, dy) device pixels."""
        left, top = view.origin
        left, top = left + dx, top + dy
        painter.setOpacity(opacity)
        missing = QRegion()
        for key in tiles_in(view.panned(dx / view.dpr, dy / view.dpr), self._width, self._height):
            x, y = left + key.column * TILE, top + key.row * TILE
            if key not in self._cache:
                missing += QRect(x, y, TILE, TILE)
                continue
            image = self._cache[key]
            if image is not None:
                painter.drawImage(x, y, image)
        missing &= QRect(0, 0, *view.device_size)
        if not missing.isEmpty():
            self._paint_stand_in(painter, view, missing)
        painter.setOpacity(1.0)

    def _next(self, view: View, margin: int) -> _Work | None:
        while self._work is None:
            key = self._first_wanted(view, margin)
            if key is None:
                return None
            job = self._source.begin(key)
            if job is None:
                self._keep(key, None, view)
                continue
            image = QImage(*self._size_of(key), self._source.format)
            image.fill(0)
            self._work = _Work(key, image, job)
        return self._work

    def _size_of(self, key: TileKey) -> tuple[int, int]:
        if not self._source.cut:
            return TILE, TILE
        right = round(self._width * key.scale) - key.column * TILE
        bottom = round(self._height * key.scale) - key.row * TILE
        return min(max(right, 1), TILE), min(max(bottom, 1), TILE)

    def _keep(self, key: TileKey, image: QImage | None, view: View) -> None:
        blank_as_before = image is None and key in self._cache and self._cache[key] is None
        self._cache[key] = image
        self._stale.discard(key)
        self._stale.intersection_update(self._cache)
        self._work = self._complete = None
        if not blank_as_before and key in tiles_in(view, self._width, self._height):
            self._progress = True
            self.version += 1

    def _wanted(self, key: TileKey) -> bool:
        return key not in self._cache or key in self._stale

    def _first_wanted(self, view: View, margin: int) -> TileKey | None:
        """The wanted tile nearest to the middle of the viewport, those in sight first."""
        for around in range(margin + 1):
            wanted = [
                key
                for key in tiles_in(view, self._width, self._height, around)
                if self._wanted(key)
            ]
            if wanted:
                return min(wanted, key=lambda key: _distance(key, view))
        return None

    def _remember(self, view: View) -> None:
        scale = view.device_scale
        if not self._scales or self._scales[0] != scale:
            self._scales = [scale, *(s for s in self._scales if s != scale)][:_REMEMBERED_SCALES]
            across, down = view.device_size
            screen = 4 * (across + 2 * TILE) * (down + 2 * TILE)
            self._cache.limit = max(self._limit, _SCREENS_KEPT * screen)
            if self._work is not None and self._work.key.scale != scale:
                self._work = None

    def _paint_stand_in(self, painter: QPainter, view: View, missing: QRegion) -> None:
        """Fill a part of the viewport from tiles of another scale, or as the source knows how."""
        painter.save()
        painter.setClipRegion(missing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        best = None
        if not self._source.is_quick(view.device_scale):
            best = self._best_scale(view, missing.boundingRect())
        if best is None:
            self._source.stand_in(painter, view)
        else:
            self._paint_scaled(painter, view, best)
        painter.restore()

    def _best_scale(self, view: View, part: QRect) -> Sequence[TileKey] | None:
        """Tiles of the last used scale that cover all of a part of the viewport."""
        left, top = view.origin
        scale = view.device_scale
        for other in self._scales:
            ratio = other / scale
            if other == scale:
                continue
            x, y = part.x() - left, part.y() - top
            columns = _covering(x, x + part.width(), ratio, self._width * other)
            rows = _covering(y, y + part.height(), ratio, self._height * other)
            keys = [TileKey(other, column, row) for row in rows for column in columns]
            if keys and all(key in self._cache for key in keys):
                return keys
        return None

    def _paint_scaled(self, painter: QPainter, view: View, keys: Sequence[TileKey]) -> None:
        left, top = view.origin
        ratio = view.device_scale / keys[0].scale
        side = TILE * ratio
        for key in keys:
            image = self._cache[key]
            if image is not None:
                x, y = left + key.column * side, top + key.row * side
                target = QRectF(x, y, image.width() * ratio, image.height() * ratio)
                painter.drawImage(target, image)


def _covering(start: float, stop: float, ratio: float, extent: float) -> range:
    """Tile numbers of another scale that cover a span given in pixels of this one."""
    first = max(math.floor(start * ratio / TILE), 0)
    last = math.ceil(min(stop * ratio, extent) / TILE)
    return range(first, max(last, first))


def _distance(key: TileKey, view: View) -> float:
    rect = key.rect()
    x, y = rect.centre
    return abs(x - view.centre_x) + abs(y - view.centre_y)
