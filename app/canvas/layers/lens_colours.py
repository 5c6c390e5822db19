"""Colours and line styles of the lens on the canvas; a style always goes with a colour."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from core.lens.colours import FATES, LEVELS
from core.lens.trace import Fate

LEVEL_COLOURS: Final = tuple(QColor(*colour) for colour in LEVELS)
"""P2 to P6."""
FATE_COLOURS: Final = {fate: QColor(*colour) for fate, colour in FATES.items()}
FATE_STYLES: Final = {
    Fate.KEPT: Qt.PenStyle.SolidLine,
    Fate.SUPPRESSED: Qt.PenStyle.DashLine,
    Fate.OVER_LIMIT: Qt.PenStyle.DashDotLine,
    Fate.TOO_SMALL: Qt.PenStyle.DotLine,
    Fate.LOW_SCORE: Qt.PenStyle.DotLine,
    Fate.BELOW_TOP_K: Qt.PenStyle.DotLine,
}
SHAPE_STYLES: Final = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
CHOSEN: Final = QColor("#ffffff")
HOVERED: Final = QColor("#ffe680")
ANCHOR: Final = QColor("#56b4e9")
PROPOSAL: Final = QColor("#f0e442")
DETECTION: Final = QColor("#00dc82")
SUPPRESSOR: Final = QColor("#ff6e46")
PADDING: Final = QColor("#ffc83c")
PERSON: Final = QColor("#ffffff")
