"""What is painted anew in each frame: the selection with its handles, hover, and the preview."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from app.canvas.instance_tiles import dot, is_point
from app.canvas.outlines import is_heavy, make_path
from app.canvas.style import (
    ACCEPTED,
    FILL_SELECTED,
    HALO,
    HANDLE,
    HANDLE_HOT,
    INK,
    LINE,
    LINE_HALO,
    LINE_SELECTED,
    PAPER,
    REGION,
    REJECTED,
    TOLERANCE,
    Palette,
    faded,
    hatching,
    line_pen,
    region_pen,
)
from app.canvas.view import View
from core.document.geometry.boxes import turn_handle
from core.document.geometry.measure import Rect, ring_array
from core.document.hit import Hit
from core.document.instance import Point, Ring, Shape
from core.document.regions import is_done
from core.gestures.base import Preview
from core.gestures.drags import MIDPOINT_FROM
from core.gestures.scene import TURN_AWAY

_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]
_CROWDED_SPACING = 1.5
"""Handles stand at least this many handle widths apart on average, else they become dots."""
_DOT = 4.0
_HANDLES_MOST = 2000
"""Rings with more vertices in sight have no handles."""
_MIDDLES_MOST = 200
"""Rings with more vertices do without marks in the middle of their edges."""


@dataclass(slots=True)
class LiveLook:
    """Colours and the opacity of fills, as the tiles have them."""

    palette: Palette
    fill: float
    label: str = ""


class LivePainter:
    """Paints on the viewport in device pixels."""

    def __init__(self, painter: QPainter, view: View, look: LiveLook) -> None:
        self._painter = painter
        self._view = view
        self._look = look
        self._dpr = view.dpr
        left, top = view.origin
        self._to_device = QTransform(view.device_scale, 0, 0, view.device_scale, left, top)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    @property
    def scale(self) -> float:
        """Device pixels per image pixel."""
        return self._view.device_scale

    def instance(
        self,
        instance: Shape,
        path: QPainterPath,
        *,
        selected: bool,
        dashed: bool = False,
        moving: bool = False,
    ) -> None:
        """An instance as it is, or as it would become; `path` is in image pixels.

        While it is `moving` the dark rim is rough: smooth, it would take a third of the frame.
        """
        colour = self._look.palette.of(instance)
        width = (LINE_SELECTED if selected else LINE) * self._dpr
        if is_done(instance):
            pen, fill = region_pen(width), hatching(self.scale, self._dpr)
        else:
            pen = line_pen(colour, width, dashed=dashed)
            fill = QBrush(faded(colour, self._look.fill + FILL_SELECTED * selected))
        painter = self._painter
        painter.save()
        painter.setTransform(self._to_device, True)
        if is_point(instance):
            dot(painter, instance, colour, self.scale, self._dpr * (1.4 if selected else 1.0))
            painter.restore()
            return
        self._fill(instance, path, fill)
        if is_heavy(path, self.scale):
            self._draw(path, line_pen(colour, 1.0))
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
            self._draw(path, line_pen(HALO, width + (LINE_HALO - LINE_SELECTED) * self._dpr))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(path, pen)
        painter.restore()

    def _draw(self, path: QPainterPath, *pens: QPen) -> None:
        for pen in pens:
            self._painter.setPen(pen)
            self._painter.drawPath(path)

    def _fill(self, instance: Shape, path: QPainterPath, fill: QBrush) -> None:
        """It ends under an outline, so that it needs no smooth border, which would take longer."""
        if not instance.line:
            self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            self._painter.fillPath(path, fill)
            self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)

    def hovered(self, instance: Shape, path: QPainterPath, *, dashed: bool = False) -> None:
        """A light rim and a little more fill on what the pointer would take."""
        painter = self._painter
        region = is_done(instance)
        colour = REGION if region else self._look.palette.of(instance)
        painter.save()
        painter.setTransform(self._to_device, True)
        if is_point(instance):
            dot(painter, instance, colour, self.scale, 1.3 * self._dpr)
            painter.restore()
            return
        self._fill(instance, path, QBrush(faded(colour, 0.0 if region else FILL_SELECTED)))
        if is_heavy(path, self.scale):
            self._draw(path, line_pen(PAPER, 1.0))
        else:
            rim = line_pen(faded(PAPER, 0.8), (LINE + 1.8) * self._dpr)
            self._draw(path, rim, line_pen(colour, LINE * self._dpr, dashed=dashed))
        painter.restore()

    def rejected(self, path: QPainterPath) -> None:
        """A suggestion that is about to be rejected."""
        painter = self._painter
        painter.save()
        painter.setTransform(self._to_device, True)
        painter.fillPath(path, faded(REJECTED, 0.45))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        widths = ((HALO, LINE_HALO), (REJECTED, LINE_SELECTED))
        self._draw(path, *(line_pen(colour, width * self._dpr) for colour, width in widths))
        painter.restore()

    def brush(self, middle: Point, radius: float) -> None:
        """The rim of the brush, seen on light and dark."""
        painter = self._painter
        painter.setBrush(Qt.BrushStyle.NoBrush)
        reach = radius * self.scale
        for colour, width in ((INK, 2.6), (PAPER, 1.2)):
            painter.setPen(QPen(colour, width * self._dpr))
            painter.drawEllipse(self._to_device.map(QPointF(*middle)), reach, reach)

    def point(self, at: Point, *, inside: bool) -> None:
        """A point that must be inside an outline, or outside."""
        centre = self._to_device.map(QPointF(*at))
        radius = HANDLE_HOT / 2 * self._dpr
        painter = self._painter
        painter.setPen(QPen(PAPER, 1.6 * self._dpr))
        painter.setBrush(ACCEPTED if inside else REJECTED)
        painter.drawEllipse(centre, radius, radius)
        arm = radius * 0.5
        painter.drawLine(centre - QPointF(arm, 0), centre + QPointF(arm, 0))
        if inside:
            painter.drawLine(centre - QPointF(0, arm), centre + QPointF(0, arm))

    def moved(self, dx: float, dy: float) -> LivePainter:
        """A painter for the same viewport that paints (dx, dy) image pixels further on."""
        other = LivePainter(self._painter, self._view, self._look)
        other._to_device = QTransform.fromTranslate(dx, dy) * self._to_device
        return other

    def handles(
        self,
        instance: Shape,
        hover: Hit | None,
        vertex: Hit | None,
        *,
        selected: bool = True,
        turns: bool = False,
    ) -> None:
        """A square on each vertex, a ring in the middle of each long edge.

        What is not selected shows dots only, for vertices that can be taken all the same. A box
        that `turns` has a handle for it.
        """
        sight = self._view.visible().grown(HANDLE / self._view.scale)
        colour = REGION if is_done(instance) else self._look.palette.of(instance)
        if turns and instance.box:
            self._turn_handle(instance.polygons[0].outer)
        for p, polygon in enumerate(instance.polygons):
            for r, ring in enumerate(polygon.rings):
                shown = ring if len(ring) <= _HANDLES_MOST else _within(sight, ring)
                if len(shown) > _HANDLES_MOST:
                    continue  # they would cover the outline; closer up there are fewer
                points = self._mapped(shown)
                self._vertices(points, _seen(sight, shown), dots=not selected)
                if selected and len(ring) < _MIDDLES_MOST:
                    self._middles(points, closed=not instance.line)
                for hit, active in ((hover, False), (vertex, True)):
                    if hit and (hit.id, hit.polygon, hit.ring) == (instance.id, p, r):
                        self._mark(ring, hit, colour, active=active)

    def _turn_handle(self, ring: Ring) -> None:
        """What a box is turned by."""
        side, at = turn_handle(ring, TURN_AWAY * TOLERANCE / self._view.scale)
        start, end = (self._to_device.map(QPointF(*point)) for point in (side, at))
        painter = self._painter
        for colour, width in ((INK, 2.6), (PAPER, 1.2)):
            painter.setPen(QPen(colour, width * self._dpr))
            painter.drawLine(start, end)
        painter.setPen(QPen(INK, self._dpr))
        painter.setBrush(PAPER)
        radius = HANDLE * 0.6 * self._dpr
        painter.drawEllipse(end, radius, radius)

    def _mapped(self, points: Sequence[Point]) -> _Floats:
        """Points in device pixels, (N, 2)."""
        to = self._to_device
        return ring_array(points) * (to.m11(), to.m22()) + (to.dx(), to.dy())

    def _vertices(self, points: _Floats, seen: _Flags, *, dots: bool = False) -> None:
        crowded = dots or _spacing(points) < _CROWDED_SPACING * HANDLE * self._dpr
        side = (_DOT if crowded else HANDLE) * self._dpr
        corners = points[seen] - side / 2
        painter = self._painter
        painter.setPen(Qt.PenStyle.NoPen if crowded else QPen(INK, self._dpr))
        painter.setBrush(PAPER)
        if not crowded:
            # Whole pixels keep the squares sharp.
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            corners, side = np.rint(corners), round(side)
        painter.drawRects([QRectF(x, y, side, side) for x, y in corners.tolist()])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _middles(self, points: _Floats, *, closed: bool) -> None:
        least = MIDPOINT_FROM * TOLERANCE * self._dpr
        ends = np.roll(points, -1, axis=0)
        long = np.hypot(*(ends - points).T) >= least
        long[-1] &= closed
        painter = self._painter
        painter.setPen(QPen(faded(INK, 0.8), self._dpr))
        painter.setBrush(faded(PAPER, 0.75))
        radius = 2.6 * self._dpr
        for x, y in ((points + ends) / 2)[long].tolist():
            painter.drawEllipse(QPointF(x, y), radius, radius)

    def _mark(self, ring: Ring, hit: Hit, colour: QColor, *, active: bool) -> None:
        """The vertex or edge that the pointer would take, or that keys act on."""
        if hit.index >= len(ring):
            return
        painter = self._painter
        centre = self._to_device.map(QPointF(*ring[hit.index]))
        if hit.kind == "edge":
            painter.setPen(QPen(PAPER, 3.0 * self._dpr, c=Qt.PenCapStyle.RoundCap))
            following = ring[(hit.index + 1) % len(ring)]
            painter.drawLine(centre, self._to_device.map(QPointF(*following)))
        elif hit.kind == "vertex":
            side = HANDLE_HOT * self._dpr
            square = QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
            painter.setPen(QPen(INK if active else PAPER, 2.0 * self._dpr))
            painter.setBrush(colour)
            painter.drawRect(square)
            if active:
                painter.setPen(QPen(PAPER, self._dpr))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                inset = 2.0 * self._dpr
                painter.drawRect(square.adjusted(-inset, -inset, inset, inset))

    def ghost(self, x: float, y: float) -> None:
        """A vertex that a press would insert."""
        centre = self._to_device.map(QPointF(x, y))
        radius = HANDLE_HOT / 2 * self._dpr
        painter = self._painter
        painter.setPen(QPen(INK, self._dpr))
        painter.setBrush(PAPER)
        painter.drawEllipse(centre, radius, radius)
        arm = radius * 0.55
        painter.setPen(QPen(INK, 1.6 * self._dpr))
        painter.drawLine(centre - QPointF(arm, 0), centre + QPointF(arm, 0))
        painter.drawLine(centre - QPointF(0, arm), centre + QPointF(0, arm))

    def snapped(self, at: Point) -> None:
        """The place of a neighbour's outline that a vertex takes."""
        centre, reach = self._to_device.map(QPointF(*at)), HANDLE_HOT * 0.8 * self._dpr
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((INK, 4.0), (ACCEPTED, 2.0)):
            self._painter.setPen(QPen(colour, width * self._dpr))
            self._painter.drawEllipse(centre, reach, reach)

    def drawing(self, preview: Preview) -> None:
        """An outline under the pencil: its edges, the next one, its vertices."""
        painter = self._painter
        colour = self._look.palette.colour(self._look.label)
        outline = self._mapped(preview.line)
        points = [QPointF(x, y) for x, y in outline.tolist()]
        ahead = [self._to_device.map(QPointF(*preview.next))] if preview.next else []
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(colour, 0.18))
        if not preview.open:
            painter.drawPolygon(QPolygonF(points + ahead))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(HALO, LINE_HALO * self._dpr), QPen(colour, LINE_SELECTED * self._dpr)):
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(points + (ahead if preview.closes else [])))
        if ahead and not preview.closes:
            self._next_edges(points, ahead[0], colour, back=not preview.open)
        self._pencil_vertices(outline, preview.closes, colour)

    def _next_edges(
        self, points: list[QPointF], ahead: QPointF, colour: QColor, *, back: bool
    ) -> None:
        painter = self._painter
        line = QPolygonF([points[-1], ahead])
        painter.setPen(QPen(HALO, (LINE + 1.6) * self._dpr))
        painter.drawPolyline(line)
        painter.setPen(line_pen(colour, LINE * self._dpr))
        painter.drawPolyline(line)
        if back and len(points) > 1:
            painter.setPen(line_pen(faded(PAPER, 0.7), self._dpr, dashed=True))
            painter.drawLine(ahead, points[0])

    def _pencil_vertices(self, points: _Floats, closes: bool, colour: QColor) -> None:
        self._vertices(points, np.ones(len(points), np.bool_))
        first = QPointF(*points[0].tolist())
        radius = (HANDLE_HOT if closes else HANDLE) * 0.62 * self._dpr
        self._painter.setPen(QPen(INK, 1.2 * self._dpr))
        self._painter.setBrush(QBrush(colour if closes else PAPER))
        self._painter.drawEllipse(first, radius, radius)

    def band(self, band: Rect) -> None:
        """A rectangle being spanned to select with."""
        corner = self._to_device.map(QPointF(band.x0, band.y0))
        opposite = self._to_device.map(QPointF(band.x1, band.y1))
        painter = self._painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(faded(PAPER, 0.12))
        painter.setPen(QPen(INK, self._dpr))
        painter.drawRect(QRectF(corner, opposite))
        pen = line_pen(PAPER, self._dpr, dashed=True)
        painter.setPen(pen)
        painter.drawRect(QRectF(corner, opposite))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def changed(self, instances: Iterable[Shape], handles: Preview | None) -> None:
        """Instances as they would become; with their handles as in a preview, or without."""
        for instance in instances:
            self.instance(instance, make_path(instance), selected=True, moving=handles is not None)
            if handles is not None and not handles.stroke:
                self.handles(instance, handles.hover, handles.vertex)

    def stroke(self, line: Iterable[Point]) -> None:
        """The line as the hand draws it, over the outline that follows from it."""
        points = QPolygonF([self._to_device.map(QPointF(x, y)) for x, y in line])
        painter = self._painter
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((INK, LINE_HALO), (PAPER, LINE_SELECTED)):
            painter.setPen(line_pen(colour, width * self._dpr))
            painter.drawPolyline(points)


def _within(sight: Rect, ring: Ring) -> list[Point]:
    """The vertices of a long ring that are in sight."""
    return [ring[k] for k in np.flatnonzero(_seen(sight, ring)).tolist()]


def _seen(sight: Rect, points: Sequence[Point]) -> _Flags:
    x, y = ring_array(points).T
    seen: _Flags = (x >= sight.x0) & (x <= sight.x1) & (y >= sight.y0) & (y <= sight.y1)
    return seen


def _spacing(points: _Floats) -> float:
    """The mean length of the edges of a ring, across and down added."""
    if not len(points):
        return 0.0
    return float(np.abs(np.roll(points, -1, axis=0) - points).sum()) / len(points)
