"""What the drawn RoIs with an object are asked for: an instance, box deltas, a mask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from core.document.instance import Instance
from core.lens import pictures
from core.lens.colours import FULL_MASK, PROPOSAL, TARGET, Style, distinct
from core.lens.target_steps import Role, StepName
from core.lens.training_view import TrainingView
from core.lens.views.base import Scene, Tile, in_image
from core.lens.views.common import DELTAS, WHITE, one_by_one
from core.lens.views.marks import (
    ArrowsShown,
    BoxesShown,
    Entry,
    Group,
    Laid,
    Line,
    Mark,
    Outline,
    OutlinesShown,
    PictureShown,
    Pointers,
)
from core.lens.views.table import Column, Table, text
from core.lens.views.training.replayed import Replayed, TrainingLook, arrows
from core.lens.views.training.rois import ROLES, draw_step, rois_table, step_place


def _positive(replayed: Replayed) -> np.ndarray:
    """The numbers of the drawn RoIs with an object."""
    view = replayed.view
    return view.rois[view.positive_rois] + replayed.first_roi


# Matches


def draw_match(look: TrainingLook) -> BoxesShown:
    """Drawn RoIs with an object and the box of their instance, a colour for each instance."""
    replayed, view, groups = look.replayed, look.replayed.view, []
    numbers, match = _positive(replayed), view.roi_match[view.positive_rois]
    for instance in np.unique(match).tolist():
        colour, index = distinct(int(instance)), numbers[match == instance]
        own = np.array([replayed.first_roi + view.proposals + instance])
        groups.append(Group(replayed.boxes(index), index, colour))
        groups.append(Group(replayed.boxes(own), own, colour, Style.DASH))
    green = ROLES[Role.POSITIVE][1]
    lines: tuple[Line, ...] = (
        Entry(text("RoIs, in the colour of their instance"), green),
        Entry(text("the box of the instance"), green, Style.DASH),
    )
    return BoxesShown(tuple(groups), len(numbers), lines if len(numbers) else ())


# Deltas


def draw_boxes(look: TrainingLook) -> BoxesShown:
    """Drawn RoIs in the colour of the arrows."""
    index = _positive(look.replayed)
    boxes = look.replayed.boxes(index)
    return BoxesShown((Group(boxes, index, PROPOSAL, Style.DASH),), len(index))


def draw_arrows(look: TrainingLook) -> ArrowsShown:
    """What they should become."""
    view = look.replayed.view
    return arrows(look, _positive(look.replayed), view.boxes[view.roi_match[view.positive_rois]])


def deltas_table(replayed: Replayed) -> Table:
    """Their deltas and what the box costs."""
    view, rows = replayed.view, replayed.view.positive_rois
    extra = [
        *(Column(name, view.roi_deltas[rows, k], digits=2) for k, name in enumerate(DELTAS)),
        Column(text("Box loss"), view.box_reg, digits=5),
    ]
    return rois_table(replayed, rows, extra)


def deltas_tile(scene: Scene, view: TrainingView) -> Tile:
    """Boxes and arrows on paper."""
    rows = view.positive_rois
    before = in_image(scene.trace, view.pool[view.rois[rows]])
    after = in_image(scene.trace, view.boxes[view.roi_match[rows]])
    colours = tuple(distinct(int(match)) for match in view.roi_match[rows])
    marks: list[Mark] = [
        *one_by_one(before, colours, width=1.2, opacity=0.8),
        Group(after, rows, WHITE, width=1.2),
        Pointers(before[:, :2], after[:, :2], colours, 1.4),
        Pointers(before[:, 2:], after[:, 2:], colours, 1.4),
    ]
    keys = (Entry(text("box of the instance"), WHITE),)
    return Tile(text("what the deltas should be"), marks, keys, small=True)


# Masks


def focus(look: TrainingLook) -> int | None:
    """The RoI whose mask target is shown: the chosen one, else the costliest of its step."""
    replayed, view = look.replayed, look.replayed.view
    if look.chosen is not None and replayed.positive_row(look.chosen) is not None:
        return look.chosen
    if look.place != StepName.MASKS or not len(view.mask):
        return None
    return int(_positive(replayed)[int(view.mask.argmax())])


def draw_target(look: TrainingLook) -> PictureShown | None:
    """The mask target of the RoI in focus."""
    number = focus(look)
    row = None if number is None else look.replayed.positive_row(number)
    if number is None or row is None:
        return None
    box = np.array(look.replayed.box(number))
    lines = (
        Entry(text("mask target, 28 × 28 cells"), TARGET, filled=True),
        Entry(text("the full mask"), FULL_MASK),
    )
    return PictureShown(pictures.mask_target(look.replayed.view.mask_targets[row], box), lines)


def draw_full(look: TrainingLook) -> OutlinesShown | None:
    """The mask that it stands for."""
    number = focus(look)
    instance = None if number is None else look.replayed.instance_of(number)
    return None if instance is None else OutlinesShown((instance.polygons,), (FULL_MASK,))


def masks_table(replayed: Replayed) -> Table:
    """What their targets keep of the masks, and what the mask costs."""
    view = replayed.view
    titles = (text("IoU kept"), text("kept inside"), text("outside RoI"))
    extra = [
        *(Column(title, view.mask_kept[:, k], digits=3) for k, title in enumerate(titles)),
        Column(text("Mask loss"), view.mask, digits=5),
    ]
    return rois_table(replayed, view.positive_rois, extra)


def masks_tile(scene: Scene, view: TrainingView, instances: Mapping[str, Instance]) -> Tile:
    """For each instance the target of the RoI that fits it best, and the full mask around it."""
    rows, best = view.positive_rois, dict[int, int]()
    for place, row in enumerate(rows.tolist()):
        match = int(view.roi_match[row])
        if match not in best or view.mask_kept[place, 0] > view.mask_kept[best[match], 0]:
            best[match] = place
    marks: list[Mark] = []
    for place in best.values():
        box = in_image(scene.trace, view.pool[view.rois[rows[place]]][None])[0]
        marks.append(Laid(pictures.mask_target(view.mask_targets[place], box)))
    for match in best:
        polygons = instances[view.ids[match]].polygons
        marks.append(Outline(polygons, FULL_MASK, fill=0.0, width=1.2))
    keys = (Entry(text("mask target, 28 × 28"), TARGET), Entry(text("full mask"), FULL_MASK))
    title = text("the best target of each instance")
    return Tile(title, marks, keys if best else (), small=True)


PLACES: Final = (
    step_place(
        StepName.MATCH,
        text("6  Matched with instances"),
        lambda replayed: rois_table(replayed, replayed.view.positive_rois, [], 2),
        {"train_rois": draw_match},
    ),
    step_place(
        StepName.DELTAS,
        text("7  Box deltas"),
        deltas_table,
        {"train_rois": draw_boxes, "train_arrows": draw_arrows},
    ),
    step_place(
        StepName.MASKS,
        text("8  Mask targets"),
        masks_table,
        {
            "train_rois": partial(draw_step, StepName.MASKS),
            "train_target": draw_target,
            "train_mask": draw_full,
        },
    ),
)
