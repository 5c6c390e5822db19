"""Keypoints on the canvas: the lines of the skeleton, a dot for each, a ring for a hidden one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from app.canvas.style import HALO, INK, LINE, PAPER, Palette
from app.canvas.view import View
from core.document.geometry.measure import bounds
from core.document.instance import Seen, Shape
from core.document.skeleton import Skeleton

_DOT: Final = 4.0
_DOT_HOT: Final = 6.0
_SMALLEST: Final = 24.0
"""Instances with a shorter longest side on the screen, in logical pixels, have no dots."""


class KeypointPainter:
    """Paints the keypoints of shapes in device pixels."""

    def __init__(
        self, painter: QPainter, view: View, palette: Palette, skeletons: Mapping[str, Skeleton]
    ) -> None:
        self._painter, self._view = painter, view
        self._palette, self._skeletons = palette, skeletons

    def paint(
        self,
        shapes: Iterable[Shape],
        selected: frozenset[str],
        marked: tuple[str, int] | None,
        offset: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """All shapes that are in sight; the marked keypoint, and no other, with its name.

        `offset` is how far the selected ones are on their way, in image pixels.
        """
        sight = self._view.visible()
        for shape in shapes:
            box = bounds(shape)
            if not shape.keypoints or not sight.intersects(box):
                continue
            chosen = shape.id in selected
            large = max(box.width, box.height) * self._view.scale >= _SMALLEST
            if chosen or large:
                place = marked[1] if marked is not None and marked[0] == shape.id else None
                self._skeleton(shape, chosen, place, offset if chosen else (0.0, 0.0))

    def _skeleton(
        self, shape: Shape, chosen: bool, marked: int | None, offset: tuple[float, float]
    ) -> None:
        dpr, scale = self._view.dpr, self._view.device_scale
        left, top = self._view.origin
        at = {
            place: QPointF(left + (x + offset[0]) * scale, top + (y + offset[1]) * scale)
            for place, (x, y, seen) in enumerate(shape.keypoints)
            if seen
        }
        skeleton, colour = self._skeletons.get(shape.label), self._palette.of(shape)
        edges = () if skeleton is None else skeleton.edges
        lines = [QLineF(at[a], at[b]) for a, b in edges if a in at and b in at]
        painter = self._painter
        for pen in (QPen(HALO, (LINE + 1.6) * dpr), QPen(colour, LINE * dpr)):
            painter.setPen(pen)
            painter.drawLines(lines)
        for place, centre in at.items():
            hidden = shape.keypoints[place][2] == Seen.HIDDEN
            radius = (_DOT_HOT if place == marked else _DOT) * dpr * (1.0 if chosen else 0.75)
            painter.setPen(QPen(colour if hidden else INK, 1.6 * dpr))
            painter.setBrush(INK if hidden else (PAPER if chosen else colour))
            painter.drawEllipse(centre, radius, radius)
        if marked in at and skeleton is not None and marked < len(skeleton.names):
            self._name(at[marked], skeleton.names[marked])

    def _name(self, at: QPointF, name: str) -> None:
        painter = self._painter
        place = at + QPointF(_DOT_HOT + 4, -_DOT_HOT - 2) * self._view.dpr
        room = painter.fontMetrics().boundingRect(name).translated(place.toPoint())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(INK)
        painter.drawRect(room.adjusted(-4, -2, 4, 2))
        painter.setPen(PAPER)
        painter.drawText(place.toPoint(), name)
