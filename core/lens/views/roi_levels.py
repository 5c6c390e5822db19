"""From which level of the pyramid each proposal is pooled, and where RoIAlign reads it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.colours import ANCHOR, LEVELS, STYLES, Style
from core.lens.evidence import BoxKind
from core.lens.sampling import axis_weights, sample_points
from core.lens.trace import PYRAMID_LEVELS, Trace
from core.lens.views import proposals
from core.lens.views.base import Layer, Look, Scene, Stage, Tile, in_image
from core.lens.views.common import MOST, one_level
from core.lens.views.marks import BoxesShown, Drawing, Entry, Group, Line, Pending, SamplingShown
from core.lens.views.table import Text, Words, text

RULE: Final = text("level by the root of the area, in network pixels")
POOLS: Final = {
    "roialign": text("RoIAlign"),
    "roipool": text("RoIPool"),
    "roiwarp": text("RoIWarp"),
    "crop": text("crop and resize"),
}
MASK_BINS: Final = 14
"""Cells across and down for the mask head; the box head has 7."""


def draw(look: Look) -> BoxesShown:
    """The proposals in the colour of their level."""
    trace = look.trace
    shown = look.best(np.arange(len(trace.proposals.boxes)))
    return BoxesShown(_groups(trace, shown), len(trace.proposals.boxes), legend(trace))


def _groups(trace: Trace, shown: NDArray[Any]) -> tuple[Group, ...]:
    level = trace.roi_levels.level[shown]
    groups = []
    for place in range(len(trace.roi_levels.scales)):
        index = shown[level == place]
        if len(index):
            corners = in_image(trace, trace.proposals.boxes[index])
            groups.append(Group(corners, index, LEVELS[place], STYLES[place], opacity=0.8))
    return tuple(groups)


def legend(trace: Trace) -> tuple[Line, ...]:
    """Between which sides a level is read, and how many proposals are."""
    counts, only = _counts(trace), one_level(trace)
    entries = [
        Entry(
            text("{level}, {rule}: {n}", level=name, rule=rule, n=counts[name]),
            LEVELS[place],
            STYLES[place],
        )
        for place, (name, rule) in enumerate(zip(PYRAMID_LEVELS, _rules(trace), strict=False))
        if only in (None, place)
    ]
    return (Entry(RULE), *entries)


def _rules(trace: Trace) -> list[Text]:
    """In words, where the levels begin and end: a box of the canonical size is read from P4."""
    stage, rules = trace.roi_levels, list[Text]()
    last = len(stage.scales) - 1
    if one_level(trace) is not None:
        return [text("all proposals")] * len(stage.scales)
    # To the nearest level instead of down: the limits lie half a level lower.
    shift = 0.5 if trace.settings.roi_level == "round" else 0.0
    for level in range(last + 1):
        low, high = (f"{stage.canonical_size * 2.0 ** (level - n - shift):.5g}" for n in (2, 1))
        if level == 0:
            rules.append(text("below {high}", high=high))
        elif level == last:
            rules.append(text("from {low}", low=low))
        else:
            rules.append(text("{low} to {high}", low=low, high=high))
    return rules


def _counts(trace: Trace) -> dict[str, int]:
    stage = trace.roi_levels
    counts = np.bincount(stage.level, minlength=len(stage.scales)).tolist()
    return dict(zip(PYRAMID_LEVELS, counts, strict=False))


def describe(trace: Trace, index: int) -> Words:
    """A proposal by its level, its sides and the root of its area in network pixels."""
    x0, y0, x1, y1 = trace.proposals.boxes[index].tolist()
    side = float(np.sqrt(max((x1 - x0) * (y1 - y0), 0.0)))
    level = PYRAMID_LEVELS[int(trace.roi_levels.level[index])]
    return f"{index + 1} · {level} · {x1 - x0:.0f} × {y1 - y0:.0f} → √ {side:.0f}"


# Where RoIAlign reads


def draw_sampling(look: Look) -> Drawing | None:
    """The points of the box in focus: of the refined one with the bins of the mask head."""
    trace, bins, chain = look.trace, look.options.bins, look.focused()
    if bins == MASK_BINS and chain.detection is not None:
        if chain.detection >= len(trace.mask_logits.level):
            return Pending()
        box = trace.detections.resized_boxes[chain.detection]
        level = int(trace.mask_logits.level[chain.detection])
    elif chain.proposal is not None:
        box = trace.proposals.boxes[chain.proposal]
        level = int(trace.roi_levels.level[chain.proposal])
    else:
        return None
    return sampled(trace, box, level, bins)


def sampled(trace: Trace, box: NDArray[Any], level: int, bins: int) -> SamplingShown:
    """The points of a box in resized pixels on the map of a level, and the weights of its cells."""
    scale = trace.roi_levels.scales[level]
    _, rows, columns = trace.pyramid.maps[level].shape
    corners_of = np.asarray(box, np.float32)
    points = sample_points(corners_of, scale, bins, trace.settings, grid=(rows, columns))
    across = axis_weights(points.x, columns).sum(axis=0)
    down = axis_weights(points.y, rows).sum(axis=0)
    sx, sy = trace.input.scale
    cells = []
    for row in np.flatnonzero(down > 0).tolist():
        for column in np.flatnonzero(across > 0).tolist():
            # Without `aligned` the centre of cell (0, 0) lies at the corner of the image.
            x0, y0 = (column - 0.5) / scale / sx, (row - 0.5) / scale / sy
            corners = (x0, y0, x0 + 1 / scale / sx, y0 + 1 / scale / sy)
            cells.append((corners, float(down[row] * across[column])))
    x, y = (np.asarray(each, np.float64) for each in points.in_image(scale))
    a, b, c, d = in_image(trace, box[None])[0].tolist()
    said = text(
        "{how}: {bins} × {bins} cells, {x} × {y} points; the brighter a cell, the more it counts",
        how=POOLS[trace.settings.roi_pool],
        bins=str(bins),
        x=str(len(points.x)),
        y=str(len(points.y)),
    )
    line = Entry(said, ANCHOR, Style.DOT)
    return SamplingShown((a, b, c, d), x / sx, y / sy, bins, tuple(cells), (line,))


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The strongest proposals."""
    shown = np.arange(min(len(scene.trace.proposals.boxes), MOST))
    return (Tile(RULE, _groups(scene.trace, shown), legend(scene.trace)[1:]),)


def document(trace: Trace) -> dict[str, object]:
    """How many proposals a level has."""
    stage = trace.roi_levels
    return {
        "levels": _counts(trace),
        "scales": list(stage.scales),
        "canonical_size": stage.canonical_size,
    }


STAGE: Final = Stage(
    name="roi_levels",
    title=text("RoI levels"),
    heading=text("Levels of the proposals"),
    about=text(
        "The features of each proposal are read from one level, chosen by its size: small ones "
        "from the fine P2, large ones from the coarse P5. They are read into 7 by 7 cells: "
        "RoIAlign averages four sample points in each; other ways to read are a knob."
    ),
    count=lambda trace: len(trace.roi_levels.level),
    table=proposals.table,
    tiles=tiles,
    shows=("roi_levels", "sampling"),
    layers=(
        Layer(
            "roi_levels",
            text("RoI levels"),
            BoxesShown,
            draw,
            frozenset({"options", "only"}),
            kind=BoxKind.PROPOSAL,
            describe=describe,
        ),
        Layer(
            "sampling",
            text("Where it is read"),
            SamplingShown,
            draw_sampling,
            frozenset({"options", "chosen"}),
            rank=1,
        ),
    ),
    document=document,
)
