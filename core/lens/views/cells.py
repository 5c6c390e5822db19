"""The cells of a one-stage detector: where each box starts, and how one regression makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.cells import Cells
from core.lens.colours import FATE_STYLES, FATES, LEVELS, Style
from core.lens.evidence import BoxKind
from core.lens.trace import Fate, Proposed, Trace
from core.lens.views.base import Details, Layer, Look
from core.lens.views.common import FATE_WORDS, GREY
from core.lens.views.marks import Boxes, CellSeen, CellsShown, Entry, Line
from core.lens.views.table import Column, Text, Words, text

ROWS: Final = 20
"""Answers that JSON and the page tell of."""
_MOST: Final = log(1000 / 16)
"""Sides of anchors grow by no more than this exponent (torchvision)."""
Values = NDArray[np.float64]


def _sides(start: Boxes) -> tuple[Values, Values]:
    return start[:, 2:] - start[:, :2], (start[:, :2] + start[:, 2:]) / 2


def _around(middle: Values, side: Values) -> Boxes:
    return np.concatenate([middle - side / 2, middle + side / 2], axis=1)


def _from_corner(start: Boxes, raw: Values) -> Boxes:
    side, _ = _sides(start)
    return _around(start[:, :2] + raw[:, :2] * side, np.exp(raw[:, 2:]) * side)


def _distances(start: Boxes, raw: Values) -> Boxes:
    side, middle = _sides(start)
    return np.concatenate([middle - raw[:, :2] * side, middle + raw[:, 2:] * side], axis=1)


def _deltas(middle_unit: float, side_unit: float) -> Callable[[Boxes, Values], Boxes]:
    def decode(start: Boxes, raw: Values) -> Boxes:
        side, middle = _sides(start)
        grown = np.exp(np.minimum(raw[:, 2:] / side_unit, _MOST))
        return _around(middle + raw[:, :2] / middle_unit * side, grown * side)

    return decode


@dataclass(frozen=True, slots=True)
class System:
    """How one kind of detector reads its cells."""

    names: tuple[str, str, str, str]
    """The four numbers."""
    decode: Callable[[Boxes, Values], Boxes]
    """Starts and numbers, N×4 each, to boxes in the frame of the starts."""
    score: Callable[[Any, Any], Any]
    """Of the likelihood of the class and what the detector has beside it."""
    start: Text
    formula: Text
    scored: Text
    inside: Text | None = None
    """What it has beside the classes."""


_ANCHOR: Final = text("each box starts from an anchor of its cell")
_ALONE: Final = text("score = probability of the class")
SYSTEMS: Final[Mapping[str, System]] = MappingProxyType(
    {
        "yolox": System(
            ("dx", "dy", "log w", "log h"),
            _from_corner,
            lambda probability, inside: probability * inside,
            text("no anchors: each box starts from the upper left corner of its cell"),
            text("centre = corner + (dx, dy) × stride; sides = exp(log w, log h) × stride"),
            text("score = objectness × probability of the class"),
            text("Objectness"),
        ),
        "fcos": System(
            ("left", "top", "right", "bottom"),
            _distances,
            lambda probability, inside: np.sqrt(probability * inside),
            text("no anchors: each box starts from the centre of its cell"),
            text("each edge lies its number × stride from the centre"),
            text("score = √(centre-ness × probability of the class)"),
            text("Centre-ness"),
        ),
        "retinanet": System(
            ("dx", "dy", "dw", "dh"),
            _deltas(1, 1),
            lambda probability, _inside: probability,
            _ANCHOR,
            text("centre = that of the anchor + (dx, dy) × its sides; sides = its × exp(dw, dh)"),
            _ALONE,
        ),
        "ssd": System(
            ("dx", "dy", "dw", "dh"),
            _deltas(10, 5),
            lambda probability, _inside: probability,
            _ANCHOR,
            text(
                "centre = that of the anchor + (dx, dy) / 10 × its sides; "
                "sides = its × exp((dw, dh) / 5)"
            ),
            _ALONE,
        ),
    }
)
"""By the names that `Cells.system` has."""


def decoded(cells: Cells, which: NDArray[np.int64]) -> Boxes:
    """The boxes of some answers in pixels of the image, not cut at its border."""
    start = np.asarray(cells.start[which], np.float64)
    return SYSTEMS[cells.system].decode(start, np.asarray(cells.raw[which], np.float64))


def scores(cells: Cells) -> NDArray[np.float32]:
    """The score of the likeliest class of each answer."""
    inside = cells.inside if len(cells.inside) else np.float32(1)
    found: NDArray[np.float32] = SYSTEMS[cells.system].score(cells.probability, inside)
    return found


def strongest_box(stage: Proposed, cells: Cells) -> NDArray[np.int64]:
    """For each answer its strongest box among the proposer's, or -1 where it gave none."""
    found = np.full(len(cells.start), -1, np.int64)
    order = np.argsort(stage.score, kind="stable")
    order = order[cells.source[order] >= 0]
    found[cells.source[order]] = order
    return found


# Words


def fate_words(trace: Trace, number: int) -> Words:
    """What became of a box of the proposer; -1 for an answer that gave none."""
    if number < 0:
        return text("too weak: the detector did not hand it on")
    stage = trace.candidates
    fate = Fate(int(stage.fate[number]))
    by = -1 if stage.suppressor is None else int(stage.suppressor[number])
    if fate is Fate.SUPPRESSED and by >= 0:
        return text("suppressed by box {n}", n=str(by + 1))
    if fate is Fate.LOW_SCORE:
        return text("low score: not above {limit}", limit=f"{trace.settings.score:g}")
    return FATE_WORDS[fate]


def _said(trace: Trace, cells: Cells, answer: int, number: int) -> tuple[Words, ...]:
    level, row, column, _ = cells.place(answer)
    system = SYSTEMS[cells.system]
    pairs = zip(system.names, cells.raw[answer].tolist(), strict=True)
    value = float(scores_of(cells, answer))
    name = trace.class_names[int(cells.label[answer]) - 1]
    likely = text("{name} {value}", name=name, value=f"{cells.probability[answer]:.3f}")
    lines: list[Words] = [
        text(
            "stride {stride}, row {row}, column {column}",
            stride=str(cells.levels[level].stride),
            row=str(row + 1),
            column=str(column + 1),
        ),
        " · ".join(f"{name} {value:.2f}" for name, value in pairs),
    ]
    if system.inside is not None:
        inside = f"{cells.inside[answer]:.3f}"
        likely = text("{what} {value}, {likely}", what=system.inside, value=inside, likely=likely)
    lines.append(text("{likely}: score {value}", likely=likely, value=f"{value:.3f}"))
    lines.append(fate_words(trace, number))
    return tuple(lines)


def scores_of(cells: Cells, answer: int) -> float:
    """The score of one answer."""
    inside = cells.inside[answer] if len(cells.inside) else 1.0
    return float(SYSTEMS[cells.system].score(float(cells.probability[answer]), float(inside)))


def legend(cells: Cells) -> tuple[Line, ...]:
    """How boxes are made of cells, and the grid of each level."""
    system = SYSTEMS[cells.system]
    lines = [
        Entry(
            text(
                "stride {stride}: {columns} × {rows} cells, boxes of each: {n}",
                stride=str(level.stride),
                columns=str(level.columns),
                rows=str(level.rows),
                n=level.per_cell,
            ),
            LEVELS[number % len(LEVELS)],
            filled=True,
        )
        for number, level in enumerate(cells.levels)
    ]
    return (*lines, Entry(system.start), Entry(system.formula), Entry(system.scored))


# On the canvas


def draw(look: Look) -> CellsShown:
    """What the cells under the pointer say, the level with the strongest answer first."""
    trace, stage = look.trace, look.trace.proposer
    if stage is None or stage.cells is None:
        name = "" if stage is None else stage.name
        said = text("{name} does not say from which cells its boxes are", name=name)
        return CellsShown((), lambda _x, _y: (), lambda _number: None, (Entry(said),))
    cells, boxes = stage.cells, strongest_box(stage, stage.cells)

    def seen(answer: int, number: int) -> CellSeen:
        return _seen(trace, cells, answer, number)

    def at(x: float, y: float) -> tuple[CellSeen, ...]:
        found = []
        for level in range(len(cells.levels)):
            place = cells.at(level, x, y)
            if place is not None:
                answer = max(cells.answers(level, *place), key=lambda n: scores_of(cells, n))
                found.append(seen(answer, int(boxes[answer])))
        return tuple(sorted(found, key=lambda each: -each.score))

    def of(number: int) -> CellSeen | None:
        answer = int(cells.source[number])
        return None if answer < 0 else seen(answer, number)

    head = Entry(text("point at a place: its cell on each level, where the box starts, the box"))
    return CellsShown(cells.levels, at, of, (head, *legend(cells)))


def _seen(trace: Trace, cells: Cells, answer: int, number: int) -> CellSeen:
    level, row, column, _ = cells.place(answer)
    own = cells.levels[level]
    x, y = own.first[0] + (column - 0.5) * own.step[0], own.first[1] + (row - 0.5) * own.step[1]
    one = np.array([answer])
    fate = Fate(int(trace.candidates.fate[number])) if number >= 0 else None
    return CellSeen(
        level=level,
        cell=(x, y, x + own.step[0], y + own.step[1]),
        start=_tuple(cells.start[answer]),
        box=_tuple(decoded(cells, one)[0]),
        number=number,
        score=scores_of(cells, answer),
        colour=LEVELS[level % len(LEVELS)],
        fate=GREY if fate is None else FATES[fate],
        style=Style.DOT if fate is None else FATE_STYLES[fate],
        lines=_said(trace, cells, answer, number),
    )


def _tuple(box: NDArray[Any]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return x0, y0, x1, y1


LAYER: Final = Layer(
    "cells",
    text("Cells"),
    CellsShown,
    draw,
    frozenset({"options"}),
    kind=BoxKind.CANDIDATE,
    rank=1,
)


# In tables and files


def columns(trace: Trace, cells: Cells) -> tuple[Column, ...]:
    """Of each box of the proposer: cell, numbers, likelihoods and fate; nothing in a tile."""
    system, source = SYSTEMS[cells.system], cells.source
    known = source >= 0
    places = np.array([cells.place(int(n)) if n >= 0 else (-1, -1, -1, -1) for n in source])
    places = places.reshape(-1, 4)
    strides = np.array([0, *(level.stride for level in cells.levels)])

    def of(values: NDArray[Any]) -> NDArray[Any]:
        return np.where(known, values[source], 0)

    found = [
        Column(text("Stride"), strides[places[:, 0] + 1], optional=True),
        Column(text("Row"), places[:, 1] + 1, optional=True),
        Column(text("Column"), places[:, 2] + 1, optional=True),
        *(
            Column(name, of(cells.raw[:, n]), digits=2, optional=True)
            for n, name in enumerate(system.names)
        ),
    ]
    if system.inside is not None:
        found.append(Column(system.inside, of(cells.inside), digits=3, optional=True))
    stage = trace.candidates
    found.append(Column(text("Fate"), stage.fate, tuple(FATE_WORDS[each] for each in Fate)))
    if stage.suppressor is not None:
        found.append(Column(text("By"), stage.suppressor + 1, optional=True))
    return tuple(found)


def document(trace: Trace, stage: Proposed, cells: Cells) -> dict[str, object]:
    """Grids, the formula, and where the strongest boxes come from; indices count from 0."""
    system = SYSTEMS[cells.system]
    return {
        "system": cells.system,
        "order": "level, row, column, shape",
        "levels": [
            {
                "stride": level.stride,
                "rows_columns": [level.rows, level.columns],
                "per_cell": level.per_cell,
                "step": [round(each, 4) for each in level.step],
                "first": [round(each, 4) for each in level.first],
            }
            for level in cells.levels
        ],
        "start": str(system.start),
        "formula": str(system.formula),
        "score": str(system.scored),
        "strongest": [
            _row(trace, stage, cells, number) for number in strongest(stage, cells).tolist()
        ],
    }


def strongest(stage: Proposed, cells: Cells) -> NDArray[np.int64]:
    """The numbers of the strongest boxes from cells, best first."""
    order: NDArray[np.int64] = np.argsort(-stage.score, kind="stable")
    found: NDArray[np.int64] = order[cells.source[order] >= 0][:ROWS]
    return found


def _row(trace: Trace, stage: Proposed, cells: Cells, number: int) -> dict[str, object]:
    answer = int(cells.source[number])
    level, row, column, shape = cells.place(answer)
    candidates, system = trace.candidates, SYSTEMS[cells.system]
    by = -1 if candidates.suppressor is None else int(candidates.suppressor[number])
    names = zip(system.names, cells.raw[answer].tolist(), strict=True)
    box = decoded(cells, np.array([answer]))[0]
    return {
        "index": number,
        "level": level,
        "row": row,
        "column": column,
        "shape": shape,
        "start": [round(value, 3) for value in cells.start[answer].tolist()],
        "raw": {name: round(value, 5) for name, value in names},
        "inside": round(float(cells.inside[answer]), 6) if len(cells.inside) else None,
        "label": trace.class_names[int(stage.label[number]) - 1],
        "score": round(float(stage.score[number]), 6),
        "box": [round(value, 3) for value in box.tolist()],
        "fate": Fate(int(candidates.fate[number])).name.lower(),
        "suppressed_by": by if by >= 0 else None,
    }


def details(trace: Trace, stage: Proposed, cells: Cells) -> Details:
    """The strongest boxes with their cells, and the formula."""
    system, rows = SYSTEMS[cells.system], list[tuple[str, ...]]()
    for number in strongest(stage, cells).tolist():
        answer = int(cells.source[number])
        level, row, column, _ = cells.place(answer)
        raw = tuple(f"{value:.2f}" for value in cells.raw[answer].tolist())
        name = trace.class_names[int(stage.label[number]) - 1]
        box = ", ".join(f"{v:.0f}" for v in decoded(cells, np.array([answer]))[0].tolist())
        place = (str(cells.levels[level].stride), str(row + 1), str(column + 1))
        score = f"{float(stage.score[number]):.3f}"
        said = str(fate_words(trace, number))
        rows.append((str(number + 1), *place, *raw, name, score, box, said))
    head = ("no.", "stride", "row", "column", *system.names, "label", "score", "box", "fate")
    remark = "; ".join((str(system.start), str(system.formula), str(system.scored)))
    return Details(head, rows, remark=f"{remark[0].upper()}{remark[1:]}.")
