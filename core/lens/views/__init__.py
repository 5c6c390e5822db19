"""What each stage shows, a file each: table, layers, pictures, legend, words and JSON.

A new stage is one file and one line here. Two painters draw any of it: `app.lens.layers` and the
table of the window, and `core.lens.painter` the pictures and the page of `masklens trace`.
"""

from __future__ import annotations

from typing import Final

from core.lens.trace import Trace
from core.lens.views import (
    anchors,
    box_head,
    candidates,
    chain,
    decoded,
    detections,
    features,
    input,
    keypoints,
    mask_logits,
    moved,
    polygons,
    proposals,
    proposer,
    roi_levels,
    rpn,
)
from core.lens.views.base import Layer, Stage

VIEWS: Final[dict[str, Stage]] = {
    each.name: each
    for each in (
        input.STAGE,
        features.BACKBONE,
        features.PYRAMID,
        proposer.STAGE,
        anchors.STAGE,
        rpn.STAGE,
        decoded.STAGE,
        proposals.STAGE,
        roi_levels.STAGE,
        box_head.STAGE,
        candidates.STAGE,
        detections.STAGE,
        mask_logits.STAGE,
        polygons.STAGE,
        keypoints.STAGE,
    )
}
"""The stages by their names, in the order of the network. Which of them there are in a trace, it
says itself: a proposer stands in for those from the anchors to the box head."""
LAYERS: Final[dict[str, Layer]] = {
    layer.name: layer
    for layer in sorted(
        (
            *(layer for stage in VIEWS.values() for layer in stage.layers),
            *(moved.LAYER, moved.MASKS, chain.LAYER),
        ),
        key=lambda layer: layer.rank,
    )
}
"""The layers of the canvas by their names, the lowest first."""


def of(trace: Trace) -> dict[str, Stage]:
    """The stages that ran and have a view, by their names."""
    return {name: VIEWS[name] for name in trace.stages if name in VIEWS}


def counts(trace: Trace) -> dict[str, int]:
    """What each stage holds, as a list of stages shows it."""
    return {name: stage.count(trace) for name, stage in of(trace).items()}


def has_layer(trace: Trace, name: str) -> bool:
    """Whether a stage of the trace shows this layer."""
    return any(name in stage.shows for stage in of(trace).values())
