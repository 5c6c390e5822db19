"""The training view in words: one box, a place, and what was left out."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.base.words import sentence_text
from app.lens.training_items import (
    ANCHOR_DRAW,
    ANCHOR_MATCH,
    LOSSES_PLACE,
    Replayed,
    Spot,
    SpotKind,
)
from app.lens.training_rows import item_losses, state_words
from core.lens.training_view import AnchorState
from core.lens.training_words import NONE_USABLE, anchors_drawn, anchors_matched, mask_kept, notes
from core.sentences import say


def _tr(text: str) -> str:
    return QCoreApplication.translate("training", text)


def losses_of(replayed: Replayed, spot: Spot) -> list[float] | None:
    """The five shares of a box in the order of the bars; None when it was not drawn."""
    view = replayed.view
    if spot.kind is SpotKind.ROI:
        row = int(replayed.rows[spot.index])
        place = None if row < 0 else len(view.objectness) + row
    else:
        drawn = [*view.positive.tolist(), *view.negative.tolist()]
        place = drawn.index(spot.index) if spot.index in drawn else None
    if place is None:
        return None
    found: list[float] = item_losses(replayed)[place].tolist()
    return found


def asked_of(replayed: Replayed, spot: Spot) -> str:
    """What a box is asked for: a state, a class, background."""
    view = replayed.view
    if spot.kind is SpotKind.ROI:
        label = int(view.pool_label[spot.index])
        if label > 0:
            return replayed.trace.class_names[label - 1]
        return _tr("background") if label == 0 else _tr("passed over")
    near = view.near.searchsorted(spot.index)
    if near < len(view.near) and view.near[near] == spot.index:
        return state_words()[int(view.near_state()[near])]
    return state_words()[AnchorState.NEGATIVE]


def describe(replayed: Replayed, spot: Spot) -> str:
    """A box as its tag on the canvas says it."""
    losses = losses_of(replayed, spot)
    anchor = spot.kind is SpotKind.ANCHOR
    name = _tr("anchor {n}") if anchor else _tr("RoI {n}")
    parts = [name.format(n=spot.index + 1), asked_of(replayed, spot)]
    overlap = (
        replayed.view.anchor_overlap(spot.index) if anchor else float(replayed.best[spot.index])
    )
    if overlap > 0:
        parts.append(f"IoU {overlap:.2f}")
    if losses is not None:
        parts.append(_tr("loss {value}").format(value=f"{sum(losses):.5f}"))
    return " · ".join(parts)


def place_sentence(replayed: Replayed, place: str) -> str:
    """What happened at a place, in numbers."""
    view = replayed.view
    if place == LOSSES_PLACE:
        every = say(
            "lens.losses_all",
            "Every anchor and RoI that was drawn, with its share in the five losses. The shares "
            "of one kind sum to the loss.",
        )
        return sentence_text(every if view.ids else NONE_USABLE)
    if place == ANCHOR_MATCH:
        return sentence_text(anchors_matched(view))
    if place == ANCHOR_DRAW:
        return sentence_text(anchors_drawn(view))
    return sentence_text(replayed.steps[place].sentence)


def mask_sentence(replayed: Replayed, spot: Spot) -> str:
    """What the mask target of a RoI keeps; nothing for any other box."""
    row = replayed.positive_row(spot)
    return "" if row is None else sentence_text(mask_kept(replayed.view, row))


def left_out_sentences(replayed: Replayed) -> list[str]:
    """Which instances are not trained on and why; and which are taught under another name."""
    return [sentence_text(note) for note in notes(replayed.view, replayed.trace.class_names)]
