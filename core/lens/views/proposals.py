"""The boxes that the region proposal network hands on."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.colours import PROPOSAL, Colour
from core.lens.evidence import BoxKind
from core.lens.trace import PYRAMID_LEVELS, Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile, in_image
from core.lens.views.common import GREY, MOST, counted, number, one_by_one, sides
from core.lens.views.marks import BoxesShown, Entry, Group, Label, Mark
from core.lens.views.table import Column, Table, Words, text

ROWS: Final = 20
"""Proposals that stand in the JSON; the rest is in the arrays."""


def table(trace: Trace) -> Table:
    """Each proposal with its objectness, size and place."""
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


def draw(look: Look) -> BoxesShown:
    """The proposals, strongest first."""
    boxes = look.trace.proposals.boxes
    index = look.best(np.arange(len(boxes)))
    groups = (Group(in_image(look.trace, boxes[index]), index, PROPOSAL),)
    line = Entry(text("{n} proposals", n=counted(groups, len(boxes))), PROPOSAL)
    return BoxesShown(groups, len(boxes), (line,))


def describe(trace: Trace, index: int) -> Words:
    """Number and objectness."""
    return f"{index + 1} · {float(trace.proposals.score[index]):.3f}"


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The first fifty bright, the first ten with their objectness."""
    trace, stage = scene.trace, scene.trace.proposals
    boxes = in_image(trace, stage.boxes)
    if not len(boxes):
        return (Tile(text("there are no proposals")),)
    bright = [_warm(score) for score in stage.score[:50]]
    marks: list[Mark] = []
    if len(boxes) > 50:
        faint = np.arange(50, min(len(boxes), MOST))
        marks.append(Group(boxes[faint], faint, GREY, width=1, opacity=0.45))
    marks += one_by_one(boxes[:50], bright, width=2)
    for index in reversed(range(min(10, len(boxes)))):
        words = f"{index + 1}: {stage.score[index]:.2f}"
        marks.append(Label(boxes[index, 0], boxes[index, 1], words, bright[index]))
    title = text(
        "{n} proposals: the first 50 bright, the first 10 with their objectness", n=len(boxes)
    )
    keys = (Entry(text("strong"), (255, 220, 120)), Entry(text("after the first 50"), GREY))
    return (Tile(title, marks, keys),)


def _warm(score: float) -> Colour:
    """From orange for a weak box to pale yellow for a strong one."""
    share = float(np.clip(score, 0, 1))
    return 255, round(120 + 120 * share), round(40 + 140 * share)


def document(trace: Trace) -> dict[str, object]:
    """The first proposals."""
    stage = trace.proposals
    return {
        "first": [
            {
                "box": [round(float(value), 3) for value in stage.boxes[row]],
                "objectness": round(float(stage.score[row]), 6),
                "anchor": int(stage.anchor_index[row]),
            }
            for row in range(min(ROWS, len(stage.boxes)))
        ]
    }


STAGE: Final = Stage(
    name="proposals",
    title=text("Proposals"),
    heading=text("Proposals"),
    about=text(
        "The boxes that remain, strongest first. From here on the network looks at these only; "
        "they have no class yet."
    ),
    count=lambda trace: len(trace.proposals.boxes),
    table=table,
    tiles=tiles,
    shows=("proposals", "chain"),
    layers=(
        Layer(
            "proposals",
            text("Proposals"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.PROPOSAL,
            describe=describe,
        ),
    ),
    document=document,
)
