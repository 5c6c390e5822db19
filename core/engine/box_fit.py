"""A mask and its outline made as large as the box that a person drew around their thing.

Where a mask ends is a question of its threshold, and the model is rarely sure of it: masks of small
and blurred things come out too large, others too small. Who drew the box has seen where the thing
ends, so the logits are moved until the mask fills the box best. The outline of what has few pixels
is then brought near the box's edges, which say more than its pixels do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.document.geometry import bounds, clip_to_image, scaled, translate
from core.document.instance import Polygons

_LEVELS: Final = tuple(k / 4 for k in range(-8, 9))
"""By how much logits may be lowered."""
_PULL: Final = (0.06, 0.12)
"""IoU with the box that moving logits by one has to bring, of small things and of others: a box is
drawn a little off, and masks of large things are surer of their size."""
_SMALL: Final = 64.0
"""The longer side of the box of a small thing, in pixels as the network sees it."""
_SURE: Final = 1e-4
_OFF: Final = 0.06
"""Share of the box's side by which an outline's edge stays off the box's edge at most, and"""
_NEARER: Final = 0.7
"""what is left of a smaller distance."""
_FEW: Final = (32.0, 48.0)
"""Pixels of the longer side up to which all of this holds, and from which on nothing does."""


def fitted(probability: Tensor, place: Tensor, box: Tensor) -> Tensor:
    """The probabilities S×S of a mask in a place, moved so that its extent fits a box best.

    `place` and `box` are x0, y0, x1, y1 in resized pixels. The extent is that of all cells with a
    probability of a half or more; a mask that has none at any level stays as it is.
    """
    logits = torch.logit(probability.clamp(_SURE, 1 - _SURE))
    levels = logits.new_tensor(_LEVELS)
    left, right, across = _ends(logits.amax(dim=0), levels, place[0], place[2])
    top, bottom, _ = _ends(logits.amax(dim=1), levels, place[1], place[3])
    wide = (torch.minimum(right, box[2]) - torch.maximum(left, box[0])).clamp(min=0)
    high = (torch.minimum(bottom, box[3]) - torch.maximum(top, box[1])).clamp(min=0)
    common = wide * high
    both = (right - left) * (bottom - top) + (box[2] - box[0]) * (box[3] - box[1]) - common
    pull = _PULL[0] if float((box[2:] - box[:2]).max()) < _SMALL else _PULL[1]
    worth = torch.where(across, common / both - pull * levels.abs(), -1.0)
    best = int(worth.argmax())
    if not across[best]:
        return probability
    return torch.sigmoid(logits - levels[best])


def _ends(highest: Tensor, levels: Tensor, start: Tensor, end: Tensor) -> tuple[Tensor, ...]:
    """For each of L levels where the first cell that reaches it begins and the last one ends, and
    whether there is any; `highest` are the S largest logits along one axis."""
    count = len(highest)
    reached = highest[None] >= levels[:, None]
    places = torch.arange(count, device=highest.device)
    first = torch.where(reached, places, count).amin(dim=1)
    last = torch.where(reached, places, -1).amax(dim=1)
    cell = (end - start) / count
    return start + first * cell, start + (last + 1) * cell, reached.any(dim=1)


def as_large(polygons: Polygons, box: NDArray[np.float32], image_size: tuple[int, int]) -> Polygons:
    """The outline of something small stretched so that its edges come near those of a box.

    `box` is x0, y0, x1, y1 in image pixels, `image_size` height and width.
    """
    x0, y0, x1, y1 = (float(edge) for edge in box)
    longer = max(x1 - x0, y1 - y0)
    much = min(max((_FEW[1] - longer) / (_FEW[1] - _FEW[0]), 0.0), 1.0)
    if not polygons or not much:
        return polygons
    own = bounds(polygons)
    left, across = _stretched((own.x0, own.x1), (x0, x1), much)
    top, down = _stretched((own.y0, own.y1), (y0, y1), much)
    made = translate(scaled(polygons, (own.x0, own.y0), (across, down)), left, top)
    return clip_to_image(made, image_size[1], image_size[0])


def _stretched(
    own: tuple[float, float], box: tuple[float, float], much: float
) -> tuple[float, float]:
    """Along one axis where the first of two edges comes to lie, and how much longer it becomes."""
    side = box[1] - box[0]
    off = np.clip(_NEARER * (np.subtract(own, box) / side), -_OFF, _OFF) * side
    low, high = np.add(own, much * (np.add(box, off) - own))
    return float(low), float(high - low) / (own[1] - own[0])


__all__ = ["as_large", "fitted"]
