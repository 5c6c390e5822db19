"""One replayed training step as it is looked at: what follows from it, and its boxes by number.

A box has one number, whatever it is: that of an anchor, or the number of anchors plus that in the
pool (a proposal, or an instance's own box).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.boxes import iou_matrix
from core.lens.colours import DETECTION, PROPOSAL, Style
from core.lens.evidence import BoxKind
from core.lens.items import Box
from core.lens.target_steps import Step, overlaps, target_steps
from core.lens.trace import Trace
from core.lens.training_view import AnchorState, TrainingView
from core.lens.views.base import in_image
from core.lens.views.marks import ArrowsShown, BoxesShown, Drawing, Entry, Line
from core.lens.views.table import Column, Ints, Table, Text, Words, text
from core.sentences import Sentence

STATE_WORDS: Final = {
    AnchorState.POSITIVE: text("positive"),
    AnchorState.IGNORED: text("ignored"),
    AnchorState.NEGATIVE: text("negative"),
    AnchorState.FORCED: text("forced"),
}
"""In their order."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A training view with what follows from it; made off the window's thread."""

    trace: Trace
    view: TrainingView
    instances: tuple[Instance, ...]
    """As they were sent; numbers of instances count these from 1."""
    steps: Mapping[str, Step]
    best: NDArray[np.float32]
    """Best IoU of each box of the pool with an instance."""
    drawn: Ints
    """The drawn items by their numbers: positive anchors, negative anchors, RoIs."""
    drawn_iou: NDArray[np.float32]
    """Best IoU of each of them with an instance."""
    losses: NDArray[np.float64]
    """Drawn items × losses: shares of objectness, box of the RPN, class, box, mask, and keypoints
    where the network has them."""
    numbers: Ints
    """The number of each instance of the view among `instances`, from 1."""

    @property
    def first_roi(self) -> int:
        """The number of the first box of the pool."""
        return len(self.trace.anchors.boxes)

    def is_roi(self, number: int) -> bool:
        """Whether a box is one of the pool."""
        return number >= self.first_roi

    def box(self, number: int) -> Box:
        """Corners in image pixels. Raises IndexError when there is no such box."""
        a, b, c, d = self.boxes(np.array([number]))[0].tolist()
        return a, b, c, d

    def boxes(self, numbers: Ints) -> NDArray[np.float64]:
        """Corners of some anchors, or of some boxes of the pool, in image pixels: n×4."""
        if len(numbers) and numbers[0] >= self.first_roi:
            return in_image(self.trace, self.view.pool[numbers - self.first_roi])
        return in_image(self.trace, self.trace.anchors.boxes[numbers])

    def instance_of(self, number: int) -> Instance | None:
        """The instance that a box is asked for; None for background."""
        view = self.view
        if not self.is_roi(number):
            match = view.anchor_match(number)
        else:
            place = number - self.first_roi
            match = int(view.pool_match[place]) if view.pool_label[place] > 0 else -1
        return None if match < 0 else self.instances[int(self.numbers[match]) - 1]

    def positive_row(self, number: int) -> int | None:
        """The row of a drawn RoI with an object among those; None for any other box."""
        rows = np.flatnonzero(self.view.rois[self.view.positive_rois] == number - self.first_roi)
        return int(rows[0]) if len(rows) else None


def replayed(trace: Trace, view: TrainingView, instances: tuple[Instance, ...]) -> Replayed:
    """Work out steps, overlaps and losses."""
    overlap = overlaps(view)
    anchors = np.concatenate([view.positive, view.negative])
    near = iou_matrix(trace.anchors.boxes[anchors], view.boxes).max(axis=1, initial=0)
    best = overlap.max(axis=1, initial=0)
    places = {each.id: number for number, each in enumerate(instances, start=1)}
    return Replayed(
        trace=trace,
        view=view,
        instances=instances,
        steps={step.name.value: step for step in target_steps(view, overlap)},
        best=best,
        drawn=np.concatenate([anchors, view.rois + len(trace.anchors.boxes)]),
        drawn_iou=np.concatenate([near.astype(np.float32), best[view.rois]]),
        losses=_losses(view),
        numbers=np.array([places[id] for id in view.ids], np.int64),
    )


def _losses(view: TrainingView) -> NDArray[np.float64]:
    anchors, positive = len(view.objectness), view.positive_rois
    found = np.zeros((anchors + len(view.rois), len(view.losses)))
    found[:anchors, 0] = view.objectness
    found[: len(view.positive), 1] = view.rpn_box_reg
    found[anchors:, 2] = view.classifier
    for column, share in enumerate(view.object_shares.values(), start=3):
        found[anchors + positive, column] = share
    return found


@dataclass(frozen=True, slots=True)
class TrainingLook:
    """A replay and how somebody looks at it."""

    replayed: Replayed
    place: str = ""
    most: int = 300
    """Boxes of a kind before they are drawn by chance."""
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What one looks at in the training view: the losses, the anchors, or a step of the RoIs."""

    name: str
    title: Text
    count: Callable[[Replayed], int]
    sentence: Callable[[Replayed], Sentence]
    table: Callable[[Replayed], Table]
    draw: Mapping[str, Callable[[TrainingLook], Drawing | None]]
    """What its layers show, by their names; one sees them when one comes to it."""


# What several places say alike


def table(columns: list[Column], numbers: Ints, sort: int) -> Table:
    """Rows that stand for boxes by their numbers."""
    return Table(tuple(columns), numbers, BoxKind.TRAINED, sort)


def sides(replayed: Replayed, boxes: NDArray[np.float64]) -> list[Column]:
    """Width and height of boxes in image pixels."""
    return [
        Column(text("Width"), boxes[:, 2] - boxes[:, 0], digits=1),
        Column(text("Height"), boxes[:, 3] - boxes[:, 1], digits=1),
    ]


def instances(replayed: Replayed, match: Ints) -> Column:
    """The numbers of instances; nothing where the match is below zero."""
    numbers = np.zeros(len(match), np.int64)
    inside = match >= 0
    numbers[inside] = replayed.numbers[match[inside]]
    return Column(text("Instance"), numbers, optional=True)


def asked_for(replayed: Replayed, labels: Ints) -> Column:
    """Label indices (0 background, -1 passed over) in words."""
    words: tuple[Words, ...] = (text("passed over"), text("background"))
    return Column(text("Asked for"), labels + 1, (*words, *replayed.trace.class_names))


def origin(replayed: Replayed, pool: Ints) -> Column:
    """Whether boxes of the pool are proposals."""
    own = (pool >= replayed.view.proposals).astype(np.int64)
    return Column(text("Box"), own, (text("proposal"), text("instance's own")))


def counted(name: Words, total: int, shown: int) -> Text:
    """How many of some boxes are shown."""
    if shown == total:
        return text("{name}: {total}", name=name, total=total)
    return text("{name}: {shown} of {total}", name=name, shown=shown, total=total)


def arrows(look: TrainingLook, before: Ints, after: NDArray[np.float32]) -> ArrowsShown:
    """What boxes, by their numbers, should become: all of them, or only the chosen one."""
    if look.chosen is not None and (before == look.chosen).any():
        before, after = before[before == look.chosen][:1], after[before == look.chosen][:1]
    lines: tuple[Line, ...] = (
        Entry(text("what was drawn"), PROPOSAL, Style.DASH),
        Entry(text("what its deltas should make of it"), DETECTION),
    )
    return ArrowsShown(look.replayed.boxes(before), in_image(look.replayed.trace, after), lines)


def narrowed(shown: BoxesShown, only: Ints) -> BoxesShown:
    """The boxes that a filter has left."""
    groups = []
    for group in shown.groups:
        stays = np.isin(group.index, only)
        if stays.any():
            groups.append(replace(group, boxes=group.boxes[stays], index=group.index[stays]))
    return replace(shown, groups=tuple(groups))
