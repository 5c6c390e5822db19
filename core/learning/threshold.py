"""From which score on suggestions are worth showing: a person finds it by moving a slider.

A false suggestion costs one click, a missing one a whole outline, so what pays depends on the
model and on the images. What was best on the images just labelled is the best guess for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from core.learning.effort import Match

FIRST: Final = 0.5
"""Where it stands while a model has suggested nothing yet."""
STEPS: Final = tuple(k / 20 for k in range(1, 20))
RECENT: Final = 20
"""Images that are looked back on: the next ones resemble them most."""


def least_effort(images: Iterable[Match], default: float = FIRST) -> float:
    """The threshold with which these images would have cost the fewest actions.

    Of several that cost the same, the one nearest to `default`, which is also the answer without
    any image.
    """
    known = list(images)

    def cost(threshold: float) -> tuple[int, float]:
        actions = sum(one.effort(threshold).actions for one in known)
        return actions, abs(threshold - default)

    return min((*STEPS, default), key=cost)


def next_threshold(seen: Sequence[Match]) -> float:
    """Where a person has the slider after these images, which one model suggested for."""
    return least_effort(seen[-RECENT:])
