"""All anchors: by objectness, fate, level, or by what they would be in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.boxes import box_of, iou, scaled
from core.lens.colours import FATES, LEVELS, STRONGEST, Colour, heat
from core.lens.evidence import BoxKind
from core.lens.logits import sigmoid
from core.lens.trace import PYRAMID_LEVELS, Fate, Trace
from core.lens.training_view import AnchorState
from core.lens.views.base import Layer, Look, Scene, Stage, Tile, in_image
from core.lens.views.common import (
    WHITE,
    fate_legend,
    level,
    levels,
    number,
    one_level,
    ramp,
    read_anchors,
    read_levels,
    sides,
)
from core.lens.views.marks import (
    AnchorsShown,
    Dots,
    Drawing,
    Entry,
    Group,
    Label,
    Later,
    Line,
    Mark,
    Outline,
    Scale,
)
from core.lens.views.table import Column, Table, Words, text

MATCHES: Final[dict[AnchorState, Colour]] = {
    AnchorState.POSITIVE: (0, 220, 130),
    AnchorState.FORCED: (255, 110, 200),
    AnchorState.IGNORED: (240, 228, 66),
    AnchorState.NEGATIVE: (90, 100, 120),
}
Looks = NDArray[np.uint8]
"""A×4: red, green, blue, opacity."""


def table(trace: Trace) -> Table:
    """Where each anchor sits and how large it is."""
    anchors, boxes = trace.anchors, trace.anchors.boxes
    own = levels(trace)
    starts = np.concatenate([[0], np.cumsum(anchors.level_counts)])[:-1]
    place = (np.arange(len(own)) - starts[own]) // anchors.per_cell
    across = np.array([columns for _, columns in anchors.grids])[own]
    columns = (
        number(len(own)),
        level(own),
        Column(text("Row"), place // across),
        Column(text("Column"), place % across),
        Column(text("Ratio"), (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0]), digits=2),
        *sides(trace, boxes),
    )
    every = Table(columns, np.arange(len(own)), BoxKind.ANCHOR, descending=False)
    return every.only(read_anchors(trace))


def describe(trace: Trace, index: int) -> Words:
    """Row and column of an anchor's cell, and its objectness."""
    cell = trace.anchors.cell(index)
    share = float(sigmoid(trace.rpn.logits[index : index + 1])[0])
    return f"{cell.row}, {cell.column} · {share:.3f}"


# On the canvas


def draw(look: Look) -> Drawing:
    """The anchors in the colours that were chosen."""
    trace, strength = look.trace, sigmoid(look.trace.rpn.logits)
    match look.options.anchor_colour:
        case "cell":
            unseen = np.zeros((len(strength), 4), np.uint8)
            lines = (
                Entry(text("point at a place: the anchors of its cell, on each level")),
                *_level_lines(trace),
            )
            return _shown(look, strength, unseen, lines, coloured=True)
        case "fate":
            lines = fate_legend(trace.decoded.fate, filled=True)
            return _shown(look, strength, by_fate(trace), lines, coloured=True)
        case "level":
            return _shown(look, strength, by_level(trace), _level_lines(trace), coloured=True)
        case "match":
            return Later(lambda check: _matched(look, check))
        case _:
            lines = (
                Entry(text("objectness of each cell")),
                Scale("0", "1", ramp(heat)),
                Entry(text("boxes of the strongest thousand"), STRONGEST),
            )
            return _shown(look, strength, by_objectness(strength), lines, coloured=False)


def _shown(
    look: Look, strength: Any, looks: Looks, lines: tuple[Line, ...], *, coloured: bool
) -> AnchorsShown:
    trace, options = look.trace, look.options
    return AnchorsShown(
        trace.anchors,
        trace.input.scale,
        strength,
        looks,
        lines,
        coloured,
        options.anchor_level if one_level(trace) is None else one_level(trace),
        options.anchor_shape,
    )


def _matched(look: Look, check: Callable[[], object]) -> AnchorsShown:
    """Compared with all labels, which takes a while."""
    trace, (high, low) = look.trace, look.matching
    boxes, scale = trace.anchors.boxes, trace.input.scale
    state, overlap = matches(
        boxes, scale, trace.input.image_size, look.instances, look.matching, check
    )
    words = {
        AnchorState.POSITIVE: text("positive: IoU {high} and more", high=f"{high:g}"),
        AnchorState.FORCED: text("forced: the best for an instance"),
        AnchorState.IGNORED: text("ignored: IoU {low} to {high}", low=f"{low:g}", high=f"{high:g}"),
        AnchorState.NEGATIVE: text("negative: IoU below {low}, without boxes", low=f"{low:g}"),
    }
    lines = tuple(Entry(words[each], colour, filled=True) for each, colour in MATCHES.items())
    looks = np.zeros((len(MATCHES), 4), np.uint8)
    for each, colour in MATCHES.items():
        looks[each] = (*colour, 60 if each is AnchorState.NEGATIVE else 255)
    return _shown(look, overlap, looks[state], lines, coloured=True)


def matches(
    boxes: NDArray[np.float32],
    scale: tuple[float, float],
    image_size: tuple[int, int],
    instances: Sequence[Instance],
    matching: tuple[float, float],
    check: Callable[[], object] = lambda: None,
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """What each of A anchors would be in training: `AnchorState`, and best IoU with an instance.

    Positive from the first overlap of `matching` on, negative below the second, ignored between;
    forced where no anchor fits an instance better (Faster R-CNN, section 3.1.2). Crowds are left
    out. `boxes` are resized pixels; `check` is called before each instance and may raise.
    """
    left, top, right, bottom = (np.ascontiguousarray(side) for side in boxes.T)
    best, forced = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.bool_)
    for instance in instances:
        check()
        if instance.crowd:
            continue
        box = scaled(box_of(instance.polygons, image_size)[None], scale)[0]
        meets = (left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1])
        near = np.flatnonzero(meets)
        overlap = iou(boxes[near], box)
        most = overlap.max(initial=0)
        if most > 0:
            forced[near[overlap == most]] = True
            best[near] = np.maximum(best[near], overlap)
    high, low = matching
    state = np.full(len(boxes), AnchorState.NEGATIVE, np.int8)
    state[best >= low] = AnchorState.IGNORED
    state[forced] = AnchorState.FORCED
    state[best >= high] = AnchorState.POSITIVE
    return state, best


def by_objectness(share: NDArray[np.float32]) -> Looks:
    """Heat of the objectness; opacity follows it."""
    look = np.zeros((256, 4), np.uint8)
    look[:, :3] = heat(np.linspace(0, 1, 256))
    look[:, 3] = np.linspace(70, 255, 256)
    return np.asarray(look[(share * 255).astype(np.uint8)])


def by_fate(trace: Trace) -> Looks:
    """The colour of each anchor's fate."""
    look = np.zeros((len(Fate), 4), np.uint8)
    for fate, colour in FATES.items():
        look[fate] = (*colour, 90 if fate is Fate.BELOW_TOP_K else 255)
    return np.asarray(look[trace.decoded.fate])


def by_level(trace: Trace) -> Looks:
    """The colour of each anchor's level."""
    look = np.array([(*colour, 130) for colour in LEVELS], np.uint8)
    return np.asarray(look[levels(trace) % len(look)])


def _level_lines(trace: Trace) -> tuple[Line, ...]:
    rows = zip(PYRAMID_LEVELS, trace.anchors.level_counts, LEVELS, strict=False)
    return tuple(
        Entry(text("{level}: {n}", level=name, n=count), colour, filled=True)
        for place, (name, count, colour) in enumerate(rows)
        if place in read_levels(trace)
    )


# On paper


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The anchors of the middle cell of each level, and the best for each instance."""
    anchors, boxes = scene.trace.anchors, in_image(scene.trace, scene.trace.anchors.boxes)
    height, width = scene.trace.input.image_size
    middle = np.array([width, height]) / 2
    start, marks, keys = 0, list[Mark](), list[Line]()
    for place, count in enumerate(anchors.level_counts):
        part, colour = boxes[start : start + count], LEVELS[place]
        start += count
        if place not in read_levels(scene.trace):
            continue
        centres = (part[:, :2] + part[:, 2:]) / 2
        if len(part):
            nearest = np.argsort(((centres - middle) ** 2).sum(axis=1), kind="stable")
            shown = nearest[: anchors.per_cell]
            marks.append(Group(part[shown], shown, colour, width=2))
        if place >= 3:
            own = np.unique(centres.round(3), axis=0)
            marks.append(Dots(own, colour, 1.5 if place == 3 else 3))
        down, across = anchors.strides[place]
        every = text(
            "{level}: {n}, every {across} × {down} px",
            level=PYRAMID_LEVELS[place],
            n=count,
            across=str(across),
            down=str(down),
        )
        keys.append(Entry(every, colour))
    for instance in scene.labels:
        marks += _best_for(instance, boxes, scene.trace, (height, width))
    cells = str(anchors.per_cell)
    title = text("the {n} anchors of the middle cell of each level", n=cells)
    if scene.labels:
        title = text("{anchors}, and the best anchor of each instance with its IoU", anchors=title)
    return (Tile(title, marks, keys),)


def _best_for(
    instance: Instance,
    boxes: NDArray[np.float64],
    trace: Trace,
    size: tuple[int, int],
) -> list[Mark]:
    read = read_anchors(trace)
    overlaps = np.zeros(len(boxes))
    overlaps[read] = iou(boxes[read], box_of(instance.polygons, size))
    if overlaps.max(initial=0) <= 0:
        return []
    best = int(overlaps.argmax())
    colour = LEVELS[trace.anchors.cell(best).level]
    return [
        Outline(instance.polygons, WHITE, fill=0.1, width=1),
        Group(boxes[[best]], np.array([best]), colour, width=2.5),
        Label(boxes[best, 0], boxes[best, 1], f"{overlaps[best]:.2f}", colour),
    ]


def document(trace: Trace) -> dict[str, object]:
    """The grid of each level."""
    anchors = trace.anchors
    rows = zip(PYRAMID_LEVELS, anchors.grids, anchors.strides, anchors.level_counts, strict=True)
    return {
        "per_cell": anchors.per_cell,
        "order": "level, row, column, shape",
        "levels": [
            {"level": name, "rows_columns": list(grid), "stride": list(stride), "anchors": count}
            for name, grid, stride, count in rows
        ],
    }


STAGE: Final = Stage(
    name="anchors",
    title=text("Anchors"),
    heading=text("Anchors"),
    about=text(
        "Each cell of each level proposes a few boxes of fixed shape, the anchors. They do not "
        "depend on the picture. An object whose shape is far from every anchor has a hard start."
    ),
    count=lambda trace: len(read_anchors(trace)),
    table=table,
    tiles=tiles,
    shows=("anchors",),
    layers=(
        Layer(
            "anchors",
            text("Anchors"),
            AnchorsShown,
            draw,
            frozenset({"options", "labels"}),
            kind=BoxKind.ANCHOR,
            describe=describe,
        ),
    ),
    document=document,
)
