"""What one training step holds for one image: matches, samples, targets and losses by item.

As in `trace`, fields hold torch tensors inside the engine and numpy arrays outside, and
`trace.to_numpy` carries them over. Boxes are pixels of the resized image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.lens.arrays import Array

BELOW: Final = -1
"""A match value: the best overlap is below the background threshold, so it is background."""
BETWEEN: Final = -2
"""A match value: the best overlap is between the thresholds, so it is left out."""
LOSSES: Final[tuple[str, ...]] = (
    "loss_classifier",
    "loss_box_reg",
    "loss_mask",
    "loss_objectness",
    "loss_rpn_box_reg",
)
"""The losses of Mask R-CNN by torchvision's names, in torchvision's order."""
KEYPOINT_LOSS: Final = "loss_keypoint"
"""After them, in a network with keypoints."""


@dataclass(frozen=True, slots=True)
class AnchorTargets:
    """How the anchors of an image were matched and sampled (Faster R-CNN, section 3.1.2)."""

    match: Array
    """int64 A: index of the instance, or `BELOW` or `BETWEEN`."""
    label: Array
    """float32 A: 1 object, 0 background, -1 left out."""
    overlap: Array
    """float32 A: best IoU with any instance; 0 without instances. Below the foreground threshold
    and yet matched means forced: no anchor fits that instance better."""
    deltas: Array
    """float32 A×4: what the deltas should be; meaningful where the label is 1."""
    positive: Array
    """int64: the sampled anchors with an object, ascending."""
    negative: Array
    """int64: the sampled background anchors, ascending."""


@dataclass(frozen=True, slots=True)
class RoiTargets:
    """The sampled RoIs of an image: proposals, and after them the boxes of the instances."""

    boxes: Array
    """float32 S×4."""
    source: Array
    """int64 S: the proposal; from `proposal_count` on it is the box of an instance instead."""
    proposal_count: int
    pool_match: Array
    """int64 R+N: the instance of each proposal and, after them, of each instance's own box (0 for
    background, as torchvision has it)."""
    pool_label: Array
    """int64 R+N: label index, 0 for background, -1 for those that are passed over."""
    match: Array
    """int64 S: the instance it was matched with (0 for background RoIs, as torchvision has it)."""
    label: Array
    """int64 S: label index; 0 is background."""
    deltas: Array
    """float32 S×4: what the deltas of its class should be; meaningful where label > 0."""


@dataclass(frozen=True, slots=True)
class ItemLosses:
    """The share of each item in the losses: shares of all images of a batch sum to the loss.

    Inside the engine they carry gradients, so that they can be weighted one by one.
    """

    objectness: Array
    """One for each sampled anchor: the positive ones, then the negative ones."""
    rpn_box_reg: Array
    """One for each positive anchor."""
    classifier: Array
    """One for each RoI."""
    box_reg: Array
    """One for each RoI with label > 0, in their order."""
    mask: Array
    """One for each RoI with label > 0, in their order."""
    keypoint: Array | None = None
    """The same of a network with keypoints; 0 for a RoI without any that is known and inside."""


@dataclass(frozen=True, slots=True)
class TrainingTrace:
    """The training view of one image."""

    anchors: AnchorTargets
    rois: RoiTargets
    mask_targets: Array
    """float32 P×28×28 for the RoIs with label > 0: soft, never thresholded."""
    mask_logits: Array
    """float32 P×28×28: the logits of the class of each."""
    losses: ItemLosses
