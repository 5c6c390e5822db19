"""What a mask target of a few cells keeps of the mask that it stands for.

In training a person's mask is averaged into 28×28 cells below the RoI (Mask R-CNN, section 3). Laid
back over the image, it is no longer the mask: fine parts are lost to the cells, and what lies
outside the RoI is lost to the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of a mask a target keeps; all from 0 to 1."""

    iou: float
    """Of the target, laid back, with the whole mask."""
    inside: float
    """The same of their parts inside the box: what is missing is lost to the cells."""
    outside: float
    """The share of the mask that lies outside the box."""


def kept(mask: Bits, laid: Bits, corner: tuple[int, int], box: NDArray[Any]) -> Kept:
    """Compare a mask with its target laid back over the same pixels.

    `mask` bool H×W is the whole mask; `laid` bool h×w are the pixels that the target covers, its
    first pixel at `corner` (x, y), nothing being covered around it; `box` x0, y0, x1, y1 is the
    RoI. A pixel lies in the box when its centre does. Two empty masks agree fully.
    """
    x, y = corner
    height, width = laid.shape
    x0, y0, x1, y1 = (round_half_up(float(value)) for value in box)
    boxed = mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    under = mask[y : y + height, x : x + width]
    rows, columns = np.arange(y, y + height), np.arange(x, x + width)
    in_box = ((rows >= y0) & (rows < y1))[:, None] & ((columns >= x0) & (columns < x1))
    total, inner, covered = int(mask.sum()), int(boxed.sum()), int(laid.sum())
    shared = int((under & laid).sum())
    laid_inside = laid & in_box
    shared_inside = int((under & laid_inside).sum())
    return Kept(
        _ratio(shared, total + covered - shared),
        _ratio(shared_inside, inner + int(laid_inside.sum()) - shared_inside),
        1.0 - _ratio(inner, total),
    )


def round_half_up(value: float) -> int:
    """The first pixel whose centre is at or beyond a coordinate."""
    return int(np.ceil(value - 0.5))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
