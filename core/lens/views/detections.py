"""What survives the last suppression."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from core.document.geometry import area
from core.lens.colours import DETECTION, distinct
from core.lens.evidence import BoxKind
from core.lens.lineage import ProposedLineage, in_words, lineage
from core.lens.trace import PYRAMID_LEVELS, Trace
from core.lens.views.base import Details, Fold, Layer, Look, Scene, Stage, Tile
from core.lens.views.common import counted, fogged, number, one_by_one, sides
from core.lens.views.marks import BoxesShown, Entry, Label
from core.lens.views.table import Column, Table, Words, text
from core.sentences import english

NAMED: Final = 60
"""Detections with a name in a picture on paper."""
FOLDS: Final = 30
"""Detections whose lineage stands on the page."""


def table(trace: Trace) -> Table:
    """Each detection, with its mask when that is here."""
    stage, masks = trace.detections, trace.mask_logits
    columns = [
        number(len(stage.label)),
        Column(text("Label"), stage.label - 1, trace.class_names),
        Column(text("Score"), stage.score, digits=3),
    ]
    if len(masks.level) == len(stage.label):
        outlines = trace.polygons.outlines
        areas = np.array([area(each) if each else 0.0 for each in outlines])
        columns += [
            Column(text("Mask from"), masks.level, PYRAMID_LEVELS),
            Column(text("Area"), areas),
            Column(text("Vertices"), np.array([_vertices(each) for each in outlines], np.int64)),
        ]
    columns.append(Column(text("Proposal"), stage.proposal_index + 1))
    columns += sides(trace, stage.resized_boxes)
    return Table(tuple(columns), np.arange(len(stage.label)), BoxKind.DETECTION, sort=2)


def _vertices(outline: Any) -> int:
    return sum(len(ring) for polygon in outline for ring in polygon.rings)


def draw(look: Look) -> BoxesShown:
    """The boxes of the detections, the weaker the fainter."""
    stage = look.trace.detections
    index = look.best(np.arange(len(stage.boxes)))
    corners = np.asarray(stage.boxes[index], np.float64)
    groups = fogged(corners, index, stage.score[index], DETECTION)
    n = counted(groups, len(stage.boxes))
    line = Entry(text("{n} detections; the weaker, the fainter", n=n), DETECTION)
    return BoxesShown(groups, len(stage.boxes), (line,))


def describe(trace: Trace, index: int) -> Words:
    """Number, label and score."""
    score = float(trace.detections.score[index])
    return f"{index + 1} · {name_of(trace, index)} {score:.3f}"


def name_of(trace: Trace, index: int) -> str:
    """The label of a detection."""
    return trace.class_names[int(trace.detections.label[index]) - 1]


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """Each in a colour of its own."""
    trace, stage = scene.trace, scene.trace.detections
    if not len(stage.boxes):
        return (Tile(text("there are no detections")),)
    colours = [distinct(index) for index in range(len(stage.boxes))]
    labels = [
        Label(
            stage.boxes[index, 0],
            stage.boxes[index, 1],
            f"{index + 1} {name_of(trace, index)} {stage.score[index]:.2f}",
            colours[index],
        )
        for index in reversed(range(min(NAMED, len(stage.boxes))))
    ]
    title = text("{n} detections: number, class and score", n=len(stage.boxes))
    return (Tile(title, [*one_by_one(stage.boxes, colours, width=2), *labels]),)


def document(trace: Trace) -> dict[str, object]:
    """Each detection with what it comes from."""
    rows: list[dict[str, object]] = []
    for index in range(len(trace.detections.boxes)):
        one = lineage(trace, index)
        same: dict[str, object] = {
            "label": one.label_name,
            "score": round(one.score, 6),
            "box": [round(value, 3) for value in one.image_box],
            "mask_level": one.mask_level,
        }
        if isinstance(one, ProposedLineage):
            rows.append({**same, "proposer_box": one.candidate, "tile": one.tile})
            continue
        rows.append(
            {
                **same,
                "proposal": one.proposal,
                "anchor": one.anchor,
                "anchor_level": one.level,
                "row": one.cell.row,
                "column": one.cell.column,
                "shape": one.cell.shape,
                "box_level": one.box_level,
            }
        )
    return {"detections": rows}


def details(trace: Trace) -> Details:
    """The way of each detection, from the anchor to the mask."""
    folds, total = [], len(trace.detections.boxes)
    for index in range(min(total, FOLDS)):
        one = lineage(trace, index)
        said = in_words(one, trace.roi_levels.canonical_size)
        if isinstance(one, ProposedLineage):
            way = f"box {one.candidate + 1} of {one.proposer}"
        else:
            way = f"proposal {one.proposal + 1} ← anchor {one.anchor} on {one.level}"
        words = " ".join(english(sentence) for sentence in said)
        folds.append(Fold(index + 1, one.label_name, f"{one.score:.3f}", way, words))
    remark = f"The other {total - FOLDS} stand in the files." if total > FOLDS else ""
    return Details(folds=folds, remark=remark if folds else "There are none.")


STAGE: Final = Stage(
    name="detections",
    title=text("Detections"),
    heading=text("Detections"),
    about=text(
        "What survives, in pixels of the image. One proposal can become several detections, of "
        "different classes."
    ),
    count=lambda trace: len(trace.detections.boxes),
    table=table,
    tiles=tiles,
    shows=("detections", "chain", "moved"),
    layers=(
        Layer(
            "detections",
            text("Detections"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.DETECTION,
            describe=describe,
        ),
    ),
    document=document,
    details=details,
)
