"""The tables of the training view: what was asked of each box, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.lens.training_items import (
    ANCHOR_DRAW,
    ANCHOR_MATCH,
    LOSSES_PLACE,
    Replayed,
    Spot,
    SpotKind,
)
from core.lens.evidence import BoxKind
from core.lens.recompute import sigmoid
from core.lens.target_steps import Role, StepName
from core.lens.trace import PYRAMID_LEVELS
from core.lens.views.table import Column, Table

Ints = NDArray[np.int64]
_DELTAS: Final = ("dx", "dy", "dw", "dh")
_TOKEN: Final = BoxKind.PROPOSAL
"""Rows of the table are told by their number, and `spots` says what each number stands for."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("training", text)


@dataclass(frozen=True, slots=True)
class SpotRows:
    """A table and the box behind each number of its rows: anchors first, then boxes of the pool."""

    rows: Table
    anchors: Ints
    pool: Ints

    def spot(self, number: int) -> Spot:
        """The box behind a number. Raises IndexError when there is none."""
        if number < len(self.anchors):
            return Spot(SpotKind.ANCHOR, int(self.anchors[number]))
        return Spot(SpotKind.ROI, int(self.pool[number - len(self.anchors)]))

    def number(self, spot: Spot) -> int | None:
        """The number of a box; None when the table does not hold it."""
        among = self.anchors if spot.kind is SpotKind.ANCHOR else self.pool
        places = np.flatnonzero(among == spot.index)
        before = 0 if spot.kind is SpotKind.ANCHOR else len(self.anchors)
        return before + int(places[0]) if len(places) else None


def rows_of(replayed: Replayed, place: str) -> SpotRows:
    """The table of a place."""
    view = replayed.view
    if place == LOSSES_PLACE:
        return _losses(replayed)
    if place == ANCHOR_MATCH:
        return _anchor_match(replayed)
    if place == ANCHOR_DRAW:
        return _anchor_draw(replayed)
    if place in (StepName.JOINED, StepName.OVERLAPS):
        return _pool(replayed, np.arange(len(view.pool)))
    if place in (StepName.POSITIVES, StepName.NEGATIVES):
        return _pool(replayed, _of_step(replayed, place))
    rows = np.arange(len(view.rois)) if place == StepName.SAMPLE else view.positive_rois
    return _rois(replayed, rows, place)


def asked_for(replayed: Replayed, labels: Ints) -> tuple[Ints, tuple[str, ...]]:
    """Label indices (0 background, -1 passed over) as places in words."""
    words = (_tr("passed over"), _tr("background"), *replayed.trace.class_names)
    return labels + 1, words


def item_losses(replayed: Replayed) -> NDArray[np.float64]:
    """The share of each item in the five losses: items×5, in the order of the bars.

    Items are the drawn anchors (positive, negative), then the drawn RoIs. The bars are objectness,
    box of the RPN, class, box, mask.
    """
    view = replayed.view
    anchors, rois, positive = len(view.objectness), len(view.rois), view.positive_rois
    found = np.zeros((anchors + rois, 5))
    found[:anchors, 0] = view.objectness
    found[: len(view.positive), 1] = view.rpn_box_reg
    found[anchors:, 2] = view.classifier
    found[anchors + positive, 3] = view.box_reg
    found[anchors + positive, 4] = view.mask
    return found


def _of_step(replayed: Replayed, place: str) -> Ints:
    """The boxes that a step tells apart, without the instances it only shows."""
    parts = [part for part in replayed.steps[place].parts if part.role is not Role.INSTANCE]
    return np.sort(np.concatenate([part.index for part in parts]))


def _made(columns: list[Column], anchors: Ints, pool: Ints, sort: int) -> SpotRows:
    numbers = np.arange(len(anchors) + len(pool))
    return SpotRows(Table(tuple(columns), numbers, _TOKEN, sort), anchors, pool)


def _sides(replayed: Replayed, boxes: NDArray[Any]) -> list[Column]:
    across, down = replayed.trace.input.scale
    return [
        Column(_tr("Width"), (boxes[:, 2] - boxes[:, 0]) / across, digits=1),
        Column(_tr("Height"), (boxes[:, 3] - boxes[:, 1]) / down, digits=1),
    ]


def _losses(replayed: Replayed) -> SpotRows:
    view = replayed.view
    anchors = np.concatenate([view.positive, view.negative])
    losses = item_losses(replayed)
    kinds = (
        _tr("anchor, object"),
        _tr("anchor, background"),
        _tr("RoI, object"),
        _tr("RoI, background"),
    )
    kind = np.concatenate(
        [
            np.repeat([0, 1], [len(view.positive), len(view.negative)]),
            np.where(view.roi_label > 0, 2, 3),
        ]
    )
    numbers = np.concatenate([anchors + 1, view.rois + 1])
    overlap = np.concatenate([replayed.drawn_iou, replayed.best[view.rois]])
    titles = (_tr("Objectness"), _tr("RPN box"), _tr("Class"), _tr("Box"), _tr("Mask"))
    boxes = np.concatenate([replayed.trace.anchors.boxes[anchors], view.pool[view.rois]])
    columns = [
        Column(_tr("Item"), kind, kinds),
        Column(_tr("Loss"), losses.sum(axis=1), digits=5),
        *(Column(title, losses[:, k], digits=5, optional=True) for k, title in enumerate(titles)),
        Column(_tr("IoU"), overlap, digits=2),
        Column(_tr("No."), numbers),
        *_sides(replayed, boxes),
    ]
    return _made(columns, anchors, view.rois, 1)


def _levels_of(replayed: Replayed, anchors: Ints) -> Ints:
    ends = np.cumsum(replayed.trace.anchors.level_counts)
    return np.searchsorted(ends, anchors, side="right")


def state_words() -> tuple[str, ...]:
    """The states of an anchor, in the order of `AnchorState`."""
    return (_tr("positive"), _tr("ignored"), _tr("negative"), _tr("forced"))


def _instances(replayed: Replayed, match: Ints) -> Column:
    """The numbers of instances; nothing where the match is below zero."""
    numbers = np.zeros(len(match), np.int64)
    inside = match >= 0
    numbers[inside] = replayed.numbers[match[inside]]
    return Column(_tr("Instance"), numbers, optional=True)


def _anchor_match(replayed: Replayed) -> SpotRows:
    view, near = replayed.view, replayed.view.near
    drawn = np.isin(near, view.positive).astype(np.int64)
    columns = [
        Column(_tr("State"), view.near_state().astype(np.int64), state_words()),
        Column(_tr("IoU"), view.near_overlap, digits=3),
        _instances(replayed, view.near_match),
        Column(_tr("Drawn"), drawn, ("", _tr("drawn"))),
        Column(_tr("Level"), _levels_of(replayed, near), PYRAMID_LEVELS),
        Column(_tr("No."), near + 1),
        *_sides(replayed, replayed.trace.anchors.boxes[near]),
    ]
    return _made(columns, near, np.zeros(0, np.int64), 1)


def _anchor_draw(replayed: Replayed) -> SpotRows:
    view, trace = replayed.view, replayed.trace
    anchors = np.concatenate([view.positive, view.negative])
    count = len(view.positive)
    asked = np.repeat([1, 0], [count, len(view.negative)])
    match = np.full(len(anchors), -1, np.int64)
    match[:count] = [view.anchor_match(each) for each in view.positive.tolist()]
    box_loss, deltas = np.zeros(len(anchors)), np.zeros((len(anchors), 4))
    box_loss[:count], deltas[:count] = view.rpn_box_reg, view.anchor_deltas
    columns = [
        Column(_tr("Asked for"), asked, (_tr("background"), _tr("object"))),
        Column(_tr("Objectness"), sigmoid(trace.rpn.logits[anchors]), digits=3),
        Column(_tr("Its loss"), view.objectness, digits=5),
        Column(_tr("Box loss"), box_loss, digits=5, optional=True),
        Column(_tr("IoU"), replayed.drawn_iou, digits=2),
        _instances(replayed, match),
        Column(_tr("Level"), _levels_of(replayed, anchors), PYRAMID_LEVELS),
        *(Column(name, deltas[:, k], digits=2, optional=True) for k, name in enumerate(_DELTAS)),
        Column(_tr("No."), anchors + 1),
        *_sides(replayed, trace.anchors.boxes[anchors]),
    ]
    return _made(columns, anchors, np.zeros(0, np.int64), 2)


def _pool(replayed: Replayed, pool: Ints) -> SpotRows:
    view = replayed.view
    own = (pool >= view.proposals).astype(np.int64)
    score = np.zeros(len(pool))
    score[own == 0] = view.proposal_score[pool[own == 0]]
    places, words = asked_for(replayed, view.pool_label[pool])
    match = np.where(view.pool_label[pool] > 0, view.pool_match[pool], -1)
    columns = [
        Column(_tr("Box"), own, (_tr("proposal"), _tr("instance's own"))),
        Column(_tr("Best IoU"), replayed.best[pool], digits=3),
        Column(_tr("Asked for"), places, words),
        _instances(replayed, match),
        Column(_tr("Objectness"), score, digits=3, optional=True),
        Column(_tr("No."), pool + 1),
        *_sides(replayed, view.pool[pool]),
    ]
    return _made(columns, np.zeros(0, np.int64), pool, 1)


def _rois(replayed: Replayed, rows: Ints, place: str) -> SpotRows:
    """Drawn RoIs by their rows, with the columns that tell most at a place."""
    view = replayed.view
    pool = view.rois[rows]
    places, words = asked_for(replayed, view.roi_label[rows])
    match = np.where(view.roi_label[rows] > 0, view.roi_match[rows], -1)
    # A share is the cross-entropy over the number of RoIs: the model's probability follows.
    right = np.exp(-view.classifier[rows].astype(np.float64) * len(view.rois))
    columns = [
        Column(_tr("Asked for"), places, words),
        _instances(replayed, match),
        Column(_tr("IoU"), replayed.best[pool], digits=3),
    ]
    sort = 2
    if place == StepName.DELTAS:
        columns += [Column(n, view.roi_deltas[rows, k], digits=2) for k, n in enumerate(_DELTAS)]
        columns.append(Column(_tr("Box loss"), view.box_reg, digits=5))
        sort = len(columns) - 1
    elif place == StepName.MASKS:
        titles = (_tr("IoU kept"), _tr("kept inside"), _tr("outside RoI"))
        columns += [Column(title, view.mask_kept[:, k], digits=3) for k, title in enumerate(titles)]
        columns.append(Column(_tr("Mask loss"), view.mask, digits=5))
        sort = len(columns) - 1
    columns += [
        Column(_tr("Right, p"), right, digits=3),
        Column(_tr("Class loss"), view.classifier[rows], digits=5),
    ]
    if place == StepName.SAMPLE:
        sort = len(columns) - 1
    own = (pool >= view.proposals).astype(np.int64)
    columns.append(Column(_tr("Box"), own, (_tr("proposal"), _tr("instance's own"))))
    columns += [Column(_tr("No."), pool + 1), *_sides(replayed, view.pool[pool])]
    return _made(columns, np.zeros(0, np.int64), pool, sort)
