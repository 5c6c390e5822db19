"""Each proposal as each class, and what the last suppression made of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.evidence import BoxKind
from core.lens.trace import Fate, Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.common import (
    FATE_WORDS,
    MOST,
    best_first,
    by,
    by_fate,
    fate,
    fate_details,
    fate_document,
    fate_legend,
    fates_shown,
    number,
    sides,
)
from core.lens.views.marks import BoxesShown
from core.lens.views.table import Column, Table, Words, text


def count(trace: Trace) -> int:
    """Those above the score."""
    return int((trace.candidates.fate != Fate.LOW_SCORE).sum())


def table(trace: Trace) -> Table:
    """All candidates, also those below the score."""
    stage, rows = trace.candidates, np.arange(len(trace.candidates.boxes))
    columns = (
        number(len(rows)),
        Column(text("Label"), stage.label - 1, trace.class_names),
        Column(text("Score"), stage.score, digits=3),
        fate(stage.fate),
        by(stage.suppressor, rows),
        Column(text("Proposal"), stage.proposal_index + 1),
        *sides(trace, stage.boxes),
    )
    return Table(columns, rows, BoxKind.CANDIDATE, sort=2)


def draw(look: Look) -> BoxesShown:
    """Candidates above the score by fate, the likeliest first."""
    stage = look.trace.candidates
    return fates_shown(
        look, stage, stage.score, Fate.LOW_SCORE, lambda n: text("{n} candidates", n=n)
    )


def describe(trace: Trace, index: int) -> Words:
    """A candidate by label, score and fate."""
    stage = trace.candidates
    return text(
        "{label} {score} · {fate}",
        label=trace.class_names[int(stage.label[index]) - 1],
        score=f"{float(stage.score[index]):.3f}",
        fate=FATE_WORDS[Fate(int(stage.fate[index]))],
    )


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The likeliest of each fate."""
    trace, stage = scene.trace, scene.trace.candidates
    rank = best_first(stage.score, stage.fate != Fate.LOW_SCORE)
    if not len(rank):
        return (Tile(text("there are no candidates")),)
    groups = by_fate(trace, stage.boxes, stage.fate, rank, each=MOST)
    title = text("candidates, at most {most} of a kind", most=MOST)
    return (Tile(title, groups, fate_legend(stage.fate, without=Fate.LOW_SCORE)),)


STAGE: Final = Stage(
    name="candidates",
    title=text("Candidates"),
    heading=text("Candidates and the last suppression"),
    about=text(
        "Each proposal stands as a candidate for each class. Those with a low probability go "
        "first; of the rest, a candidate that overlaps a stronger one of the same class goes; and "
        "at the end those over the limit of detections."
    ),
    count=count,
    table=table,
    tiles=tiles,
    shows=("candidates", "chain"),
    layers=(
        Layer(
            "candidates",
            text("Candidates, last NMS"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.CANDIDATE,
            describe=describe,
        ),
    ),
    document=lambda trace: fate_document(trace.candidates.fate),
    details=lambda trace: fate_details(trace.candidates.fate),
)
