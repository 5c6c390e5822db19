"""What the training view says of its steps, its items and what it leaves out."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "lens.step_joined": (
        "The {proposals} proposals and the boxes of the {instances} instances stand together: "
        "{pool} boxes."
    ),
    "lens.step_overlaps": (
        "The IoU of each box with each instance: {touching} of {pool} boxes touch one. Proposals "
        "overlap {covered} of the {instances} instances by {iou:g} or more."
    ),
    "lens.step_positives": (
        "{count} boxes overlap an instance by {iou:g} or more and are asked for it; {own} of them "
        "are boxes of instances themselves."
    ),
    "lens.step_negatives": (
        "{count} boxes overlap every instance by less than {iou:g}: background. {passed} are "
        "passed over."
    ),
    "lens.step_sample": (
        "Seed {seed} drew {positive} RoIs with an object and {negative} of background: {samples} "
        "at most, of which at most a share of {share:g} with an object."
    ),
    "lens.step_match": (
        "The {positive} RoIs with an object belong to {used} instances; {unused} instances are "
        "asked for by none."
    ),
    "lens.step_deltas": (
        "Arrows lead from each of the {count} RoIs to the box of its instance: those deltas are "
        "what the box head should answer for the class."
    ),
    "lens.step_masks": (
        "Below each of the {count} RoIs the mask is averaged into {side} by {side} cells. Laid "
        "back over the image they overlap the masks by {iou:.3f} on average, and by {inside:.3f} "
        "inside the RoIs."
    ),
    "lens.step_masks_none": "No RoI has an object, so the mask head is asked nothing.",
    "lens.mask_kept": (
        "Laid back over the image, this target of {side} by {side} cells overlaps the mask by "
        "{iou:.3f}: {lost:.3f} is lost. Inside the RoI {cells:.3f} is lost to the cells; "
        "{outside:.1%} of the mask lies outside the RoI."
    ),
    "lens.anchors_matched": (
        "{positive} anchors overlap an instance by {foreground:g} or more, and {forced} more are "
        "forced: no anchor fits their instance better. {ignored} are ignored: from "
        "{background:g} to {foreground:g}, or where background is not to be believed. All others "
        "are negative. {alone} of {instances} instances have no anchor of their own."
    ),
    "lens.anchors_drawn": (
        "Seed {seed} drew {positive} anchors with an object and {negative} of background: "
        "{samples} at most, of which at most a share of {share:g} with an object."
    ),
    "lens.losses_all": (
        "Every anchor and RoI that was drawn, with its share in the five losses. The shares of one "
        "kind sum to the loss."
    ),
    "lens.training_about": (
        "One training step replayed on this image without learning from it: which anchors and RoIs "
        "a seed draws, what they are asked for, and how far the answers are off."
    ),
    "lens.no_labels": "Nothing is labelled here, so there is nothing to train on.",
    "lens.none_usable": (
        "None of the instances can be trained on, so everything drawn is background."
    ),
    "lens.left_out.no_class": (
        "{count} left out: the model has no class for {label}. Background does not count there."
    ),
    "lens.left_out.crowd": "{count} crowds left out. Background does not count there.",
    "lens.left_out.too_small": (
        "{count} left out: too small in the resized image. Background does not count there."
    ),
    "lens.taken_for": "{label} is taught as the class {name}: the model has none of its name.",
}
