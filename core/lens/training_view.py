"""The training view of one image, compact: what was matched, drawn and asked, and what it cost.

Values are numpy arrays. Boxes are pixels of the resized image. Of the anchors only those are told
that are more than background; all others were below the background threshold everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from core.lens.arrays import Shape
from core.lens.training import BELOW, KEYPOINT_LOSS, LOSSES, TrainingTrace

Boxes = Annotated[NDArray[np.float32], Shape(np.float32, None, 4)]
Floats = Annotated[NDArray[np.float32], Shape(np.float32, None)]
Masks = Annotated[NDArray[np.float32], Shape(np.float32, None, None, None)]
Ints = Annotated[NDArray[np.int64], Shape(np.int64, None)]


class Omitted(StrEnum):
    """Why an instance is not trained on. Its area is then neither object nor background."""

    CROWD = "crowd"
    NO_CLASS = "no_class"
    """The model has no class that its label could mean."""
    TOO_SMALL = "too_small"
    """Too few pixels are left of it in the resized image."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An instance that is not trained on."""

    id: str
    label: str
    reason: Omitted


@dataclass(frozen=True, slots=True)
class Rules:
    """How anchors and RoIs are matched and drawn."""

    rpn_samples: int
    rpn_positive_fraction: float
    rpn_foreground_iou: float
    rpn_background_iou: float
    roi_samples: int
    roi_positive_fraction: float
    roi_foreground_iou: float
    roi_background_iou: float


class AnchorState(IntEnum):
    """What an anchor is asked in training (Faster R-CNN, section 3.1.2)."""

    POSITIVE = 0
    IGNORED = 1
    """Its overlap is between the thresholds, or it lies where background is not to be believed."""
    NEGATIVE = 2
    FORCED = 3
    """Below the foreground threshold, but no anchor fits its instance better."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingView:
    """What one training step would do with one image; N instances, S RoIs, P of them positive."""

    seed: int
    rules: Rules
    ids: tuple[str, ...]
    """The instances that are trained on."""
    labels: tuple[str, ...]
    """What a person calls them."""
    classes: Ints
    """N: label index, from 1."""
    boxes: Boxes
    """N×4."""
    left_out: tuple[LeftOut, ...]
    near: Ints
    """The anchors that are not plain background, ascending."""
    near_label: Annotated[NDArray[np.int8], Shape(np.int8, None)]
    """For each of them 1 object, 0 background, -1 left out."""
    near_match: Ints
    """The instance of each, or `BELOW` or `BETWEEN`."""
    near_overlap: Floats
    """Best IoU of each with an instance."""
    positive: Ints
    """Drawn anchors with an object."""
    negative: Ints
    """Drawn background anchors."""
    anchor_deltas: Boxes
    """For each drawn anchor with an object: dx, dy, dw, dh that it should answer."""
    objectness: Floats
    """Loss of each drawn anchor: the positive ones, then the negative ones."""
    rpn_box_reg: Floats
    """Loss of each drawn anchor with an object."""
    proposal_score: Floats
    """R."""
    pool: Boxes
    """(R+N)×4: the proposals, and after them the boxes of the instances."""
    pool_label: Ints
    """R+N: label index, 0 background, -1 passed over."""
    pool_match: Ints
    rois: Ints
    """S: the drawn RoIs by their number in the pool."""
    roi_match: Ints
    """S: the instance of each; 0 for background."""
    roi_label: Ints
    """S: label index; 0 background."""
    roi_deltas: Boxes
    """S×4: the deltas that its class should answer; meaningful where the label is above 0."""
    classifier: Floats
    """S."""
    box_reg: Floats
    """P, for the RoIs with a label above 0 in their order, as the following."""
    mask: Floats
    """P."""
    keypoint: Floats | None
    """P; None for a network without keypoints."""
    mask_targets: Masks
    """P×28×28."""
    mask_logits: Masks
    """P×28×28: the model's answer for the right class."""
    mask_kept: Annotated[NDArray[np.float32], Shape(np.float32, None, 3)]
    """P×3: `Kept` of each target: IoU, IoU inside the box, share outside the box."""
    losses: Annotated[NDArray[np.float32], Shape(np.float32, None)]
    """In the order of `loss_names`."""

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The losses of the network by torchvision's names."""
        return LOSSES if self.keypoint is None else (*LOSSES, KEYPOINT_LOSS)

    @property
    def object_shares(self) -> dict[str, Floats]:
        """What the RoIs with an object cost beside their class, by what it is for: P each."""
        shares = {"box": self.box_reg, "mask": self.mask}
        return shares if self.keypoint is None else {**shares, "keypoints": self.keypoint}

    @property
    def proposals(self) -> int:
        """How many of the pool are proposals."""
        return len(self.proposal_score)

    @property
    def positive_rois(self) -> Ints:
        """The rows of the RoIs with an object."""
        return np.flatnonzero(self.roi_label > 0)

    def near_state(self) -> NDArray[np.int8]:
        """The state of each anchor of `near`."""
        state = np.full(len(self.near), AnchorState.NEGATIVE, np.int8)
        state[self.near_label < 0] = AnchorState.IGNORED
        state[self.near_label > 0] = AnchorState.FORCED
        fits = (self.near_label > 0) & (self.near_overlap >= self.rules.rpn_foreground_iou)
        state[fits] = AnchorState.POSITIVE
        return state

    def anchor_match(self, anchor: int) -> int:
        """The instance of an anchor, or `BELOW` or `BETWEEN`."""
        place = int(np.searchsorted(self.near, anchor))
        found = place < len(self.near) and int(self.near[place]) == anchor
        return int(self.near_match[place]) if found else BELOW

    def anchor_overlap(self, anchor: int) -> float:
        """The best IoU of an anchor with an instance; 0 for plain background."""
        place = int(np.searchsorted(self.near, anchor))
        found = place < len(self.near) and int(self.near[place]) == anchor
        return float(self.near_overlap[place]) if found else 0.0


def training_view(
    trace: TrainingTrace,
    *,
    seed: int,
    rules: Rules,
    ids: tuple[str, ...],
    labels: tuple[str, ...],
    classes: Ints,
    boxes: Boxes,
    left_out: tuple[LeftOut, ...],
    proposals: Boxes,
    proposal_score: Floats,
    mask_kept: Floats,
    losses: dict[str, float],
) -> TrainingView:
    """The compact view of a trace with arrays."""
    anchors, rois, shares = trace.anchors, trace.rois, trace.losses
    names = LOSSES if shares.keypoint is None else (*LOSSES, KEYPOINT_LOSS)
    near = np.flatnonzero((anchors.match != BELOW) | (anchors.label < 0))
    return TrainingView(
        seed=seed,
        rules=rules,
        ids=ids,
        labels=labels,
        classes=classes,
        boxes=boxes,
        left_out=left_out,
        near=near,
        near_label=anchors.label[near].astype(np.int8),
        near_match=anchors.match[near],
        near_overlap=_floats(anchors.overlap[near]),
        positive=anchors.positive,
        negative=anchors.negative,
        anchor_deltas=_floats(anchors.deltas[anchors.positive]),
        objectness=_floats(shares.objectness),
        rpn_box_reg=_floats(shares.rpn_box_reg),
        proposal_score=proposal_score,
        pool=np.concatenate([proposals, boxes]),
        pool_label=rois.pool_label,
        pool_match=rois.pool_match,
        rois=rois.source,
        roi_match=rois.match,
        roi_label=rois.label,
        roi_deltas=_floats(rois.deltas),
        classifier=_floats(shares.classifier),
        box_reg=_floats(shares.box_reg),
        mask=_floats(shares.mask),
        keypoint=None if shares.keypoint is None else _floats(shares.keypoint),
        mask_targets=_floats(trace.mask_targets),
        mask_logits=_floats(trace.mask_logits),
        mask_kept=mask_kept,
        losses=np.array([losses[name] for name in names], np.float32),
    )


def _floats(value: Any) -> Floats:
    return np.ascontiguousarray(value, dtype=np.float32)
