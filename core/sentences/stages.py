"""What each stage of the network is, for somebody who has read only the paper's abstract."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "stages.input_title": "Input",
    "stages.input_about": (
        "The image is normalised, resized so that its shorter side has a fixed length, and padded "
        "at the right and bottom to a multiple of 32. All boxes up to the detections are pixels of "
        "this resized image."
    ),
    "stages.backbone_title": "Backbone",
    "stages.backbone_about": (
        "A classification network turns the image into four maps of features, C2 to C5, each half "
        "as fine as the one before. Bright cells have long feature vectors: something there "
        "excites the network."
    ),
    "stages.pyramid_title": "Feature pyramid",
    "stages.pyramid_about": (
        "The coarse maps, which know what is there, are added to the fine maps, which know where. "
        "The results P2 to P5 all have the same number of channels; P6 is every second cell of P5. "
        "In the pictures at the right, cells with like features have like colours."
    ),
    "stages.anchors_title": "Anchors",
    "stages.anchors_about": (
        "Each cell of each level proposes a few boxes of fixed shape, the anchors. They do not "
        "depend on the picture. An object whose shape is far from every anchor has a hard start."
    ),
    "stages.rpn_title": "Region proposal network: objectness",
    "stages.rpn_about": (
        "For each anchor a small network says how likely an object of about its size and shape "
        "is there (objectness), and how the box should move (deltas). The pictures show the best "
        "objectness of each cell, level by level."
    ),
    "stages.decoded_title": "Decoded boxes and their fates",
    "stages.decoded_about": (
        "Each anchor is moved by its deltas. Then most boxes go: those outside the strongest of "
        "their level (top-k), those that are too small, those that overlap a stronger box of their "
        "level (non-maximum suppression), and those over the limit."
    ),
    "stages.proposals_title": "Proposals",
    "stages.proposals_about": (
        "The boxes that remain, strongest first. From here on the network looks at these only; "
        "they have no class yet."
    ),
    "stages.box_head_title": "Box head",
    "stages.box_head_about": (
        "From the 7 by 7 cells two layers decide what the proposal is, one probability for each "
        "class and one for the background, and refine the box for each class."
    ),
    "stages.detections_title": "Detections",
    "stages.detections_about": (
        "What survives, in pixels of the image. One proposal can become several detections, of "
        "different classes."
    ),
    "stages.mask_logits_title": "Masks",
    "stages.mask_logits_about": (
        "For each detection the mask head reads 14 by 14 cells from the level that suits the "
        "refined box and answers with 28 by 28 values for each class; only those of its own class "
        "count. Red is inside, blue is outside, and where the colour is faint it is unsure."
    ),
    "stages.polygons_title": "Outlines",
    "stages.polygons_about": (
        "Each mask is laid over its box, cut at the mask threshold, and traced as polygons with "
        "holes. These are the suggestions that a person accepts or corrects."
    ),
}
