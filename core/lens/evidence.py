"""The box that tells most about a loss, and what would have kept it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.runs import mask_iou
from core.lens.boxes import pair_iou
from core.lens.life import ALIVE_FROM, Cut, Overlaps, Subject
from core.lens.reading import Reading
from core.lens.settings import Value
from core.lens.trace import Fate


class BoxKind(StrEnum):
    """In which stage a box stands."""

    ANCHOR = "anchor"
    DECODED = "decoded"
    PROPOSAL = "proposal"
    CANDIDATE = "candidate"
    DETECTION = "detection"
    TRAINED = "trained"
    """An anchor or a RoI of a replayed training step."""


@dataclass(frozen=True, slots=True)
class Closest:
    """One box of the last living stage: the one that came closest to passing the cut."""

    kind: BoxKind
    index: int
    """Its number in the stage, from 0."""
    iou: float
    """With the instance; of the masks for a detection."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting by its name in `StageSettings`, and a value."""

    name: str
    value: Value


Mask = NDArray[np.bool_]
_LAST_DIGITS: Final = np.float32(3e-7)
"""How far two implementations of the float32 sigmoid may lie apart."""
_MASK_STEPS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))


def closest(reading: Reading, overlaps: Overlaps, cut: Cut) -> Closest | None:
    """The box that speaks for an instance lost at `cut`; None when the model made no box at all."""
    near, fate = overlaps.near("decoded"), reading.anchor_fate
    match cut:
        case Cut.ANCHORS:
            return _best(BoxKind.ANCHOR, overlaps.anchors)
        case Cut.RPN_TOPK:
            if near.any():
                return _best_ranked(reading, overlaps, near)
            return _best(BoxKind.ANCHOR, overlaps.anchors)
        case Cut.RPN_SMALL:
            dropped = near & ((fate == Fate.TOO_SMALL) | (fate == Fate.LOW_SCORE))
            return _best(BoxKind.DECODED, overlaps.decoded, dropped)
        case Cut.RPN_NMS:
            dropped = near & (fate == Fate.SUPPRESSED)
            return _best(BoxKind.DECODED, overlaps.decoded, dropped, reading.logits)
        case Cut.PROPOSAL_LIMIT:
            dropped = near & (fate == Fate.OVER_LIMIT)
            return _best(BoxKind.DECODED, overlaps.decoded, dropped, reading.logits)
        case Cut.PROPOSER:
            return _best(BoxKind.CANDIDATE, overlaps.boxes)
        case Cut.BOX_HEAD:
            lived = near[reading.proposal_anchor]
            return _best(BoxKind.PROPOSAL, overlaps.decoded[reading.proposal_anchor], lived)
        case Cut.CLASS | Cut.SCORE | Cut.NMS | Cut.DETECTION_LIMIT:
            return _candidate(reading, overlaps, cut)
        case Cut.MASK:
            return _detection(reading, overlaps)


def _best(
    kind: BoxKind, ious: NDArray[Any], among: Mask | None = None, key: NDArray[Any] | None = None
) -> Closest | None:
    """The box with the highest key (its overlap by default) among those allowed."""
    places = np.arange(len(ious)) if among is None else np.flatnonzero(among)
    if not len(places):
        return None
    index = int(places[np.argmax((ious if key is None else key)[places])])
    return Closest(kind, index, float(ious[index]))


def _candidate(reading: Reading, overlaps: Overlaps, cut: Cut) -> Closest | None:
    refined = overlaps.near("boxes")
    right = refined & overlaps.right
    if cut is Cut.CLASS and not right.any():
        return _best(BoxKind.CANDIDATE, overlaps.boxes, refined)
    if cut is Cut.SCORE:
        right &= overlaps.wins
    elif cut is Cut.NMS:
        right &= reading.fate == Fate.SUPPRESSED
    elif cut is Cut.DETECTION_LIMIT:
        right &= reading.fate == Fate.OVER_LIMIT
    return _best(BoxKind.CANDIDATE, overlaps.boxes, right, reading.score)


def _detection(reading: Reading, overlaps: Overlaps) -> Closest | None:
    rows = reading.detections
    lived = (overlaps.near("boxes") & overlaps.right)[rows]
    masks = np.array([overlaps.masks.get(d, 0.0) for d in range(len(rows))])
    # Among equal masks (all may be empty) the better box speaks.
    return _best(BoxKind.DETECTION, masks, lived, masks + overlaps.boxes[rows] * 1e-6)


def _best_ranked(reading: Reading, overlaps: Overlaps, among: Mask) -> Closest:
    """The decoded box with the best rank in its own level."""
    strongest = [
        int(part[np.argmax(reading.logits[part])])
        for part in (
            np.flatnonzero(among & (reading.levels == level))
            for level in range(len(reading.grid.grids))
        )
        if len(part)
    ]
    index = min(strongest, key=lambda anchor: level_rank(reading, anchor))
    return Closest(BoxKind.DECODED, index, float(overlaps.decoded[index]))


def level_rank(reading: Reading, anchor: int) -> int:
    """How many anchors of the level are at least as strong, the anchor itself included.

    Of all levels, where those are cut together.
    """
    counts = reading.grid.level_counts
    if reading.settings.rpn_levels == "together":
        counts = (len(reading.logits),)
    ends = np.cumsum(counts)
    level = int(np.searchsorted(ends, anchor, side="right"))
    part = reading.logits[ends[level] - counts[level] : ends[level]]
    return int((part >= reading.logits[anchor]).sum())


def proposal_rank(reading: Reading, anchor: int) -> int:
    """The rank of a box among all that survived the NMS of the RPN; equals count as stronger."""
    survived = np.isin(reading.anchor_fate, (Fate.KEPT, Fate.OVER_LIMIT))
    own = _objectness(reading.logits[anchor]) * (1 - _LAST_DIGITS)
    return int((_objectness(reading.logits[survived]) >= own).sum())


def detection_rank(reading: Reading, row: int) -> int:
    """The rank of a candidate among all that survived the last NMS; equals count as stronger."""
    survived = np.isin(reading.fate, (Fate.KEPT, Fate.OVER_LIMIT))
    return int((reading.score[survived] >= reading.score[row]).sum())


def _objectness(logits: NDArray[Any]) -> NDArray[Any]:
    # Proposals are ordered by the float32 sigmoid, in which close logits can become equal.
    return np.asarray((1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32))


def offers(
    reading: Reading, subject: Subject, overlaps: Overlaps, cut: Cut, seen: Closest | None
) -> Iterator[Setting]:
    """Settings that should bring the instance past the cut, the smallest change first."""
    if seen is None:
        return
    index = seen.index
    match cut:
        case Cut.RPN_TOPK if seen.kind is BoxKind.DECODED:
            yield Setting("rpn_pre_nms_top_n", level_rank(reading, index))
        case Cut.RPN_SMALL if reading.anchor_fate[index] == Fate.TOO_SMALL:
            yield Setting("rpn_min_size", _at_most(_shortest(reading.decoded[index])))
        case Cut.RPN_SMALL:
            yield Setting("rpn_score", _at_most(float(_objectness(reading.logits[index]))))
        case Cut.RPN_NMS:
            for value in _overlaps_to_allow(reading, index, anchors=True):
                yield Setting("rpn_nms", value)
        case Cut.PROPOSAL_LIMIT:
            yield Setting("rpn_post_nms_top_n", proposal_rank(reading, index))
        case Cut.CLASS | Cut.SCORE if overlaps.right[index]:
            yield from _score_offers(reading, index)
        case Cut.NMS if reading.settings.suppression == "soft":
            yield Setting("suppression", "nms")
        case Cut.NMS:
            for value in _overlaps_to_allow(reading, index, anchors=False):
                yield Setting("nms", value)
        case Cut.DETECTION_LIMIT:
            yield Setting("detections_per_image", detection_rank(reading, index))
        case Cut.MASK:
            yield from _mask_offers(reading, subject, overlaps)


def _score_offers(reading: Reading, row: int) -> Iterator[Setting]:
    if reading.fate[row] == Fate.NOT_BEST:
        yield Setting("roi_classes", "every")
    elif reading.fate[row] == Fate.TOO_SMALL:
        yield Setting("box_min_size", _at_most(_shortest(reading.boxes[row])))
    elif reading.score[row] > 0:
        yield Setting("score", _below(float(reading.score[row])))


def _mask_offers(reading: Reading, subject: Subject, overlaps: Overlaps) -> Iterator[Setting]:
    own = reading.settings.mask
    living = (overlaps.near("boxes") & overlaps.right)[reading.detections]
    for value in sorted(_MASK_STEPS, key=lambda step: (abs(step - own), step)):
        for detection in np.flatnonzero(living):
            mask = reading.mask(int(detection), value)
            if value != own and mask_iou([mask], [subject.mask.to_json()])[0, 0] >= ALIVE_FROM:
                yield Setting("mask", value)
                return


def _overlaps_to_allow(reading: Reading, index: int, *, anchors: bool) -> Iterator[float]:
    """NMS thresholds at which a suppressed box may survive; at the last one surely."""
    if anchors:
        level = reading.levels
        if reading.settings.rpn_levels == "together":
            level = np.zeros_like(level)
        pool = (reading.anchor_fate > Fate.LOW_SCORE) | (reading.anchor_fate == Fate.KEPT)
        group = pool & (level == level[index])
        boxes, strength = reading.decoded, _objectness(reading.logits)
        culprit = int(reading.anchor_suppressor[index])
    else:
        pool = ~np.isin(reading.fate, (Fate.LOW_SCORE, Fate.TOO_SMALL, Fate.NOT_BEST))
        group = pool & (reading.label == reading.label[index])
        boxes, strength = reading.boxes, reading.score
        culprit = int(reading.suppressor[index])
    rivals = np.flatnonzero(group & (strength >= strength[index]))
    rivals = rivals[rivals != index]
    first = _at_least(float(pair_iou(boxes[culprit][None], boxes[index])[0]))
    sure = _at_least(float(pair_iou(boxes[rivals], boxes[index]).max(initial=0)))
    # Rounding of shifted corners can lift the overlap of tiny boxes further; 1 lets all live.
    yield from sorted({first, sure, 1.0})


def _shortest(box: NDArray[Any]) -> float:
    return float((box[2:] - box[:2]).min())


def _at_least(value: float) -> float:
    """A threshold of two decimals that is not below an overlap, at most 1."""
    # torchvision's rounding of corners can lift an overlap by some 1e-5.
    return min(1.0, float(np.ceil((value + 1e-4) * 100) / 100))


def _below(value: float) -> float:
    """A short number strictly below a positive float32, as close as two digits allow."""
    return _shorten(value, strict=True)


def _at_most(value: float) -> float:
    """A short number not above a value of 0 or more."""
    return _shorten(value, strict=False) if value > 0 else 0.0


def _shorten(value: float, *, strict: bool) -> float:
    single = np.float32(value)
    for digits in range(2, 9):
        unit = 10.0 ** (np.floor(np.log10(value)) - digits + 1)
        short = float(f"{np.floor(value / unit) * unit:.{digits}g}")
        if np.float32(short) < single or (not strict and np.float32(short) == single):
            return short
    return float(np.nextafter(single, np.float32(0)))
