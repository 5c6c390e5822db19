"""The way of one box: its boxes at each stage with their names, and what stood in its way."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from app.base.words import text_of
from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, DrawingLayer, pen_of, qcolour, strong_box, tag
from core.document.instance import Polygon, Polygons
from core.lens.colours import Style
from core.lens.views.marks import ChainShown, Link, OutlinesShown

_NAME: Final = 26.0
"""Logical pixels that the name of a selected instance takes above it."""


class ChainLayer(DrawingLayer[ChainShown]):
    """Links from the anchor to the detection, and a person's outline when it is about one."""

    def __init__(self) -> None:
        super().__init__()
        self._links: tuple[tuple[Link, str], ...] = ()
        self._outline: Polygons = ()

    @property
    def count(self) -> int:
        """Boxes of the chain."""
        return len(self._links)

    def show(self, drawing: ChainShown) -> None:
        """Show these boxes; the outline is drawn strongly below them."""
        self._links = tuple((link, text_of(link.text)) for link in drawing.links)
        self._outline = drawing.outline

    def clear(self) -> None:
        self.show(ChainShown(()))

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """The outline, the boxes, their names stacked so that none hides another."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if self._outline:
            path = path_of(self._outline)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (pen_of(HALO, 5 * view.dpr), pen_of(QColor("white"), 2 * view.dpr)):
                painter.setPen(pen)
                painter.drawPath(path)
        for link, _ in self._links:
            strong_box(painter, link.box, link.colour, view, link.style)
        if self._links:
            left = min(link.box[0] for link, _ in self._links)
            top = min(link.box[1] for link, _ in self._links)
            if self._outline:
                # Handles and name of the instance lie above all layers.
                around = path_of(self._outline).controlPointRect()
                top = min(top, around.top()) - _NAME * view.dpr / view.scale
            tag(painter, view, (left, top), [(text, link.colour) for link, text in self._links])


class OutlineLayer(DrawingLayer[OutlinesShown]):
    """The final polygons, each in its colour, the chosen one filled."""

    def __init__(self) -> None:
        super().__init__()
        self._paths: list[tuple[int, QPainterPath, QColor]] = []
        self._chosen = -1
        self._before = False

    @property
    def count(self) -> int:
        """Detections with an outline."""
        return len(self._paths)

    def show(self, drawing: OutlinesShown) -> None:
        """The largest lie lowest."""
        pairs = enumerate(zip(drawing.outlines, drawing.colours, strict=True))
        paths = [(number, path_of(one), qcolour(colour)) for number, (one, colour) in pairs if one]
        self._paths = sorted(paths, key=lambda each: -_extent(each[1]))
        self._before = drawing.before

    def clear(self) -> None:
        self._paths = []

    def choose(self, detection: int) -> None:
        """Fill one outline; -1 for none."""
        self._chosen = detection

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """All outlines in sight."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        seen = view.visible
        for number, path, colour in self._paths:
            around = path.controlPointRect()
            if around.right() < seen.x0 or around.left() > seen.x1:
                continue
            if around.bottom() < seen.y0 or around.top() > seen.y1:
                continue
            if self._before:
                self._paint_before(painter, view, path, colour)
                continue
            chosen = number == self._chosen
            fill = QColor(colour)
            fill.setAlpha(110 if chosen else 45)
            painter.setPen(pen_of(colour, (3.0 if chosen else 1.5) * view.dpr))
            painter.setBrush(fill)
            painter.drawPath(path)

    @staticmethod
    def _paint_before(
        painter: QPainter, view: LayerView, path: QPainterPath, colour: QColor
    ) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (pen_of(HALO, 3.0 * view.dpr), pen_of(colour, 1.5 * view.dpr, Style.DASH)):
            painter.setPen(pen)
            painter.drawPath(path)


def _extent(path: QPainterPath) -> float:
    around = path.controlPointRect()
    return around.width() * around.height()


def path_of(polygons: Polygons) -> QPainterPath:
    """Polygons as one path with holes."""
    path = QPainterPath()
    for polygon in polygons:
        for ring in _rings(polygon):
            path.addPolygon([QPointF(x, y) for x, y in ring])
            path.closeSubpath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    return path


def _rings(polygon: Polygon) -> tuple[tuple[tuple[float, float], ...], ...]:
    return (polygon.outer, *polygon.holes)
