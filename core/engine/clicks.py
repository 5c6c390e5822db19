"""The click-correct head: a person's points and the mask that is there, put before the mask head.

Points and mask become three maps of 28×28 cells in the box. A few convolutions add what they mean
to the 14×14 RoI features in front of the mask head, and to its logits behind it. Their last layers
start at zero, so that a new one changes no bit of the mask head's answer. As in RITM (arXiv
2102.06583) the head learns from simulated clicks; see `core.engine.click_training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torchvision.models.detection import MaskRCNN

from core.document.instance import Point, Polygon, Polygons
from core.document.runs import rasterise
from core.engine.config import ModelConfig
from core.engine.stages.features import Maps, own_settings
from core.engine.stages.numerics import FLOAT32, Numerics, Part
from core.engine.stages.pooling import pool_rois

PREFIX: Final = "roi_heads.click_head."
"""What its tensors are called in a state_dict begins so."""
CELLS: Final = 28
_MAPS: Final = 3
_HIDDEN: Final = 32
_REACH: Final = 1.5
"""Sigma of a point in its map, in cells."""
_FINER: Final = 4


class ClickHead(nn.Module):
    """What three maps N×3×28×28 (inner points, outer points, mask) add before and behind."""

    def __init__(self, channels: int, mask_channels: int) -> None:
        super().__init__()
        self.before = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * _MAPS, _HIDDEN, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_HIDDEN, channels, 3, padding=1),
        )
        self.behind = nn.Sequential(
            nn.Conv2d(mask_channels + _MAPS + 1, _HIDDEN, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_HIDDEN, _HIDDEN, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_HIDDEN, 1, 1),
        )
        for last in (self.before[-1], self.behind[-1]):
            assert isinstance(last, nn.Conv2d)
            nn.init.zeros_(last.weight)
            assert last.bias is not None
            nn.init.zeros_(last.bias)


def click_head(model: MaskRCNN) -> ClickHead | None:
    """The head of a network that has one."""
    head = getattr(model.roi_heads, "click_head", None)
    return head if isinstance(head, ClickHead) else None


def add_click_head(model: MaskRCNN, config: ModelConfig) -> ClickHead:
    """The head of a network, a new one when it has none."""
    head = click_head(model)
    if head is None:
        head = ClickHead(config.fpn_channels, config.mask_channels)
        model.roi_heads.click_head = head.train(model.training)
    return head


def has_clicks(state: Mapping[str, Tensor]) -> bool:
    """Whether a state_dict holds a click-correct head."""
    return any(name.startswith(PREFIX) for name in state)


def clicked_logits(
    model: MaskRCNN,
    pooled: Tensor,
    maps: Tensor,
    channel: Tensor,
    numerics: Numerics = FLOAT32,
    *,
    only_clicks: bool = False,
) -> Tensor:
    """Mask logits N×28×28 of pooled features N×C×14×14 with maps N×3×28×28.

    `channel` N is the class whose mask is taken. With `only_clicks` no gradient reaches the mask
    head's own weights. Raises ValueError when the network has no click-correct head.
    """
    head, heads = click_head(model), model.roi_heads
    if head is None:
        raise ValueError("the network has no click-correct head")

    def call(part: nn.Module, value: Tensor) -> Tensor:
        if not only_clicks:
            answer: Tensor = part(value)
            return answer
        fixed = {name: each.detach() for name, each in part.named_parameters()}
        fixed |= dict(part.named_buffers())
        return torch.as_tensor(functional_call(part, fixed, (value,)))

    shifted = pooled + head.before(maps)
    with numerics.context(Part.MASK_HEAD, pooled.device):
        hidden = call(heads.mask_head, numerics.fit(Part.MASK_HEAD, shifted))
        hidden = functional.relu(call(heads.mask_predictor.conv5_mask, hidden))
    hidden = hidden.float()
    logits = call(heads.mask_predictor.mask_fcn_logits, hidden)
    own = logits[torch.arange(len(channel), device=channel.device), channel.clamp(min=0)]
    anything = channel < 0
    if anything.any():
        own = torch.where(anything[:, None, None], logits[:, 1:].amax(dim=1), own)
    more = head.behind(torch.cat((hidden, maps, own[:, None]), dim=1))
    corrected: Tensor = own + more[:, 0]
    return corrected


@torch.inference_mode()
def correct(
    model: MaskRCNN,
    levels: Maps,
    box: Tensor,
    maps: Tensor,
    channel: Tensor,
    numerics: Numerics = FLOAT32,
) -> Tensor:
    """Mask probabilities N×28×28 of boxes N×4 in resized pixels, put right at the points."""
    pool = model.roi_heads.mask_roi_pool
    pooled = pool_rois(pool, levels, [box], own_settings(model))
    return torch.sigmoid(clicked_logits(model, pooled, maps, channel, numerics))


def point_maps(cells: Tensor, inside: Tensor) -> Tensor:
    """Two maps 2×28×28 of points N×2 in cells (x, y): inner ones, outer ones. Values 0 to 1."""
    grid = torch.arange(CELLS, dtype=torch.float32, device=cells.device) + 0.5
    maps = cells.new_zeros((2, CELLS, CELLS))
    for kind, chosen in enumerate((inside, ~inside)):
        for x, y in cells[chosen]:
            far = (grid[None] - x) ** 2 + (grid[:, None] - y) ** 2
            maps[kind] = torch.maximum(maps[kind], torch.exp(-far / (2 * _REACH**2)))
    return maps


def maps_of(
    points: Sequence[Point],
    inside: NDArray[np.bool_],
    present: Polygons,
    box: Sequence[float],
) -> Tensor:
    """The maps 1×3×28×28 of points and an outline in a box, all in image pixels."""
    x0, y0, x1, y1 = box
    scale = np.array((CELLS / (x1 - x0), CELLS / (y1 - y0)))
    cells = (np.array(points, np.float64).reshape(-1, 2) - (x0, y0)) * scale
    marks = point_maps(torch.from_numpy(cells).float(), torch.from_numpy(np.array(inside, bool)))
    return torch.cat((marks, _field(present, box)[None]))[None]


def _field(polygons: Polygons, box: Sequence[float]) -> Tensor:
    """How much of each of 28×28 cells an outline covers."""
    side = CELLS * _FINER
    if not polygons:
        return torch.zeros(CELLS, CELLS)
    (x0, y0, x1, y1), finer = box, side
    across, down = finer / (x1 - x0), finer / (y1 - y0)

    def moved(ring: Sequence[Point]) -> tuple[Point, ...]:
        return tuple(((x - x0) * across, (y - y0) * down) for x, y in ring)

    inner = tuple(
        Polygon(moved(polygon.outer), tuple(moved(hole) for hole in polygon.holes))
        for polygon in polygons
    )
    bits = torch.from_numpy(rasterise(inner, side, side).astype(np.float32))
    return functional.avg_pool2d(bits[None], _FINER)[0]
