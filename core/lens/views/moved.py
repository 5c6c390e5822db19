"""What other settings did to the detections: which are new, which are gone and why, which moved,
and what became of their masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import polygon_iou
from core.document.instance import Polygons
from core.lens.boxes import iou
from core.lens.colours import DETECTION, SUPPRESSOR, Colour, Style
from core.lens.evidence import BoxKind
from core.lens.trace import Fate, Trace
from core.lens.views import candidates
from core.lens.views.base import Layer, Look
from core.lens.views.common import FATE_WORDS, fogged
from core.lens.views.marks import BoxesShown, Drawing, Entry, Group, Later, Line, OutlinesShown
from core.lens.views.table import Text, Words, text
from core.lens.words import cut_off

SAME_FROM: Final = 0.5
"""IoU from which a detection of the same label is taken for the one before."""
SAME_MASK: Final = 0.999
"""IoU from which a mask is as it was: last digits follow from how many are drawn at once."""
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
    new: tuple[tuple[int, Fate | None], ...]
    """Those of after, and the fate that they had before; None where their proposal is new."""


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
    new = [b for b in range(len(two.label)) if b not in kept.values()]
    return Moved(
        tuple(sorted(kept.items())),
        tuple((a, _fate(after, row_of(before, after, a))) for a in gone),
        tuple((b, _fate(before, row_of(after, before, b))) for b in new),
    )


def row_of(one: Trace, other: Trace, detection: int) -> int:
    """The candidate of another trace that a detection of one is, `NO_ROW` where it has none."""
    if one.proposer is not None and other.proposer is not None:
        row = int(one.detections.candidate_index[detection])
        same = (other.proposer.boxes == one.proposer.boxes[row]).all(axis=1)
        places = np.flatnonzero(same & (other.proposer.label == one.proposer.label[row]))
        return int(places[0]) if len(places) else NO_ROW
    if one.proposer is not other.proposer or other.anchors.grids != one.anchors.grids:
        return NO_ROW
    anchor = one.detections.anchor_index[detection]
    places = np.flatnonzero(other.proposals.anchor_index == anchor)
    if not len(places):
        return NO_ROW
    label = int(one.detections.label[detection])
    return int(places[0]) * len(other.class_names) + label - 1


def _fate(trace: Trace, row: int) -> Fate | None:
    return None if row == NO_ROW else Fate(int(trace.candidates.fate[row]))


def changed(look: Look) -> Trace | None:
    """The trace before, where the settings are others now."""
    before = look.before
    return None if before is None or before.settings == look.trace.settings else before


# Boxes


def draw(look: Look) -> BoxesShown:
    """Boxes of before dashed, of after solid; none while nothing was changed."""
    before, after = changed(look), look.trace
    if before is None:
        return BoxesShown((), 0)
    moved = compare(before, after)
    one, two = before.detections, after.detections
    rows = two.candidate_index
    shifted = [(a, b) for a, b in moved.kept if not np.array_equal(one.boxes[a], two.boxes[b])]
    first, second = [a for a, _ in shifted], [b for _, b in shifted]
    gone, new = [a for a, _ in moved.gone], [b for b, _ in moved.new]
    gone_rows = np.array([row_of(before, after, a) for a in gone], np.int64)
    groups = (
        *_groups(one, first, rows[second], BEFORE, Style.DASH),
        *_groups(two, second, rows[second], DETECTION),
        *_groups(one, gone, gone_rows, SUPPRESSOR, Style.DASH),
        *_groups(two, new, rows[new], NEW),
    )
    return BoxesShown(groups, len(two.boxes), _legend(moved, shifted, one.boxes, two.boxes))


def _groups(
    stage: Any, wanted: list[int], index: NDArray[Any], colour: Colour, style: Style = Style.SOLID
) -> tuple[Group, ...]:
    corners = np.asarray(stage.boxes[wanted], np.float64).reshape(-1, 4)
    return fogged(corners, np.asarray(index, np.int64), stage.score[wanted], colour, style)


def _legend(
    moved: Moved, shifted: list[tuple[int, int]], one: NDArray[Any], two: NDArray[Any]
) -> tuple[Line, ...]:
    far = [float(np.abs(one[a] - two[b]).max()) for a, b in shifted]
    same = len(moved.kept) - len(shifted)
    lines = [Entry(text("detections before and after the change: {n} as they were", n=same))]
    if far:
        words = text("{n} moved, by up to {most} px", n=len(far), most=f"{max(far):.1f}")
        lines.append(Entry(words, BEFORE, Style.DASH))
    for why, count in _counted(moved.new, text("not proposed")):
        words = text("{n} new; before: {why}", n=count, why=why)
        lines.append(Entry(words, NEW))
    for why, count in _counted(moved.gone, text("not proposed any more")):
        lines.append(Entry(text("{n} gone: {why}", n=count, why=why), SUPPRESSOR, Style.DASH))
    return tuple(lines)


def _counted(fates: Iterable[tuple[int, Fate | None]], without: Text) -> Iterable[tuple[Text, int]]:
    for fate, count in Counter(fate for _, fate in fates).most_common():
        yield without if fate is None else FATE_WORDS[fate], count


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

# Masks


def draw_masks(look: Look) -> Drawing:
    """The outlines of before, dashed, where they are others now or gone; none until they come."""
    before, after = changed(look), look.trace
    if before is None or _waiting(before) or _waiting(after):
        return OutlinesShown((), ())
    return Later(lambda check: _masks(before, after, check))


def _waiting(trace: Trace) -> bool:
    return len(trace.polygons.outlines) < len(trace.detections.label)


def _masks(before: Trace, after: Trace, check: Callable[[], object]) -> OutlinesShown:
    one, two = before.polygons.outlines, after.polygons.outlines
    moved, shared = compare(before, after), list[float]()
    others: list[Polygons] = []
    for a, b in moved.kept:
        check()
        overlap = 1.0 if one[a] == two[b] else 0.0
        if one[a] and two[b] and not overlap:
            overlap = polygon_iou(one[a], two[b])
        if overlap < SAME_MASK:
            others.append(one[a])
            shared.append(overlap)
    gone = [one[a] for a, _ in moved.gone]
    lines = [Entry(text("masks: {n} as they were", n=len(moved.kept) - len(shared)))]
    if shared:
        words = text(
            "{n} changed; IoU before and now {mean} on average, {least} at least",
            n=len(shared),
            mean=f"{cut_off(sum(shared) / len(shared), 2):.2f}",
            least=f"{cut_off(min(shared), 2):.2f}",
        )
        lines.append(Entry(words, BEFORE, Style.DASH))
    if gone:
        lines.append(Entry(text("{n} gone", n=len(gone)), SUPPRESSOR, Style.DASH))
    colours = (*(BEFORE for _ in others), *(SUPPRESSOR for _ in gone))
    return OutlinesShown((*others, *gone), colours, tuple(lines), before=True)


MASKS: Final = Layer(
    "moved_masks",
    text("Masks before"),
    OutlinesShown,
    draw_masks,
    frozenset(),
    rank=3,
)
