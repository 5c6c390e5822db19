"""What another detector saw, when it gives the boxes in place of the network's own stages."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.cells import Cells
from core.lens.colours import LEVELS, SEEN, Style
from core.lens.evidence import BoxKind
from core.lens.trace import Proposed, Trace
from core.lens.views import cells
from core.lens.views.base import Details, Layer, Look, Scene, Stage, Tile
from core.lens.views.common import GREY, MOST, best_first, counted, fogged, number, one_by_one
from core.lens.views.marks import BoxesShown, Entry, Group, Line, Mark, Pointers
from core.lens.views.table import Column, Ints, Table, Words, text

_WHOLE: Final = 0


def table(trace: Trace) -> Table:
    """Every box with its label, score and the tile that it was seen in."""
    stage, rows = trace.proposer, np.arange(count(trace))
    if stage is None:
        return Table((number(0),), rows, BoxKind.CANDIDATE)
    boxes = stage.boxes
    columns: tuple[Column, ...] = (
        number(len(rows)),
        Column(text("Label"), stage.label - 1, trace.class_names),
        Column(text("Score"), stage.score, digits=3),
        Column(text("Tile"), stage.tile, optional=True),
        Column(text("Width"), boxes[:, 2] - boxes[:, 0], digits=1),
        Column(text("Height"), boxes[:, 3] - boxes[:, 1], digits=1),
    )
    if stage.cells is not None:
        columns = (*columns, *cells.columns(trace, stage.cells))
    return Table(columns, rows, BoxKind.CANDIDATE, sort=2)


def count(trace: Trace) -> int:
    """Every box, whatever its score."""
    return 0 if trace.proposer is None else len(trace.proposer.boxes)


def draw(look: Look) -> BoxesShown:
    """The strongest boxes, the weaker the fainter; those from tiles are dashed."""
    stage = look.trace.proposer
    if stage is None:
        return BoxesShown((), 0)
    shown = look.best(best_first(stage.score))
    groups, total = _groups(stage, shown), count(look.trace)
    head = Entry(text("{n} boxes of {name}", n=counted(groups, total), name=stage.name))
    return BoxesShown(groups, total, (head, *_legend(stage, shown)))


def _groups(stage: Proposed, shown: Ints) -> tuple[Group, ...]:
    """Those of tiles below those from the whole image, the strongest of each on top."""
    whole = stage.tile[shown] == _WHOLE
    parts = (Style.DASH, shown[~whole]), (Style.SOLID, shown[whole])
    return tuple(
        group
        for style, index in parts
        for group in fogged(
            np.asarray(stage.boxes[index], np.float64), index, stage.score[index], SEEN, style
        )
    )


def _legend(stage: Proposed, shown: Ints) -> tuple[Line, ...]:
    lines: list[Line] = [Entry(text("seen in the whole image; the weaker, the fainter"), SEEN)]
    if (stage.tile[shown] != _WHOLE).any():
        lines.append(Entry(text("seen in a tile"), SEEN, Style.DASH))
    return tuple(lines)


def describe(trace: Trace, index: int) -> Words:
    """A box by label and score."""
    stage = trace.proposer
    if stage is None:
        return ""
    name = trace.class_names[int(stage.label[index]) - 1]
    return f"{name} {float(stage.score[index]):.3f}"


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The strongest boxes, above the tiles in grey."""
    stage = scene.trace.proposer
    if stage is None:
        return (Tile(text("no proposer was asked")),)
    shown = best_first(stage.score)[:MOST]
    if not len(shown):
        return (Tile(text("the proposer saw nothing"), _tiles_of(stage)),)
    title = text(
        "{n} boxes of {name}, at most {most} drawn",
        n=count(scene.trace),
        name=stage.name,
        most=MOST,
    )
    marks = (*_tiles_of(stage), *_groups(stage, shown))
    first = Tile(title, marks, _legend(stage, shown))
    return (first,) if stage.cells is None else (first, _starts(stage, stage.cells))


def _starts(stage: Proposed, grid: Cells) -> Tile:
    """From which cells the strongest boxes come."""
    shown = cells.strongest(stage, grid)
    source = grid.source[shown]
    level = [grid.place(int(answer))[0] for answer in source]
    colours = [LEVELS[each % len(LEVELS)] for each in level]
    start = np.asarray(grid.start[source], np.float64)
    ends = np.asarray(stage.boxes[shown], np.float64)
    middle = (start[:, :2] + start[:, 2:]) / 2, (ends[:, :2] + ends[:, 2:]) / 2
    marks: tuple[Mark, ...] = (
        *one_by_one(start, colours, width=1.2, opacity=0.7),
        *one_by_one(ends, colours, width=2.0),
        Pointers(*middle, tuple(colours), 1.5),
    )
    title = text("where the {n} strongest start, and their boxes", n=len(shown))
    return Tile(title, marks, cells.legend(grid))


def _tiles_of(stage: Proposed) -> tuple[Group, ...]:
    if not stage.tiles:
        return ()
    corners = np.array(stage.tiles, np.float64)
    return (Group(corners, np.arange(len(corners)), GREY, Style.DOT, width=1.0),)


def document(trace: Trace) -> dict[str, object]:
    """Who it was and where it looked, and of a one-stage detector how it saw."""
    stage = trace.proposer
    if stage is None:
        return {}
    found: dict[str, object] = {
        "proposer": stage.name,
        "tiles": [list(tile) for tile in stage.tiles],
    }
    if stage.cells is not None:
        found["cells"] = cells.document(trace, stage, stage.cells)
    return found


def details(trace: Trace) -> Details | None:
    """Of a one-stage detector: the cells of its strongest boxes, and how they become boxes."""
    stage = trace.proposer
    if stage is None or stage.cells is None:
        return None
    return cells.details(trace, stage, stage.cells)


STAGE: Final = Stage(
    name="proposer",
    title=text("Proposer"),
    heading=text("Proposer"),
    about=text(
        "Another detector looked at the image, and where tiles are asked for also at overlapping "
        "parts of it. It gives boxes, labels and scores in place of the anchors, the region "
        "proposal network and the box head; the network's own mask head draws the masks. "
        "A detector of one stage reads a grid of cells once: each cell says how likely an object "
        "is there, of which class, and by one regression where its box lies. Nothing looks twice."
    ),
    count=count,
    table=table,
    tiles=tiles,
    shows=("proposer", "cells", "chain"),
    layers=(
        cells.LAYER,
        Layer(
            "proposer",
            text("Boxes of the proposer"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.CANDIDATE,
            describe=describe,
        ),
    ),
    document=document,
    details=details,
)
