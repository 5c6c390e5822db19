"""What surrounds the image and what helps the eye on it: ground, border, pixel grid, crosshair."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRect
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPalette, QPen, QTransform

from app.canvas.style import INK, PAPER, faded, line_pen
from app.canvas.view import View

GRID_FROM = 12.0
"""Logical pixels per image pixel from which on the pixel grid is shown."""
_GRID = 0.16
_RING = 2.0


def ground(palette: QPalette) -> QColor:
    """The neutral colour around the image: a step darker than the window's."""
    window = palette.color(QPalette.ColorRole.Window)
    return window.darker(114) if window.lightness() > 127 else window.darker(150)


def paint_border(painter: QPainter, view: View, width: float, height: float) -> None:
    """A hairline around the image, in device pixels."""
    left, top = view.origin
    scale, line = view.device_scale, max(round(view.dpr), 1)
    frame = QRect(left, top, round(width * scale), round(height * scale))
    _paint_frame(painter, frame.adjusted(-line, -line, line, line), line, faded(INK, 0.5))


def _paint_frame(painter: QPainter, frame: QRect, line: int, colour: QColor) -> None:
    """A frame as four bars: many times as fast as a stroked rectangle of that size."""
    x, y, width, height = frame.x(), frame.y(), frame.width(), frame.height()
    painter.fillRect(x, y, width, line, colour)
    painter.fillRect(x, y + height - line, width, line, colour)
    painter.fillRect(x, y + line, line, height - 2 * line, colour)
    painter.fillRect(x + width - line, y + line, line, height - 2 * line, colour)


def paint_grid(painter: QPainter, view: View, width: float, height: float) -> None:
    """The borders of image pixels, when they are large enough to count."""
    if view.scale < GRID_FROM:
        return
    part = view.visible()
    columns = range(max(math.floor(part.x0), 0), min(math.ceil(part.x1), int(width)) + 1)
    rows = range(max(math.floor(part.y0), 0), min(math.ceil(part.y1), int(height)) + 1)
    if not columns or not rows:
        return
    # Whole device pixels, and the upright ones from a picture one pixel high: many times as fast.
    across = [round(view.to_device(column, 0)[0]) for column in columns]
    down = [round(view.to_device(0, row)[1]) for row in rows]
    bars = ((0, faded(INK, _GRID)), (1, faded(PAPER, _GRID)))
    strip = QImage(across[-1] - across[0] + 2, 1, QImage.Format.Format_ARGB32_Premultiplied)
    strip.fill(0)
    inner = QPainter(strip)
    for shift, colour in bars:
        for x in across:
            inner.fillRect(x - across[0] + shift, 0, 1, 1, colour)
    inner.end()
    brush = QBrush(strip)
    brush.setTransform(QTransform.fromTranslate(across[0], 0))
    painter.fillRect(across[0], down[0], strip.width(), down[-1] - down[0] + 2, brush)
    for shift, colour in bars:
        for y in down:
            painter.fillRect(across[0] + shift, y + shift, strip.width() - 1, 1, colour)


def paint_crosshair(
    painter: QPainter, view: View, at: QPointF, width: float, height: float
) -> None:
    """Lines through the pointer (device pixels) across the image, seen on light and dark."""
    left, top = view.origin
    right, bottom = left + width * view.device_scale, top + height * view.device_scale
    x, y = math.floor(at.x()) + 0.5, math.floor(at.y()) + 0.5
    if not (left <= x <= right and top <= y <= bottom):
        return
    lines = [QLineF(left, y, right, y), QLineF(x, top, x, bottom)]
    painter.setPen(QPen(faded(PAPER, 0.55), 1))
    painter.drawLines(lines)
    painter.setPen(line_pen(faded(INK, 0.7), 1, dashed=True))
    painter.drawLines(lines)


def paint_focus(painter: QPainter, view: View, palette: QPalette) -> None:
    """The ring that says: keys go here."""
    line = max(round(_RING * view.dpr), 1)
    colour = palette.color(QPalette.ColorRole.Highlight)
    _paint_frame(painter, QRect(0, 0, *view.device_size), line, colour)
