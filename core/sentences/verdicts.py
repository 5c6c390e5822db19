"""What the lens says about instances that were found or missed, and about false positives."""

from __future__ import annotations

from typing import Final

_THEN: Final = "With {name} = {value} it would get past this cut, but then be lost at "

TEXTS: Final[dict[str, str]] = {
    "verdicts.found": (
        "Found: detection {number}, {label} with a score of {score:.2f}, covers it with a mask IoU "
        "of {iou:.2f}."
    ),
    "verdicts.anchors": (
        "Lost at the anchors: no anchor has its shape; the best one overlaps it by {iou:.2f}, and "
        "0.50 is needed."
    ),
    "verdicts.rpn_topk": (
        "Lost at the top-k of the RPN: its strongest box has rank {rank} on {level}, and only the "
        "first {limit} of a level go on."
    ),
    "verdicts.rpn_moved": (
        "Lost at the RPN: an anchor overlapped it by {anchor:.2f}, but the RPN moved every box "
        "away from it; the best one that is left overlaps it by {iou:.2f}."
    ),
    "verdicts.rpn_small": (
        "Lost at the smallest size of a proposal: its best box has a side of {side:.2f} px, and "
        "{limit:g} px are needed."
    ),
    "verdicts.rpn_score": (
        "Lost at the lowest objectness: its best box has {score:.3f}, and {limit:g} is needed."
    ),
    "verdicts.rpn_nms": (
        "Lost at the NMS of the RPN: its best box overlapped a stronger box of {level} by "
        "{iou:.2f}, and above {limit:g} the weaker one goes."
    ),
    "verdicts.proposal_limit": (
        "Lost at the proposal limit: its best box has rank {rank}, and only {limit} proposals go "
        "on."
    ),
    "verdicts.box_head": (
        "Lost at the box head: a proposal overlapped it by {before:.2f}, but no refined box "
        "overlaps it by more than {after:.2f}."
    ),
    "verdicts.class": (
        "Lost at the class: its best {label} box was taken for {other}, {stronger:.3f} against "
        "{probability:.3f}."
    ),
    "verdicts.class_box": (
        "Lost at the class: a box of {other} fits it by {iou:.2f}, but no box of {label} does."
    ),
    "verdicts.score": (
        "Lost at the score: its best box is {label} with a probability of {probability:.3f}, and "
        "more than {limit:g} is needed."
    ),
    "verdicts.box_small": (
        "Lost at the smallest size of a candidate: its best box has a side of {side:.2f} px, and "
        "{limit:g} px are needed."
    ),
    "verdicts.nms": (
        "Lost at the last NMS: its best box overlapped detection {number}, a stronger {label}, by "
        "{iou:.2f}."
    ),
    "verdicts.nms_candidate": (
        "Lost at the last NMS: its best box overlapped a stronger {label}, which itself came after "
        "the limit of detections, by {iou:.2f}."
    ),
    "verdicts.detection_limit": (
        "Lost at the limit of detections: its best box has rank {rank}, and only {limit} are kept."
    ),
    "verdicts.mask": (
        "Lost at the mask: detection {number} has the right box, but its mask overlaps the outline "
        "by {iou:.2f} only."
    ),
    "verdicts.label_unknown": (
        "The model does not know the label {label}, so that every class counts as right."
    ),
    "verdicts.remedy_found": "With {name} = {value} it would be found.",
    "verdicts.then_anchors": _THEN + "the anchors.",
    "verdicts.then_rpn_topk": _THEN + "the top-k of the RPN.",
    "verdicts.then_rpn_small": _THEN + "the smallest size of a proposal.",
    "verdicts.then_rpn_nms": _THEN + "the NMS of the RPN.",
    "verdicts.then_proposal_limit": _THEN + "the proposal limit.",
    "verdicts.then_box_head": _THEN + "the box head.",
    "verdicts.then_class": _THEN + "the class.",
    "verdicts.then_score": _THEN + "the score.",
    "verdicts.then_nms": _THEN + "the last NMS.",
    "verdicts.then_detection_limit": _THEN + "the limit of detections.",
    "verdicts.then_mask": _THEN + "the mask.",
    "verdicts.background": (
        "Nothing is labelled here: the nearest instance overlaps this {label} by {iou:.2f}."
    ),
    "verdicts.wrong_class": "A {other} is labelled here (mask IoU {iou:.2f}), not a {label}.",
    "verdicts.duplicate": (
        "This {label} is labelled once (mask IoU {iou:.2f}), and the stronger detection {number} "
        "has found it already."
    ),
    "verdicts.poor_box": (
        "A {other} is labelled here, but it overlaps this detection by {iou:.2f} only, and 0.50 is "
        "needed."
    ),
    "verdicts.poor_box_and_wrong_class": (
        "A {other} is labelled here, not a {label}, and it overlaps this detection by {iou:.2f} "
        "only."
    ),
}
