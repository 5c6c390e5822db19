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

from core.document.geometry import nearest_edge, simplify
from core.document.instance import Instance, Point, Polygons
from core.document.runs import mask_iou, runs_of

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


@dataclass(frozen=True, slots=True)
class Match:
    """Suggestions of an image laid beside its true instances, for any threshold of the score."""

    scores: tuple[float, ...]
    """Of the suggestions, falling."""
    partners: tuple[int | None, ...]
    """Which instance each suggestion goes with; None for a false one."""
    repairs: tuple[int, ...]
    """Vertices that have to be put right on each suggestion; 0 where it fits well or is false."""
    fits: tuple[bool, ...]
    """Whether a suggestion needs nothing more."""
    vertices: tuple[int, ...]
    """Vertices of each true outline."""

    def effort(self, threshold: float = 0.0) -> Effort:
        """The cost when only suggestions with at least this score are shown.

        A suggestion's partner does not depend on those with lower scores, so nothing has to be
        matched again.
        """
        shown = [k for k, score in enumerate(self.scores) if score >= threshold]
        used = [(k, self.partners[k]) for k in shown if self.partners[k] is not None]
        found = {partner for _, partner in used}
        good = sum(self.fits[k] for k, _ in used)
        return Effort(
            instances=len(self.vertices),
            by_hand=sum(self.vertices),
            accept=int(bool(shown)),
            false=len(shown) - len(used),
            moved=sum(self.repairs[k] for k, _ in used),
            drawn=sum(n for k, n in enumerate(self.vertices) if k not in found),
            good=good,
            usable=len(used) - good,
            missing=len(self.vertices) - len(found),
        )


def match(
    truths: Sequence[Instance], suggestions: Sequence[Instance], width: int, height: int
) -> Match:
    """Give each instance its suggestion. Suggestions take part in the order of their scores, the
    surest first; each goes with the instance that it fits best among those still free."""
    outlines = [simplify(one.polygons, TOLERANCE) or one.polygons for one in truths]
    vertices = [_vertices(outline) for outline in outlines]
    ordered = sorted(suggestions, key=lambda one: -(one.score or 0.0))
    overlap = overlaps(ordered, truths, width, height)
    partners = _partners(overlap)
    fits = tuple(
        partner is not None and bool(overlap[row, partner] >= GOOD)
        for row, partner in enumerate(partners)
    )
    repairs = tuple(
        0 if partner is None or fits[row] else far_from(outlines[partner], ordered[row].polygons)
        for row, partner in enumerate(partners)
    )
    scores = tuple(one.score or 0.0 for one in ordered)
    return Match(scores, partners, repairs, fits, tuple(map(len, vertices)))


def effort(
    truths: Sequence[Instance], suggestions: Sequence[Instance], width: int, height: int
) -> Effort:
    """The cost of one image when all these suggestions are shown."""
    return match(truths, suggestions, width, height).effort()


def _partners(overlap: NDArray[np.float64]) -> tuple[int | None, ...]:
    """The column that each row goes with, from the first row on; at least `USABLE` is needed."""
    free = np.ones(overlap.shape[1], dtype=bool)
    partners: list[int | None] = []
    for row in overlap:
        left = np.where(free, row, 0.0)
        best = int(left.argmax()) if len(left) else -1
        if best >= 0 and left[best] >= USABLE:
            free[best] = False
            partners.append(best)
        else:
            partners.append(None)
    return tuple(partners)


def _vertices(polygons: Polygons) -> list[Point]:
    return [point for polygon in polygons for ring in polygon.rings for point in ring]


def far_from(truth: Polygons, suggestion: Polygons) -> int:
    """How many vertices of a true outline lie too far from that of a suggestion."""
    return sum(nearest_edge(suggestion, x, y).distance > NEAR for x, y in _vertices(truth))


def overlaps(
    some: Sequence[Instance], others: Sequence[Instance], width: int, height: int
) -> NDArray[np.float64]:
    """Mask IoU of all pairs of instances on an image of that size: some × others."""
    return mask_iou(runs_of(some, width, height), runs_of(others, width, height))
