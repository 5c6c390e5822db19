"""The training view in words: one box, a place, and what was left out."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QCoreApplication

from app.lens.training_items import (
    ANCHOR_DRAW,
    ANCHOR_MATCH,
    LOSSES_PLACE,
    Replayed,
    Spot,
    SpotKind,
)
from app.lens.training_rows import item_losses, state_words
from app.words import sentence_text
from core.lens.training_view import AnchorState, Omitted
from core.sentences import Sentence, say


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
    view, rules = replayed.view, replayed.view.rules
    sentence: Sentence
    if place == LOSSES_PLACE:
        sentence = say("lens.losses_all" if view.ids else "lens.none_usable")
    elif place == ANCHOR_MATCH:
        counts = Counter(view.near_state().tolist())
        sentence = say(
            "lens.anchors_matched",
            positive=counts[AnchorState.POSITIVE],
            forced=counts[AnchorState.FORCED],
            ignored=counts[AnchorState.IGNORED],
            foreground=rules.rpn_foreground_iou,
            background=rules.rpn_background_iou,
        )
    elif place == ANCHOR_DRAW:
        sentence = say(
            "lens.anchors_drawn",
            seed=view.seed,
            positive=len(view.positive),
            negative=len(view.negative),
            samples=rules.rpn_samples,
            share=rules.rpn_positive_fraction,
        )
    else:
        sentence = replayed.steps[place].sentence
    return sentence_text(sentence)


def mask_sentence(replayed: Replayed, spot: Spot) -> str:
    """What the mask target of a RoI keeps; nothing for any other box."""
    row = replayed.positive_row(spot)
    if row is None:
        return ""
    iou, inside, outside = (float(value) for value in replayed.view.mask_kept[row])
    side = replayed.view.mask_targets.shape[-1]
    sentence = say(
        "lens.mask_kept",
        side=side,
        iou=iou,
        lost=1 - iou,
        cells=1 - inside,
        outside=outside,
    )
    return sentence_text(sentence)


def left_out_sentences(replayed: Replayed) -> list[str]:
    """Which instances are not trained on and why; and which are taught under another name."""
    said = []
    left = replayed.view.left_out
    unknown = Counter(one.label for one in left if one.reason is Omitted.NO_CLASS)
    for label, count in unknown.items():
        said.append(say("lens.left_out_no_class", count=count, label=label))
    for reason in (Omitted.CROWD, Omitted.TOO_SMALL):
        count = sum(1 for one in left if one.reason is reason)
        if count:
            said.append(say(f"lens.left_out_{reason.value}", count=count))
    names = replayed.trace.class_names
    labels = [replayed.instances[number - 1].label for number in replayed.numbers.tolist()]
    for label, taught in sorted(set(zip(labels, replayed.view.classes.tolist(), strict=True))):
        if names[taught - 1] != label:
            said.append(say("lens.taken_for", label=label, name=names[taught - 1]))
    return [sentence_text(sentence) for sentence in said]
