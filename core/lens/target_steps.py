"""The stage that decides what the heads are asked in training, as eight steps one can walk through.

After matterport's `detection_targets_graph` and its notebook `inspect_data`, with torchvision's
rules (`RoIHeads.select_training_samples`): proposals and instances are joined, overlaps found,
positive and negative RoIs told apart, some of both drawn, the positive ones matched with instances,
and boxes and masks worked out for them. Boxes are pixels of the resized image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.lens.boxes import pair_iou
from core.lens.training_view import Boxes, Ints, TrainingView
from core.sentences import Sentence, say


class StepName(StrEnum):
    """The eight steps in their order."""

    JOINED = "joined"
    OVERLAPS = "overlaps"
    POSITIVES = "positives"
    NEGATIVES = "negatives"
    SAMPLE = "sample"
    MATCH = "match"
    DELTAS = "deltas"
    MASKS = "masks"


STEP_NAMES: Final = tuple(StepName)


class Role(StrEnum):
    """What a box is at a step."""

    PROPOSAL = "proposal"
    INSTANCE = "instance"
    COVERING = "covering"
    """It overlaps an instance at all."""
    POSITIVE = "positive"
    NEGATIVE = "negative"
    PASSED = "passed"
    """Neither: between the thresholds, or where background is not to be believed."""


@dataclass(frozen=True, slots=True, eq=False)
class OfRole:
    """Boxes of one role at a step."""

    role: Role
    index: Ints
    """Their numbers in the pool; the instances stand behind the proposals."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step: what it holds, in numbers, boxes and words."""

    name: StepName
    count: int
    """What it leaves: boxes, overlaps above zero, RoIs, or targets."""
    boxes: tuple[OfRole, ...]
    """Later ones lie above earlier ones."""
    sentence: Sentence
    pairs: tuple[Boxes, Boxes] | None = None
    """Boxes n×4 that are asked to become other boxes n×4."""


def overlaps(view: TrainingView) -> NDArray[np.float32]:
    """IoU of each box of the pool with each instance: float32 (R+N)×N, as torchvision rounds it."""
    if not len(view.boxes):
        return np.zeros((len(view.pool), 0), np.float32)
    columns = [pair_iou(view.pool, box) for box in view.boxes]
    return np.stack(columns, axis=1)


def labels(view: TrainingView, overlap: NDArray[np.float32]) -> Ints:
    """The label of each box of the pool by its overlaps alone; -1 between the thresholds.

    `view.pool_label` may also pass over background in areas that are not to be believed.
    """
    if not overlap.shape[1]:
        return np.zeros(len(overlap), np.int64)
    best = overlap.max(axis=1)
    found: Ints = view.classes[overlap.argmax(axis=1)]
    found[best < view.rules.roi_foreground_iou] = -1
    found[best < view.rules.roi_background_iou] = 0
    return found


def target_steps(
    view: TrainingView, overlap: NDArray[np.float32] | None = None
) -> tuple[Step, ...]:
    """All eight steps; they exist also where nothing is labelled.

    `overlap` is what `overlaps` says, when it is known.
    """
    overlap = overlaps(view) if overlap is None else overlap
    return tuple(_STEPS[name](view, overlap) for name in STEP_NAMES)


def _joined(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    proposals, instances = np.arange(view.proposals), np.arange(view.proposals, len(view.pool))
    sentence = say(
        "lens.step_joined",
        "The {proposals} proposals and the boxes of the {instances} instances stand together: "
        "{pool} boxes.",
        proposals=view.proposals,
        instances=len(view.boxes),
        pool=len(view.pool),
    )
    if len(view.boxes) and not len(instances):
        sentence = say(
            "lens.step_proposals",
            "The {proposals} proposals stand alone: this model does not draw from the instances' "
            "own boxes.",
            proposals=view.proposals,
        )
    boxes = (OfRole(Role.PROPOSAL, proposals), OfRole(Role.INSTANCE, instances))
    return Step(StepName.JOINED, len(view.pool), boxes, sentence)


def _overlaps(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    touching = np.flatnonzero((overlap > 0).any(axis=1))
    proposals = overlap[: view.proposals]
    covered = (proposals >= view.rules.roi_foreground_iou).any(axis=0).sum()
    sentence = say(
        "lens.step_overlaps",
        "The IoU of each box with each instance: {touching} of {pool} boxes touch one. Proposals "
        "overlap {covered} of the {instances} instances by {iou:g} or more.",
        touching=len(touching),
        pool=len(view.pool),
        covered=int(covered),
        instances=len(view.boxes),
        iou=view.rules.roi_foreground_iou,
    )
    others = np.setdiff1d(np.arange(len(view.pool)), touching)
    boxes = (OfRole(Role.PROPOSAL, others), OfRole(Role.COVERING, touching), _instances(view))
    return Step(StepName.OVERLAPS, int((overlap > 0).sum()), boxes, sentence)


def _positives(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    index = np.flatnonzero(view.pool_label > 0)
    sentence = say(
        "lens.step_positives",
        "{count} boxes overlap an instance by {iou:g} or more and are asked for it; {own} of them "
        "are boxes of instances themselves.",
        count=len(index),
        iou=view.rules.roi_foreground_iou,
        own=int((index >= view.proposals).sum()),
    )
    boxes = (OfRole(Role.POSITIVE, index), _instances(view))
    return Step(StepName.POSITIVES, len(index), boxes, sentence)


def _negatives(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    index = np.flatnonzero(view.pool_label == 0)
    passed = np.flatnonzero(view.pool_label < 0)
    sentence = say(
        "lens.step_negatives",
        "{count} boxes overlap every instance by less than {iou:g}: background. {passed} are "
        "passed over.",
        count=len(index),
        iou=view.rules.roi_background_iou,
        passed=len(passed),
    )
    boxes = (OfRole(Role.NEGATIVE, index), OfRole(Role.PASSED, passed), _instances(view))
    return Step(StepName.NEGATIVES, len(index), boxes, sentence)


def _sample(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    positive = view.roi_label > 0
    sentence = say(
        "lens.step_sample",
        "Seed {seed} drew {positive} RoIs with an object and {negative} of background: {samples} "
        "at most, of which at most a share of {share:g} with an object.",
        positive=int(positive.sum()),
        negative=int((~positive).sum()),
        seed=view.seed,
        samples=view.rules.roi_samples,
        share=view.rules.roi_positive_fraction,
    )
    boxes = (
        OfRole(Role.NEGATIVE, view.rois[~positive]),
        OfRole(Role.POSITIVE, view.rois[positive]),
    )
    return Step(StepName.SAMPLE, len(view.rois), boxes, sentence)


def _match(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    rows = view.positive_rois
    used = np.unique(view.roi_match[rows])
    sentence = say(
        "lens.step_match",
        "The {positive} RoIs with an object belong to {used} instances; {unused} instances are "
        "asked for by none.",
        positive=len(rows),
        used=len(used),
        unused=len(view.boxes) - len(used),
    )
    boxes = (
        OfRole(Role.POSITIVE, view.rois[rows]),
        OfRole(Role.INSTANCE, used + view.proposals),
    )
    return Step(StepName.MATCH, len(rows), boxes, sentence)


def _deltas(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    rows = view.positive_rois
    before, after = view.pool[view.rois[rows]], view.boxes[view.roi_match[rows]]
    boxes = (OfRole(Role.POSITIVE, view.rois[rows]),)
    sentence = say(
        "lens.step_deltas",
        "Arrows lead from each of the {count} RoIs to the box of its instance: those deltas are "
        "what the box head should answer for the class.",
        count=len(rows),
    )
    return Step(StepName.DELTAS, len(rows), boxes, sentence, (before, after))


def _masks(view: TrainingView, overlap: NDArray[np.float32]) -> Step:
    rows = view.positive_rois
    if len(rows):
        side = view.mask_targets.shape[-1]
        kept, inside = (float(value) for value in view.mask_kept[:, :2].mean(axis=0))
        sentence = say(
            "lens.step_masks",
            "Below each of the {count} RoIs the mask is averaged into {side} by {side} cells. "
            "Laid back over the image they overlap the masks by {iou:.3f} on average, and by "
            "{inside:.3f} inside the RoIs.",
            count=len(rows),
            side=side,
            iou=kept,
            inside=inside,
        )
    else:
        sentence = say(
            "lens.step_masks_none", "No RoI has an object, so the mask head is asked nothing."
        )
    boxes = (OfRole(Role.POSITIVE, view.rois[rows]),)
    return Step(StepName.MASKS, len(rows), boxes, sentence)


def _instances(view: TrainingView) -> OfRole:
    return OfRole(Role.INSTANCE, np.arange(view.proposals, len(view.pool)))


_STEPS: Final[dict[StepName, Callable[[TrainingView, NDArray[np.float32]], Step]]] = {
    StepName.JOINED: _joined,
    StepName.OVERLAPS: _overlaps,
    StepName.POSITIVES: _positives,
    StepName.NEGATIVES: _negatives,
    StepName.SAMPLE: _sample,
    StepName.MATCH: _match,
    StepName.DELTAS: _deltas,
    StepName.MASKS: _masks,
}
