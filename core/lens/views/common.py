"""What several views say alike: numbers and sides of boxes, fates in words and colours."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.colours import FATE_STYLES, FATES
from core.lens.trace import Fate, Trace
from core.lens.views.base import Column, Entry, Group, Ints, Line, Text, in_image, text

MOST: Final = 300
"""Boxes drawn on paper of each kind; more would hide the image."""
FATE_WORDS: Final = {
    Fate.KEPT: text("kept"),
    Fate.BELOW_TOP_K: text("below top-k"),
    Fate.TOO_SMALL: text("too small"),
    Fate.LOW_SCORE: text("low score"),
    Fate.SUPPRESSED: text("suppressed"),
    Fate.OVER_LIMIT: text("over the limit"),
}
_OPACITY: Final = {
    Fate.KEPT: 1.0,
    Fate.BELOW_TOP_K: 0.25,
    Fate.TOO_SMALL: 0.9,
    Fate.LOW_SCORE: 0.3,
    Fate.SUPPRESSED: 0.4,
    Fate.OVER_LIMIT: 0.6,
}
_LOWEST_FIRST: Final = (
    Fate.BELOW_TOP_K,
    Fate.TOO_SMALL,
    Fate.LOW_SCORE,
    Fate.SUPPRESSED,
    Fate.OVER_LIMIT,
    Fate.KEPT,
)


def number(count: int) -> Column:
    """The numbers of rows, from 1."""
    return Column(text("No."), np.arange(count) + 1)


def sides(trace: Trace, boxes: NDArray[Any]) -> tuple[Column, Column]:
    """Width and height in pixels of the image, of boxes in resized pixels."""
    across, down = trace.input.scale
    wide, high = (boxes[:, 2] - boxes[:, 0]) / across, (boxes[:, 3] - boxes[:, 1]) / down
    return Column(text("Width"), wide, digits=1), Column(text("Height"), high, digits=1)


def fate(values: NDArray[Any]) -> Column:
    """Fates in words."""
    return Column(text("Fate"), values, tuple(FATE_WORDS[each] for each in Fate))


def by(suppressor: Ints | None) -> Column:
    """Numbers from 1 of those who suppressed; nothing where nobody did."""
    assert suppressor is not None  # the engine looks them up for the lens
    return Column(text("By"), suppressor + 1, optional=True)


def by_fate(
    trace: Trace, boxes: NDArray[Any], fates: NDArray[Any], shown: Ints, *, each: int | None = None
) -> tuple[Group, ...]:
    """Boxes by their numbers, those kept on top; of each fate at most the first so many."""
    groups = []
    for kind in _LOWEST_FIRST:
        index = shown[fates[shown] == kind][:each]
        if len(index):
            corners, wide = in_image(trace, boxes[index]), 2.0 if kind is Fate.KEPT else 1.2
            style, opacity = FATE_STYLES[kind], _OPACITY[kind]
            groups.append(Group(corners, index, FATES[kind], style, wide, opacity))
    return tuple(groups)


def fate_legend(fates: NDArray[Any], without: Fate | None = None) -> tuple[Line, ...]:
    """How many boxes there are of each fate."""
    return tuple(
        Entry(text("{fate}: {n}", fate=FATE_WORDS[kind], n=n), FATES[kind], FATE_STYLES[kind])
        for kind, n in fate_counts(fates).items()
        if n and kind is not without
    )


def fate_counts(fates: NDArray[Any]) -> dict[Fate, int]:
    """How many boxes there are of each fate, in the order of the fates."""
    counts = np.bincount(fates, minlength=len(Fate)).tolist()
    return dict(zip(Fate, counts, strict=True))


def fate_table(fates: NDArray[Any]) -> tuple[tuple[str, str], ...]:
    """The fates that occur and how many boxes have them, in words for the page."""
    counts = fate_counts(fates).items()
    return tuple((kind.name.lower().replace("_", " "), f"{n:,}") for kind, n in counts if n)


def of_total(painted: int, total: int) -> Text:
    """How many of the boxes of a stage are painted."""
    if painted >= total:
        return text("{n}", n=total)
    return text("{n} of {total}", n=painted, total=total)


def painted(groups: tuple[Group, ...]) -> int:
    """How many boxes some groups hold."""
    return sum(len(group.index) for group in groups)
