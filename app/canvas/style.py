"""How things look on the canvas: widths and sizes in logical pixels, colours of labels."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen, QTransform

from core.document.instance import Shape, Source
from core.gestures.base import SCREEN_TOLERANCE

TOLERANCE: Final = SCREEN_TOLERANCE
"""How far a pointer may miss a handle."""
HANDLE: Final = 8.0
HANDLE_HOT: Final = 11.0
LINE: Final = 1.6
LINE_SELECTED: Final = 2.4
LINE_HALO: Final = 4.6
POINT: Final = 4.0
"""The radius of a point, which looks the same however close one is."""
DASH: Final = (3.5, 2.5)
"""Dashes of a suggestion, in line widths: drawn, left out."""
FILL: Final = 0.22
"""The opacity of the fill, where nobody chose another."""
FILL_SELECTED: Final = 0.12
"""How much stronger the fill of a selected instance is."""
HALO: Final = QColor(10, 12, 14, 150)
REGION: Final = QColor("#7ddc8a")
"""A finished region, whatever the colours of the labels; it is also hatched."""
REGION_DASH: Final = (7.0, 2.5, 1.5, 2.5)
REGION_FILL: Final = 0.3
ACCEPTED: Final = QColor("#30a46c")
REJECTED: Final = QColor("#e5484d")
PAPER: Final = QColor(255, 255, 255)
INK: Final = QColor(20, 22, 26)


_OWN_MOST: Final = 5000


BY_SOURCE: Final[Mapping[Source, QColor]] = {
    Source.DRAWN: QColor("#56b4e9"),
    Source.IMPORTED: QColor("#c4a484"),
    Source.EDITED: QColor("#e69f00"),
    Source.ACCEPTED: QColor("#00b386"),
    Source.PROMPTED: QColor("#a78bfa"),
}
UNSCORED: Final = QColor("#9aa0a6")


class Palette:
    """The colour of each label: the one given to it, else one made from its name.

    Shapes are coloured `by` their label, or each in its own colour (`instance`), by `source`, or by
    `score`, from red for 0 to green for 1.
    """

    def __init__(self, colours: Mapping[str, str] | None = None, by: str = "label") -> None:
        self._by = by
        self._colours: dict[str, QColor] = {}
        self._own: dict[str, QColor] = {}
        for label, text in (colours or {}).items():
            colour = QColor(text)
            if colour.isValid():
                self._colours[label] = colour

    def of(self, shape: Shape) -> QColor:
        """The colour in which a shape is drawn; suggestions have one of their own.

        Suggestions that touch are to be told apart; most of them have one label.
        """
        if self._by == "score":
            return UNSCORED if shape.score is None else _of_score(shape.score)
        if shape.source in BY_SOURCE and self._by == "source":
            return BY_SOURCE[shape.source]
        if shape.source != "suggested" and self._by != "instance":
            return self.colour(shape.label)
        colour = self._own.get(shape.id)
        if colour is None:
            if len(self._own) > _OWN_MOST:
                self._own.clear()
            colour = self._own[shape.id] = _made_up(shape.id)
        return colour

    def colour(self, label: str) -> QColor:
        """The colour of a label, opaque."""
        colour = self._colours.get(label)
        if colour is None:
            colour = self._colours[label] = _made_up(label)
        return colour


def _of_score(score: float) -> QColor:
    return QColor.fromHslF(max(0.0, min(score, 1.0)) / 3, 0.85, 0.5)


def _made_up(label: str) -> QColor:
    """A colour that is the same for a name every time, bright enough to stand out on a photo."""
    seed = zlib.crc32(label.encode())
    hue = (seed % 360) / 360
    red, green, blue = colorsys.hls_to_rgb(hue, 0.56, 0.85)
    return QColor.fromRgbF(red, green, blue)


def line_pen(colour: QColor, width: float, *, dashed: bool = False) -> QPen:
    """A pen of that many device pixels whatever the zoom."""
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        pen.setDashPattern(list(DASH))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def region_pen(width: float) -> QPen:
    """Dashes and dots in turn, of that many device pixels whatever the zoom."""
    pen = line_pen(REGION, width)
    pen.setDashPattern(list(REGION_DASH))
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def hatching(device_scale: float, dpr: float) -> QBrush:
    """A hatch of the same width whatever the zoom, for a painter in image coordinates."""
    brush = QBrush(faded(REGION, REGION_FILL), Qt.BrushStyle.BDiagPattern)
    side = max(1.0, round(dpr)) / device_scale
    brush.setTransform(QTransform.fromScale(side, side))
    return brush


def faded(colour: QColor, opacity: float) -> QColor:
    """The colour with that opacity, 0 to 1."""
    copy = QColor(colour)
    copy.setAlphaF(min(max(opacity, 0.0), 1.0))
    return copy


def ink_on(colour: QColor) -> QColor:
    """Black or white, whichever reads better on a colour (contrast as WCAG 2.1 defines it)."""
    luminance = 0.2126 * _linear(colour.redF())
    luminance += 0.7152 * _linear(colour.greenF()) + 0.0722 * _linear(colour.blueF())
    return INK if luminance > 0.179 else PAPER


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
