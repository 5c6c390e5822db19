"""Which boxes each layer shows, in which colours: from a trace to what the canvas paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.canvas.layers.plain import Boxes
from core.document.instance import Instance
from core.lens.boxes import box_of, iou, scaled
from core.lens.colours import DETECTION, FATES, LEVELS, PROPOSAL, Colour, distinct, heat
from core.lens.recompute import sigmoid, softmax
from core.lens.sampling import axis_weights, sample_points
from core.lens.trace import PYRAMID_LEVELS, Fate, Trace
from core.lens.views.base import Group, Part, in_image
from core.lens.views.common import by_fate

POSITIVE, IGNORED, NEGATIVE, FORCED = 0, 1, 2, 3
MATCH_COLOURS: Final = ((0, 220, 130), (240, 228, 66), (90, 100, 120), (255, 110, 200))
"""Positive, ignored, negative, forced."""
ARROWS: Final = 40
"""Detections whose refinement is shown while nothing is chosen: more would hide each other."""
FOREGROUND, BACKGROUND = 0.7, 0.3
"""IoU with a label from which an anchor is positive, and below which it is negative."""


def decoded(trace: Trace, part: Part) -> list[Group]:
    """The strongest boxes inside the top-k, by fate."""
    logits, fate = trace.rpn.logits, trace.decoded.fate
    inside = np.flatnonzero(fate != Fate.BELOW_TOP_K)
    rank = inside[np.argsort(-logits[inside], kind="stable")]
    return list(by_fate(trace, trace.decoded.boxes, fate, part.of(rank)))


def proposals(trace: Trace, part: Part) -> list[Group]:
    """The proposals, strongest first."""
    index = part.of(np.arange(len(trace.proposals.boxes)))
    return [Group(in_image(trace, trace.proposals.boxes[index]), index, PROPOSAL)]


def detections(trace: Trace, part: Part) -> list[Group]:
    """The boxes of the detections."""
    index = part.of(np.arange(len(trace.detections.boxes)))
    boxes = np.asarray(trace.detections.boxes[index], dtype=np.float64)
    return [Group(boxes, index, DETECTION)]


def refinement(trace: Trace, candidate: int | None) -> tuple[Boxes, Boxes]:
    """Boxes before and after the box head: of one candidate, or of the strongest detections."""
    rows = np.array([candidate]) if candidate is not None else None
    if rows is None:
        rows = trace.detections.candidate_index[:ARROWS]
    before = trace.proposals.boxes[trace.candidates.proposal_index[rows]]
    return in_image(trace, before), in_image(trace, trace.candidates.boxes[rows])


def bars(trace: Trace, proposal: int) -> list[tuple[str, float]]:
    """Class names and probabilities of a proposal, the likeliest first."""
    shares = softmax(trace.box_head.logits[proposal][None])[0]
    names = ("background", *trace.class_names)
    order = np.argsort(-shares, kind="stable")
    return [(names[each], float(shares[each])) for each in order.tolist()]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Where RoIAlign looks for one box, in image pixels."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    cells: list[tuple[tuple[float, float, float, float], float]]
    """Cells of the map and how much each counts in all."""
    level: str


def sampled(trace: Trace, box: NDArray[Any], level: int, bins: int) -> Sampled:
    """The points of a box in resized pixels on the map of a level, and the weights of its cells."""
    scale = trace.roi_levels.scales[level]
    points = sample_points(np.asarray(box, np.float32), scale, bins)
    _, rows, columns = trace.pyramid.maps[level].shape
    across = axis_weights(points.x, columns).sum(axis=0)
    down = axis_weights(points.y, rows).sum(axis=0)
    sx, sy = trace.input.scale
    cells = []
    for row in np.flatnonzero(down > 0).tolist():
        for column in np.flatnonzero(across > 0).tolist():
            # RoIAlign without `aligned` puts the centre of cell (0, 0) at the corner of the image.
            x0, y0 = (column - 0.5) / scale / sx, (row - 0.5) / scale / sy
            corners = (x0, y0, x0 + 1 / scale / sx, y0 + 1 / scale / sy)
            cells.append((corners, float(down[row] * across[column])))
    x, y = points.in_image(scale)
    return Sampled(
        np.asarray(x, np.float64) / sx,
        np.asarray(y, np.float64) / sy,
        cells,
        PYRAMID_LEVELS[level],
    )


# How anchors look: red, green, blue, opacity for each


def anchors_by_objectness(trace: Trace) -> NDArray[np.uint8]:
    """Heat of the objectness; opacity follows it."""
    share = sigmoid(trace.rpn.logits)
    table = np.zeros((256, 4), np.uint8)
    table[:, :3] = heat(np.linspace(0, 1, 256))
    table[:, 3] = np.linspace(70, 255, 256)
    looks: NDArray[np.uint8] = table[(share * 255).astype(np.uint8)]
    return looks


def anchors_by_fate(trace: Trace) -> NDArray[np.uint8]:
    """The colour of each anchor's fate."""
    table = np.zeros((len(Fate), 4), np.uint8)
    for fate, colour in FATES.items():
        table[fate] = (*colour, 90 if fate is Fate.BELOW_TOP_K else 255)
    looks: NDArray[np.uint8] = table[trace.decoded.fate]
    return looks


def anchors_by_level(trace: Trace) -> NDArray[np.uint8]:
    """The colour of each anchor's level."""
    table = np.array([(*colour, 130) for colour in LEVELS], np.uint8)
    levels = np.repeat(np.arange(len(trace.anchors.grids)), trace.anchors.level_counts)
    looks: NDArray[np.uint8] = table[levels % len(table)]
    return looks


def match_of_anchors(
    trace: Trace, instances: Sequence[Instance], check: Callable[[], object] = lambda: None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """What each anchor would be in training: state and best IoU with an instance.

    Positive from 0.7 on, negative below 0.3, ignored between; forced where no anchor fits an
    instance better (Faster R-CNN, section 3.1.2). Crowds are left out. `check` is called before
    each instance and may raise.
    """
    boxes = trace.anchors.boxes
    left, top, right, bottom = (np.ascontiguousarray(side) for side in boxes.T)
    best, forced = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.bool_)
    scale = trace.input.scale
    for instance in instances:
        check()
        if instance.crowd:
            continue
        box = scaled(box_of(instance.polygons, trace.input.image_size)[None], scale)[0]
        meets = (left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1])
        near = np.flatnonzero(meets)
        overlap = iou(boxes[near], box)
        most = overlap.max(initial=0)
        if most > 0:
            forced[near[overlap == most]] = True
            best[near] = np.maximum(best[near], overlap)
    state = np.full(len(boxes), NEGATIVE, np.int8)
    state[best >= BACKGROUND] = IGNORED
    state[forced] = FORCED
    state[best >= FOREGROUND] = POSITIVE
    return state, best


@dataclass(frozen=True, slots=True)
class Matched:
    """The anchors against the labels, ready to be shown."""

    overlap: NDArray[np.float32]
    """A: best IoU with an instance."""
    looks: NDArray[np.uint8]
    """A×4: red, green, blue, opacity."""


def matched(trace: Trace, instances: Sequence[Instance], check: Callable[[], object]) -> Matched:
    """`match_of_anchors` in colours."""
    state, overlap = match_of_anchors(trace, instances, check)
    return Matched(overlap, anchors_by_match(state))


def anchors_by_match(state: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The colour of each anchor's state against the labels."""
    table = np.array([(*c, 60 if n == NEGATIVE else 255) for n, c in enumerate(MATCH_COLOURS)])
    looks: NDArray[np.uint8] = table.astype(np.uint8)[state]
    return looks


def colour_of(index: int) -> Colour:
    """A colour of its own for a detection."""
    return distinct(index)
