"""What RoIs are asked in training: joined with instances, told apart, and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np

from core.lens.colours import DETECTION, Colour, Style
from core.lens.target_steps import Role, StepName
from core.lens.training_view import TrainingView
from core.lens.views.base import Scene, Tile, in_image
from core.lens.views.common import GREY
from core.lens.views.marks import BoxesShown, Drawing, Entry, Group
from core.lens.views.table import Column, Ints, Table, Text, text
from core.lens.views.training.replayed import (
    Place,
    Replayed,
    TrainingLook,
    asked_for,
    counted,
    instances,
    origin,
    sides,
    table,
)

ROLES: Final[dict[Role, tuple[Text, Colour, Style]]] = {
    Role.PROPOSAL: (text("proposals"), (139, 149, 167), Style.SOLID),
    Role.COVERING: (text("overlap an instance"), (240, 228, 66), Style.SOLID),
    Role.NEGATIVE: (text("background"), (139, 149, 167), Style.DASH),
    Role.PASSED: (text("passed over"), (255, 110, 200), Style.DOT),
    Role.POSITIVE: (text("with an object"), (0, 220, 130), Style.SOLID),
    Role.INSTANCE: (text("boxes of instances"), (255, 255, 255), Style.DASH),
}


def draw_step(name: StepName, look: TrainingLook) -> BoxesShown:
    """The boxes of a step by role; before they are drawn at most so many of each."""
    replayed, early = look.replayed, name is not StepName.SAMPLE and name is not StepName.MASKS
    groups, lines, boxes = [], [], replayed.steps[name].boxes
    for each in boxes:
        if len(each.index):
            words, colour, style = ROLES[each.role]
            most = look.most if early and each.role is not Role.INSTANCE else None
            shown = each.index[:most] + replayed.first_roi
            groups.append(Group(replayed.boxes(shown), shown, colour, style))
            lines.append(Entry(counted(words, len(each.index), len(shown)), colour, style))
    total = sum(len(each.index) for each in boxes)
    return BoxesShown(tuple(groups), total, tuple(reversed(lines)))


def pool_table(replayed: Replayed, pool: Ints) -> Table:
    """Boxes of the pool with what they are asked for."""
    view = replayed.view
    score, own = np.zeros(len(pool)), pool >= view.proposals
    score[~own] = view.proposal_score[pool[~own]]
    labels = view.pool_label[pool]
    numbers = pool + replayed.first_roi
    columns = [
        origin(replayed, pool),
        Column(text("Best IoU"), replayed.best[pool], digits=3),
        asked_for(replayed, labels),
        instances(replayed, np.where(labels > 0, view.pool_match[pool], -1)),
        Column(text("Objectness"), score, digits=3, optional=True),
        Column(text("No."), pool + 1),
        *sides(replayed, replayed.boxes(numbers)),
    ]
    return table(columns, numbers, 1)


def _told_apart(replayed: Replayed, name: StepName) -> Table:
    """The boxes that a step tells apart, without the instances it only shows."""
    parts = [each for each in replayed.steps[name].boxes if each.role is not Role.INSTANCE]
    return pool_table(replayed, np.sort(np.concatenate([each.index for each in parts])))


def rois_table(
    replayed: Replayed, rows: Ints, extra: list[Column], sort: int | None = None
) -> Table:
    """Drawn RoIs by their rows, with the columns that tell most at a place."""
    view, labels = replayed.view, replayed.view.roi_label[rows]
    pool = view.rois[rows]
    numbers = pool + replayed.first_roi
    # A share is the cross-entropy over the number of RoIs: the model's probability follows.
    right = np.exp(-view.classifier[rows].astype(np.float64) * len(view.rois))
    columns = [
        asked_for(replayed, labels),
        instances(replayed, np.where(labels > 0, view.roi_match[rows], -1)),
        Column(text("IoU"), replayed.best[pool], digits=3),
        *extra,
        Column(text("Right, p"), right, digits=3),
        Column(text("Class loss"), view.classifier[rows], digits=5),
        origin(replayed, pool),
        Column(text("No."), pool + 1),
        *sides(replayed, replayed.boxes(numbers)),
    ]
    return table(columns, numbers, 2 + len(extra) if sort is None else sort)


def _sample_table(replayed: Replayed) -> Table:
    return rois_table(replayed, np.arange(len(replayed.view.rois)), [], 4)


def tile(scene: Scene, view: TrainingView) -> Tile:
    """The drawn RoIs on paper."""
    boxes, positive = in_image(scene.trace, view.pool), view.roi_label > 0
    few, index = view.rois[~positive], view.rois[positive]
    marks = (
        Group(boxes[few], few, GREY, width=1, opacity=0.5),
        Group(boxes[index], index, DETECTION, width=1.8),
    )
    keys = (
        Entry(text("{n} with an object", n=len(index)), DETECTION),
        Entry(text("{n} background", n=len(few)), GREY),
    )
    title = text("RoIs drawn with seed {seed}", seed=str(view.seed))
    return Tile(title, marks, keys, small=True)


def _whole(replayed: Replayed) -> Table:
    return pool_table(replayed, np.arange(len(replayed.view.pool)))


def step_place(
    name: StepName,
    title: Text,
    make: Callable[[Replayed], Table],
    draw: Mapping[str, Callable[[TrainingLook], Drawing | None]] | None = None,
) -> Place:
    """A step as a place; it shows its boxes by role unless it draws otherwise."""
    return Place(
        name=name.value,
        title=title,
        count=lambda replayed: replayed.steps[name].count,
        sentence=lambda replayed: replayed.steps[name].sentence,
        table=make,
        draw={"train_rois": partial(draw_step, name)} if draw is None else draw,
    )


PLACES: Final = (
    step_place(StepName.JOINED, text("1  Proposals and instances"), _whole),
    step_place(StepName.OVERLAPS, text("2  Overlaps"), _whole),
    step_place(
        StepName.POSITIVES,
        text("3  Boxes with an object"),
        lambda replayed: _told_apart(replayed, StepName.POSITIVES),
    ),
    step_place(
        StepName.NEGATIVES,
        text("4  Boxes of background"),
        lambda replayed: _told_apart(replayed, StepName.NEGATIVES),
    ),
    step_place(StepName.SAMPLE, text("5  RoIs drawn"), _sample_table),
)
