"""One replayed training step as the window looks at it: its places, and the boxes one points at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.boxes import iou_matrix, scaled
from core.lens.target_steps import STEP_NAMES, Step, overlaps, target_steps
from core.lens.trace import Trace
from core.lens.training_view import TrainingView

Box = tuple[float, float, float, float]

LOSSES_PLACE: Final = "losses"
ANCHOR_MATCH: Final = "anchor_match"
ANCHOR_DRAW: Final = "anchor_draw"
PLACES: Final[tuple[str, ...]] = (
    LOSSES_PLACE,
    ANCHOR_MATCH,
    ANCHOR_DRAW,
    *(name.value for name in STEP_NAMES),
)
"""What one walks through: the losses, two looks at the anchors, and the eight steps of the RoIs."""


class SpotKind(StrEnum):
    """What a box of the training view is."""

    ANCHOR = "anchor"
    ROI = "roi"
    """A box of the pool: a proposal, or an instance's own."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A box by its kind and its number: of the anchor, or in the pool; from 0."""

    kind: SpotKind
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A training view with what follows from it; made off the window's thread."""

    trace: Trace
    view: TrainingView
    instances: tuple[Instance, ...]
    """As they were sent; numbers of instances count these from 1."""
    steps: dict[str, Step]
    best: NDArray[np.float32]
    """Best IoU of each box of the pool with an instance."""
    drawn_iou: NDArray[np.float32]
    """The same of the drawn anchors: the positive ones, then the negative ones."""
    numbers: NDArray[np.int64]
    """The number of each instance of the view among `instances`, from 1."""
    rows: NDArray[np.int64]
    """For each box of the pool its row among the drawn RoIs, or -1."""
    positive_rows: NDArray[np.int64]
    """For each drawn RoI its row among those with an object, or -1."""

    def box(self, spot: Spot) -> Box:
        """Corners in image pixels. Raises IndexError when there is no such box."""
        boxes = self.trace.anchors.boxes if spot.kind is SpotKind.ANCHOR else self.view.pool
        return self.in_image(boxes[spot.index][None])[0]

    def in_image(self, boxes: NDArray[np.float32]) -> list[Box]:
        """Resized pixels as pixels of the image."""
        across, down = self.trace.input.scale
        return [tuple(row) for row in scaled(boxes, (1 / across, 1 / down)).tolist()]

    def instance_of(self, spot: Spot) -> Instance | None:
        """The instance that a box is asked for; None for background."""
        view = self.view
        if spot.kind is SpotKind.ANCHOR:
            match = view.anchor_match(spot.index)
        else:
            asked = view.pool_label[spot.index] > 0
            match = int(view.pool_match[spot.index]) if asked else -1
        return None if match < 0 else self.instances[int(self.numbers[match]) - 1]

    def positive_row(self, spot: Spot) -> int | None:
        """The row of a drawn RoI with an object among those; None for any other box."""
        if spot.kind is not SpotKind.ROI or self.rows[spot.index] < 0:
            return None
        row = int(self.positive_rows[self.rows[spot.index]])
        return None if row < 0 else row


def replayed(trace: Trace, view: TrainingView, instances: tuple[Instance, ...]) -> Replayed:
    """Work out steps and overlaps."""
    overlap = overlaps(view)
    drawn = np.concatenate([view.positive, view.negative])
    near = iou_matrix(trace.anchors.boxes[drawn], view.boxes)
    places = {each.id: number for number, each in enumerate(instances, start=1)}
    rows = np.full(len(view.pool), -1, np.int64)
    rows[view.rois] = np.arange(len(view.rois))
    positive = np.full(len(view.rois), -1, np.int64)
    positive[view.positive_rois] = np.arange(len(view.positive_rois))
    return Replayed(
        trace=trace,
        view=view,
        instances=instances,
        steps={step.name.value: step for step in target_steps(view, overlap)},
        best=overlap.max(axis=1, initial=0),
        drawn_iou=near.max(axis=1, initial=0).astype(np.float32),
        numbers=np.array([places[id] for id in view.ids], np.int64),
        rows=rows,
        positive_rows=positive,
    )
