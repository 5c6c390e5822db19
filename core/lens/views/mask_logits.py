"""What the mask head says of each cell of a detection."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens import pictures
from core.lens.boxes import area
from core.lens.colours import cold_to_warm
from core.lens.logits import logit
from core.lens.pictures import PictureKind
from core.lens.trace import Trace
from core.lens.views import detections
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.common import WHITE, best_first, ramp
from core.lens.views.marks import Entry, Group, Laid, Mark, PictureAsked, PictureShown, Scale
from core.lens.views.table import text


def draw(look: Look) -> PictureAsked | None:
    """The logits of the detection in focus, of its own class or of the chosen one."""
    detection = look.focused().detection
    if detection is None:
        return None
    chosen = look.options.mask_label
    name = look.trace.class_names[chosen - 1] if chosen else text("its own class")
    ends = (text("outside −4"), text("4 inside"))
    lines = (
        Entry(text("mask logits: {label}", label=name)),
        Scale(*ends, ramp(cold_to_warm, -1)),
    )
    label = chosen or int(look.trace.detections.label[detection])
    return PictureAsked(
        PictureKind.MASK, lambda _low, _high: lines, detection=detection, label=label
    )


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """Those of all detections, the largest lowest."""
    boxes = scene.trace.detections.boxes
    if not len(boxes):
        return (Tile(text("there are no masks"), dim=0.3),)
    marks: list[Mark] = []
    for index in best_first(area(boxes)).tolist():
        picture = pictures.mask_logits(_own_logits(scene.trace, index), boxes[index])
        marks.append(Laid(picture, 0.9, smooth=True))
    marks.append(Group(boxes, np.arange(len(boxes)), WHITE, width=1, opacity=0.7))
    keys = (
        Entry(text("inside (logit above 0)"), (230, 100, 70)),
        Entry(text("outside (below 0)"), (70, 130, 230)),
    )
    title = text("{n} masks of 28 × 28, over their boxes", n=len(boxes))
    return (Tile(title, marks, keys, dim=0.3),)


def _own_logits(trace: Trace, index: int) -> NDArray[Any]:
    if trace.mask_logits.logits is not None and trace.mask_logits.channel is None:
        label = int(trace.detections.label[index])
        return np.asarray(trace.mask_logits.logits[index, label])
    return logit(trace.mask_logits.probabilities[index])


STAGE: Final = Stage(
    name="mask_logits",
    title=text("Mask logits"),
    heading=text("Masks"),
    about=text(
        "For each detection the mask head reads 14 by 14 cells from the level that suits the "
        "refined box and answers with 28 by 28 values for each class; only those of its own class "
        "count. Red is inside, blue is outside, and where the colour is faint it is unsure."
    ),
    count=lambda trace: len(trace.mask_logits.probabilities),
    table=detections.table,
    tiles=tiles,
    shows=("mask_logits", "detections"),
    layers=(
        Layer(
            "mask_logits",
            text("Mask logits"),
            PictureShown,
            draw,
            frozenset({"options", "chosen", "stage"}),
            rank=2,
            opacity=0.8,
        ),
    ),
)
