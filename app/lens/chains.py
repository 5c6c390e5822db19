"""The chain of one box on the canvas and in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.base.words import sentence_text
from core.lens.colours import ANCHOR, DETECTION, FATES, PROPOSAL, SUPPRESSOR, Style
from core.lens.evidence import BoxKind
from core.lens.items import Box, Chain, Item, box_of, chain_of
from core.lens.lineage import in_words, lineage
from core.lens.recompute import sigmoid
from core.lens.trace import PYRAMID_LEVELS, Fate, Trace
from core.lens.verdict import Evidence
from core.lens.views.base import Link
from core.lens.words import cut_off

DASH, DOT, SOLID = Style.DASH, Style.DOT, Style.SOLID
DASH_DOT = Style.DASH_DOT


def _tr(text: str) -> str:
    return QCoreApplication.translate("lens", text)


def fate_text(fate: int) -> str:
    """A fate in words."""
    return {
        Fate.KEPT: _tr("kept"),
        Fate.BELOW_TOP_K: _tr("below top-k"),
        Fate.TOO_SMALL: _tr("too small"),
        Fate.LOW_SCORE: _tr("low score"),
        Fate.SUPPRESSED: _tr("suppressed"),
        Fate.OVER_LIMIT: _tr("over the limit"),
    }[Fate(fate)]


def links(trace: Trace, item: Item) -> list[Link]:
    """The boxes of a chain, from the anchor on, and the box that suppressed it."""
    chain = chain_of(trace, item)
    found: list[Link] = []
    if chain.anchor is not None:
        found += _rpn_links(trace, chain.anchor, chain)
    if chain.proposal is not None:
        level = PYRAMID_LEVELS[int(trace.roi_levels.level[chain.proposal])]
        text = _tr("proposal {n}, pooled from {level}").format(n=chain.proposal + 1, level=level)
        box = box_of(trace, Item(BoxKind.PROPOSAL, chain.proposal))
        found.append(Link(box, text, PROPOSAL, DASH))
    if chain.candidate is not None:
        found += _candidate_links(trace, chain.candidate, chain)
    return found


def _rpn_links(trace: Trace, anchor: int, chain: Chain) -> list[Link]:
    cell = trace.anchors.cell(anchor)
    text = _tr("anchor {level}, row {row}, column {column}, objectness {score}").format(
        level=PYRAMID_LEVELS[cell.level],
        row=cell.row,
        column=cell.column,
        score=f"{float(sigmoid(trace.rpn.logits[anchor : anchor + 1])[0]):.3f}",
    )
    found = [Link(box_of(trace, Item(BoxKind.ANCHOR, anchor)), text, ANCHOR, DOT)]
    if chain.proposal is None:
        fate = int(trace.decoded.fate[anchor])
        text = _tr("decoded box: {fate}").format(fate=fate_text(fate))
        box = box_of(trace, Item(BoxKind.DECODED, anchor))
        found.append(Link(box, text, FATES[Fate(fate)], DASH))
        found += _suppressor(trace, BoxKind.DECODED, trace.decoded.suppressor, anchor)
    return found


def _candidate_links(trace: Trace, row: int, chain: Chain) -> list[Link]:
    stage = trace.candidates
    name = trace.class_names[int(stage.label[row]) - 1]
    score = f"{float(stage.score[row]):.3f}"
    if chain.detection is not None:
        text = _tr("detection {n}: {label} {score}").format(
            n=chain.detection + 1, label=name, score=score
        )
        box = box_of(trace, Item(BoxKind.DETECTION, chain.detection))
        return [Link(box, text, DETECTION, SOLID)]
    fate = int(stage.fate[row])
    text = _tr("{label} {score}: {fate}").format(label=name, score=score, fate=fate_text(fate))
    box = box_of(trace, Item(BoxKind.CANDIDATE, row))
    found = [Link(box, text, FATES[Fate(fate)], DASH_DOT)]
    return found + _suppressor(trace, BoxKind.CANDIDATE, stage.suppressor, row)


def _suppressor(trace: Trace, kind: BoxKind, suppressor: object, index: int) -> list[Link]:
    culprit = int(suppressor[index])  # type: ignore[index]
    if culprit < 0:
        return []
    box: Box = box_of(trace, Item(kind, culprit))
    return [Link(box, _tr("suppressed by this one"), SUPPRESSOR, SOLID)]


def lineage_text(trace: Trace, detection: int) -> list[str]:
    """The lineage of a detection as sentences; empty while its mask is on the way."""
    if detection >= len(trace.mask_logits.level):
        return []
    words = in_words(lineage(trace, detection), trace.roi_levels.canonical_size)
    return [sentence_text(sentence) for sentence in words]


def evidence_rows(evidence: Evidence) -> list[tuple[str, str]]:
    """The numbers behind a verdict, as names and values."""
    rows: list[tuple[str, float | int | str | None]] = [
        (_tr("best anchor IoU"), evidence.best_anchor_iou),
        (_tr("best decoded IoU"), evidence.best_decoded_iou),
        (_tr("best refined IoU"), evidence.best_refined_iou),
        (_tr("best IoU with the right label"), evidence.best_labelled_iou),
        (_tr("best mask IoU"), evidence.best_mask_iou),
        (_tr("rank in its level"), evidence.level_rank),
        (_tr("rank among proposals"), evidence.proposal_rank),
        (_tr("rank among candidates"), evidence.detection_rank),
        (_tr("objectness"), evidence.objectness),
        (_tr("class probability"), evidence.class_probability),
        (_tr("taken for"), evidence.stronger_class),
        (_tr("… with probability"), evidence.stronger_probability),
    ]
    if evidence.suppressor is not None:
        rows.append((_tr("IoU with the suppressor"), evidence.suppressor.iou))
    return [
        (name, f"{cut_off(value, 3):.3f}" if isinstance(value, float) else str(value))
        for name, value in rows
        if value is not None
    ]
