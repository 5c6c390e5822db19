"""Colours and line styles of the lens: scales for values, and fixed ones for levels and fates."""

from __future__ import annotations

import colorsys
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.trace import Fate

Colour = tuple[int, int, int]


class Style(StrEnum):
    """How a line is drawn; a style always goes with a colour."""

    SOLID = "solid"
    DASH = "dash"
    DOT = "dot"
    DASH_DOT = "dash_dot"


LEVELS: Final[tuple[Colour, ...]] = (
    (86, 180, 233),
    (0, 200, 140),
    (240, 228, 66),
    (255, 150, 40),
    (230, 90, 160),
)
"""P2 to P6; apart from each other also for colour-blind eyes (after Okabe and Ito)."""
FATES: Final[dict[Fate, Colour]] = {
    Fate.KEPT: (0, 220, 130),
    Fate.BELOW_TOP_K: (120, 130, 150),
    Fate.TOO_SMALL: (230, 90, 160),
    Fate.LOW_SCORE: (120, 130, 150),
    Fate.SUPPRESSED: (255, 110, 70),
    Fate.OVER_LIMIT: (255, 200, 60),
    Fate.NOT_BEST: (150, 110, 200),
}
FATE_STYLES: Final[dict[Fate, Style]] = {
    Fate.KEPT: Style.SOLID,
    Fate.BELOW_TOP_K: Style.DOT,
    Fate.TOO_SMALL: Style.DOT,
    Fate.LOW_SCORE: Style.DOT,
    Fate.SUPPRESSED: Style.DASH,
    Fate.OVER_LIMIT: Style.DASH_DOT,
    Fate.NOT_BEST: Style.DOT,
}
STYLES: Final = (Style.SOLID, Style.DASH, Style.DOT, Style.DASH_DOT)
"""Of the shapes of a cell, and of the levels of RoIs."""
CHOSEN: Final[Colour] = (255, 255, 255)
HOVERED: Final[Colour] = (255, 230, 128)
ANCHOR: Final[Colour] = (86, 180, 233)
PROPOSAL: Final[Colour] = (240, 228, 66)
DETECTION: Final[Colour] = (0, 220, 130)
SEEN: Final[Colour] = (190, 130, 255)
"""Of the boxes of a proposer: none of the colours of levels and fates."""
SUPPRESSOR: Final[Colour] = (255, 110, 70)
STRONGEST: Final[Colour] = (225, 229, 236)
"""Of the boxes of all anchors."""
TARGET: Final[Colour] = (255, 176, 0)
FULL_MASK: Final[Colour] = (74, 168, 255)
PADDING: Final[Colour] = (255, 200, 60)
_LIGHTNESS: Final = 0.6
_HEAT: Final = (
    (0, 0, 20),
    (46, 12, 96),
    (118, 26, 110),
    (188, 48, 84),
    (240, 100, 40),
    (252, 174, 30),
    (252, 252, 180),
)
_COLD_TO_WARM: Final = (
    (20, 50, 160),
    (70, 130, 230),
    (170, 205, 245),
    (245, 245, 245),
    (250, 190, 160),
    (230, 100, 70),
    (150, 10, 30),
)


def heat(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values 0 to 1 of any shape as colours from black over violet and orange to pale yellow."""
    return _along(_HEAT, values)


def cold_to_warm(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values -1 to 1 of any shape as colours: blue below zero, red above, near white at it."""
    return _along(_COLD_TO_WARM, (np.asarray(values) + 1) / 2)


def distinct(index: int) -> Colour:
    """A bright colour for the number of a label or instance; neighbours differ clearly."""
    colour = np.array(colorsys.hsv_to_rgb((0.08 + index * 0.618034) % 1, 0.75, 1.0))
    # Blues look darker than yellows of the same value; white lifts them to a common lightness.
    lightness = float(colour @ (0.299, 0.587, 0.114))
    if lightness < _LIGHTNESS:
        colour += (1 - colour) * (_LIGHTNESS - lightness) / (1 - lightness)
    red, green, blue = (round(255 * float(part)) for part in colour)
    return red, green, blue


def _along(stops: tuple[Colour, ...], values: NDArray[Any]) -> NDArray[np.uint8]:
    places = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), 0, 1) * (len(stops) - 1)
    columns = np.array(stops, dtype=np.float64).T
    at = np.arange(len(stops))
    return np.stack([np.interp(places, at, column) for column in columns], -1).astype(np.uint8)
