"""What is said of the training view: of its anchors, of a mask target, of what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.lens.training_view import AnchorState, Omitted, TrainingView
from core.sentences import Sentence, say


def notes(view: TrainingView, class_names: Sequence[str]) -> list[Sentence]:
    """Which instances are not trained on and why, and which are taught under another name."""
    said = []
    unknown = Counter(one.label for one in view.left_out if one.reason is Omitted.NO_CLASS)
    for label, count in unknown.items():
        said.append(say("lens.left_out.no_class", count=count, label=label))
    for reason in (Omitted.CROWD, Omitted.TOO_SMALL):
        count = sum(1 for one in view.left_out if one.reason is reason)
        if count:
            said.append(say(f"lens.left_out.{reason.value}", count=count))
    for label, taught in sorted(set(zip(view.labels, view.classes.tolist(), strict=True))):
        if class_names[taught - 1] != label:
            said.append(say("lens.taken_for", label=label, name=class_names[taught - 1]))
    return said


def anchors_matched(view: TrainingView) -> Sentence:
    """How many anchors there are of each state, and how many instances have none.

    A forced anchor goes to the instance that it overlaps most itself, so that another may get none.
    """
    counts = Counter(view.near_state().tolist())
    matched = set(view.near_match[view.near_label > 0].tolist())
    return say(
        "lens.anchors_matched",
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
        "lens.mask_kept", side=side, iou=iou, lost=1 - iou, cells=1 - inside, outside=outside
    )
