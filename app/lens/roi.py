"""What the canvas shows of one RoI: where it is read, and what it is called."""

from __future__ import annotations

import numpy as np

from app.canvas.layers.roi import BarsLayer, SamplingLayer
from app.lens import groups
from core.lens.evidence import BoxKind
from core.lens.items import Item, box_of, chain_of
from core.lens.trace import Trace
from core.lens.views.base import in_image

MASK_BINS = 14
"""Cells across and down for the mask head; the box head has 7."""


def focus(trace: Trace, stage: str, chosen: Item | None) -> Item | None:
    """The chosen box; the strongest one of the stage while nothing is chosen."""
    if chosen is not None:
        return chosen
    if stage == "mask_logits" and len(trace.detections.label):
        return Item(BoxKind.DETECTION, 0)
    if len(trace.detections.label):
        return Item(BoxKind.PROPOSAL, int(trace.detections.proposal_index[0]))
    return Item(BoxKind.PROPOSAL, 0) if len(trace.proposals.boxes) else None


def show_nothing(layer: SamplingLayer) -> None:
    """No RoI is sampled."""
    layer.show(None, np.zeros(0), np.zeros(0), 1, ())


def show_sampling(layer: SamplingLayer, trace: Trace, item: Item | None, bins: int) -> None:
    """Where RoIAlign reads for a box: the refined one with the bins of the mask head."""
    chain = None if item is None else chain_of(trace, item)
    number = None if chain is None or bins != MASK_BINS else chain.detection
    if number is not None:
        if number >= len(trace.mask_logits.level):
            return
        box = trace.detections.resized_boxes[number]
        level = int(trace.mask_logits.level[number])
    elif chain is not None and chain.proposal is not None:
        box = trace.proposals.boxes[chain.proposal]
        level = int(trace.roi_levels.level[chain.proposal])
    else:
        show_nothing(layer)
        return
    found = groups.sampled(trace, box, level, bins)
    corners = in_image(trace, box[None])[0].tolist()
    layer.show(corners, found.x, found.y, bins, found.cells)


def show_bars(layer: BarsLayer, trace: Trace, item: Item | None) -> None:
    """The class probabilities of a box's proposal."""
    proposal = None if item is None else chain_of(trace, item).proposal
    if proposal is None:
        layer.show(None, ())
        return
    box = box_of(trace, Item(BoxKind.PROPOSAL, proposal))
    layer.show(box, groups.bars(trace, proposal))
