"""What other settings did to the detections: which are new, which are gone and why, which moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.boxes import iou
from core.lens.colours import DETECTION, SUPPRESSOR, Colour, Style
from core.lens.evidence import BoxKind
from core.lens.trace import Fate, Trace
from core.lens.views import candidates
from core.lens.views.base import Layer, Look
from core.lens.views.common import FATE_WORDS
from core.lens.views.marks import Boxes, BoxesShown, Entry, Group, Line
from core.lens.views.table import Words, text

SAME_FROM: Final = 0.5
"""IoU from which a detection of the same label is taken for the one before."""
BEFORE: Final[Colour] = (150, 156, 168)
NEW: Final[Colour] = (120, 170, 255)
NO_ROW: Final = -1


@dataclass(frozen=True, slots=True)
class Moved:
    """Detections before and after, by their numbers."""

    kept: tuple[tuple[int, int], ...]
    """Pairs of the same one before and after."""
    gone: tuple[tuple[int, Fate | None], ...]
    """Those of before, and the fate that they have now; None where their proposal is gone."""
    new: tuple[int, ...]
    """Those of after."""


def compare(before: Trace, after: Trace) -> Moved:
    """Pair detections of one label, the largest overlap first, each at most once."""
    one, two = before.detections, after.detections
    pairs = [
        (float(shared), int(a), int(b))
        for a in range(len(one.label))
        for b, shared in enumerate(iou(two.boxes, one.boxes[a]) if len(two.label) else ())
        if shared >= SAME_FROM and one.label[a] == two.label[b]
    ]
    kept: dict[int, int] = {}
    for _, a, b in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if a not in kept and b not in kept.values():
            kept[a] = b
    gone = [a for a in range(len(one.label)) if a not in kept]
    fates = [(a, _fate(after, row_of(before, after, a))) for a in gone]
    new = tuple(b for b in range(len(two.label)) if b not in kept.values())
    return Moved(tuple(sorted(kept.items())), tuple(fates), new)


def row_of(before: Trace, after: Trace, detection: int) -> int:
    """The candidate of a detection of before that there is now, `NO_ROW` where there is none."""
    if before.proposer is not None or after.anchors.grids != before.anchors.grids:
        return NO_ROW
    anchor = before.detections.anchor_index[detection]
    places = np.flatnonzero(after.proposals.anchor_index == anchor)
    if not len(places):
        return NO_ROW
    label = int(before.detections.label[detection])
    return int(places[0]) * len(after.class_names) + label - 1


def _fate(after: Trace, row: int) -> Fate | None:
    return None if row == NO_ROW else Fate(int(after.candidates.fate[row]))


def draw(look: Look) -> BoxesShown:
    """Boxes of before dashed, of after solid; none while nothing was changed."""
    before, after = look.before, look.trace
    if before is None or before.settings == after.settings:
        return BoxesShown((), 0)
    moved = compare(before, after)
    one, two = before.detections.boxes, after.detections.boxes
    rows = after.detections.candidate_index
    shifted = [(a, b) for a, b in moved.kept if not np.array_equal(one[a], two[b])]
    gone = [a for a, _ in moved.gone]
    gone_rows = np.array([row_of(before, after, a) for a in gone], np.int64)
    groups = (
        _group(one, [a for a, _ in shifted], rows[[b for _, b in shifted]], BEFORE, Style.DASH),
        _group(two, [b for _, b in shifted], rows[[b for _, b in shifted]], DETECTION),
        _group(one, gone, gone_rows, SUPPRESSOR, Style.DASH),
        _group(two, list(moved.new), rows[list(moved.new)], NEW),
    )
    return BoxesShown(groups, len(two), _legend(moved, shifted, one, two))


def _group(
    boxes: Any, wanted: list[int], index: NDArray[Any], colour: Colour, style: Style = Style.SOLID
) -> Group:
    corners: Boxes = np.asarray(boxes[wanted], np.float64).reshape(-1, 4)
    return Group(corners, np.asarray(index, np.int64), colour, style)


def _legend(
    moved: Moved, shifted: list[tuple[int, int]], one: NDArray[Any], two: NDArray[Any]
) -> tuple[Line, ...]:
    far = [float(np.abs(one[a] - two[b]).max()) for a, b in shifted]
    same = len(moved.kept) - len(shifted)
    lines = [
        Entry(text("detections before and after the change: {n} as they were", n=same)),
        Entry(
            text("{n} moved, by up to {most} px", n=len(far), most=f"{max(far, default=0.0):.1f}"),
            BEFORE,
            Style.DASH,
        ),
        Entry(text("{n} new", n=len(moved.new)), NEW),
    ]
    for fate, count in Counter(fate for _, fate in moved.gone).most_common():
        why = text("lost before the box head") if fate is None else FATE_WORDS[fate]
        lines.append(Entry(text("{n} gone: {why}", n=count, why=why), SUPPRESSOR, Style.DASH))
    return tuple(lines)


def describe(trace: Trace, index: int) -> Words:
    """A candidate, and what became of it."""
    return text("its proposal is gone") if index == NO_ROW else candidates.describe(trace, index)


LAYER: Final = Layer(
    "moved",
    text("What moved"),
    BoxesShown,
    draw,
    frozenset({"options"}),
    kind=BoxKind.CANDIDATE,
    describe=describe,
    rank=1,
)
