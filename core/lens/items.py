"""One box of the trace, and what belongs to it before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.lens.evidence import BoxKind
from core.lens.trace import Trace

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Item:
    """A box by its kind and its number in the stage, from 0."""

    kind: BoxKind
    index: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The numbers of one box at each stage; None where it did not get."""

    anchor: int | None = None
    proposal: int | None = None
    candidate: int | None = None
    detection: int | None = None


def chain_of(trace: Trace, item: Item) -> Chain:
    """Where a box comes from, and as far as it got (by its likeliest class)."""
    match item.kind:
        case BoxKind.ANCHOR | BoxKind.DECODED:
            proposal = _first(trace.proposals.anchor_index, item.index)
            if proposal is None:
                return Chain(anchor=item.index)
            return chain_of(trace, Item(BoxKind.PROPOSAL, proposal))
        case BoxKind.PROPOSAL:
            classes = 1 if trace.proposer else max(len(trace.class_names), 1)
            start = item.index * classes
            best = start + int(np.argmax(trace.candidates.score[start : start + classes]))
            return chain_of(trace, Item(BoxKind.CANDIDATE, best))
        case BoxKind.CANDIDATE:
            proposal = int(trace.candidates.proposal_index[item.index])
            found = int(trace.proposals.anchor_index[proposal])
            anchor = None if found < 0 else found  # a proposer knows no anchors
            detection = _first(trace.detections.candidate_index, item.index)
            return Chain(anchor, proposal, item.index, detection)
        case BoxKind.DETECTION:
            row = int(trace.detections.candidate_index[item.index])
            return chain_of(trace, Item(BoxKind.CANDIDATE, row))
        case BoxKind.TRAINED:
            return Chain()


def counterpart(trace: Trace, item: Item | None, kind: BoxKind | None) -> Item | None:
    """The box of a kind on the way of a box, where it has one."""
    if item is None or kind is None or item.kind is kind:
        return item if kind is not None else None
    chain = chain_of(trace, item)
    number = {
        BoxKind.ANCHOR: chain.anchor,
        BoxKind.DECODED: chain.anchor,
        BoxKind.PROPOSAL: chain.proposal,
        BoxKind.CANDIDATE: chain.candidate,
        BoxKind.DETECTION: chain.detection,
        BoxKind.TRAINED: None,
    }[kind]
    return None if number is None else Item(kind, number)


def valid(trace: Trace, item: Item) -> bool:
    """Whether the trace has this box."""
    return 0 <= item.index < len(_boxes(trace, item.kind))


def box_of(trace: Trace, item: Item) -> Box:
    """The corners of a box in image pixels. Raises IndexError when there is none."""
    across, down = trace.input.scale
    x0, y0, x1, y1 = (float(v) for v in _boxes(trace, item.kind)[item.index])
    return x0 / across, y0 / down, x1 / across, y1 / down


def _boxes(trace: Trace, kind: BoxKind) -> np.ndarray:
    boxes = {
        BoxKind.ANCHOR: trace.anchors.boxes,
        BoxKind.DECODED: trace.decoded.boxes,
        BoxKind.PROPOSAL: trace.proposals.boxes,
        BoxKind.CANDIDATE: trace.candidates.boxes,
        BoxKind.DETECTION: trace.detections.resized_boxes,
    }
    found: np.ndarray = boxes[kind]
    return found


def _first(values: np.ndarray, wanted: int) -> int | None:
    places = np.flatnonzero(values == wanted)
    return int(places[0]) if len(places) else None
