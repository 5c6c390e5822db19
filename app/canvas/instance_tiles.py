"""Tiles of instances or suggestions: fills first, then outlines, as many as a slice allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from app.canvas.outlines import Outline, OutlineTable, level_of, make_ready
from app.canvas.style import (
    FILL,
    HALO,
    LINE,
    LINE_HALO,
    POINT,
    Palette,
    faded,
    hatching,
    line_pen,
    region_pen,
)
from app.canvas.tile_layer import TileLayer
from app.canvas.tiles import TILE, TileKey
from app.canvas.view import View
from core.document.geometry.measure import Rect
from core.document.instance import Shape
from core.document.regions import is_done

_CROWDED = 120
"""Instances for each tile's worth of image from which on outlines are one device pixel wide, which
is five times as fast and leaves more of the image to see."""
_SPECK = 2.5
"""Instances smaller than this many device pixels are drawn as a dot."""
_BYTES = 64 << 20
_RECTS = 40
_TOGETHER = 2000
"""Vertices of the paths that are made at once."""


@dataclass(slots=True)
class InstanceLook:
    """What a layer of instances looks like; sizes in logical pixels."""

    palette: Palette
    fill: float = FILL
    width: float = LINE
    dashed: bool = False
    halo: bool = True
    dpr: float = 1.0


def is_point(shape: Shape) -> bool:
    """Whether a shape is a single point."""
    return shape.line and len(shape.polygons[0].outer) == 1


def dot(painter: QPainter, shape: Shape, colour: QColor, scale: float, dpr: float) -> None:
    """A point, painted in image pixels at so many device pixels each."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(line_pen(HALO, 1.6 * dpr))
    painter.setBrush(colour)
    radius = POINT * dpr / scale
    painter.drawEllipse(QPointF(*shape.polygons[0].outer[0]), radius, radius)
    painter.restore()


class InstanceTiles:
    """A layer of instances, or of suggestions, in retained tiles.

    `marked` are the ids left out, because they are drawn elsewhere; with `inverted` they are the
    only ones shown.
    """

    format = QImage.Format.Format_ARGB32_Premultiplied
    cut = False

    def __init__(self, table: OutlineTable, look: InstanceLook, *, inverted: bool = False) -> None:
        self.look = look
        self.marked: frozenset[str] = frozenset()
        self.tiles = TileLayer(self, _BYTES)
        self._table = table
        self._inverted = inverted

    def mark(self, ids: frozenset[str]) -> None:
        """Leave out (or show) these instances from now on."""
        moved = ids ^ self.marked
        self.marked = ids
        if len(moved) > _RECTS:
            around = self._table.box_around(moved)
            rects = [] if around is None else [around]
        else:
            rects = self._table.boxes_of(moved)
        for rect in rects:
            self.invalidate(rect)

    def invalidate(self, rect: Rect | None = None) -> None:
        """What is inside `rect` (image pixels; None: everywhere) looks different now."""
        self.tiles.invalidate(rect, self._reach)

    @property
    def _reach(self) -> float:
        """Device pixels that something is painted beyond its box."""
        return (LINE_HALO + POINT) * self.look.dpr + 2

    def begin(self, key: TileKey) -> _InstanceJob | None:
        """Start a tile; None when no instance is in it."""
        part = key.rect().grown(self._reach / key.scale)
        outlines = self._table.within(part, self.marked, self._inverted)
        return _InstanceJob(outlines, self.look, key, self._crowded(key)) if outlines else None

    def _crowded(self, key: TileKey) -> bool:
        """Whether outlines are thin at that scale: all over the image, so that tiles match."""
        width, height = self.tiles.extent
        area = max(width * height * (key.scale / TILE) ** 2, 1.0)
        return len(self._table) / area > _CROWDED

    def is_quick(self, device_scale: float) -> bool:
        """Never: there is nothing in place of tiles."""
        return False

    def stand_in(self, painter: QPainter, view: View) -> None:
        """Nothing: what has never been drawn appears when its tile is ready."""


class _InstanceJob:
    """The making of one tile: a list of strokes, worked off in slices."""

    def __init__(
        self, outlines: Sequence[Outline], look: InstanceLook, key: TileKey, crowded: bool
    ) -> None:
        self._key = key
        self._look = look
        self._crowded = crowded
        # A fill of nothing is left out, but for what is too small to have an outline.
        passes: list[Callable[[QPainter, Outline], None]] = [self._fill]
        if look.halo and not self._crowded:
            passes.append(self._halo)
        passes.append(self._line)
        self._steps = [(step, outline) for step in passes for outline in outlines]
        self._next = 0
        self._level = level_of(key.scale)
        self._outlines = outlines
        self._ready = 0
        self._colour: QColor | None = None
        self._pass: Callable[[QPainter, Outline], None] | None = None

    def paint(self, painter: QPainter, deadline: float) -> bool:
        """Paint until the deadline, at least one outline."""
        scale = self._key.scale
        painter.setTransform(
            QTransform(scale, 0, 0, scale, -self._key.column * TILE, -self._key.row * TILE)
        )
        self._pass = self._colour = None
        while self._next < len(self._steps):
            step, outline = self._steps[self._next]
            if self._ready <= self._next and self._ready < len(self._outlines):
                self._make_ready()
            if step != self._pass:
                self._begin_pass(painter, step)
            step(painter, outline)
            self._next += 1
            if time.perf_counter() >= deadline:
                break
        return self._next >= len(self._steps)

    def _make_ready(self) -> None:
        """Make the next paths, of so many vertices together."""
        unready, points = [], 0
        while self._ready < len(self._outlines) and points < _TOGETHER:
            outline = self._outlines[self._ready]
            self._ready += 1
            if not self._is_speck(outline):
                unready.append(outline)
                points += sum(
                    len(ring) for part in outline.instance.polygons for ring in part.rings
                )
        make_ready(unready, self._level)

    def _begin_pass(self, painter: QPainter, step: Callable[[QPainter, Outline], None]) -> None:
        self._pass, self._colour = step, None
        # A fill ends under its outline: it needs no smooth border, which would cost most of all.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, step != self._fill)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if step == self._halo:
            painter.setPen(line_pen(HALO, self._line_width + 1.6 * self._look.dpr))

    @property
    def _line_width(self) -> float:
        return 1.0 if self._crowded else self._look.width * self._look.dpr

    def _fill(self, painter: QPainter, outline: Outline) -> None:
        if is_done(outline.instance):
            self._colour = None
            painter.setBrush(hatching(self._key.scale, self._look.dpr))
            painter.drawPath(outline.path_at(self._level))
            return
        colour = self._look.palette.of(outline.instance)
        if is_point(outline.instance):
            self._colour = None
            dot(painter, outline.instance, colour, self._key.scale, self._look.dpr)
            return
        if self._is_speck(outline):
            side = _SPECK / self._key.scale
            x, y = outline.box.centre
            painter.fillRect(QRectF(x - side / 2, y - side / 2, side, side), colour)
            return
        if self._look.fill <= 0 or outline.instance.line:
            return
        if colour is not self._colour:
            self._colour = colour
            painter.setBrush(faded(colour, self._look.fill))
        painter.drawPath(outline.path_at(self._level))

    def _halo(self, painter: QPainter, outline: Outline) -> None:
        if not self._is_speck(outline) and not outline.is_heavy(self._key.scale):
            painter.drawPath(outline.path_at(self._level))

    def _line(self, painter: QPainter, outline: Outline) -> None:
        if self._is_speck(outline):
            return
        if is_done(outline.instance):
            self._colour = None
            painter.setPen(region_pen(self._look.width * self._look.dpr))
            painter.drawPath(outline.path_at(self._level))
            return
        colour = self._look.palette.of(outline.instance)
        if outline.is_heavy(self._key.scale):
            self._colour = None
            painter.setPen(line_pen(colour, 1.0))
        elif colour is not self._colour:
            self._colour = colour
            painter.setPen(line_pen(colour, self._line_width, dashed=self._look.dashed))
        painter.drawPath(outline.path_at(self._level))

    def _is_speck(self, outline: Outline) -> bool:
        return outline.side * self._key.scale < _SPECK
