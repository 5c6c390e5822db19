"""What a stage holds, as columns of a table that can be sorted and filtered without formatting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.lens.chains import fate_text
from core.document.geometry import area
from core.lens.evidence import BoxKind
from core.lens.recompute import sigmoid, softmax
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Fate, Trace
from core.lens.views import VIEWS
from core.lens.views.base import Column, Table


def _tr(text: str) -> str:
    return QCoreApplication.translate("lens", text)


def rows_of(trace: Trace, stage: str) -> Table:
    """The table of a stage, of `STAGES`."""
    if stage in VIEWS:
        return VIEWS[stage].table(trace)
    match stage:
        case "input":
            return _input(trace)
        case "backbone":
            return _maps(trace, BACKBONE_LEVELS, trace.backbone.maps)
        case "pyramid":
            return _maps(trace, PYRAMID_LEVELS, trace.pyramid.maps)
        case "anchors":
            return _anchors(trace)
        case "rpn":
            return _rpn(trace)
        case "decoded":
            return _decoded(trace)
        case "proposals":
            return _proposals(trace)
        case "box_head":
            return _box_head(trace)
        case _:
            return _detections(trace)


def _numbers(count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64)


def _sides(trace: Trace, boxes: NDArray[Any]) -> tuple[Column, Column]:
    """Width and height in pixels of the image."""
    across, down = trace.input.scale
    wide, high = (boxes[:, 2] - boxes[:, 0]) / across, (boxes[:, 3] - boxes[:, 1]) / down
    return Column(_tr("Width"), wide, digits=1), Column(_tr("Height"), high, digits=1)


def _number(count: int) -> Column:
    return Column(_tr("No."), _numbers(count) + 1)


def _input(trace: Trace) -> Table:
    given = trace.input
    sizes = (given.image_size, given.size, given.padded)
    names = (_tr("image"), _tr("resized"), _tr("with padding"))
    places = _numbers(3)
    return Table(
        (
            Column(_tr("Size of"), places, names),
            Column(_tr("Width"), np.array([size[1] for size in sizes])),
            Column(_tr("Height"), np.array([size[0] for size in sizes])),
        ),
        places,
        descending=False,
    )


def _maps(trace: Trace, names: Sequence[str], maps: Sequence[Any]) -> Table:
    places = _numbers(len(maps))
    shapes = np.array([each.shape[-3:] for each in maps]).reshape(-1, 3)
    strides = trace.input.padded[1] // np.maximum(shapes[:, 2], 1)
    return Table(
        (
            Column(_tr("Level"), places, tuple(names[: len(maps)])),
            Column(_tr("Channels"), shapes[:, 0]),
            Column(_tr("Rows"), shapes[:, 1]),
            Column(_tr("Columns"), shapes[:, 2]),
            Column(_tr("Stride"), strides),
        ),
        places,
        descending=False,
    )


def _levels_of(trace: Trace) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(trace.anchors.grids)), trace.anchors.level_counts)


def _anchors(trace: Trace) -> Table:
    anchors, levels = trace.anchors, _levels_of(trace)
    starts = np.concatenate([[0], np.cumsum(anchors.level_counts)])[:-1]
    place = (_numbers(len(levels)) - starts[levels]) // anchors.per_cell
    across = np.array([columns for _, columns in anchors.grids])[levels]
    boxes = anchors.boxes
    ratio = (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0])
    return Table(
        (
            Column(_tr("No."), _numbers(len(levels)) + 1),
            Column(_tr("Level"), levels, PYRAMID_LEVELS),
            Column(_tr("Row"), place // across),
            Column(_tr("Column"), place % across),
            Column(_tr("Ratio"), ratio, digits=2),
            *_sides(trace, boxes),
        ),
        _numbers(len(levels)),
        BoxKind.ANCHOR,
        descending=False,
    )


def _rpn(trace: Trace) -> Table:
    levels, deltas = _levels_of(trace), trace.rpn.deltas
    return Table(
        (
            _number(len(levels)),
            Column(_tr("Objectness"), sigmoid(trace.rpn.logits), digits=3),
            Column(_tr("Level"), levels, PYRAMID_LEVELS),
            Column(_tr("Logit"), trace.rpn.logits, digits=2),
            *(Column(name, deltas[:, k], digits=2) for k, name in enumerate(_DELTAS)),
        ),
        _numbers(len(levels)),
        BoxKind.ANCHOR,
        sort=1,
    )


_DELTAS: Final = ("dx", "dy", "dw", "dh")


def _fates() -> tuple[str, ...]:
    return tuple(fate_text(fate) for fate in Fate)


def _decoded(trace: Trace) -> Table:
    inside = np.flatnonzero(trace.decoded.fate != Fate.BELOW_TOP_K)
    return Table(
        (
            Column(_tr("Anchor"), inside + 1),
            Column(_tr("Objectness"), sigmoid(trace.rpn.logits[inside]), digits=3),
            Column(_tr("Fate"), trace.decoded.fate[inside], _fates()),
            Column(_tr("By"), _by(trace.decoded.suppressor)[inside], optional=True),
            Column(_tr("Level"), _levels_of(trace)[inside], PYRAMID_LEVELS),
            *_sides(trace, trace.decoded.boxes[inside]),
        ),
        inside,
        BoxKind.DECODED,
        sort=1,
    )


def _proposals(trace: Trace) -> Table:
    boxes = trace.proposals.boxes
    across, down = trace.input.scale
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    return Table(
        (
            _number(len(boxes)),
            Column(_tr("Objectness"), trace.proposals.score, digits=3),
            Column(_tr("Pooled"), trace.roi_levels.level, PYRAMID_LEVELS),
            Column(_tr("Side, network px"), side, digits=1),
            *_sides(trace, boxes),
            Column("x", boxes[:, 0] / across, digits=1),
            Column("y", boxes[:, 1] / down, digits=1),
        ),
        _numbers(len(boxes)),
        BoxKind.PROPOSAL,
        sort=1,
    )


def _box_head(trace: Trace) -> Table:
    shares = softmax(trace.box_head.logits)
    best = shares[:, 1:].argmax(axis=1) if len(shares) else _numbers(0)
    top = shares[_numbers(len(shares)), best + 1] if len(shares) else np.zeros(0)
    return Table(
        (
            _number(len(shares)),
            Column(_tr("Best label"), best, trace.class_names),
            Column(_tr("Probability"), top, digits=3),
            Column(_tr("Background"), shares[:, 0], digits=3),
            *_sides(trace, trace.proposals.boxes),
        ),
        _numbers(len(shares)),
        BoxKind.PROPOSAL,
        sort=2,
    )


def _detections(trace: Trace) -> Table:
    stage, masks = trace.detections, trace.mask_logits
    columns = [
        _number(len(stage.label)),
        Column(_tr("Label"), stage.label - 1, trace.class_names),
        Column(_tr("Score"), stage.score, digits=3),
    ]
    if len(masks.level) == len(stage.label):
        outlines = trace.polygons.outlines
        areas = np.array([area(each) if each else 0.0 for each in outlines])
        columns += [
            Column(_tr("Mask from"), masks.level, PYRAMID_LEVELS),
            Column(_tr("Area"), areas),
            Column(_tr("Vertices"), np.array([_vertices(each) for each in outlines], np.int64)),
        ]
    columns.append(Column(_tr("Proposal"), stage.proposal_index + 1))
    columns += _sides(trace, stage.resized_boxes)
    return Table(tuple(columns), _numbers(len(stage.label)), BoxKind.DETECTION, sort=2)


def _vertices(outline: Any) -> int:
    return sum(len(ring) for polygon in outline for ring in (polygon.outer, *polygon.holes))


def _by(suppressor: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Numbers from 1 of those who suppressed; 0 where nobody did."""
    assert suppressor is not None  # the engine looks them up for the lens
    return suppressor + 1
