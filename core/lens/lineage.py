"""The way of one box through the network: from a detection back to the anchor it grew from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.logits import softmax
from core.lens.trace import PYRAMID_LEVELS, Cell, Trace, numpy_of
from core.sentences import Sentence, say

_MASK_SAME: Final = say(
    "lineage.mask_same",
    "Its mask was pooled with 14 by 14 cells from {level}, the level of its proposal.",
)
_MASK_OTHER: Final = say(
    "lineage.mask_other",
    "Its mask was pooled with 14 by 14 cells from {level}, and not from {box_level} like its "
    "proposal: the refined box has another size.",
)

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Lineage:
    """One detection and all that it comes from. Boxes are resized pixels unless said otherwise."""

    detection: int
    """From 0, strongest first."""
    candidate: int
    proposal: int
    anchor: int
    label: int
    label_name: str
    score: float
    image_box: Box
    """Image pixels."""
    box: Box
    proposal_box: Box
    objectness: float
    anchor_box: Box
    cell: Cell
    level: str
    """The level of the anchor, P2 to P6."""
    rpn_logit: float
    rpn_delta: Box
    """dx, dy, dw, dh in units of the anchor."""
    box_level: str
    """From which level the proposal was pooled for the box head."""
    mask_level: str
    """From which level the refined box was pooled for the mask head; it may be another."""
    class_logits: NDArray[np.float32]
    """K, the background first."""
    class_delta: Box
    """dx, dy, dw, dh for the class of the detection, still multiplied by 10, 10, 5, 5."""
    probabilities: NDArray[np.float32]
    """K."""


@dataclass(frozen=True, slots=True)
class ProposedLineage:
    """A detection whose box a proposer gave: nothing lies before that box."""

    detection: int
    """From 0, strongest first."""
    candidate: int
    """The box among all that the proposer saw."""
    proposer: str
    tile: int
    """0 when it was seen in the whole image, else the number of the tile."""
    label: int
    label_name: str
    score: float
    image_box: Box
    """Image pixels."""
    box: Box
    """Resized pixels."""
    mask_level: str
    """From which level the box was pooled for the mask head."""


def lineage(trace: Trace, detection: int) -> Lineage | ProposedLineage:
    """The lineage of a detection, from a trace with tensors or arrays.

    Raises IndexError when there is no such detection.
    """
    found = trace.detections
    if not 0 <= detection < len(found.boxes):
        raise IndexError(detection)
    if trace.proposer is not None:
        row = int(found.candidate_index[detection])
        return ProposedLineage(
            detection=detection,
            candidate=row,
            proposer=trace.proposer.name,
            tile=int(trace.proposer.tile[row]),
            label=int(found.label[detection]),
            label_name=trace.class_names[int(found.label[detection]) - 1],
            score=float(found.score[detection]),
            image_box=_box(found.boxes[detection]),
            box=_box(found.resized_boxes[detection]),
            mask_level=PYRAMID_LEVELS[int(trace.mask_logits.level[detection])],
        )
    anchor, proposal = int(found.anchor_index[detection]), int(found.proposal_index[detection])
    label = int(found.label[detection])
    logits = numpy_of(trace.box_head.logits[proposal])
    cell = trace.anchors.cell(anchor)
    return Lineage(
        detection=detection,
        candidate=int(found.candidate_index[detection]),
        proposal=proposal,
        anchor=anchor,
        label=label,
        label_name=trace.class_names[label - 1],
        score=float(found.score[detection]),
        image_box=_box(found.boxes[detection]),
        box=_box(found.resized_boxes[detection]),
        proposal_box=_box(trace.proposals.boxes[proposal]),
        objectness=float(trace.proposals.score[proposal]),
        anchor_box=_box(trace.anchors.boxes[anchor]),
        cell=cell,
        level=PYRAMID_LEVELS[cell.level],
        rpn_logit=float(trace.rpn.logits[anchor]),
        rpn_delta=_box(trace.rpn.deltas[anchor]),
        box_level=PYRAMID_LEVELS[int(trace.roi_levels.level[proposal])],
        mask_level=PYRAMID_LEVELS[int(trace.mask_logits.level[detection])],
        class_logits=logits,
        class_delta=_box(trace.box_head.deltas[proposal][4 * label : 4 * label + 4]),
        probabilities=softmax(logits[None])[0],
    )


def in_words(one: Lineage | ProposedLineage, canonical_size: int = 224) -> tuple[Sentence, ...]:
    """The lineage as sentences, from the anchor to the mask.

    `canonical_size` is that of the trace's RoI levels.
    """
    if isinstance(one, ProposedLineage):
        return _proposed_in_words(one)
    wide, high = _sides(one.anchor_box)
    said = [
        say(
            "lineage.anchor",
            "It began as an anchor of {level}, row {row}, column {column}: {width:.0f} by "
            "{height:.0f} px, {ratio:.2f} times as high as wide.",
            level=one.level,
            row=one.cell.row,
            column=one.cell.column,
            width=wide,
            height=high,
            ratio=high / wide,
        ),
        say(
            "lineage.rpn",
            "The RPN gave it an objectness of {objectness:.3f} (logit {logit:.2f}), moved it by "
            "{dx:.2f} of its width and {dy:.2f} of its height, and made it {wider:.2f} times as "
            "wide and {higher:.2f} times as high.",
            objectness=one.objectness,
            logit=one.rpn_logit,
            **_delta(one),
        ),
        say(
            "lineage.proposal",
            "It became proposal {number}, {width:.0f} by {height:.0f} px at ({x:.0f}, {y:.0f}).",
            number=one.proposal + 1,
            **_size(one.proposal_box),
        ),
        say(
            "lineage.level",
            "Its side is {side:.0f} px by area, which puts it on {level} (a side of {canonical} "
            "px begins P4), and from there 7 by 7 cells were pooled for the box head.",
            level=one.box_level,
            side=math.sqrt(max(math.prod(_sides(one.proposal_box)), 0)),
            canonical=canonical_size,
        ),
        say(
            "lineage.class",
            "The box head called it {label} with a probability of {score:.3f} (logit {logit:.2f}; "
            "background {background:.3f}).",
            label=one.label_name,
            score=one.score,
            logit=float(one.class_logits[one.label]),
            background=float(one.probabilities[0]),
        ),
        say(
            "lineage.detection",
            "Refined for that class it is detection {number}, {width:.0f} by {height:.0f} px at "
            "({x:.0f}, {y:.0f}).",
            number=one.detection + 1,
            **_size(one.box),
        ),
    ]
    same = one.mask_level == one.box_level
    mask = _MASK_SAME if same else _MASK_OTHER
    return (*said, mask.given(level=one.mask_level, box_level=one.box_level))


def _proposed_in_words(one: ProposedLineage) -> tuple[Sentence, ...]:
    place = (
        say("lineage.whole", "It was seen in the whole image.")
        if one.tile == 0
        else say("lineage.tile", "It was seen in tile {tile}.", tile=one.tile)
    )
    said = say(
        "lineage.proposer",
        "The proposer {name} gave the box ({x:.0f}, {y:.0f}), {width:.0f} × {height:.0f} px of the "
        "image, as {label} with a score of {score:.3f}.",
        name=one.proposer,
        label=one.label_name,
        score=one.score,
        **_size(one.image_box),
    )
    mask = say(
        "lineage.proposer_mask",
        "The mask head of the model drew its mask from {level}; the proposer had no part in that.",
        level=one.mask_level,
    )
    return said, place, mask


def _delta(one: Lineage) -> dict[str, float]:
    dx, dy, dw, dh = one.rpn_delta
    return {"dx": dx, "dy": dy, "wider": math.exp(min(dw, 50)), "higher": math.exp(min(dh, 50))}


def _size(box: Box) -> dict[str, float]:
    wide, high = _sides(box)
    return {"x": box[0], "y": box[1], "width": wide, "height": high}


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _box(values: Any) -> Box:
    a, b, c, d = (float(value) for value in values)
    return a, b, c, d
