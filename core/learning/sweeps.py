"""How many strokes sweep false suggestions away, each over neighbours alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.document.geometry import Rect

AT_ONCE: Final = 5
_BESIDE: Final = 1.0
"""Neighbours lie no farther apart than the larger of them is wide, times this."""
_SAMPLES: Final = 9


def swept(kept: Sequence[Rect], false: Sequence[Rect]) -> int:
    """The strokes for what is false, by the boxes of it and of what has to stay."""
    left, sweeps = list(false), 0
    while left:
        last, sweeps = left.pop(0), sweeps + 1
        for _ in range(AT_ONCE - 1):
            near = [box for box in left if _swept_on(last, box, kept)]
            if not near:
                break
            following = min(near, key=lambda box, at=last: _distance(at, box))  # type: ignore[misc]
            left.remove(following)
            last = following
    return sweeps


def _distance(a: Rect, b: Rect) -> float:
    """The gap between two boxes in pixels, 0 where they meet."""
    across = max(a.x0 - b.x1, b.x0 - a.x1, 0.0)
    down = max(a.y0 - b.y1, b.y0 - a.y1, 0.0)
    return float((across**2 + down**2) ** 0.5)


def _swept_on(a: Rect, b: Rect, kept: Sequence[Rect]) -> bool:
    """Whether a hand that is on one box brushes on to another without touching what is kept."""
    if _distance(a, b) > _BESIDE * max(a.width, a.height, b.width, b.height):
        return False
    (ax, ay), (bx, by) = a.centre, b.centre
    steps = [k / (_SAMPLES - 1) for k in range(_SAMPLES)]
    path = [(ax + t * (bx - ax), ay + t * (by - ay)) for t in steps]
    return not any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in kept for x, y in path)
