"""Where the keypoint head sees the keypoints of each detection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from core.document.instance import Polygon
from core.lens import pictures
from core.lens.boxes import area
from core.lens.colours import distinct
from core.lens.pictures import PictureKind
from core.lens.trace import KEYPOINTS, Trace
from core.lens.views import detections
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.common import WHITE, best_first
from core.lens.views.marks import Entry, Group, Laid, Mark, Outline, PictureAsked, PictureShown
from core.lens.views.table import text

_RADIUS: Final = 0.015
"""Of a drawn keypoint, in shares of the longer side of the image."""


def count(trace: Trace) -> int:
    """Keypoints of all detections."""
    return 0 if trace.keypoints is None else int(np.prod(trace.keypoints.places.shape[:2]))


def draw(look: Look) -> PictureAsked | None:
    """The maps of the detection in focus, laid over each other."""
    detection = look.focused().detection
    if detection is None or look.trace.keypoints is None:
        return None
    lines = (Entry(text("where each keypoint is likely; brightest: likeliest")),)
    return PictureAsked(PictureKind.KEYPOINT, lambda _low, _high: lines, detection=detection)


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The maps of all detections, the largest lowest, and the place that was read from each."""
    found, boxes = scene.trace.keypoints, scene.trace.detections.boxes
    if found is None or not len(boxes):
        return (Tile(text("there are no keypoints"), dim=0.3),)
    marks: list[Mark] = []
    order = best_first(area(boxes)).tolist()
    for index in order:
        if found.logits is not None:
            picture = pictures.keypoint_maps(found.logits[index], boxes[index])
            marks.append(Laid(picture, 0.9, smooth=True))
    marks.append(Group(boxes, np.arange(len(boxes)), WHITE, width=1, opacity=0.7))
    size = _RADIUS * max(scene.trace.input.image_size)
    for index in order:
        for x, y, _ in found.places[index].tolist():
            marks.append(Outline((_diamond(x, y, size),), distinct(index)))
    names = () if scene.trace.skeleton is None else scene.trace.skeleton.names
    title = text("{n} keypoints for each detection: {names}", n=len(names), names=", ".join(names))
    return (Tile(title, marks, dim=0.3),)


def _diamond(x: float, y: float, size: float) -> Polygon:
    return Polygon(((x - size, y), (x, y - size), (x + size, y), (x, y + size)))


def document(trace: Trace) -> Mapping[str, object]:
    """Every keypoint by name: x, y in image pixels and the logit at its place."""
    if trace.keypoints is None:
        return {}
    names = () if trace.skeleton is None else trace.skeleton.names
    places = np.round(trace.keypoints.places.astype(np.float64), 3).tolist()
    return {
        "names": list(names),
        "edges": [] if trace.skeleton is None else [list(each) for each in trace.skeleton.edges],
        "keypoints": places,
    }


STAGE: Final = Stage(
    name=KEYPOINTS,
    title=text("Keypoints"),
    heading=text("Keypoints"),
    about=text(
        "For each detection the keypoint head reads 14 by 14 cells from the level that suits the "
        "refined box, and answers with a map of 56 by 56 values for each keypoint. In training a "
        "map has one right place, and its places compete for it (softmax); in a prediction it is "
        "enlarged to the size of the box, and the keypoint is where it is largest. The network "
        "does not say whether a keypoint is visible."
    ),
    count=count,
    table=detections.table,
    tiles=tiles,
    shows=(KEYPOINTS, "detections"),
    layers=(
        Layer(
            KEYPOINTS,
            text("Keypoint maps"),
            PictureShown,
            draw,
            frozenset({"options", "chosen", "stage"}),
            rank=2,
            opacity=0.9,
        ),
    ),
    document=document,
)
