"""What a stage holds, as columns of a table that can be sorted and filtered without formatting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.lens.chains import fate_text
from core.document.geometry import area
from core.lens.evidence import BoxKind
from core.lens.recompute import sigmoid, softmax
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Fate, Trace

_COMPARED: Final = re.compile(r"^(\w+)(<=|>=|<|>|=)(-?[\d.]+)$")


def _tr(text: str) -> str:
    return QCoreApplication.translate("lens", text)


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one column; with `words` a value is a place in them."""

    title: str
    values: NDArray[Any]
    words: tuple[str, ...] = ()
    digits: int = 0
    optional: bool = False
    """0 stands for nothing."""

    def text(self, row: int) -> str:
        """The cell as a person reads it."""
        value = self.values[row]
        if self.words:
            return self.words[int(value)]
        if self.optional and not value:
            return ""
        return f"{float(value):.{self.digits}f}" if self.digits else f"{int(value):d}"

    def longest(self) -> str:
        """The longest of the title and the cells, or near to it."""
        cells = list(self.words)
        if not cells and len(self.values):
            cells = [self.text(int(np.argmax(self.values))), self.text(int(np.argmin(self.values)))]
        return max([self.title, *cells], key=len)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table. `kind` says what box a row stands for, `index` which one."""

    columns: tuple[Column, ...]
    index: NDArray[np.int64]
    kind: BoxKind | None = None
    sort: int = 0
    """The column to sort by at first; descending."""
    descending: bool = True

    def matching(self, text: str) -> NDArray[np.int64]:
        """Rows that all words of a filter hold for: `score>0.5`, `suppressed`, `person`.

        A comparison names the beginning of a column; any other word is looked for among the words
        of labels, fates and levels.
        """
        holds = np.ones(len(self.index), dtype=np.bool_)
        for word in text.lower().split():
            holds &= self._holds(word)
        return np.flatnonzero(holds)

    def _holds(self, word: str) -> NDArray[np.bool_]:
        compared = _COMPARED.match(word)
        if compared is not None:
            name, sign, number = compared.groups()
            for column in self.columns:
                if column.title.lower().startswith(name) and not column.words:
                    return _compare(column.values, sign, float(number))
        holds = np.zeros(len(self.index), dtype=np.bool_)
        for column in self.columns:
            places = [n for n, each in enumerate(column.words) if word in each.lower()]
            if places:
                holds |= np.isin(column.values, places)
        return holds


def _compare(values: NDArray[Any], sign: str, number: float) -> NDArray[np.bool_]:
    found = {
        "<": values < number,
        ">": values > number,
        "<=": values <= number,
        ">=": values >= number,
        "=": values == number,
    }[sign]
    return np.asarray(found, dtype=np.bool_)


def rows_of(trace: Trace, stage: str) -> Rows:
    """The table of a stage, of `STAGES`."""
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
        case "proposals" | "roi_levels":
            return _proposals(trace)
        case "box_head":
            return _box_head(trace)
        case "candidates":
            return _candidates(trace)
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


def _input(trace: Trace) -> Rows:
    given = trace.input
    sizes = (given.image_size, given.size, given.padded)
    names = (_tr("image"), _tr("resized"), _tr("with padding"))
    places = _numbers(3)
    return Rows(
        (
            Column(_tr("Size of"), places, names),
            Column(_tr("Width"), np.array([size[1] for size in sizes])),
            Column(_tr("Height"), np.array([size[0] for size in sizes])),
        ),
        places,
        descending=False,
    )


def _maps(trace: Trace, names: Sequence[str], maps: Sequence[Any]) -> Rows:
    places = _numbers(len(maps))
    shapes = np.array([each.shape[-3:] for each in maps]).reshape(-1, 3)
    strides = trace.input.padded[1] // np.maximum(shapes[:, 2], 1)
    return Rows(
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


def _anchors(trace: Trace) -> Rows:
    anchors, levels = trace.anchors, _levels_of(trace)
    starts = np.concatenate([[0], np.cumsum(anchors.level_counts)])[:-1]
    place = (_numbers(len(levels)) - starts[levels]) // anchors.per_cell
    across = np.array([columns for _, columns in anchors.grids])[levels]
    boxes = anchors.boxes
    ratio = (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0])
    return Rows(
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


def _rpn(trace: Trace) -> Rows:
    levels, deltas = _levels_of(trace), trace.rpn.deltas
    return Rows(
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


def _decoded(trace: Trace) -> Rows:
    inside = np.flatnonzero(trace.decoded.fate != Fate.BELOW_TOP_K)
    return Rows(
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


def _proposals(trace: Trace) -> Rows:
    boxes = trace.proposals.boxes
    across, down = trace.input.scale
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    return Rows(
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


def _box_head(trace: Trace) -> Rows:
    shares = softmax(trace.box_head.logits)
    best = shares[:, 1:].argmax(axis=1) if len(shares) else _numbers(0)
    top = shares[_numbers(len(shares)), best + 1] if len(shares) else np.zeros(0)
    return Rows(
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


def _candidates(trace: Trace) -> Rows:
    stage = trace.candidates
    return Rows(
        (
            _number(len(stage.boxes)),
            Column(_tr("Label"), stage.label - 1, trace.class_names),
            Column(_tr("Score"), stage.score, digits=3),
            Column(_tr("Fate"), stage.fate, _fates()),
            Column(_tr("By"), _by(stage.suppressor), optional=True),
            Column(_tr("Proposal"), stage.proposal_index + 1),
            *_sides(trace, stage.boxes),
        ),
        _numbers(len(stage.boxes)),
        BoxKind.CANDIDATE,
        sort=2,
    )


def _detections(trace: Trace) -> Rows:
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
    return Rows(tuple(columns), _numbers(len(stage.label)), BoxKind.DETECTION, sort=2)


def _vertices(outline: Any) -> int:
    return sum(len(ring) for polygon in outline for ring in (polygon.outer, *polygon.holes))


def _by(suppressor: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Numbers from 1 of those who suppressed; 0 where nobody did."""
    assert suppressor is not None  # the engine looks them up for the lens
    return suppressor + 1
