"""What the region proposal network says of each anchor."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens import pictures
from core.lens.colours import LEVELS, heat
from core.lens.evidence import BoxKind
from core.lens.logits import sigmoid
from core.lens.trace import PYRAMID_LEVELS, Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile, in_image
from core.lens.views.common import (
    DELTAS,
    best_first,
    level,
    levels,
    number,
    one_by_one,
    one_level,
    ramp,
    read_anchors,
    read_levels,
)
from core.lens.views.marks import Entry, Laid, PictureShown, Scale
from core.lens.views.table import Column, Table, text


def table(trace: Trace) -> Table:
    """Objectness and deltas of each anchor."""
    own, deltas = levels(trace), trace.rpn.deltas
    columns = (
        number(len(own)),
        Column(text("Objectness"), sigmoid(trace.rpn.logits), digits=3),
        level(own),
        Column(text("Logit"), trace.rpn.logits, digits=2),
        *(Column(name, deltas[:, k], digits=2) for k, name in enumerate(DELTAS)),
    )
    every = Table(columns, np.arange(len(own)), BoxKind.ANCHOR, sort=1)
    return every.only(read_anchors(trace))


def draw(look: Look) -> PictureShown:
    """The best objectness of each cell of a level."""
    trace = look.trace
    alone = one_level(trace)
    place = min(look.options.objectness_level, len(trace.anchors.grids) - 1)
    place = place if alone is None else alone
    rows, columns = trace.anchors.grids[place]
    size = f"{columns} × {rows}"
    said = text(
        "{level}, {size} cells: best objectness of each", level=PYRAMID_LEVELS[place], size=size
    )
    picture = pictures.objectness(trace.rpn.logits, trace.anchors, place, trace.input)
    return PictureShown(picture, (Entry(said), Scale("0", "1", ramp(heat))))


def tiles(scene: Scene) -> list[Tile]:
    """The same of every level, and the strongest anchors."""
    trace, found = scene.trace, list[Tile]()
    ends = np.cumsum((0, *trace.anchors.level_counts))
    for place in read_levels(trace):
        name, part = PYRAMID_LEVELS[place], trace.rpn.logits[ends[place] : ends[place + 1]]
        rows, columns = trace.anchors.grids[place]
        title = text(
            "{level}: {size} cells, best {value}",
            level=name,
            size=f"{columns} × {rows}",
            value=f"{float(sigmoid(part).max(initial=0)):.3f}",
        )
        picture = pictures.objectness(trace.rpn.logits, trace.anchors, place, trace.input)
        found.append(Tile(title, (Laid(picture, 0.85),), small=True))
    read = read_anchors(trace)
    top = read[best_first(trace.rpn.logits[read])[:100]]
    colours = [LEVELS[trace.anchors.cell(int(index)).level] for index in top]
    boxes = one_by_one(in_image(trace, trace.anchors.boxes[top]), colours, width=1.5)
    return [*found, Tile(text("the 100 strongest anchors, by level"), boxes, small=True)]


STAGE: Final = Stage(
    name="rpn",
    title=text("RPN objectness"),
    heading=text("Region proposal network: objectness"),
    about=text(
        "For each anchor a small network says how likely an object of about its size and shape "
        "is there (objectness), and how the box should move (deltas). The pictures show the best "
        "objectness of each cell, level by level."
    ),
    count=lambda trace: len(read_anchors(trace)),
    table=table,
    tiles=tiles,
    shows=("objectness",),
    layers=(
        Layer(
            "objectness",
            text("Objectness"),
            PictureShown,
            draw,
            frozenset({"options"}),
            rank=-1,
            below=True,
            opacity=0.8,
        ),
    ),
)
