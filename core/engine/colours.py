"""A mask put right by the colours of the image, for boxes that people draw and clicks that mend.

Masks have 28×28 cells and are unsure at their edges. Where the colours inside of a mask differ from
those around it, they say better where its edge is: each place is weighed by how much likelier its
colour is inside (as GrabCut does it, but in one pass and led by the mask), and the result follows
the edges of the image (guided filter, He et al. 2013). What was tried stands in docs/benchmarks.md.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import roi_align

MARGIN: Final = 0.15
"""Share of a box's sides that is looked at around it."""
CELLS: Final = 64
"""Cells along a side of the result."""
BINS: Final = 8
"""Steps of each colour channel that are told apart."""
RAISED: Final = 0.5
"""Masks of boxes that are a little off are too small: their logits are raised by so much."""
_SURE: Final = 0.01
"""What no mask reaches counts as this likely."""
_LIKELIER: Final = 3.0
"""The most that a colour can say, as the logarithm of a ratio."""
_SCARCE: Final = 1e-3
"""Share of a colour below which it says nothing."""
_RADIUS: Final = 2
_FLAT: Final = 1e-3
"""Variance of colours, 0 to 1, below which there is no edge to follow."""


def as_colours(
    tensor: Tensor, size: tuple[int, int], mean: list[float], std: list[float]
) -> Tensor:
    """The network's input float32 3×H×W as colours again: uint8 3×h×w without the padding."""
    column = (torch.tensor(each, device=tensor.device)[:, None, None] for each in (std, mean))
    scale, shift = column
    whole = tensor[:, : size[0], : size[1]] * scale + shift
    return whole.mul_(255).round_().clamp_(0, 255).to(torch.uint8)


def led_by_colours(
    colours: Tensor, boxes: Tensor, masks: Tensor, raised: float
) -> tuple[Tensor, Tensor]:
    """Probabilities S×S of what N masks of one thing mean, and the box that they lie in.

    `colours` is uint8 3×H×W, `boxes` are N×4 in its pixels, `masks` N×28×28 probabilities, whose
    logits are `raised`. The result lies in the first box with a margin, cut off at the image.
    """
    height, width = colours.shape[1:]
    sides = boxes[0, 2:] - boxes[0, :2]
    limits = boxes.new_tensor((width, height))
    corner = (boxes[0, :2] - MARGIN * sides).clamp(min=0)
    far = torch.minimum(boxes[0, 2:] + MARGIN * sides, limits)
    place = torch.cat((corner, far))
    shown = _crop(colours, place)
    laid = torch.stack([_laid(mask, box, place) for mask, box in zip(masks, boxes, strict=True)])
    logits = torch.logit(laid.clamp(_SURE, 1 - _SURE)).mean(dim=0) + raised
    likelier = _likelier(shown, torch.sigmoid(logits)).clamp(-_LIKELIER, _LIKELIER)
    return _guided(shown, torch.sigmoid(logits + likelier)).clamp(0, 1), place


def _crop(colours: Tensor, place: Tensor) -> Tensor:
    """The colours in a box, 3×S×S, 0 to 1, each cell the mean of its pixels."""
    x0, y0 = (int(each) for each in place[:2].floor())
    x1, y1 = (int(each) for each in place[2:].ceil())
    part = colours[:, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].float() / 255
    box = place - place.new_tensor((x0, y0, x0, y0))
    found: Tensor = roi_align(part[None], [box[None]], CELLS, aligned=True)[0]
    return found


def _laid(mask: Tensor, box: Tensor, place: Tensor) -> Tensor:
    """A mask in a box as it lies in another box, S×S; 0 beside it."""
    steps = (torch.arange(CELLS, device=mask.device) + 0.5) / CELLS
    at = place[:2] + steps[:, None] * (place[2:] - place[:2])
    at = 2 * (at - box[:2]) / (box[2:] - box[:2]) - 1
    down, across = torch.meshgrid(at[:, 1], at[:, 0], indexing="ij")
    grid = torch.stack((across, down), dim=-1)[None]
    return functional.grid_sample(mask[None, None], grid, align_corners=False)[0, 0]


def _likelier(shown: Tensor, inside: Tensor) -> Tensor:
    """How much likelier each colour is inside than outside: S×S logarithms of ratios."""
    place = shown * (BINS - 1)
    low = place.floor()
    rest = place - low
    rows, shares = [], []
    for step in product((0, 1), repeat=3):
        row = torch.zeros(shown.shape[1:], dtype=torch.int64, device=shown.device)
        share = torch.ones_like(inside)
        for channel, up in enumerate(step):
            row = row * BINS + (low[channel].long() + up).clamp(max=BINS - 1)
            share = share * (rest[channel] if up else 1 - rest[channel])
        rows.append(row)
        shares.append(share)
    row, share = torch.stack(rows), torch.stack(shares)
    within, around = (
        torch.bincount(row.flatten(), (share * weight).flatten(), BINS**3)
        for weight in (inside, 1 - inside)
    )
    ratio = torch.log(
        (within / within.sum().clamp(min=1e-6) + _SCARCE)
        / (around / around.sum().clamp(min=1e-6) + _SCARCE)
    )
    return (ratio[row] * share).sum(dim=0)


def _guided(shown: Tensor, values: Tensor) -> Tensor:
    """Values S×S smoothed so that they follow the edges of colours 3×S×S."""
    both = torch.cat((shown, values[None]))
    products = [shown[i] * both[j] for i in range(3) for j in range(i, 4)]
    mean = _blurred(torch.stack((*both, *products)))
    average, of_values = mean[:3], mean[3]
    rows = iter(mean[4:])
    spread = shown.new_zeros((3, 3, *values.shape))
    with_values = shown.new_zeros((3, *values.shape))
    for i in range(3):
        for j in range(i, 3):
            spread[i, j] = spread[j, i] = next(rows) - average[i] * average[j]
        spread[i, i] += _FLAT
        with_values[i] = next(rows) - average[i] * of_values
    slope = _solved(spread, with_values)
    offset = of_values - (slope * average).sum(dim=0)
    smooth = _blurred(torch.cat((slope, offset[None])))
    return (smooth[:3] * shown).sum(dim=0) + smooth[3]


def _solved(matrices: Tensor, values: Tensor) -> Tensor:
    """What symmetric matrices 3×3×S×S turn into values 3×S×S, by Cramer's rule.

    LAPACK takes ten times as long for so many small ones.
    """
    first, second, third = matrices
    columns = (
        torch.linalg.cross(second, third, dim=0),
        torch.linalg.cross(third, first, dim=0),
        torch.linalg.cross(first, second, dim=0),
    )
    scale = (first * columns[0]).sum(dim=0)
    whole: Tensor = sum(v * column for v, column in zip(values, columns, strict=True)) / scale
    return whole


def _blurred(maps: Tensor) -> Tensor:
    """Means over squares, C×S×S; at the border over what there is."""
    wide = 2 * _RADIUS + 1
    return functional.avg_pool2d(maps[None], wide, 1, _RADIUS, count_include_pad=False)[0]


__all__ = ["RAISED", "as_colours", "led_by_colours"]
