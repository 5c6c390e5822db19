"""Why an instance was missed: the cut that took it, the evidence, and what would have kept it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.document.instance import Instance
from core.document.runs import RunLength
from core.lens.boxes import iou
from core.lens.evidence import (
    BoxKind,
    Closest,
    Setting,
    closest,
    detection_rank,
    level_rank,
    offers,
    proposal_rank,
)
from core.lens.life import ALIVE_FROM, Cut, Life, Overlaps, Subject, live, measure, subject_of
from core.lens.logits import sigmoid
from core.lens.reading import Reading
from core.lens.settings import StageSettings
from core.lens.trace import Fate

Rerun = Callable[[StageSettings], Reading]
"""The same image and model with other settings. The engine gives it; the lens never guesses."""


@dataclass(frozen=True, slots=True)
class Suppressor:
    """The box that suppressed another."""

    kind: BoxKind
    """Detection when it is one, else candidate or decoded."""
    index: int
    """Its number in the stage of its kind, from 0."""
    label: str | None
    score: float
    """Class probability, or objectness for a decoded box."""
    iou: float
    """With the box that it suppressed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers behind a verdict; None where a number does not apply."""

    best_anchor_iou: float
    best_decoded_iou: float
    best_refined_iou: float
    """Of a refined box of any class."""
    best_labelled_iou: float
    """Of a refined box of the right label."""
    best_mask_iou: float
    """In pixels, of a detection with the right label."""
    closest: Closest | None
    level_rank: int | None
    """Rank of the closest box's anchor in its level, from 1."""
    proposal_rank: int | None
    """Rank of the closest box among the boxes that survived the NMS of the RPN."""
    detection_rank: int | None
    """Rank of the closest box among the candidates that survived the last NMS."""
    objectness: float | None
    class_probability: float | None
    """Of the right label (of the closest box's class when the label is unknown)."""
    stronger_class: str | None
    """The class that the proposal was taken for, when that is another one."""
    stronger_probability: float | None
    suppressor: Suppressor | None
    label_known: bool


@dataclass(frozen=True, slots=True)
class Remedy:
    """A setting that brings the instance past the cut: it was tried."""

    setting: Setting
    then: Cut | None
    """The later cut that takes the instance all the same; None when it is found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one instance of the labels."""

    instance: Instance
    life: Life
    evidence: Evidence
    remedy: Remedy | None
    detection: int | None
    """The detection whose mask fits best, when the instance was found."""

    @property
    def found(self) -> bool:
        """Whether a detection with the right label has a mask that fits."""
        return self.life.found

    @property
    def cut(self) -> Cut | None:
        """The cut that took the instance; None when it was found."""
        return self.life.lost_at


def judge(
    reading: Reading,
    instance: Instance,
    masks: Sequence[RunLength] | None = None,
    rerun: Rerun | None = None,
) -> Verdict:
    """The verdict on one instance that is not a crowd.

    `masks` are those of the detections, when they are at hand. Without `rerun` no setting is
    offered, because none could be tried.
    """
    subject = subject_of(reading, instance)
    masks = reading.detection_masks() if masks is None else masks
    overlaps = measure(reading, subject, masks)
    life = live(reading, overlaps)
    cut = life.lost_at
    seen = None if cut is None else closest(reading, overlaps, cut)
    remedy = None
    if cut is not None and rerun is not None:
        remedy = _remedy(reading, subject, overlaps, cut, seen, rerun)
    best = max(overlaps.masks, key=lambda d: overlaps.masks[d]) if life.found else None
    return Verdict(instance, life, _evidence(reading, subject, overlaps, seen), remedy, best)


def _remedy(
    reading: Reading,
    subject: Subject,
    overlaps: Overlaps,
    cut: Cut,
    seen: Closest | None,
    rerun: Rerun,
) -> Remedy | None:
    for setting in offers(reading, subject, overlaps, cut, seen):
        again = rerun(reading.settings.with_(**{setting.name: setting.value}))
        life = life_in(again, subject.instance)
        if life.past(cut):
            return Remedy(setting, life.lost_at)
    return None


def life_in(reading: Reading, instance: Instance) -> Life:
    """How far an instance lives in a reading."""
    subject = subject_of(reading, instance)
    # A margin for rounding in the bound of what is possible.
    least = ALIVE_FROM - 1e-3
    return live(reading, measure(reading, subject, _Masks(reading), least=least))


class _Masks(Sequence[RunLength]):
    """The masks of a reading's detections, drawn only when someone looks."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __len__(self) -> int:
        return len(self._reading.detections)

    def __getitem__(self, index: Any) -> Any:
        return self._reading.mask(int(index), self._reading.settings.mask)


def _evidence(
    reading: Reading, subject: Subject, overlaps: Overlaps, seen: Closest | None
) -> Evidence:
    anchor, row = _places(reading, seen)
    fate = None if anchor is None else reading.anchor_fate[anchor]
    end = None if row is None else reading.fate[row]
    decoded = seen is not None and seen.kind is BoxKind.DECODED
    winner = None if row is None else _winner(reading, row)
    stronger = winner if winner is not None and not overlaps.wins[row] else None
    return Evidence(
        best_anchor_iou=_most(overlaps.anchors),
        best_decoded_iou=_most(overlaps.decoded),
        best_refined_iou=_most(overlaps.boxes),
        best_labelled_iou=_most(overlaps.boxes[overlaps.right]),
        best_mask_iou=max(overlaps.masks.values(), default=0.0),
        closest=seen,
        level_rank=None if anchor is None else level_rank(reading, anchor),
        proposal_rank=_rank(proposal_rank, reading, anchor, fate),
        detection_rank=_rank(detection_rank, reading, row, end),
        objectness=None if anchor is None else _sigmoid(float(reading.logits[anchor])),
        class_probability=None if row is None else float(reading.score[row]),
        stronger_class=None if stronger is None else reading.name(stronger),
        stronger_probability=None if stronger is None else float(reading.score[stronger]),
        suppressor=_suppressor(reading, anchor if decoded else None, row),
        label_known=subject.label_known,
    )


def _places(reading: Reading, seen: Closest | None) -> tuple[int | None, int | None]:
    """The anchor and the candidate behind a closest box, where it has them."""
    if seen is None:
        return None, None
    if seen.kind in (BoxKind.ANCHOR, BoxKind.DECODED):
        return seen.index, None
    if seen.kind is BoxKind.PROPOSAL:
        return int(reading.proposal_anchor[seen.index]), None
    row = seen.index
    if seen.kind is BoxKind.DETECTION:
        row = int(reading.detections[seen.index])
    anchor = int(reading.proposal_anchor[row // reading.classes])
    return (anchor if anchor >= 0 else None), row


def _winner(reading: Reading, row: int) -> int:
    """The row of the most probable class of the same proposal."""
    classes = reading.classes
    start = row // classes * classes
    return start + int(np.argmax(reading.score[start : start + classes]))


def _rank(
    rank: Callable[[Reading, int], int], reading: Reading, index: int | None, fate: Any
) -> int | None:
    if index is None or fate not in (Fate.KEPT, Fate.OVER_LIMIT):
        return None
    return rank(reading, index)


def _suppressor(reading: Reading, anchor: int | None, row: int | None) -> Suppressor | None:
    if row is not None and reading.suppressor[row] >= 0:
        culprit = int(reading.suppressor[row])
        place = np.flatnonzero(reading.detections == culprit)
        return Suppressor(
            BoxKind.DETECTION if len(place) else BoxKind.CANDIDATE,
            int(place[0]) if len(place) else culprit,
            reading.name(culprit),
            float(reading.score[culprit]),
            _pair(reading.boxes[culprit], reading.boxes[row]),
        )
    if anchor is not None and reading.anchor_suppressor[anchor] >= 0:
        culprit = int(reading.anchor_suppressor[anchor])
        overlap = _pair(reading.decoded[culprit], reading.decoded[anchor])
        score = _sigmoid(float(reading.logits[culprit]))
        return Suppressor(BoxKind.DECODED, culprit, None, score, overlap)
    return None


def _pair(one: Any, other: Any) -> float:
    return float(iou(one[None], other)[0])


def _sigmoid(logit: float) -> float:
    return float(sigmoid(np.array([logit]))[0])


def _most(values: Any) -> float:
    return float(values.max(initial=0.0))
