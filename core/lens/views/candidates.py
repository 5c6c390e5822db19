"""Each proposal as each class, and what the last suppression made of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.evidence import BoxKind
from core.lens.trace import Fate, Trace
from core.lens.views.base import (
    BoxesView,
    Column,
    Entry,
    Ints,
    Part,
    Stage,
    Table,
    Tile,
    Words,
    text,
)
from core.lens.views.common import (
    FATE_WORDS,
    MOST,
    by,
    by_fate,
    fate,
    fate_counts,
    fate_legend,
    fate_table,
    number,
    of_total,
    painted,
    sides,
)


def table(trace: Trace) -> Table:
    """All candidates, also those below the score."""
    stage = trace.candidates
    columns = (
        number(len(stage.boxes)),
        Column(text("Label"), stage.label - 1, trace.class_names),
        Column(text("Score"), stage.score, digits=3),
        fate(stage.fate),
        by(stage.suppressor),
        Column(text("Proposal"), stage.proposal_index + 1),
        *sides(trace, stage.boxes),
    )
    return Table(columns, np.arange(len(stage.boxes)), BoxKind.CANDIDATE, sort=2)


def count(trace: Trace) -> int:
    """Those above the score."""
    return int((trace.candidates.fate != Fate.LOW_SCORE).sum())


def boxes(trace: Trace, part: Part) -> BoxesView:
    """Candidates above the score by fate, the likeliest first."""
    stage = trace.candidates
    groups = by_fate(trace, stage.boxes, stage.fate, part.of(_ranked(trace)))
    total = count(trace)
    head = Entry(text("{n} candidates", n=of_total(painted(groups), total)))
    return BoxesView(groups, total, (head, *fate_legend(stage.fate, Fate.LOW_SCORE)))


def _ranked(trace: Trace) -> Ints:
    inside = np.flatnonzero(trace.candidates.fate != Fate.LOW_SCORE)
    return inside[np.argsort(-trace.candidates.score[inside], kind="stable")]


def describe(trace: Trace, index: int) -> Words:
    """A candidate by label, score and fate."""
    stage = trace.candidates
    return text(
        "{label} {score} · {fate}",
        label=trace.class_names[int(stage.label[index]) - 1],
        score=f"{float(stage.score[index]):.3f}",
        fate=FATE_WORDS[Fate(int(stage.fate[index]))],
    )


def tiles(trace: Trace) -> tuple[Tile, ...]:
    """The likeliest of each fate."""
    stage = trace.candidates
    shown = _ranked(trace)
    if not len(shown):
        return (Tile(text("there are no candidates"), ()),)
    groups = by_fate(trace, stage.boxes, stage.fate, shown, each=MOST)
    title = text("candidates, at most {most} of a kind", most=MOST)
    return (Tile(title, groups, fate_legend(stage.fate, Fate.LOW_SCORE)),)


def document(trace: Trace) -> dict[str, object]:
    """How many candidates there are of each fate."""
    counts = fate_counts(trace.candidates.fate).items()
    return {"fates": {kind.name.lower(): n for kind, n in counts}}


STAGE: Final = Stage(
    name="candidates",
    title=text("Candidates"),
    heading=text("Candidates and the last suppression"),
    about=text(
        "Each proposal stands as a candidate for each class. Those with a low probability go "
        "first; of the rest, a candidate that overlaps a stronger one of the same class goes; and "
        "at the end those over the limit of detections."
    ),
    kind=BoxKind.CANDIDATE,
    count=count,
    table=table,
    boxes=boxes,
    describe=describe,
    tiles=tiles,
    document=document,
    details=lambda trace: fate_table(trace.candidates.fate),
)
