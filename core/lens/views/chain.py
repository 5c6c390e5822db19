"""The way of the chosen box: its boxes at each stage, and what stood in its way."""

from __future__ import annotations

from typing import Any, Final

from core.lens.colours import ANCHOR, DETECTION, FATES, PROPOSAL, SUPPRESSOR, Style
from core.lens.evidence import BoxKind
from core.lens.items import Chain, Item, box_of, chain_of
from core.lens.logits import sigmoid
from core.lens.trace import PYRAMID_LEVELS, Fate, Trace
from core.lens.views.base import Layer, Look
from core.lens.views.common import FATE_WORDS
from core.lens.views.marks import ChainShown, Link
from core.lens.views.table import Words, text


def draw(look: Look) -> ChainShown:
    """From the anchor on, and the box that suppressed it; with a person's outline."""
    found = () if look.chosen is None else links(look.trace, look.chosen)
    return ChainShown(found, look.outline)


def links(trace: Trace, item: Item) -> tuple[Link, ...]:
    """The boxes of a chain, from the anchor on, and the box that suppressed it."""
    chain = chain_of(trace, item)
    found: list[Link] = []
    if chain.anchor is not None:
        found += _rpn_links(trace, chain.anchor, chain)
    if chain.proposal is not None and trace.proposer is None:
        level = PYRAMID_LEVELS[int(trace.roi_levels.level[chain.proposal])]
        words = text("proposal {n}, pooled from {level}", n=str(chain.proposal + 1), level=level)
        found.append(_link(trace, BoxKind.PROPOSAL, chain.proposal, words, PROPOSAL, Style.DASH))
    if chain.candidate is not None:
        found += _candidate_links(trace, chain.candidate, chain)
    return tuple(found)


def _link(trace: Trace, kind: BoxKind, index: int, words: Words, colour: Any, style: Style) -> Link:
    return Link(box_of(trace, Item(kind, index)), words, colour, style)


def _rpn_links(trace: Trace, anchor: int, chain: Chain) -> list[Link]:
    cell = trace.anchors.cell(anchor)
    words = text(
        "anchor {level}, row {row}, column {column}, objectness {score}",
        level=PYRAMID_LEVELS[cell.level],
        row=str(cell.row),
        column=str(cell.column),
        score=f"{float(sigmoid(trace.rpn.logits[anchor : anchor + 1])[0]):.3f}",
    )
    found = [_link(trace, BoxKind.ANCHOR, anchor, words, ANCHOR, Style.DOT)]
    if chain.proposal is None:
        fate = Fate(int(trace.decoded.fate[anchor]))
        words = text("decoded box: {fate}", fate=FATE_WORDS[fate])
        found.append(_link(trace, BoxKind.DECODED, anchor, words, FATES[fate], Style.DASH))
        found += _suppressor(trace, BoxKind.DECODED, trace.decoded.suppressor, anchor)
    return found


def _candidate_links(trace: Trace, row: int, chain: Chain) -> list[Link]:
    stage = trace.candidates
    name = trace.class_names[int(stage.label[row]) - 1]
    score = f"{float(stage.score[row]):.3f}"
    if chain.detection is not None:
        n = str(chain.detection + 1)
        words = text("detection {n}: {label} {score}", n=n, label=name, score=score)
        return [_link(trace, BoxKind.DETECTION, chain.detection, words, DETECTION, Style.SOLID)]
    fate = Fate(int(stage.fate[row]))
    words = text("{label} {score}: {fate}", label=name, score=score, fate=FATE_WORDS[fate])
    found = [_link(trace, BoxKind.CANDIDATE, row, words, FATES[fate], Style.DASH_DOT)]
    return found + _suppressor(trace, BoxKind.CANDIDATE, stage.suppressor, row)


def _suppressor(trace: Trace, kind: BoxKind, suppressor: Any, index: int) -> list[Link]:
    culprit = int(suppressor[index])
    if culprit < 0:
        return []
    words = text("suppressed by this one")
    return [_link(trace, kind, culprit, words, SUPPRESSOR, Style.SOLID)]


LAYER: Final = Layer(
    "chain",
    text("Chain of the chosen box"),
    ChainShown,
    draw,
    frozenset({"chosen"}),
    rank=3,
)
