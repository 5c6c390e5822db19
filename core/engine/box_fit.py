"""A mask made as large as the box that a person drew around its thing.

Where a mask ends is a question of its threshold, and the model is rarely sure of it: masks of small
and blurred things come out too large, others too small. Who drew the box has seen where the thing
ends, so the logits are moved until the mask fills the box best.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

_LEVELS: Final = tuple(k / 4 for k in range(-8, 9))
"""By how much logits may be lowered."""
_PULL: Final = (0.06, 0.12)
"""IoU with the box that moving logits by one has to bring, of small things and of others: a box is
drawn a little off, and masks of large things are surer of their size."""
_SMALL: Final = 64.0
"""The longer side of the box of a small thing, in pixels as the network sees it."""
_SURE: Final = 1e-4


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


__all__ = ["fitted"]
