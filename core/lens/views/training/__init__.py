"""What each place of the training view shows: losses, anchors, and the eight steps of the RoIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.document.instance import Instance
from core.lens.training_view import AnchorState, TrainingView
from core.lens.views.base import Scene, Tile
from core.lens.views.marks import ArrowsShown, BoxesShown, Drawing, OutlinesShown, PictureShown
from core.lens.views.table import Text, Words, text
from core.lens.views.training import anchors, losses, rois, targets
from core.lens.views.training.replayed import STATE_WORDS, Place, Replayed, TrainingLook

PLACES: Final[dict[str, Place]] = {
    each.name: each
    for each in (
        losses.LOSSES,
        anchors.MATCHED,
        anchors.DRAWN,
        *rois.PLACES,
        *targets.PLACES,
    )
}
"""What one walks through."""
LAYERS: Final[dict[str, tuple[Text, type[Any]]]] = {
    "train_target": (text("Mask target"), PictureShown),
    "train_mask": (text("Full mask"), OutlinesShown),
    "train_anchors": (text("Anchors in training"), BoxesShown),
    "train_rois": (text("RoIs in training"), BoxesShown),
    "train_arrows": (text("What the deltas should be"), ArrowsShown),
}
"""The layers of the canvas with what they show, the lowest first."""
ANYWHERE: Final[Mapping[str, Callable[[TrainingLook], Drawing | None]]] = {
    "train_target": targets.draw_target,
    "train_mask": targets.draw_full,
    "train_anchors": anchors.draw_drawn,
    "train_arrows": lambda look: (
        targets.draw_arrows(look)
        if look.place in look.replayed.steps
        else anchors.draw_arrows(look)
    ),
}
"""What layers show at places that say nothing of them."""


def tiles(scene: Scene, view: TrainingView, instances: Mapping[str, Instance]) -> tuple[Tile, ...]:
    """The pictures on paper; `instances` are the person's, by their ids."""
    return (
        anchors.tile(scene, view),
        rois.tile(scene, view),
        targets.deltas_tile(scene, view),
        targets.masks_tile(scene, view, instances),
    )


def losses_of(replayed: Replayed, number: int) -> list[float] | None:
    """The shares of a box in the order of `Replayed.losses`; None when it was not drawn."""
    rows = (replayed.drawn == number).nonzero()[0]
    return replayed.losses[rows[0]].tolist() if len(rows) else None


def describe(replayed: Replayed, number: int) -> Words:
    """A box as its tag on the canvas says it: what it is, is asked for, overlaps and costs."""
    view, shares = replayed.view, losses_of(replayed, number)
    if replayed.is_roi(number):
        place = number - replayed.first_roi
        name, overlap = text("RoI {n}", n=str(place + 1)), float(replayed.best[place])
    else:
        name, overlap = text("anchor {n}", n=str(number + 1)), view.anchor_overlap(number)
    said = text("{name} · {asked}", name=name, asked=_asked(replayed, number))
    if overlap > 0:
        said = text("{said} · IoU {iou}", said=said, iou=f"{overlap:.2f}")
    if shares is None:
        return said
    return text("{said} · loss {value}", said=said, value=f"{sum(shares):.5f}")


def _asked(replayed: Replayed, number: int) -> Words:
    """What a box is asked for: a state, a class, background."""
    view = replayed.view
    if replayed.is_roi(number):
        label = int(view.pool_label[number - replayed.first_roi])
        if label > 0:
            return replayed.trace.class_names[label - 1]
        return text("background") if label == 0 else text("passed over")
    near = view.near.searchsorted(number)
    if near < len(view.near) and view.near[near] == number:
        return STATE_WORDS[AnchorState(int(view.near_state()[near]))]
    return STATE_WORDS[AnchorState.NEGATIVE]
