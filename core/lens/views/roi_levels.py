"""From which level of the pyramid each proposal is pooled."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.colours import LEVELS, STYLES
from core.lens.evidence import BoxKind
from core.lens.trace import PYRAMID_LEVELS, Trace
from core.lens.views.base import (
    BoxesView,
    Column,
    Entry,
    Group,
    Line,
    Part,
    Stage,
    Table,
    Text,
    Tile,
    Words,
    in_image,
    text,
)
from core.lens.views.common import MOST, number, sides

RULE: Final = text("level by the root of the area, in network pixels")


def table(trace: Trace) -> Table:
    """The proposals with the level and what it follows from."""
    boxes = trace.proposals.boxes
    across, down = trace.input.scale
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    columns = (
        number(len(boxes)),
        Column(text("Objectness"), trace.proposals.score, digits=3),
        Column(text("Pooled"), trace.roi_levels.level, PYRAMID_LEVELS),
        Column(text("Side, network px"), side, digits=1),
        *sides(trace, boxes),
        Column("x", boxes[:, 0] / across, digits=1),
        Column("y", boxes[:, 1] / down, digits=1),
    )
    return Table(columns, np.arange(len(boxes)), BoxKind.PROPOSAL, sort=1)


def boxes(trace: Trace, part: Part) -> BoxesView:
    """The proposals in the colour of their level."""
    shown = part.of(np.arange(len(trace.proposals.boxes)))
    level = trace.roi_levels.level[shown]
    groups = []
    for place in range(len(trace.roi_levels.scales)):
        index = shown[level == place]
        if len(index):
            corners = in_image(trace, trace.proposals.boxes[index])
            groups.append(Group(corners, index, LEVELS[place], STYLES[place], opacity=0.8))
    return BoxesView(tuple(groups), len(trace.proposals.boxes), legend(trace))


def legend(trace: Trace) -> tuple[Line, ...]:
    """Between which sides a level is read, and how many are."""
    counts = _counts(trace)
    entries = [
        Entry(
            text("{level}, {rule}: {n}", level=name, rule=rule, n=counts[name]),
            LEVELS[place],
            STYLES[place],
        )
        for place, (name, rule) in enumerate(zip(PYRAMID_LEVELS, _rules(trace), strict=False))
    ]
    return (Entry(RULE), *entries)


def _rules(trace: Trace) -> list[Text]:
    """In words, where the levels begin and end: a box of the canonical size is read from P4."""
    stage, rules = trace.roi_levels, list[Text]()
    last = len(stage.scales) - 1
    for level in range(last + 1):
        low, high = (f"{stage.canonical_size * 2.0 ** (level - n):g}" for n in (2, 1))
        if level == 0:
            rules.append(text("below {high}", high=high))
        elif level == last:
            rules.append(text("from {low}", low=low))
        else:
            rules.append(text("{low} to {high}", low=low, high=high))
    return rules


def _counts(trace: Trace) -> dict[str, int]:
    stage = trace.roi_levels
    counts = np.bincount(stage.level, minlength=len(stage.scales)).tolist()
    return dict(zip(PYRAMID_LEVELS, counts, strict=False))


def describe(trace: Trace, index: int) -> Words:
    """A proposal by its level, its sides and the root of its area in network pixels."""
    x0, y0, x1, y1 = trace.proposals.boxes[index].tolist()
    side = float(np.sqrt(max((x1 - x0) * (y1 - y0), 0.0)))
    level = PYRAMID_LEVELS[int(trace.roi_levels.level[index])]
    return f"{index + 1} · {level} · {x1 - x0:.0f} × {y1 - y0:.0f} → √ {side:.0f}"


def tiles(trace: Trace) -> tuple[Tile, ...]:
    """The strongest proposals."""
    shown = boxes(trace, Part(MOST))
    return (Tile(RULE, shown.groups, shown.legend[1:]),)


def document(trace: Trace) -> dict[str, object]:
    """How many proposals a level has."""
    stage = trace.roi_levels
    return {
        "levels": _counts(trace),
        "scales": list(stage.scales),
        "canonical_size": stage.canonical_size,
    }


STAGE: Final = Stage(
    name="roi_levels",
    title=text("RoI levels"),
    heading=text("Levels of the proposals"),
    about=text(
        "The features of each proposal are read from one level, chosen by its size: small ones "
        "from the fine P2, large ones from the coarse P5. RoIAlign averages them into 7 by 7 "
        "cells, with four sample points in each."
    ),
    kind=BoxKind.PROPOSAL,
    count=lambda trace: len(trace.roi_levels.level),
    table=table,
    boxes=boxes,
    describe=describe,
    tiles=tiles,
    document=document,
)
