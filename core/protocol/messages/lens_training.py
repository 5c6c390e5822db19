"""Messages about the training view: one training step replayed on an image, not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.training_view import LeftOut, Rules
from core.protocol.messages.base import Answer
from core.protocol.messages.lens import Boxes, Fates, Floats, Ints, LensRequest, Masks
from core.protocol.shape import Shape


@dataclass(frozen=True, slots=True, eq=False)
class TrainLens(LensRequest):
    """Replay a training step on an image with a person's instances and a seed.

    Answered by Progress, then LensTrained. The settings of inference play no part.
    """

    TYPE: ClassVar = "train_lens"
    instances: tuple[Instance, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTables:
    """`core.lens.training_view.TrainingView` as it travels; the same fields."""

    seed: int
    rules: Rules
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    classes: Ints
    boxes: Boxes
    left_out: tuple[LeftOut, ...]
    near: Ints
    near_label: Fates
    near_match: Ints
    near_overlap: Floats
    positive: Ints
    negative: Ints
    anchor_deltas: Boxes
    objectness: Floats
    rpn_box_reg: Floats
    proposal_score: Floats
    pool: Boxes
    pool_label: Ints
    pool_match: Ints
    rois: Ints
    roi_match: Ints
    roi_label: Ints
    roi_deltas: Boxes
    classifier: Floats
    box_reg: Floats
    mask: Floats
    mask_targets: Masks
    mask_logits: Masks
    mask_kept: Annotated[NDArray[np.float32], Shape(None, 3)]
    losses: Annotated[NDArray[np.float32], Shape(5)]


@dataclass(frozen=True, slots=True, eq=False)
class LensTrained(Answer):
    """The training view of an image."""

    TYPE: ClassVar = "lens_trained"
    tables: TrainingTables


MESSAGES: Final = (TrainLens, LensTrained)
