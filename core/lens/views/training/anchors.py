"""What anchors are asked in training: all that are more than background, and those drawn."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.colours import Colour, Style
from core.lens.logits import sigmoid
from core.lens.training_view import AnchorState, TrainingView
from core.lens.training_words import anchors_drawn, anchors_matched
from core.lens.views.base import Scene, Tile, in_image
from core.lens.views.common import DELTAS, GREY, level, levels
from core.lens.views.marks import ArrowsShown, BoxesShown, Entry, Group, Mark
from core.lens.views.table import Column, Ints, Table, text
from core.lens.views.training.replayed import (
    STATE_WORDS,
    Place,
    Replayed,
    TrainingLook,
    arrows,
    counted,
    instances,
    sides,
    table,
)

STATES: Final[dict[AnchorState, tuple[Colour, Style]]] = {
    AnchorState.NEGATIVE: ((139, 149, 167), Style.DASH),
    AnchorState.IGNORED: ((154, 146, 52), Style.DOT),
    AnchorState.FORCED: ((255, 110, 200), Style.DASH),
    AnchorState.POSITIVE: ((0, 220, 130), Style.SOLID),
}
"""The lowest first."""


def match_table(replayed: Replayed) -> Table:
    """The anchors that are more than background, with state and instance."""
    view, near = replayed.view, replayed.view.near
    drawn = np.isin(near, view.positive).astype(np.int64)
    columns = [
        Column(text("State"), view.near_state().astype(np.int64), tuple(STATE_WORDS.values())),
        Column(text("IoU"), view.near_overlap, digits=3),
        instances(replayed, view.near_match),
        Column(text("Drawn"), drawn, ("", text("drawn"))),
        level(levels(replayed.trace)[near]),
        Column(text("No."), near + 1),
        *sides(replayed, replayed.boxes(near)),
    ]
    return table(columns, near, 1)


def draw_matched(look: TrainingLook) -> BoxesShown:
    """By state; of each at most so many: those that overlap an instance best."""
    view = look.replayed.view
    state, rank = view.near_state(), np.argsort(-view.near_overlap, kind="stable")
    parts = [(each, view.near[rank[state[rank] == each]]) for each in STATES]
    return _by_state(look.replayed, parts, look.most)


def draw_drawn(look: TrainingLook) -> BoxesShown:
    """The drawn anchors by state."""
    view = look.replayed.view
    forced = forced_of(view)
    parts = [
        (AnchorState.NEGATIVE, view.negative),
        (AnchorState.FORCED, view.positive[forced]),
        (AnchorState.POSITIVE, view.positive[~forced]),
    ]
    return _by_state(look.replayed, parts, None)


def forced_of(view: TrainingView) -> np.ndarray:
    """Which of the drawn anchors with an object overlap it too little to be positive unforced."""
    fits = [view.anchor_overlap(anchor) for anchor in view.positive.tolist()]
    return np.asarray(np.array(fits) < view.rules.rpn_foreground_iou)


def _by_state(
    replayed: Replayed, parts: list[tuple[AnchorState, Ints]], most: int | None
) -> BoxesShown:
    groups, lines = [], []
    for state, index in parts:
        if len(index):
            (colour, style), shown = STATES[state], index[:most]
            groups.append(Group(replayed.boxes(shown), shown, colour, style))
            words = counted(STATE_WORDS[state], len(index), len(shown))
            lines.append(Entry(words, colour, style))
    total = sum(len(index) for _, index in parts)
    return BoxesShown(tuple(groups), total, tuple(reversed(lines)))


def draw_table(replayed: Replayed) -> Table:
    """The drawn anchors with their losses and targets."""
    view, trace = replayed.view, replayed.trace
    anchors, count = np.concatenate([view.positive, view.negative]), len(view.positive)
    asked = np.repeat([1, 0], [count, len(view.negative)])
    match = np.full(len(anchors), -1, np.int64)
    match[:count] = _matches(view)
    box_loss, deltas = np.zeros(len(anchors)), np.zeros((len(anchors), 4))
    box_loss[:count], deltas[:count] = view.rpn_box_reg, view.anchor_deltas
    columns = [
        Column(text("Asked for"), asked, (text("background"), text("object"))),
        Column(text("Objectness"), sigmoid(trace.rpn.logits[anchors]), digits=3),
        Column(text("Its loss"), view.objectness, digits=5),
        Column(text("Box loss"), box_loss, digits=5, optional=True),
        Column(text("IoU"), replayed.drawn_iou[: len(anchors)], digits=2),
        instances(replayed, match),
        level(levels(trace)[anchors]),
        *(Column(name, deltas[:, k], digits=2, optional=True) for k, name in enumerate(DELTAS)),
        Column(text("No."), anchors + 1),
        *sides(replayed, replayed.boxes(anchors)),
    ]
    return table(columns, anchors, 2)


def _matches(view: TrainingView) -> Ints:
    return np.array([view.anchor_match(each) for each in view.positive.tolist()], np.int64)


def draw_arrows(look: TrainingLook) -> ArrowsShown:
    """What the drawn anchors with an object should become."""
    view = look.replayed.view
    return arrows(look, view.positive, view.boxes[_matches(view)])


def tile(scene: Scene, view: TrainingView) -> Tile:
    """The drawn anchors on paper."""
    forced, boxes = forced_of(view), in_image(scene.trace, scene.trace.anchors.boxes)
    marks: list[Mark] = [Group(boxes[view.negative], view.negative, GREY, width=1, opacity=0.5)]
    keys = [Entry(text("{n} background", n=len(view.negative)), GREY)]
    for state, mine in ((AnchorState.FORCED, forced), (AnchorState.POSITIVE, ~forced)):
        colour, index = STATES[state][0], view.positive[mine]
        marks.append(Group(boxes[index], index, colour, width=1.8))
        keys.append(Entry(text("{n} {state}", n=len(index), state=STATE_WORDS[state]), colour))
    title = text("anchors drawn with seed {seed}", seed=str(view.seed))
    return Tile(title, marks, keys[::-1], small=True)


MATCHED: Final = Place(
    name="anchor_match",
    title=text("Anchors matched"),
    count=lambda replayed: int((replayed.view.near_label > 0).sum()),
    sentence=lambda replayed: anchors_matched(replayed.view),
    table=match_table,
    draw={"train_anchors": draw_matched},
)
DRAWN: Final = Place(
    name="anchor_draw",
    title=text("Anchors drawn"),
    count=lambda replayed: len(replayed.view.objectness),
    sentence=lambda replayed: anchors_drawn(replayed.view),
    table=draw_table,
    draw={"train_anchors": draw_drawn, "train_arrows": draw_arrows},
)
