"""Masks put right by the colours of the image: of suggestions, of boxes that people draw, and of
clicks that mend.

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
from torchvision.models.detection import MaskRCNN
from torchvision.ops import roi_align

from core.lens.settings import LED_MARGIN
from core.lens.trace import Prepared

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
_POINTS: Final = 2
"""Points along each side of a cell at which the image is read."""
_RADIUS: Final = 2
_FLAT: Final = 1e-3
"""Variance of colours, 0 to 1, below which there is no edge to follow."""


def colours_of(model: MaskRCNN, prepared: Prepared) -> Tensor:
    """The network's input as colours again: uint8 3×h×w, the resized image without padding."""
    tensor, (height, width) = prepared.tensor, prepared.size
    scale, shift = (
        torch.tensor(each, device=tensor.device)[:, None, None]
        for each in (model.transform.image_std, model.transform.image_mean)
    )
    whole: Tensor = tensor[:, :height, :width] * scale + shift
    return whole.mul_(255).round_().clamp_(0, 255).to(torch.uint8)


def led_by_colours(
    colours: Tensor, boxes: Tensor, masks: Tensor, raised: float
) -> tuple[Tensor, Tensor]:
    """Probabilities T×S×S of T things, of each of which N masks tell, and the boxes they lie in.

    `colours` is uint8 3×H×W, `boxes` are T×N×4 in its pixels, `masks` T×N×28×28 probabilities,
    whose logits are `raised`. A result lies in the thing's first box with a margin, cut off at the
    image. Each thing is worked out for itself.
    """
    places = places_of(boxes[:, 0], (colours.shape[1], colours.shape[2]))
    shown = crops(colours, places)
    logits = laid_logits(masks, boxes, places, raised)
    return weighed(shown, logits, torch.sigmoid(logits))[1], places


def places_of(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes T×4 with a margin, cut off at an image of a height and width."""
    sides = boxes[:, 2:] - boxes[:, :2]
    corner = (boxes[:, :2] - LED_MARGIN * sides).clamp(min=0)
    far = torch.minimum(boxes[:, 2:] + LED_MARGIN * sides, boxes.new_tensor((size[1], size[0])))
    return torch.cat((corner, far), dim=1)


def laid_logits(masks: Tensor, boxes: Tensor, places: Tensor, raised: float) -> Tensor:
    """What masks T×N×28×28 of boxes T×N×4 say together in places T×4: logits T×S×S, `raised`."""
    laid = _laid(masks, boxes, places)
    return torch.logit(laid.clamp(_SURE, 1 - _SURE)).mean(dim=1) + raised


def weighed(shown: Tensor, logits: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """How much likelier the colours T×3×S×S say that each cell is inside, as logarithms T×S×S; and
    the probabilities of that and the logits together, along the edges of the image.

    `inside` T×S×S, 0 to 1, says which cells tell what the colours inside are.
    """
    likelier = _likelier(shown, inside).clamp(-_LIKELIER, _LIKELIER)
    return likelier, _guided(shown, torch.sigmoid(logits + likelier)).clamp(0, 1)


def crops(colours: Tensor, places: Tensor) -> Tensor:
    """The colours in boxes, T×3×S×S, 0 to 1, each cell the mean of its pixels."""
    whole = colours.float().div_(255)[None]
    found: Tensor = roi_align(whole, [places], CELLS, sampling_ratio=_POINTS, aligned=True)
    return found


def _laid(masks: Tensor, boxes: Tensor, places: Tensor) -> Tensor:
    """Masks T×N×28×28 of boxes as they lie in T other boxes, T×N×S×S; 0 beside them."""
    count, each = masks.shape[:2]
    steps = (torch.arange(CELLS, device=masks.device) + 0.5) / CELLS
    at = places[:, None, :2] + steps[:, None] * (places[:, None, 2:] - places[:, None, :2])
    at = 2 * (at[:, None] - boxes[..., None, :2]) / (boxes[..., 2:] - boxes[..., :2])[:, :, None]
    at = at.flatten(0, 1) - 1
    across = at[:, None, :, 0].expand(-1, CELLS, -1)
    down = at[:, :, None, 1].expand(-1, -1, CELLS)
    grid = torch.stack((across, down), dim=-1)
    flat = functional.grid_sample(masks.flatten(0, 1)[:, None], grid, align_corners=False)
    return flat.view(count, each, CELLS, CELLS)


def _likelier(shown: Tensor, inside: Tensor) -> Tensor:
    """How much likelier each colour is inside than outside: T×S×S logarithms of ratios."""
    place = (shown * (BINS - 1)).clamp(max=BINS - 1 - 1e-4).transpose(0, 1)
    low = place.floor()
    rest = place - low
    ends = (1 - rest, rest)
    bins = BINS**3
    things = torch.arange(len(shown), device=shown.device)[:, None, None] * bins
    first = ((low[0] * BINS + low[1]) * BINS + low[2]).long() + things
    steps = list(product((0, 1), repeat=3))
    row = torch.stack([first + (r * BINS + g) * BINS + b for r, g, b in steps])
    share = torch.stack([ends[r][0] * ends[g][1] * ends[b][2] for r, g, b in steps])
    within, everywhere = (
        torch.bincount(row.flatten(), weights.flatten(), len(shown) * bins).view(-1, bins)
        for weights in (share * inside, share)
    )
    around = (everywhere - within).clamp(min=0)
    ratio = torch.log(_common(within) / _common(around)).flatten()
    return (ratio[row] * share).sum(dim=0)


def _common(counts: Tensor) -> Tensor:
    """Counts T×B as how common each colour is, none of them never seen."""
    return counts / counts.sum(dim=1, keepdim=True).clamp(min=1e-6) + _SCARCE


def _guided(shown: Tensor, values: Tensor) -> Tensor:
    """Values T×S×S smoothed so that they follow the edges of colours T×3×S×S."""
    colours = shown.transpose(0, 1)
    both = torch.cat((colours, values[None]))
    products = [both[i] * both[j] for i in range(3) for j in range(i, 4)]
    mean = _blurred(torch.cat((both, torch.stack(products))))
    average, of_values = mean[:3], mean[3]
    rr, rg, rb, rv, gg, gb, gv, bb, bv = mean[4:]
    r, g, b = average
    slope = _solved(
        (rr - r * r + _FLAT, rg - r * g, rb - r * b),
        (gg - g * g + _FLAT, gb - g * b, bb - b * b + _FLAT),
        (rv - r * of_values, gv - g * of_values, bv - b * of_values),
    )
    offset = of_values - (slope * average).sum(dim=0)
    smooth = _blurred(torch.cat((slope, offset[None])))
    return (smooth[:3] * colours).sum(dim=0) + smooth[3]


_Three = tuple[Tensor, Tensor, Tensor]


def _solved(first: _Three, rest: _Three, values: _Three) -> Tensor:
    """What symmetric matrices 3×3 turn into values, by Cramer's rule: 3×T×S×S.

    `first` are the three of the first row, `rest` the other three of the upper triangle. LAPACK
    takes ten times as long for so many small ones.
    """
    (a, b, c), (d, e, f), (u, v, w) = first, rest, values
    over, across, down = d * f - e * e, c * e - b * f, b * e - c * d
    scale = 1 / (a * over + b * across + c * down)
    return torch.stack(
        (
            (over * u + across * v + down * w) * scale,
            (across * u + (a * f - c * c) * v + (b * c - a * e) * w) * scale,
            (down * u + (b * c - a * e) * v + (a * d - b * b) * w) * scale,
        )
    )


def _blurred(maps: Tensor) -> Tensor:
    """Means over squares, ...×S×S; at the border over what there is."""
    ones = functional.pad(maps.new_ones(maps.shape[-1]), (_RADIUS, _RADIUS))
    counts = ones.unfold(0, 2 * _RADIUS + 1, 1).sum(dim=1)
    for axis in (-1, -2):
        ends = (_RADIUS, _RADIUS) if axis == -1 else (0, 0, _RADIUS, _RADIUS)
        padded = functional.pad(maps, ends)
        maps = padded.narrow(axis, 0, CELLS).clone()
        for step in range(1, 2 * _RADIUS + 1):
            maps += padded.narrow(axis, step, CELLS)
    return maps.div_(counts).div_(counts[:, None])


__all__ = [
    "CELLS",
    "RAISED",
    "colours_of",
    "crops",
    "laid_logits",
    "led_by_colours",
    "places_of",
    "weighed",
]
