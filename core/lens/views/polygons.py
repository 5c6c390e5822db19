"""The outlines that the masks become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from core.document.instance import Polygon
from core.lens import pictures
from core.lens.boxes import area
from core.lens.colours import distinct
from core.lens.logits import logit
from core.lens.trace import Trace
from core.lens.views import detections
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.common import WHITE, best_first
from core.lens.views.marks import Entry, Group, Label, Laid, Mark, Outline, OutlinesShown
from core.lens.views.table import text


def count(trace: Trace) -> int:
    """Detections with an outline."""
    return sum(1 for outline in trace.polygons.outlines if outline)


def whole_boxes(trace: Trace) -> bool:
    """Whether every mask is certain all over, as those of a network without a mask head."""
    likely = trace.mask_logits.probabilities
    return bool(len(likely)) and bool((likely == 1).all())


def draw(look: Look) -> OutlinesShown:
    """Each outline in a colour of its own."""
    outlines = look.trace.polygons.outlines
    if look.only is not None:
        kept = set(look.only.tolist())
        outlines = tuple(each if n in kept else () for n, each in enumerate(outlines))
    threshold = look.trace.settings.mask
    words = text("{n} masks, cut at {threshold}", n=count(look.trace), threshold=threshold)
    if look.trace.settings.mask_colours == "yes":
        words = text(
            "{n} masks, led by the image's colours, cut at {threshold}",
            n=count(look.trace),
            threshold=threshold,
        )
    if whole_boxes(look.trace):
        words = text("{n} boxes in place of masks: the network draws none", n=count(look.trace))
    line = Entry(words)
    return OutlinesShown(outlines, tuple(map(distinct, range(len(outlines)))), (line,))


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The same, with numbers and labels."""
    trace, outlines = scene.trace, scene.trace.polygons.outlines
    if not outlines:
        return (Tile(text("there are no outlines")),)
    boxes = trace.detections.boxes
    # The largest lie lowest, so that none hides a smaller one.
    order = best_first(area(boxes)).tolist()
    marks: list[Mark] = [Outline(outlines[index], distinct(index)) for index in order]
    for index in reversed(range(min(detections.NAMED, len(outlines)))):
        if outlines[index]:
            words = f"{index + 1} {detections.name_of(trace, index)}"
            marks.append(Label(boxes[index, 0], boxes[index, 1], words, distinct(index)))
    title = text(
        "{n} outlines at a mask threshold of {threshold}",
        n=count(trace),
        threshold=f"{trace.settings.mask:g}",
    )
    led = trace.polygons.led
    return (Tile(title, marks),) if led is None else (_led(trace, order), Tile(title, marks))


def _led(trace: Trace, order: list[int]) -> Tile:
    """The masks as the colours of the image led them, the largest lowest."""
    led, places = trace.polygons.led, trace.polygons.led_boxes
    assert led is not None
    assert places is not None
    marks: list[Mark] = [
        Laid(pictures.mask_logits(logit(led[index]), places[index]), 0.9, smooth=True)
        for index in order
    ]
    marks.append(Group(trace.detections.boxes, np.arange(len(order)), WHITE, width=1, opacity=0.7))
    title = text("{n} masks, led by the image's colours beyond their boxes", n=len(order))
    return Tile(title, marks, dim=0.3)


def document(trace: Trace) -> Mapping[str, object]:
    """All outlines."""
    outlines = [[_polygon(polygon) for polygon in each] for each in trace.polygons.outlines]
    led = trace.settings.mask_colours == "yes"
    return {"outlines": outlines, "mask_threshold": trace.settings.mask, "led_by_colours": led}


def _polygon(polygon: Polygon) -> dict[str, object]:
    return {"outer": _ring(polygon.outer), "holes": [_ring(hole) for hole in polygon.holes]}


def _ring(ring: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in ring]


STAGE: Final = Stage(
    name="polygons",
    title=text("Polygons"),
    heading=text("Outlines"),
    about=text(
        "Each mask is laid over its box, cut at the mask threshold, and traced as polygons with "
        "holes. Where the model says so, the colours of the image first lead it to where its edges "
        "are, also a little beyond the box. These are the suggestions that a person accepts or "
        "corrects."
    ),
    count=count,
    table=detections.table,
    tiles=tiles,
    shows=("polygons", "chain", "moved", "moved_masks"),
    layers=(
        Layer(
            "polygons",
            text("Masks and polygons"),
            OutlinesShown,
            draw,
            frozenset({"only"}),
            rank=2,
        ),
    ),
    document=document,
)
