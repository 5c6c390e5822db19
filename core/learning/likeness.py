"""Which images are nearly the same: small grey pictures and a hash of their coarse pattern.

The hash holds the signs of the 63 lowest frequencies of a cosine transform (Zauner 2010, section
3.2.1); two images are near-duplicates when few signs differ and the small pictures agree as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE: Final = 32
_LOW: Final = 8
_MOST_DIFFERENT: Final = 8
_LEAST_ALIKE: Final = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What is compared of an image."""

    bits: NDArray[np.bool_]
    """63 signs."""
    small: NDArray[np.float32]
    """32×32 grey values, mean 0 and length 1; all 0 for an image of one colour."""


def likeness(pixels: NDArray[np.uint8]) -> Likeness:
    """The likeness of an upright image, uint8 H×W×3."""
    grey = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float32)
    values = values - values.mean()
    cosines = _cosines()
    low = (cosines @ values @ cosines.T)[:_LOW, :_LOW].reshape(-1)[1:]
    length = float(np.linalg.norm(values))
    return Likeness(low > np.median(low), values / length if length else values)


def is_near_duplicate(a: Likeness, b: Likeness) -> bool:
    """Whether two images are nearly the same."""
    if int((a.bits != b.bits).sum()) > _MOST_DIFFERENT:
        return False
    if not a.small.any() or not b.small.any():
        return not a.small.any() and not b.small.any()
    return float((a.small * b.small).sum()) >= _LEAST_ALIKE


def groups(likenesses: Sequence[Likeness]) -> list[int]:
    """The group of each image, numbered by first appearance: near-duplicates share one."""
    group = list(range(len(likenesses)))
    if not likenesses:
        return group
    bits = np.stack([one.bits for one in likenesses])
    for later in range(1, len(likenesses)):
        close = np.flatnonzero((bits[:later] != bits[later]).sum(1) <= _MOST_DIFFERENT)
        for earlier in close.tolist():
            if is_near_duplicate(likenesses[earlier], likenesses[later]):
                low, high = sorted((group[earlier], group[later]))
                group = [low if one == high else one for one in group]
    number: dict[int, int] = {}
    return [number.setdefault(one, len(number)) for one in group]


def _cosines() -> NDArray[np.float32]:
    """The matrix of the cosine transform, type II."""
    k, n = np.arange(_SIDE)[:, None], np.arange(_SIDE)[None]
    return np.cos(np.pi * k * (2 * n + 1) / (2 * _SIDE)).astype(np.float32)
