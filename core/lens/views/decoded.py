"""Each anchor moved by its deltas, and why most do not become proposals."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.evidence import BoxKind
from core.lens.logits import sigmoid
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
    level,
    levels,
    sides,
)
from core.lens.views.marks import BoxesShown
from core.lens.views.table import Column, Table, Words, text


def count(trace: Trace) -> int:
    """Those inside the top-k."""
    return int((trace.decoded.fate != Fate.BELOW_TOP_K).sum())


def table(trace: Trace) -> Table:
    """The boxes inside the top-k."""
    stage = trace.decoded
    inside = np.flatnonzero(stage.fate != Fate.BELOW_TOP_K)
    columns = (
        Column(text("Anchor"), inside + 1),
        Column(text("Objectness"), sigmoid(trace.rpn.logits[inside]), digits=3),
        fate(stage.fate[inside]),
        by(stage.suppressor, inside),
        level(levels(trace)[inside]),
        *sides(trace, stage.boxes[inside]),
    )
    return Table(columns, inside, BoxKind.DECODED, sort=1)


def draw(look: Look) -> BoxesShown:
    """The strongest boxes inside the top-k, by fate."""
    stage, strength = look.trace.decoded, look.trace.rpn.logits
    return fates_shown(
        look, stage, strength, Fate.BELOW_TOP_K, lambda n: text("{n} decoded boxes", n=n)
    )


def describe(trace: Trace, index: int) -> Words:
    """Objectness and fate of a box."""
    share = float(sigmoid(trace.rpn.logits[index : index + 1])[0])
    own = FATE_WORDS[Fate(int(trace.decoded.fate[index]))]
    return text("{objectness} · {fate}", objectness=f"{share:.3f}", fate=own)


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The strongest of each fate, also of those below the top-k."""
    trace, stage = scene.trace, scene.trace.decoded
    rank = best_first(trace.rpn.logits)
    groups = by_fate(trace, stage.boxes, stage.fate, rank, each=MOST)
    title = text("decoded boxes, at most {most} of a kind", most=MOST)
    return (Tile(title, groups, fate_legend(stage.fate)),)


STAGE: Final = Stage(
    name="decoded",
    title=text("Decoded boxes"),
    heading=text("Decoded boxes and their fates"),
    about=text(
        "Each anchor is moved by its deltas. Then most boxes go: those outside the strongest of "
        "their level (top-k), those that are too small, those that overlap a stronger box of their "
        "level (non-maximum suppression), and those over the limit."
    ),
    count=count,
    table=table,
    tiles=tiles,
    shows=("decoded", "chain"),
    layers=(
        Layer(
            "decoded",
            text("Decoded boxes, fates"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.DECODED,
            describe=describe,
        ),
    ),
    document=lambda trace: fate_document(trace.decoded.fate),
    details=lambda trace: fate_details(trace.decoded.fate),
)
