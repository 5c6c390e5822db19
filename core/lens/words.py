"""Verdicts in words: one sentence says at which cut an instance was lost, others add to it."""

from __future__ import annotations

import math

from core.lens.evidence import BoxKind
from core.lens.life import Cut
from core.lens.reading import Reading
from core.lens.trace import PYRAMID_LEVELS, Fate
from core.lens.verdict import Verdict
from core.sentences import Sentence, english, say


def sentences(reading: Reading, verdict: Verdict) -> tuple[Sentence, ...]:
    """The verdict, a note when the label is unknown to the model, and what would have helped."""
    said = [_main(reading, verdict)]
    if not verdict.evidence.label_known:
        said.append(say("verdicts.label_unknown", label=verdict.instance.label))
    if verdict.remedy is not None:
        setting, then = verdict.remedy.setting, verdict.remedy.then
        id = "verdicts.remedy_found" if then is None else f"verdicts.then_{then}"
        said.append(say(id, name=setting.name, value=setting.value))
    return tuple(said)


def in_english(reading: Reading, verdict: Verdict) -> str:
    """All sentences of a verdict as one text."""
    return " ".join(english(sentence) for sentence in sentences(reading, verdict))


def _main(reading: Reading, verdict: Verdict) -> Sentence:
    cut = verdict.cut
    if cut is None:
        assert verdict.detection is not None
        row = int(reading.detections[verdict.detection])
        return say(
            "verdicts.found",
            number=verdict.detection + 1,
            label=reading.name(row),
            score=float(reading.score[row]),
            iou=verdict.evidence.best_mask_iou,
        )
    if cut in (Cut.ANCHORS, Cut.RPN_TOPK, Cut.RPN_SMALL, Cut.RPN_NMS, Cut.PROPOSAL_LIMIT):
        return _before_heads(reading, verdict, cut)
    return _after_heads(reading, verdict, cut)


def _before_heads(reading: Reading, verdict: Verdict, cut: Cut) -> Sentence:
    evidence, settings = verdict.evidence, reading.settings
    seen = evidence.witness
    if cut is Cut.ANCHORS or seen is None:
        return say("verdicts.anchors", iou=_short(evidence.best_anchor_iou))
    level = PYRAMID_LEVELS[reading.grid.cell(seen.index).level]
    if cut is Cut.RPN_TOPK:
        if seen.kind is BoxKind.ANCHOR:
            return say(
                "verdicts.rpn_moved",
                anchor=evidence.best_anchor_iou,
                iou=_short(evidence.best_decoded_iou),
            )
        return say(
            "verdicts.rpn_topk",
            rank=evidence.level_rank or 0,
            level=level,
            limit=settings.rpn_pre_nms_top_n,
        )
    if cut is Cut.RPN_SMALL:
        if reading.anchor_fate[seen.index] == Fate.LOW_SCORE:
            score = evidence.objectness or 0.0
            return say("verdicts.rpn_score", score=score, limit=settings.rpn_score)
        box = reading.decoded[seen.index]
        side = float((box[2:] - box[:2]).min())
        return say("verdicts.rpn_small", side=side, limit=settings.rpn_min_size)
    if cut is Cut.RPN_NMS:
        overlap = 0.0 if evidence.suppressor is None else evidence.suppressor.iou
        return say("verdicts.rpn_nms", level=level, iou=overlap, limit=settings.rpn_nms)
    return say(
        "verdicts.proposal_limit",
        rank=evidence.proposal_rank or 0,
        limit=settings.rpn_post_nms_top_n,
    )


def _after_heads(reading: Reading, verdict: Verdict, cut: Cut) -> Sentence:
    evidence, settings, seen = verdict.evidence, reading.settings, verdict.evidence.witness
    # Behind the box head a box of the last living stage always speaks for the instance.
    assert seen is not None
    if cut is Cut.BOX_HEAD:
        after = _short(evidence.best_refined_iou)
        return say("verdicts.box_head", before=seen.iou, after=after)
    if cut is Cut.MASK:
        return say("verdicts.mask", number=seen.index + 1, iou=_short(seen.iou))
    label = reading.name(seen.index)
    probability = evidence.class_probability or 0.0
    if cut is Cut.CLASS:
        if evidence.label_known and label != verdict.instance.label:
            return say(
                "verdicts.class_box", other=label, iou=seen.iou, label=verdict.instance.label
            )
        return say(
            "verdicts.class",
            label=label,
            other=evidence.stronger_class or label,
            stronger=evidence.stronger_probability or probability,
            probability=probability,
        )
    if cut is Cut.SCORE:
        if reading.fate[seen.index] == Fate.TOO_SMALL:
            box = reading.boxes[seen.index]
            side = float((box[2:] - box[:2]).min())
            return say("verdicts.box_small", side=side, limit=settings.box_min_size)
        return say("verdicts.score", label=label, probability=probability, limit=settings.score)
    if cut is Cut.NMS:
        return _suppressed(verdict)
    return say(
        "verdicts.detection_limit",
        rank=evidence.detection_rank or 0,
        limit=settings.detections_per_image,
    )


def cut_off(value: float, places: int) -> float:
    """A value with so many places, cut off, not rounded: what just misses a threshold must not
    read as if it met it."""
    scale = 10.0**places
    # What is 0.29 as a float32 is a little less, and still 0.29.
    return math.floor(value * scale + 1e-6) / scale


def _short(overlap: float) -> float:
    """An overlap that is not enough."""
    return cut_off(overlap, 2)


def _suppressed(verdict: Verdict) -> Sentence:
    culprit = verdict.evidence.suppressor
    assert culprit is not None
    label = culprit.label or ""
    if culprit.kind is BoxKind.DETECTION:
        return say("verdicts.nms", number=culprit.index + 1, label=label, iou=culprit.iou)
    return say("verdicts.nms_candidate", label=label, iou=culprit.iou)
