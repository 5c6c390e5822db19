"""Name tags beside instances, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from app.canvas.outlines import Outline
from app.canvas.style import DASH, INK, PAPER, Palette, faded, ink_on
from app.canvas.view import View
from core.document.instance import Instance

MOST = 250
"""Tags in sight at most."""
LEAST_SIDE = 18.0
"""Instances narrower or lower than this many logical pixels have no room for any tag."""
_PAD = 5.0
_HEIGHT_PAD = 2.0
_ROUND = 3.0
_ROOM = 0.75
"""A tag needs an instance at least this much of its own width wide."""
_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Face:
    text: str
    colour: int
    suggested: bool
    dpr: float


class Tags:
    """Places and paints tags; their pictures are kept."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.font = QFont()
        self._faces: dict[_Face, QImage] = {}

    def clear(self) -> None:
        """Forget the pictures, for instance when the font is another."""
        self._faces.clear()

    def paint(
        self,
        painter: QPainter,
        view: View,
        outlines: Sequence[Outline],
        forced: Sequence[Outline] = (),
    ) -> None:
        """Tags for `forced` in any case, then for as many of the others as find room."""
        taken = [
            self._put(painter, view, outline, self._face(outline.instance, view.dpr))
            for outline in forced
        ]
        scale = view.device_scale
        # The largest first: an order that does not depend on what else is in sight.
        large = sorted(outlines, key=lambda each: -each.box.width * each.box.height)
        for outline in large[: 4 * MOST]:
            image = self._face(outline.instance, view.dpr)
            if outline.box.width * scale < image.width() * _ROOM:
                continue
            if outline.box.height * scale < image.height() * 1.5:
                continue
            place = self._place(view, outline, image)
            if not any(place.intersects(other) for other in taken):
                painter.drawImage(place.topLeft(), image)
                taken.append(place)
            if len(taken) >= MOST:
                break

    def _put(self, painter: QPainter, view: View, outline: Outline, image: QImage) -> QRectF:
        place = self._place(view, outline, image)
        painter.drawImage(place.topLeft(), image)
        return place

    def _place(self, view: View, outline: Outline, image: QImage) -> QRectF:
        """Above the top left of the box, or inside it where the viewport ends."""
        x, y = view.to_device(outline.box.x0, outline.box.y0)
        right, _ = view.device_size
        top = y - image.height() - 2 * view.dpr
        if top < 0:
            top = min(max(y + 2 * view.dpr, 2 * view.dpr), view.device_size[1] - image.height())
        x = min(max(x, 0.0), max(right - image.width(), 0.0))
        return QRectF(round(x), round(top), image.width(), image.height())

    def _face(self, instance: Instance, dpr: float) -> QImage:
        text = instance.label or "?"
        suggested = instance.source == "suggested"
        if suggested and instance.score is not None:
            text = f"{text}  {round(100 * instance.score)} %"
        colour = self.palette.colour(instance.label)
        key = _Face(text, colour.rgba(), suggested, dpr)
        image = self._faces.get(key)
        if image is None:
            if len(self._faces) >= _KEPT:
                self._faces.clear()
            image = self._faces[key] = _drawn(key, colour, self.font)
        return image


def _drawn(face: _Face, colour: QColor, base: QFont) -> QImage:
    """A tag: filled for an instance; dark with a dashed rim for a suggestion."""
    font = QFont(base)
    font.setPointSizeF(max(base.pointSizeF() * 0.92, 7.5))
    font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    width = round((metrics.horizontalAdvance(face.text) + 2 * _PAD) * face.dpr)
    height = round((metrics.height() + 2 * _HEIGHT_PAD) * face.dpr)
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(face.dpr, face.dpr)
    frame = QRectF(0, 0, width / face.dpr, height / face.dpr)
    inner = frame.adjusted(0.75, 0.75, -0.75, -0.75)
    shape = QPainterPath()
    shape.addRoundedRect(inner, _ROUND, _ROUND)
    if face.suggested:
        pen = QPen(colour, 1.5)
        pen.setDashPattern(list(DASH))
        painter.fillPath(shape, faded(INK, 0.82))
        painter.strokePath(shape, pen)
        painter.setPen(PAPER)
    else:
        painter.fillPath(shape, faded(colour, 0.94))
        painter.setPen(ink_on(colour))
    painter.setFont(font)
    painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, face.text)
    painter.end()
    return image
