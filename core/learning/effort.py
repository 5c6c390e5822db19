"""What it costs a careful person to label an image, given what a model suggests for it.

One action accepts all suggestions of an image. A false suggestion costs one action. An instance
whose suggestion has a mask IoU of 0.8 or more costs nothing more; one of 0.5 to 0.8 costs an action
for each vertex of the true outline that lies more than 2 pixels off the suggestion; one without a
suggestion costs an action for each vertex of its outline. Outlines are simplified to 1 pixel first.
Labels are not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from core.document.geometry import nearest_edge, simplify
from core.document.instance import Instance, Point, Polygons
from core.formats.masks import encode

GOOD: Final = 0.8
USABLE: Final = 0.5
TOLERANCE: Final = 1.0
NEAR: Final = 2.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Actions that an image costs, and how they come about."""

    instances: int
    by_hand: int
    """Vertices of all outlines: what drawing everything costs."""
    accept: int
    false: int
    moved: int
    """Vertices put right on suggestions that nearly fit."""
    drawn: int
    """Vertices of instances that were missing."""
    good: int
    """Instances whose suggestion needed nothing more."""
    usable: int
    missing: int

    @property
    def actions(self) -> int:
        """All actions together."""
        return self.accept + self.false + self.moved + self.drawn

    def to_json(self) -> dict[str, int]:
        """The numbers by their names."""
        return {
            "instances": self.instances,
            "by_hand": self.by_hand,
            "actions": self.actions,
            "accept": self.accept,
            "false": self.false,
            "moved": self.moved,
            "drawn": self.drawn,
            "good": self.good,
            "usable": self.usable,
            "missing": self.missing,
        }


def effort(
    truths: Sequence[Instance], suggestions: Sequence[Instance], width: int, height: int
) -> Effort:
    """The cost of one image. Suggestions take part in the order of their scores, the surest first;
    each goes with the instance that it fits best among those still free."""
    outlines = [simplify(one.polygons, TOLERANCE) or one.polygons for one in truths]
    vertices = [_vertices(outline) for outline in outlines]
    ordered = sorted(suggestions, key=lambda one: -(one.score or 0.0))
    overlap = overlaps(ordered, truths, width, height)
    partner: dict[int, int] = {}
    for row in range(len(ordered)):
        free = [k for k in range(len(truths)) if k not in partner]
        best = max(free, key=lambda k: overlap[row, k], default=None)
        if best is not None and overlap[row, best] >= USABLE:
            partner[best] = row
    good = sum(overlap[row, k] >= GOOD for k, row in partner.items())
    moved = sum(
        _far(vertices[k], ordered[row].polygons)
        for k, row in partner.items()
        if overlap[row, k] < GOOD
    )
    drawn = sum(len(points) for k, points in enumerate(vertices) if k not in partner)
    return Effort(
        instances=len(truths),
        by_hand=sum(map(len, vertices)),
        accept=int(bool(ordered)),
        false=len(ordered) - len(partner),
        moved=moved,
        drawn=drawn,
        good=int(good),
        usable=len(partner) - int(good),
        missing=len(truths) - len(partner),
    )


def _vertices(polygons: Polygons) -> list[Point]:
    return [point for polygon in polygons for ring in polygon.rings for point in ring]


def _far(points: Sequence[Point], suggestion: Polygons) -> int:
    """How many points lie too far from the outline of a suggestion."""
    return sum(nearest_edge(suggestion, x, y).distance > NEAR for x, y in points)


def overlaps(
    some: Sequence[Instance], others: Sequence[Instance], width: int, height: int
) -> NDArray[np.float64]:
    """Mask IoU of all pairs of instances on an image of that size: some × others."""
    if not some or not others:
        return np.zeros((len(some), len(others)))
    runs = [
        [encode(one.polygons, width, height).to_json() for one in side] for side in (some, others)
    ]
    return np.asarray(coco_mask.iou(*runs, [0] * len(others)), dtype=np.float64)
