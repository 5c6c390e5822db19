"""Which boxes the layers of the training view show at a place, in which colours, and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.base.words import count_text
from app.lens.training_items import ANCHOR_MATCH, LOSSES_PLACE, Replayed
from app.lens.training_rows import item_losses, state_words
from core.lens.boxes import scaled
from core.lens.colours import DETECTION, PROPOSAL, Colour, Style, distinct, heat
from core.lens.target_steps import Role, StepName
from core.lens.training_view import AnchorState
from core.lens.views.marks import Entry, Group, Line, Scale

Ints = NDArray[np.int64]
SOLID, DASH, DOT = Style.SOLID, Style.DASH, Style.DOT

ROLES: Final = {
    Role.PROPOSAL: ((139, 149, 167), SOLID),
    Role.COVERING: ((240, 228, 66), SOLID),
    Role.NEGATIVE: ((139, 149, 167), DASH),
    Role.PASSED: ((255, 110, 200), DOT),
    Role.POSITIVE: ((0, 220, 130), SOLID),
    Role.INSTANCE: ((255, 255, 255), DASH),
}
STATES: Final = {
    AnchorState.NEGATIVE: ((139, 149, 167), DASH),
    AnchorState.IGNORED: ((154, 146, 52), DOT),
    AnchorState.FORCED: ((255, 110, 200), DASH),
    AnchorState.POSITIVE: ((0, 220, 130), SOLID),
}
_BEFORE_DRAW: Final = (
    StepName.JOINED,
    StepName.OVERLAPS,
    StepName.POSITIVES,
    StepName.NEGATIVES,
)
_SHADES: Final = 6
"""Colours that losses are sorted into."""
_DARKEST: Final = 0.35
"""Where the scale begins: the colours below hardly show on a photo."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("training", text)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a layer of boxes shows: groups, how many there are in all, and lines of the legend."""

    groups: list[Group]
    total: int
    lines: list[Line]


NOTHING: Final = Shown([], 0, [])


def role_text(role: Role) -> str:
    """What a box is, in words."""
    return {
        Role.PROPOSAL: _tr("proposals"),
        Role.COVERING: _tr("overlap an instance"),
        Role.NEGATIVE: _tr("background"),
        Role.PASSED: _tr("passed over"),
        Role.POSITIVE: _tr("with an object"),
        Role.INSTANCE: _tr("boxes of instances"),
    }[role]


def anchors(replayed: Replayed, place: str, most: int) -> Shown:
    """The anchors at a place: matched ones, drawn ones, or drawn ones by their loss.

    Of the matched ones at most so many of a state: those that overlap an instance best.
    """
    view = replayed.view
    if place == LOSSES_PLACE:
        drawn = np.concatenate([view.positive, view.negative])
        losses = item_losses(replayed).sum(axis=1)
        return _by_loss(replayed, drawn, losses[: len(drawn)], replayed.trace.anchors.boxes, losses)
    if place == ANCHOR_MATCH:
        state = view.near_state()
        parts = [(each, view.near[state == each]) for each in STATES]
        order = {int(n): -float(iou) for n, iou in zip(view.near, view.near_overlap, strict=True)}
        parts = [(each, np.array(sorted(index, key=order.__getitem__))) for each, index in parts]
    else:
        state = np.array([_state(replayed, anchor) for anchor in view.positive.tolist()], np.int64)
        parts = [
            (AnchorState.NEGATIVE, view.negative),
            *((s, view.positive[state == s]) for s in (AnchorState.FORCED, AnchorState.POSITIVE)),
        ]
    words = state_words()
    groups, lines = [], list[Line]()
    for each, index in parts:
        if len(index):
            colour, style = STATES[each]
            shown = index[: most if place == ANCHOR_MATCH else None]
            boxes = _in_image(replayed, replayed.trace.anchors.boxes[shown])
            groups.append(Group(boxes, shown, colour, style))
            lines.append(Entry(_counted(words[each], len(index), len(shown)), colour, style))
    return Shown(groups, sum(len(index) for _, index in parts), lines[::-1])


def _state(replayed: Replayed, anchor: int) -> int:
    fits = replayed.view.anchor_overlap(anchor) >= replayed.view.rules.rpn_foreground_iou
    return AnchorState.POSITIVE if fits else AnchorState.FORCED


def rois(replayed: Replayed, place: str, most: int) -> Shown:
    """The boxes of the pool at a place; before they are drawn at most so many of a role."""
    view = replayed.view
    if place == LOSSES_PLACE:
        losses = item_losses(replayed).sum(axis=1)
        return _by_loss(replayed, view.rois, losses[len(view.objectness) :], view.pool, losses)
    if place == StepName.MATCH:
        return _by_instance(replayed)
    if place == StepName.DELTAS:
        index = view.rois[view.positive_rois]
        boxes = _in_image(replayed, view.pool[index])
        return Shown([Group(boxes, index, PROPOSAL, DASH)], len(index), [])  # the arrows' colours
    step = replayed.steps.get(place)
    if step is None:
        return NOTHING
    groups, lines = [], list[Line]()
    for part in step.parts:
        if len(part.index):
            colour, style = ROLES[part.role]
            early = place in _BEFORE_DRAW and part.role is not Role.INSTANCE
            shown = part.index[: most if early else None]
            boxes = _in_image(replayed, view.pool[shown])
            groups.append(Group(boxes, shown, colour, style))
            text = _counted(role_text(part.role), len(part.index), len(shown))
            lines.append(Entry(text, colour, style))
    return Shown(groups, sum(len(part.index) for part in step.parts), lines[::-1])


def _counted(name: str, total: int, shown: int) -> str:
    if shown == total:
        return f"{name}: {count_text(total)}"
    text = _tr("{name}: {shown} of {total}")
    return text.format(name=name, shown=count_text(shown), total=count_text(total))


def _by_instance(replayed: Replayed) -> Shown:
    """Drawn RoIs with an object and the box of their instance, a colour for each instance."""
    view, groups = replayed.view, []
    rows = view.positive_rois
    match = view.roi_match[rows]
    for instance in np.unique(match).tolist():
        colour = distinct(int(instance))
        index = view.rois[rows[match == instance]]
        own = np.array([view.proposals + instance])
        groups.append(Group(_in_image(replayed, view.pool[index]), index, colour))
        groups.append(Group(_in_image(replayed, view.boxes[[instance]]), own, colour, DASH))
    lines: list[Line] = [
        Entry(_tr("RoIs, in the colour of their instance"), ROLES[Role.POSITIVE][0]),
        Entry(_tr("the box of the instance"), ROLES[Role.POSITIVE][0], DASH),
    ]
    return Shown(groups, len(rows), lines if len(rows) else [])


def _by_loss(
    replayed: Replayed,
    index: Ints,
    losses: NDArray[np.float64],
    boxes: NDArray[np.float32],
    among: NDArray[np.float64],
) -> Shown:
    """Boxes in the heat of their loss, the costliest on top; the scale is that of all items."""
    most = float(among.max(initial=0)) or 1.0
    # A few items cost most of the loss: the root lets the others differ, too.
    share = np.sqrt(losses / most)
    shade = np.minimum((share * _SHADES).astype(np.int64), _SHADES - 1)
    colours = _heat(_SHADES)
    groups = [
        Group(_in_image(replayed, boxes[index[shade == n]]), index[shade == n], colours[n])
        for n in range(_SHADES)
        if (shade == n).any()
    ]
    scale = Scale("0", f"{most:.4f}", _heat(13))
    return Shown(groups, len(index), [Entry(_tr("loss of each item")), scale])


def _heat(count: int) -> tuple[Colour, ...]:
    return tuple((r, g, b) for r, g, b in heat(np.linspace(_DARKEST, 1, count)).tolist())


def arrows(replayed: Replayed, place: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes and what they should become, in image pixels: of drawn anchors, or of drawn RoIs."""
    view = replayed.view
    step = replayed.steps.get(place)
    if step is not None:
        rows = view.positive_rois
        before, after = view.pool[view.rois[rows]], view.boxes[view.roi_match[rows]]
    else:
        match = np.array([view.anchor_match(n) for n in view.positive.tolist()], np.int64)
        before, after = replayed.trace.anchors.boxes[view.positive], view.boxes[match]
    return _in_image(replayed, before), _in_image(replayed, after)


def arrow_lines() -> list[Line]:
    """What the two boxes of an arrow are."""
    return [
        Entry(_tr("what was drawn"), PROPOSAL, DASH),
        Entry(_tr("what its deltas should make of it"), DETECTION),
    ]


def _in_image(replayed: Replayed, boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    across, down = replayed.trace.input.scale
    return scaled(boxes, (1 / across, 1 / down))
