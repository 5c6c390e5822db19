"""What is said of the training view: of its anchors, of a mask target, of what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from core.lens.training_view import AnchorState, Omitted, TrainingView
from core.sentences import Sentence, say

NONE_USABLE: Final = say(
    "lens.none_usable",
    "None of the instances can be trained on, so everything drawn is background.",
)
_LEFT_OUT: Final = {
    Omitted.CROWD: say(
        "lens.left_out.crowd", "{count} crowds left out. Background does not count there."
    ),
    Omitted.TOO_SMALL: say(
        "lens.left_out.too_small",
        "{count} left out: too small in the resized image. Background does not count there.",
    ),
}


def notes(view: TrainingView, class_names: Sequence[str]) -> list[Sentence]:
    """Which instances are not trained on and why, and which are taught under another name."""
    said = []
    unknown = Counter(one.label for one in view.left_out if one.reason is Omitted.NO_CLASS)
    for label, count in unknown.items():
        said.append(
            say(
                "lens.left_out.no_class",
                "{count} left out: the model has no class for {label}. Background does not count "
                "there.",
                count=count,
                label=label,
            )
        )
    for reason, text in _LEFT_OUT.items():
        count = sum(1 for one in view.left_out if one.reason is reason)
        if count:
            said.append(text.given(count=count))
    for label, taught in sorted(set(zip(view.labels, view.classes.tolist(), strict=True))):
        if class_names[taught - 1] != label:
            said.append(
                say(
                    "lens.taken_for",
                    "{label} is taught as the class {name}: the model has none of its name.",
                    label=label,
                    name=class_names[taught - 1],
                )
            )
    return said


def anchors_matched(view: TrainingView) -> Sentence:
    """How many anchors there are of each state, and how many instances have none.

    A forced anchor goes to the instance that it overlaps most itself, so that another may get none.
    """
    counts = Counter(view.near_state().tolist())
    matched = set(view.near_match[view.near_label > 0].tolist())
    return say(
        "lens.anchors_matched",
        "{positive} anchors overlap an instance by {foreground:g} or more, and {forced} more are "
        "forced: no anchor fits their instance better. {ignored} are ignored: from {background:g} "
        "to {foreground:g}, or where background is not to be believed. All others are negative. "
        "{alone} of {instances} instances have no anchor of their own.",
        positive=counts[AnchorState.POSITIVE],
        forced=counts[AnchorState.FORCED],
        ignored=counts[AnchorState.IGNORED],
        foreground=view.rules.rpn_foreground_iou,
        background=view.rules.rpn_background_iou,
        alone=len(view.ids) - len(matched),
        instances=len(view.ids),
    )


def anchors_drawn(view: TrainingView) -> Sentence:
    """How many anchors of each kind the seed drew."""
    return say(
        "lens.anchors_drawn",
        "Seed {seed} drew {positive} anchors with an object and {negative} of background: "
        "{samples} at most, of which at most a share of {share:g} with an object.",
        seed=view.seed,
        positive=len(view.positive),
        negative=len(view.negative),
        samples=view.rules.rpn_samples,
        share=view.rules.rpn_positive_fraction,
    )


def mask_kept(view: TrainingView, row: int) -> Sentence:
    """What a mask target keeps, by its row among the RoIs with an object."""
    iou, inside, outside = (float(value) for value in view.mask_kept[row])
    side = view.mask_targets.shape[-1]
    return say(
        "lens.mask_kept",
        "Laid back over the image, this target of {side} by {side} cells overlaps the mask by "
        "{iou:.3f}: {lost:.3f} is lost. Inside the RoI {cells:.3f} is lost to the cells; "
        "{outside:.1%} of the mask lies outside the RoI.",
        side=side,
        iou=iou,
        lost=1 - iou,
        cells=1 - inside,
        outside=outside,
    )
