"""Verdicts in words: one sentence says at which cut an instance was lost, others add to it."""

from __future__ import annotations

import math
import re
from typing import Final

from core.lens.evidence import BoxKind
from core.lens.life import Cut
from core.lens.reading import Reading
from core.lens.trace import PYRAMID_LEVELS, Fate
from core.lens.verdict import Verdict
from core.sentences import Sentence, say

_PLACES: Final = re.compile(r"\{(\w+):\.(\d)f\}")
_FOUND: Final = say("verdicts.remedy_found", "With {name} = {value} it would be found.")
_THEN_LOST: Final = {
    Cut.ANCHORS: say(
        "verdicts.then_anchors",
        "With {name} = {value} it would get past this cut, but then be lost at the anchors.",
    ),
    Cut.PROPOSER: say(
        "verdicts.then_proposer",
        "With {name} = {value} it would get past this cut, but then be lost at the proposer.",
    ),
    Cut.RPN_TOPK: say(
        "verdicts.then_rpn_topk",
        "With {name} = {value} it would get past this cut, but then be lost at the top-k of the "
        "RPN.",
    ),
    Cut.RPN_SMALL: say(
        "verdicts.then_rpn_small",
        "With {name} = {value} it would get past this cut, but then be lost at the smallest size "
        "of a proposal.",
    ),
    Cut.RPN_NMS: say(
        "verdicts.then_rpn_nms",
        "With {name} = {value} it would get past this cut, but then be lost at the NMS of the RPN.",
    ),
    Cut.PROPOSAL_LIMIT: say(
        "verdicts.then_proposal_limit",
        "With {name} = {value} it would get past this cut, but then be lost at the proposal limit.",
    ),
    Cut.BOX_HEAD: say(
        "verdicts.then_box_head",
        "With {name} = {value} it would get past this cut, but then be lost at the box head.",
    ),
    Cut.CLASS: say(
        "verdicts.then_class",
        "With {name} = {value} it would get past this cut, but then be lost at the class.",
    ),
    Cut.SCORE: say(
        "verdicts.then_score",
        "With {name} = {value} it would get past this cut, but then be lost at the score.",
    ),
    Cut.NMS: say(
        "verdicts.then_nms",
        "With {name} = {value} it would get past this cut, but then be lost at the last NMS.",
    ),
    Cut.DETECTION_LIMIT: say(
        "verdicts.then_detection_limit",
        "With {name} = {value} it would get past this cut, but then be lost at the limit of "
        "detections.",
    ),
    Cut.MASK: say(
        "verdicts.then_mask",
        "With {name} = {value} it would get past this cut, but then be lost at the mask.",
    ),
}


def sentences(reading: Reading, verdict: Verdict) -> tuple[Sentence, ...]:
    """The verdict, a note when the label is unknown to the model, and what would have helped."""
    said = [_main(reading, verdict)]
    if not verdict.evidence.label_known:
        said.append(
            say(
                "verdicts.label_unknown",
                "The model does not know the label {label}, so that a box counts whatever its "
                "class.",
                label=verdict.instance.label,
            )
        )
    if verdict.remedy is not None:
        setting, then = verdict.remedy.setting, verdict.remedy.then
        remedy = _FOUND if then is None else _THEN_LOST[then]
        said.append(remedy.given(name=setting.name, value=setting.value))
    return tuple(with_figures_cut(each) for each in said)


def _main(reading: Reading, verdict: Verdict) -> Sentence:
    cut = verdict.cut
    if cut is None:
        assert verdict.detection is not None
        row = int(reading.detections[verdict.detection])
        return say(
            "verdicts.found",
            "Found: detection {number}, {label} with a score of {score:.2f}, covers it with a "
            "mask IoU of {iou:.2f} in pixels.",
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
    seen = evidence.closest
    if cut is Cut.ANCHORS or seen is None:
        return say(
            "verdicts.anchors",
            "Lost at the anchors: no anchor has its shape; the best one overlaps it by {iou:.2f}, "
            "and 0.50 is needed.",
            iou=evidence.best_anchor_iou,
        )
    level = PYRAMID_LEVELS[reading.grid.cell(seen.index).level]
    if cut is Cut.RPN_TOPK:
        if seen.kind is BoxKind.ANCHOR:
            return say(
                "verdicts.rpn_moved",
                "Lost at the RPN: an anchor overlapped it by {anchor:.2f}, but the RPN moved "
                "every box away from it; the best one that is left overlaps it by {iou:.2f}.",
                anchor=evidence.best_anchor_iou,
                iou=evidence.best_decoded_iou,
            )
        if settings.rpn_levels == "together":
            return say(
                "verdicts.rpn_topk_together",
                "Lost at the top-k of the RPN: its strongest box has rank {rank} of all levels, "
                "and only the first {limit} go on.",
                rank=evidence.level_rank or 0,
                limit=settings.rpn_pre_nms_top_n,
            )
        return say(
            "verdicts.rpn_topk",
            "Lost at the top-k of the RPN: its strongest box has rank {rank} on {level}, and only "
            "the first {limit} of a level go on.",
            rank=evidence.level_rank or 0,
            level=level,
            limit=settings.rpn_pre_nms_top_n,
        )
    if cut is Cut.RPN_SMALL:
        if reading.anchor_fate[seen.index] == Fate.LOW_SCORE:
            score = evidence.objectness or 0.0
            return say(
                "verdicts.rpn_score",
                "Lost at the lowest objectness: its best box has {score:.3f}, and {limit:g} is "
                "needed.",
                score=score,
                limit=settings.rpn_score,
            )
        box = reading.decoded[seen.index]
        side = float((box[2:] - box[:2]).min())
        return say(
            "verdicts.rpn_small",
            "Lost at the smallest size of a proposal: its best box has a side of {side:.2f} px, "
            "and {limit:g} px are needed.",
            side=side,
            limit=settings.rpn_min_size,
        )
    if cut is Cut.RPN_NMS:
        overlap = 0.0 if evidence.suppressor is None else evidence.suppressor.iou
        return say(
            "verdicts.rpn_nms",
            "Lost at the NMS of the RPN: its best box overlapped a stronger box of {level} by "
            "{iou:.2f}, and above {limit:g} the weaker one goes.",
            level=level,
            iou=overlap,
            limit=settings.rpn_nms,
        )
    return say(
        "verdicts.proposal_limit",
        "Lost at the proposal limit: its best box has rank {rank}, and only {limit} proposals go "
        "on.",
        rank=evidence.proposal_rank or 0,
        limit=settings.rpn_post_nms_top_n,
    )


def _after_heads(reading: Reading, verdict: Verdict, cut: Cut) -> Sentence:
    evidence, settings, seen = verdict.evidence, reading.settings, verdict.evidence.closest
    if cut is Cut.PROPOSER:
        return say(
            "verdicts.proposer",
            "Lost at the proposer: it did not see it; the best of its boxes, whatever their "
            "score, overlaps it by {iou:.2f}, and 0.50 is needed.",
            iou=evidence.best_refined_iou,
        )
    # Behind the box head a box of the last living stage always speaks for the instance.
    assert seen is not None
    if cut is Cut.BOX_HEAD:
        after = evidence.best_refined_iou
        return say(
            "verdicts.box_head",
            "Lost at the box head: a proposal overlapped it by {before:.2f}, but no refined box "
            "overlaps it by more than {after:.2f}.",
            before=seen.iou,
            after=after,
        )
    if cut is Cut.MASK:
        return say(
            "verdicts.mask",
            "Lost at the mask: detection {number} has the right box, but its mask overlaps the "
            "instance by {iou:.2f} of their pixels only.",
            number=seen.index + 1,
            iou=seen.iou,
        )
    label = reading.name(seen.index)
    probability = evidence.class_probability or 0.0
    if cut is Cut.CLASS:
        if evidence.label_known and label != verdict.instance.label:
            return say(
                "verdicts.class_box",
                "Lost at the class: a box of {other} fits it by {iou:.2f}, but no box of {label} "
                "does.",
                other=label,
                iou=seen.iou,
                label=verdict.instance.label,
            )
        if not evidence.label_known:
            return say(
                "verdicts.class_unfit",
                "Lost at the class: the box that fits it is the one for {label}, but its proposal "
                "was taken for {other}, {stronger:.3f} against {probability:.3f}, and the box for "
                "that does not fit.",
                label=label,
                other=evidence.stronger_class or label,
                stronger=evidence.stronger_probability or probability,
                probability=probability,
            )
        return say(
            "verdicts.class",
            "Lost at the class: its best {label} box was taken for {other}, {stronger:.3f} "
            "against {probability:.3f}.",
            label=label,
            other=evidence.stronger_class or label,
            stronger=evidence.stronger_probability or probability,
            probability=probability,
        )
    if cut is Cut.SCORE and reading.fate[seen.index] == Fate.NOT_BEST:
        return say(
            "verdicts.not_best",
            "Lost at the class: its best {label} box has a probability of {probability:.3f}, and "
            "the background is likelier still.",
            label=label,
            probability=probability,
        )
    if cut is Cut.SCORE:
        if reading.fate[seen.index] == Fate.TOO_SMALL:
            box = reading.boxes[seen.index]
            side = float((box[2:] - box[:2]).min())
            return say(
                "verdicts.box_small",
                "Lost at the smallest size of a candidate: its best box has a side of {side:.2f} "
                "px, and {limit:g} px are needed.",
                side=side,
                limit=settings.box_min_size,
            )
        return say(
            "verdicts.score",
            "Lost at the score: its best box is {label} with a probability of {probability:.3f}, "
            "and more than {limit:g} is needed.",
            label=label,
            probability=probability,
            limit=settings.score,
        )
    if cut is Cut.NMS:
        return _suppressed(verdict, soft=settings.suppression == "soft")
    return say(
        "verdicts.detection_limit",
        "Lost at the limit of detections: its best box has rank {rank}, and only {limit} are kept.",
        rank=evidence.detection_rank or 0,
        limit=settings.detections_per_image,
    )


def cut_off(value: float, places: int) -> float:
    """A value with so many places, cut off, not rounded: what just misses a threshold must not
    read as if it met it."""
    scale = 10.0**places
    # What is 0.29 as a float32 is a little less, and still 0.29.
    return math.floor(value * scale + 1e-6) / scale


def with_figures_cut(sentence: Sentence) -> Sentence:
    """The sentence with every figure that its text shows to some places cut off there."""
    places = {name: int(digits) for name, digits in _PLACES.findall(sentence.text)}
    cut = {
        name: cut_off(value, places[name])
        for name, value in sentence.args.items()
        if name in places and isinstance(value, float)
    }
    return sentence.given(**{**sentence.args, **cut})


def _suppressed(verdict: Verdict, *, soft: bool) -> Sentence:
    culprit = verdict.evidence.suppressor
    assert culprit is not None
    if soft:
        return say(
            "verdicts.soft_nms",
            "Lost at Soft-NMS: a stronger {label}, which overlaps its best box by {iou:.2f}, "
            "lowered its score until it was not enough.",
            label=culprit.label or "",
            iou=culprit.iou,
        )
    label = culprit.label or ""
    if culprit.kind is BoxKind.DETECTION:
        return say(
            "verdicts.nms",
            "Lost at the last NMS: its best box overlapped detection {number}, a stronger "
            "{label}, by {iou:.2f}.",
            number=culprit.index + 1,
            label=label,
            iou=culprit.iou,
        )
    return say(
        "verdicts.nms_candidate",
        "Lost at the last NMS: its best box overlapped a stronger {label}, which itself came "
        "after the limit of detections, by {iou:.2f}.",
        label=label,
        iou=culprit.iou,
    )
