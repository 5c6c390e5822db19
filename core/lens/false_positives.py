"""Why a detection is a false positive: the kinds of TIDE (Bolya et al. 2020), by IoU of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.document.runs import RunLength, mask_iou, runs_of
from core.lens.boxes import Floats
from core.lens.reading import Reading
from core.lens.words import with_figures_cut
from core.sentences import Sentence, say

FOREGROUND: Final = 0.5
"""IoU from which a detection stands for an instance (TIDE's t_f)."""
BACKGROUND: Final = 0.1
"""IoU up to which a detection stands for nothing (TIDE's t_b)."""


class Kind(StrEnum):
    """What is wrong with a detection that stands for no instance."""

    BACKGROUND = "background"
    WRONG_CLASS = "wrong class"
    DUPLICATE = "duplicate"
    POOR_BOX = "poor box"
    POOR_BOX_AND_WRONG_CLASS = "poor box and wrong class"


@dataclass(frozen=True, slots=True)
class FalsePositive:
    """A detection that stands for no instance, or for one that is already found."""

    detection: int
    """From 0, strongest first."""
    label: str
    score: float
    kind: Kind
    instance: Instance | None
    """The instance that the kind speaks of; None for the background."""
    iou: float
    """Mask IoU with that instance; with the nearest one for the background."""
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Matching:
    """Which detection stands for which instance."""

    overlaps: Floats
    """D×N mask IoU in pixels with the instances that are no crowd."""
    right: NDArray[np.bool_]
    """D×N: the labels agree, or the model does not know the instance's label."""
    instance: NDArray[np.int64]
    """D: the instance that a detection stands for, or -1."""
    in_crowd: NDArray[np.bool_]
    """D: at least half of the detection lies in a crowd region, which counts neither way."""


def match(reading: Reading, instances: Sequence[Instance], masks: Sequence[RunLength]) -> Matching:
    """Match detections with instances, strongest first, each instance once.

    A detection takes the free instance with the right label that it overlaps most, from 0.5 on,
    as the COCO evaluation does it. `masks` are those of the detections.
    """
    height, width = reading.image_size
    plain = [each for each in instances if not each.crowd]
    crowds = [each for each in instances if each.crowd]
    listed = [*plain, *crowds]
    shapes = runs_of(listed, width, height)
    shared = mask_iou(masks, shapes, [each.crowd for each in listed])
    overlaps, inside = shared[:, : len(plain)], shared[:, len(plain) :]
    known = [reading.labels_named(each.label) for each in plain]
    labels = reading.label[reading.detections]
    right = np.array(
        [[not len(names) or label in names for names in known] for label in labels], dtype=np.bool_
    ).reshape(overlaps.shape)
    taken = np.full(len(masks), -1, dtype=np.int64)
    free = np.ones(len(plain), dtype=np.bool_)
    for detection in range(len(masks)):
        fits = np.where(free & right[detection], overlaps[detection], 0.0)
        if len(fits) and fits.max() >= FOREGROUND:
            taken[detection] = int(fits.argmax())
            free[taken[detection]] = False
    in_crowd = np.asarray((inside >= FOREGROUND).any(axis=1), dtype=np.bool_)
    return Matching(overlaps, right, taken, in_crowd)


def false_positives(
    reading: Reading, instances: Sequence[Instance], masks: Sequence[RunLength]
) -> tuple[FalsePositive, ...]:
    """Each detection that stands for no instance, with its kind; those in a crowd are left out."""
    found = match(reading, instances, masks)
    plain = [each for each in instances if not each.crowd]
    return tuple(
        _explain(reading, plain, found, detection)
        for detection in np.flatnonzero((found.instance < 0) & ~found.in_crowd).tolist()
    )


def _explain(
    reading: Reading, plain: Sequence[Instance], found: Matching, detection: int
) -> FalsePositive:
    kind, which = kind_of(found, detection)
    row = int(reading.detections[detection])
    label, other = reading.name(row), None if which is None else plain[which]
    overlaps = found.overlaps[detection]
    iou = float(overlaps.max(initial=0) if which is None else overlaps[which])
    owner = np.flatnonzero(found.instance == (-2 if which is None else which))
    return FalsePositive(
        detection=detection,
        label=label,
        score=float(reading.score[row]),
        kind=kind,
        instance=other,
        iou=iou,
        sentence=with_figures_cut(
            _say(kind, label, iou, other, int(owner[0]) + 1 if len(owner) else 0)
        ),
    )


def kind_of(found: Matching, detection: int) -> tuple[Kind, int | None]:
    """The kind of an unmatched detection and the instance it speaks of.

    Asked in TIDE's order: an instance of its label that it overlaps poorly; one of another label
    that it overlaps well; one of its label that another detection has; nothing; and what is left.
    """
    overlaps, right = found.overlaps[detection], found.right[detection]
    own, own_best = _best(np.where(right, overlaps, -1.0))
    other, other_best = _best(np.where(right, -1.0, overlaps))
    if BACKGROUND <= own_best < FOREGROUND:
        return Kind.POOR_BOX, own
    if other_best >= FOREGROUND:
        return Kind.WRONG_CLASS, other
    if own_best >= FOREGROUND:
        return Kind.DUPLICATE, own
    if max(own_best, other_best) < BACKGROUND:
        return Kind.BACKGROUND, None
    return Kind.POOR_BOX_AND_WRONG_CLASS, other


def _best(overlaps: Floats) -> tuple[int | None, float]:
    if not len(overlaps) or overlaps.max() < 0:
        return None, 0.0
    return int(overlaps.argmax()), float(overlaps.max())


def _say(kind: Kind, label: str, iou: float, other: Instance | None, number: int) -> Sentence:
    if kind is Kind.BACKGROUND or other is None:
        return say(
            "verdicts.background",
            "Nothing is labelled here: the nearest instance overlaps this {label} by {iou:.2f}.",
            label=label,
            iou=iou,
        )
    if kind is Kind.DUPLICATE:
        return say(
            "verdicts.duplicate",
            "This {label} is labelled once (mask IoU {iou:.2f}), and the stronger detection "
            "{number} has found it already.",
            label=label,
            iou=iou,
            number=number,
        )
    if kind is Kind.POOR_BOX:
        return say(
            "verdicts.poor_box",
            "A {other} is labelled here, but it overlaps this detection by {iou:.2f} only, and "
            "0.50 is needed.",
            other=other.label,
            iou=iou,
        )
    if kind is Kind.WRONG_CLASS:
        return say(
            "verdicts.wrong_class",
            "A {other} is labelled here (mask IoU {iou:.2f}), not a {label}.",
            label=label,
            other=other.label,
            iou=iou,
        )
    return say(
        "verdicts.poor_box_and_wrong_class",
        "A {other} is labelled here, not a {label}, and it overlaps this detection by {iou:.2f} "
        "only.",
        label=label,
        other=other.label,
        iou=iou,
    )
