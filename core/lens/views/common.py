"""What several views say alike: numbers and sides of boxes, fates in words and colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.colours import FATE_STYLES, FATES, Colour, Style
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Candidates, Decoded, Fate, Trace
from core.lens.views.base import Details, Look, in_image
from core.lens.views.marks import Boxes, BoxesShown, Entry, Group, Line
from core.lens.views.table import Column, Ints, Text, Words, text

MOST: Final = 300
"""Boxes drawn on paper of each kind; more would hide the image."""
WHITE: Final[Colour] = (245, 245, 245)
GREY: Final[Colour] = (150, 156, 170)
DELTAS: Final = ("dx", "dy", "dw", "dh")
FATE_WORDS: Final = {
    Fate.KEPT: text("kept"),
    Fate.BELOW_TOP_K: text("below top-k"),
    Fate.TOO_SMALL: text("too small"),
    Fate.LOW_SCORE: text("low score"),
    Fate.SUPPRESSED: text("suppressed"),
    Fate.OVER_LIMIT: text("over the limit"),
    Fate.NOT_BEST: text("not its best class"),
}
_OPACITY: Final = {
    Fate.NOT_BEST: 0.25,
    Fate.BELOW_TOP_K: 0.25,
    Fate.TOO_SMALL: 0.9,
    Fate.LOW_SCORE: 0.3,
    Fate.SUPPRESSED: 0.4,
    Fate.OVER_LIMIT: 0.6,
    Fate.KEPT: 1.0,
}
"""On paper; in the order in which they lie above each other, there and on the canvas."""


def number(count: int) -> Column:
    """The numbers of rows, from 1."""
    return Column(text("No."), np.arange(count) + 1)


def sides(trace: Trace, boxes: NDArray[Any]) -> tuple[Column, Column]:
    """Width and height in pixels of the image, of boxes in resized pixels."""
    across, down = trace.input.scale
    wide, high = (boxes[:, 2] - boxes[:, 0]) / across, (boxes[:, 3] - boxes[:, 1]) / down
    return Column(text("Width"), wide, digits=1), Column(text("Height"), high, digits=1)


def levels(trace: Trace) -> Ints:
    """The level of each anchor, 0 for P2."""
    return np.repeat(np.arange(len(trace.anchors.grids)), trace.anchors.level_counts)


def one_level(trace: Trace) -> int | None:
    """The level that stands for all, 0 for P2; None with a pyramid. Nothing reads the others."""
    alone = trace.settings.fpn
    return None if alone == "on" else BACKBONE_LEVELS.index(alone)


def read_levels(trace: Trace) -> tuple[int, ...]:
    """The levels that the RPN reads."""
    one = one_level(trace)
    return tuple(range(len(PYRAMID_LEVELS))) if one is None else (one,)


def read_anchors(trace: Trace) -> Ints:
    """The anchors on these levels."""
    return np.flatnonzero(np.isin(levels(trace), read_levels(trace)))


def level(values: NDArray[Any]) -> Column:
    """Levels by their names."""
    return Column(text("Level"), values, PYRAMID_LEVELS)


def fate(values: NDArray[Any]) -> Column:
    """Fates in words."""
    return Column(text("Fate"), values, tuple(FATE_WORDS[each] for each in Fate))


def by(suppressor: Ints | None, rows: NDArray[Any]) -> Column:
    """Numbers from 1 of those who suppressed some rows; nothing where nobody did."""
    assert suppressor is not None  # the engine looks them up for the lens
    return Column(text("By"), suppressor[rows] + 1, optional=True)


FOG: Final = ((0.0, 0.2), (0.05, 0.4), (0.2, 0.65), (0.5, 1.0))
"""From which score on a box is how opaque: weak ones are many, and must not hide the image."""


def fogged(
    boxes: Boxes,
    index: NDArray[Any],
    score: NDArray[Any],
    colour: Colour,
    style: Style = Style.SOLID,
) -> tuple[Group, ...]:
    """Boxes N×4 of one colour with their numbers, the weaker the fainter and the lower."""
    band = np.searchsorted([low for low, _ in FOG], score, side="right") - 1
    return tuple(
        Group(boxes[there], index[there], colour, style, opacity=opacity, fogged=True)
        for number, (_, opacity) in enumerate(FOG)
        if (there := band == number).any()
    )


def by_fate(
    trace: Trace, boxes: NDArray[Any], fates: NDArray[Any], shown: Ints, *, each: int | None = None
) -> tuple[Group, ...]:
    """Boxes by their numbers, those kept on top; of each fate at most the first so many."""
    groups = []
    for kind, opacity in _OPACITY.items():
        index = shown[fates[shown] == kind][:each]
        if len(index):
            corners, wide = in_image(trace, boxes[index]), 2.0 if kind is Fate.KEPT else 1.2
            groups.append(Group(corners, index, FATES[kind], FATE_STYLES[kind], wide, opacity))
    return tuple(groups)


def fates_shown(
    look: Look,
    stage: Decoded | Candidates,
    strength: NDArray[Any],
    without: Fate,
    head: Callable[[Words], Words],
) -> BoxesShown:
    """The strongest boxes of a stage by fate, but those that fell to the first cut."""
    there = stage.fate != without
    groups = by_fate(look.trace, stage.boxes, stage.fate, look.best(best_first(strength, there)))
    total = int(there.sum())
    lines = (Entry(head(counted(groups, total))), *fate_legend(stage.fate, without=without))
    return BoxesShown(groups, total, lines)


def fate_counts(fates: NDArray[Any]) -> dict[Fate, int]:
    """How many boxes there are of each fate, in the order of the cuts."""
    counts = np.bincount(fates, minlength=len(Fate)).tolist()
    return dict(zip(Fate, counts, strict=True))


def fate_legend(
    fates: NDArray[Any], *, without: Fate | None = None, filled: bool = False
) -> tuple[Line, ...]:
    """How many boxes there are of each fate that occurs."""
    lines = []
    for kind, n in fate_counts(fates).items():
        if n and kind is not without:
            words = text("{fate}: {n}", fate=FATE_WORDS[kind], n=n)
            lines.append(Entry(words, FATES[kind], FATE_STYLES[kind], filled))
    return tuple(lines)


def fate_details(fates: NDArray[Any]) -> Details:
    """The fates that occur and how many boxes have them."""
    counts = fate_counts(fates).items()
    rows = [(kind.name.lower().replace("_", " "), f"{n:,}") for kind, n in counts if n]
    return Details(("fate", "boxes"), rows)


def fate_document(fates: NDArray[Any]) -> dict[str, object]:
    """The same for JSON, with those that do not occur."""
    return {"fates": {kind.name.lower(): n for kind, n in fate_counts(fates).items()}}


def counted(groups: Sequence[Group], total: int) -> Text:
    """How many of the boxes of a stage are painted."""
    painted = sum(len(group.index) for group in groups)
    if painted >= total:
        return text("{n}", n=total)
    return text("{n} of {total}", n=painted, total=total)


def one_by_one(
    boxes: Boxes, colours: Sequence[Colour], *, width: float, opacity: float = 1.0
) -> list[Group]:
    """Boxes in a colour each, the first on top."""
    rows = zip(boxes, np.arange(len(boxes)), colours, strict=True)
    return [
        Group(box[None], index[None], colour, width=width, opacity=opacity)
        for box, index, colour in reversed(list(rows))
    ]


def ramp(
    colours: Callable[[NDArray[Any]], NDArray[np.uint8]], low: float = 0.0, count: int = 13
) -> tuple[Colour, ...]:
    """The colours of a scale from a value to 1."""
    return tuple((r, g, b) for r, g, b in colours(np.linspace(low, 1, count)).tolist())


def best_first(values: NDArray[Any], inside: NDArray[Any] | None = None) -> Ints:
    """The numbers of the highest values first, of all or of some rows."""
    rows = np.arange(len(values)) if inside is None else np.flatnonzero(inside)
    ordered: Ints = rows[np.argsort(-values[rows], kind="stable")]
    return ordered
