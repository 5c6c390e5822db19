"""Which things are like some examples, and where the line lies: by their features alone.

No class is needed, so it works for a label that no model knows. Each answer of a person is one more
example, of what is meant or of what is not, and moves the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_LEAST: Final = 0.75
"""Likeness that anything alike has; three quarters are an angle of 60°."""
_SLACK: Final = 0.02

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How near each of N things is to what is meant."""

    values: NDArray[np.float32]
    """N, 0 to 1."""
    line: float
    """From here on they count as alike."""


def likeness(things: Features, meant: Features, unlike: Features | None = None) -> Likeness:
    """Compare things N×D with examples M×D (one or more) and with what was turned down.

    Features are compared by the angle between them, seen from the middle of all things, so that
    what all have in common plays no part. A thing is as near as its nearest example; if something
    turned down is nearer still, it falls by the difference.
    """
    refused = things[:0] if unlike is None else unlike
    middle = things.mean(axis=0) if len(things) else np.zeros(things.shape[1], np.float32)
    all_things, yes, no = (_directions(each - middle) for each in (things, meant, refused))
    values = _near(all_things, yes, no)
    return Likeness(values, _line(values, yes, no))


def _near(things: Features, yes: Features, no: Features) -> NDArray[np.float32]:
    nearest: NDArray[np.float32] = (things @ yes.T).max(axis=1, initial=-1.0)
    if len(no):
        nearest = nearest - np.maximum((things @ no.T).max(axis=1) - nearest, 0)
    values: NDArray[np.float32] = np.clip((1 + nearest) / 2, 0, 1).astype(np.float32)
    return values


def _line(values: NDArray[np.float32], yes: Features, no: Features) -> float:
    """Where the values fall apart, above what was turned down, and below every example as the
    others see it."""
    line = max(_LEAST, _between(values))
    if len(no):
        # What was turned down, as it looked before it was: by the examples alone.
        line = max(line, float(_near(no, yes, no[:0]).max()) + _SLACK)
    if len(yes) > 1:
        others = yes @ yes.T
        np.fill_diagonal(others, -1.0)
        line = min(line, float((1 + others.max(axis=1).min()) / 2) - _SLACK)
    return float(np.clip(line, 0.0, 1.0))


def _between(values: NDArray[np.float32]) -> float:
    """Where values split best into two groups, by the variance between them (Otsu 1979)."""
    ordered = np.sort(values.astype(np.float64))
    if len(ordered) < 2:
        return 0.0
    sums, count = np.cumsum(ordered), np.arange(1, len(ordered))
    low = sums[:-1] / count
    high = (sums[-1] - sums[:-1]) / (len(ordered) - count)
    split = int((count * (len(ordered) - count) * (high - low) ** 2).argmax())
    return float((ordered[split] + ordered[split + 1]) / 2)


def _directions(values: Features) -> Features:
    length = np.linalg.norm(values, axis=1, keepdims=True)
    directions: Features = (values / np.maximum(length, 1e-6)).astype(np.float32)
    return directions
