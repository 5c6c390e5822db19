"""What each drawn anchor and RoI costs."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.colours import heat
from core.lens.training_words import NONE_USABLE
from core.lens.views.common import ramp
from core.lens.views.marks import BoxesShown, Entry, Group, Scale
from core.lens.views.table import Column, Table, text
from core.lens.views.training import targets
from core.lens.views.training.replayed import Place, Replayed, TrainingLook, sides, table
from core.sentences import Sentence, say

TITLES: Final = (
    text("Objectness"),
    text("RPN box"),
    text("Class"),
    text("Box"),
    text("Mask"),
    text("Keypoints"),
)
"""Of the losses in the order of `Replayed.losses`; the last is there where the network has it."""
_SHADES: Final = 6
"""Colours that losses are sorted into."""
_DARKEST: Final = 0.35
"""Where the scale begins: the colours below hardly show on a photo."""


def losses_table(replayed: Replayed) -> Table:
    """Every item with its share in each loss."""
    view, numbers = replayed.view, replayed.drawn
    anchors = len(view.objectness)
    kinds = (
        text("anchor, object"),
        text("anchor, background"),
        text("RoI, object"),
        text("RoI, background"),
    )
    counts = [len(view.positive), len(view.negative)]
    kind = np.concatenate([np.repeat([0, 1], counts), np.where(view.roi_label > 0, 2, 3)])
    own = np.where(numbers < replayed.first_roi, numbers, numbers - replayed.first_roi)
    boxes = [replayed.boxes(numbers[:anchors]), replayed.boxes(numbers[anchors:])]
    columns = [
        Column(text("Item"), kind, kinds),
        Column(text("Loss"), replayed.losses.sum(axis=1), digits=5),
        *(
            Column(title, share, digits=5, optional=True)
            for title, share in zip(TITLES, replayed.losses.T, strict=False)
        ),
        Column(text("IoU"), replayed.drawn_iou, digits=2),
        Column(text("No."), own + 1),
        *sides(replayed, np.concatenate(boxes)),
    ]
    return table(columns, numbers, 1)


def draw(look: TrainingLook, *, rois: bool) -> BoxesShown:
    """Items in the heat of their loss, the costliest on top; the scale is that of all items."""
    replayed, all_losses = look.replayed, look.replayed.losses.sum(axis=1)
    mine = (replayed.drawn >= replayed.first_roi) == rois
    numbers, most = replayed.drawn[mine], float(all_losses.max(initial=0)) or 1.0
    # A few items cost most of the loss: the root lets the others differ, too.
    share = np.sqrt(all_losses[mine] / most)
    shade = np.minimum((share * _SHADES).astype(np.int64), _SHADES - 1)
    colours = ramp(heat, _DARKEST, _SHADES)
    groups = tuple(
        Group(replayed.boxes(numbers[shade == n]), numbers[shade == n], colours[n])
        for n in range(_SHADES)
        if (shade == n).any()
    )
    scale = Scale("0", f"{most:.4f}", ramp(heat, _DARKEST))
    return BoxesShown(groups, len(numbers), (Entry(text("loss of each item")), scale))


def sentence(replayed: Replayed) -> Sentence:
    """What the losses are; or that nothing here can be trained on."""
    every = say(
        "lens.losses_all",
        "Every anchor and RoI that was drawn, with its share in each loss. The shares of one "
        "kind sum to the loss.",
    )
    return every if replayed.view.ids else NONE_USABLE


LOSSES: Final = Place(
    name="losses",
    title=text("All losses, by item"),
    count=lambda replayed: len(replayed.drawn),
    sentence=sentence,
    table=losses_table,
    draw={
        "train_anchors": lambda look: draw(look, rois=False),
        "train_rois": lambda look: draw(look, rois=True),
        "train_target": targets.draw_target,
        "train_mask": targets.draw_full,
    },
)
