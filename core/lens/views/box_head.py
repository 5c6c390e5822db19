"""What the box head calls each proposal, and how it moves it."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens.colours import DETECTION, PROPOSAL, Style, distinct
from core.lens.evidence import BoxKind
from core.lens.items import Item, box_of, chain_of
from core.lens.logits import softmax
from core.lens.trace import Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile, in_image
from core.lens.views.common import GREY, best_first, number, one_by_one, sides
from core.lens.views.marks import ArrowsShown, BarsShown, Boxes, Entry, Group, Label, Mark, Pointers
from core.lens.views.table import Column, Table, text

ARROWS: Final = 40
"""Detections whose refinement is shown while nothing is chosen: more would hide each other."""
SUREST: Final = 60
"""Proposals in the picture on paper."""


def table(trace: Trace) -> Table:
    """The likeliest label of each proposal."""
    shares = softmax(trace.box_head.logits)
    rows = np.arange(len(shares))
    best = shares[:, 1:].argmax(axis=1) if len(shares) else rows
    top = shares[rows, best + 1] if len(shares) else np.zeros(0)
    columns = (
        number(len(shares)),
        Column(text("Best label"), best, trace.class_names),
        Column(text("Probability"), top, digits=3),
        Column(text("Background"), shares[:, 0], digits=3),
        *sides(trace, trace.proposals.boxes),
    )
    return Table(columns, rows, BoxKind.PROPOSAL, sort=2)


def draw_bars(look: Look) -> BarsShown | None:
    """The class probabilities of the proposal in focus."""
    proposal = look.focused().proposal
    if proposal is None:
        return None
    box = box_of(look.trace, Item(BoxKind.PROPOSAL, proposal))
    return BarsShown(box, bars(look.trace, proposal))


def bars(trace: Trace, proposal: int) -> tuple[tuple[str, float], ...]:
    """Class names and probabilities of a proposal, the likeliest first."""
    shares = softmax(trace.box_head.logits[proposal][None])[0]
    names = ("background", *trace.class_names)
    return tuple((names[each], float(shares[each])) for each in best_first(shares).tolist())


def draw_arrows(look: Look) -> ArrowsShown:
    """Boxes before and after: of the chosen one, or of the strongest detections."""
    trace = look.trace
    row = None if look.chosen is None else chain_of(trace, look.chosen).candidate
    rows = trace.detections.candidate_index[:ARROWS] if row is None else np.array([row])
    before = trace.proposals.boxes[trace.candidates.proposal_index[rows]]
    lines = (
        Entry(text("proposal"), PROPOSAL, Style.DASH),
        Entry(text("refined by the box head"), DETECTION),
    )
    after = in_image(trace, trace.candidates.boxes[rows])
    return ArrowsShown(in_image(trace, before), after, lines)


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The surest proposals and what becomes of them."""
    trace, names = scene.trace, scene.trace.class_names
    probability = softmax(trace.box_head.logits)[:, 1:]
    title = text("each proposal (grey) and the box of its most probable class")
    if not probability.size:
        return (Tile(text("{title}: there are no proposals", title=title)),)
    best, strength = probability.argmax(axis=1), probability.max(axis=1)
    shown = best_first(strength)[:SUREST]
    before = in_image(trace, trace.proposals.boxes[shown])
    after = in_image(trace, trace.candidates.boxes[shown * len(names) + best[shown]])
    colours = tuple(distinct(int(label)) for label in best[shown])
    marks: list[Mark] = [
        Group(before, shown, GREY, width=1, opacity=0.7),
        *one_by_one(after, colours, width=1.8),
        Pointers(_centres(before), _centres(after), colours),
    ]
    for row, index in reversed(list(enumerate(shown[:12]))):
        words = f"{names[int(best[index])]} {strength[index]:.2f}"
        marks.append(Label(after[row, 0], after[row, 1], words, colours[row]))
    used = [int(label) for label in np.unique(best[shown])[:8]]
    keys = [Entry(text("proposal"), GREY), *(Entry(names[n], distinct(n)) for n in used)]
    return (Tile(text("{title}: the {n} surest", title=title, n=SUREST), marks, keys),)


def _centres(boxes: Boxes) -> Boxes:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)


STAGE: Final = Stage(
    name="box_head",
    title=text("Box head"),
    heading=text("Box head"),
    about=text(
        "From the 7 by 7 cells two layers decide what the proposal is, one probability for each "
        "class and one for the background, and refine the box for each class."
    ),
    count=lambda trace: len(trace.box_head.logits),
    table=table,
    tiles=tiles,
    shows=("bars", "arrows"),
    layers=(
        Layer("bars", text("Class scores"), BarsShown, draw_bars, frozenset({"chosen"}), rank=1),
        Layer(
            "arrows",
            text("Box refinement"),
            ArrowsShown,
            draw_arrows,
            frozenset({"chosen"}),
            rank=1,
        ),
    ),
)
