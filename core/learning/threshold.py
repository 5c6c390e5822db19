"""From which score on suggestions are worth showing: a person finds it by moving a slider.

A false suggestion costs one click, a missing one a whole outline, so what pays depends on the
model and on the images. What was best on the images just labelled is the best guess for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

FIRST: Final = 0.5
"""Where it stands while a model has suggested nothing yet."""
STEPS: Final = tuple(k / 20 for k in range(1, 20))
RECENT: Final = 20
"""Images that are looked back on: the next ones resemble them most."""
_PULL: Final = 0.05
"""Moving all the way is worth it when it saves this share of an image's outlines."""
_OUTLINE: Final = 10
"""Vertices of about one outline; images without any are weighed by it."""


class Cost(Protocol):
    """What an image costs, and what drawing everything in it would."""

    @property
    def actions(self) -> float:
        """With suggestions."""

    @property
    def by_hand(self) -> int:
        """Without any."""


class Costing(Protocol):
    """An image of which it is known what it costs at any threshold."""

    def effort(self, threshold: float) -> Cost:
        """The cost at a threshold."""


def least_effort(images: Iterable[Costing], default: float = FIRST) -> float:
    """The threshold with which these images would have cost least.

    Each image counts by its share of drawing everything by hand, so that a single one with
    hundreds of instances does not decide for all. What hardly matters leaves it near `default`,
    which is also the answer without any image.
    """
    known = list(images)

    def cost(threshold: float) -> float:
        efforts = [one.effort(threshold) for one in known]
        shares = [one.actions / max(one.by_hand, _OUTLINE) for one in efforts]
        return sum(shares) + _PULL * abs(threshold - default)

    return min((*STEPS, default), key=cost)


def next_threshold(seen: Sequence[Costing]) -> float:
    """Where a person has the slider after these images, which one model suggested for."""
    return least_effort(seen[-RECENT:])
