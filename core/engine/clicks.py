"""The click-correct head: draws a mask at 64×64 cells from all that is known about it.

It sees the image itself, what the mask head and the colours say (`core.engine.colours`), the
person's points, the outline that is there, and the RoI features, and says how much likelier each
cell is inside than the colours alone make it. Its last layer starts at zero, so that a new one
changes no bit of their answer. As in RITM (arXiv 2102.06583) it learns from simulated clicks; see
`core.engine.click_training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import MaskRCNN

from core.document.geometry import scaled
from core.document.instance import Point, Polygons
from core.document.runs import rasterise
from core.engine.colours import CELLS, RAISED, crops, laid_logits, places_of, weighed
from core.engine.config import ModelConfig
from core.engine.stages.features import Maps, own_settings
from core.engine.stages.pooling import pool_rois

PREFIX: Final = "roi_heads.click_head."
"""What its tensors are called in a state_dict begins so."""
_MAPS: Final = 12
_FINE: Final = 48
_COARSE: Final = 96
_COARSE_CELLS: Final = 16
_REACH: Final = 2.5
"""Sigma of a point in its map, in cells."""
_FINER: Final = 2
_LOGITS: Final = 3.0
"""Logits are divided by this before the head sees them."""
_SURE: Final = 1e-3
_OUTLINED: Final = 0.95
"""How likely the colours within an outline that is there are those of the thing."""


class ClickHead(nn.Module):
    """What maps N×12×64×64 and pooled features N×C×14×14 add to logits N×64×64."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * _MAPS, _FINE, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_FINE, _FINE, 3, padding=1),
            nn.ReLU(),
        )
        self.down = nn.Conv2d(_FINE, _COARSE, 3, stride=2, padding=1)
        self.features = nn.Conv2d(channels, _COARSE, 1)
        self.around = nn.ModuleList(
            nn.Conv2d(_COARSE, _COARSE, 3, padding=far, dilation=far) for far in (1, 2, 4)
        )
        self.up = nn.Conv2d(_COARSE, _FINE, 1)
        self.last = nn.Sequential(
            nn.Conv2d(_FINE, _FINE, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_FINE, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )
        end = self.last[-2]
        assert isinstance(end, nn.Conv2d)
        assert end.bias is not None
        nn.init.zeros_(end.weight)
        nn.init.zeros_(end.bias)

    def forward(self, maps: Tensor, pooled: Tensor) -> Tensor:
        fine = self.first(maps)
        seen = functional.interpolate(
            self.features(pooled), size=(_COARSE_CELLS,) * 2, mode="bilinear", align_corners=False
        )
        coarse = functional.relu(self.down(fine) + seen)
        for each in self.around:
            coarse = coarse + functional.relu(each(coarse))
        back = functional.interpolate(self.up(coarse), scale_factor=2, mode="nearest")
        logits: Tensor = self.last(functional.relu(fine + back))
        return logits[:, 0]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is known of N things before anybody points, each in a place around its box."""

    shown: Tensor
    """The image, N×3×64×64, 0 to 1."""
    logits: Tensor
    """What the masks say, N×64×64."""
    within: Tensor
    """1 in the box, N×64×64."""
    pooled: Tensor
    """RoI features of the place, N×C×14×14."""

    def __getitem__(self, rows: Tensor | slice) -> View:
        return View(*(getattr(self, each.name)[rows] for each in fields(self)))


def click_head(model: MaskRCNN) -> ClickHead | None:
    """The head of a network that has one."""
    head = getattr(model.roi_heads, "click_head", None)
    return head if isinstance(head, ClickHead) else None


def add_click_head(model: MaskRCNN, config: ModelConfig) -> ClickHead:
    """The head of a network, a new one when it has none."""
    head = click_head(model)
    if head is None:
        head = ClickHead(config.fpn_channels)
        model.roi_heads.click_head = head.train(model.training)
    return head


def has_clicks(state: Mapping[str, Tensor]) -> bool:
    """Whether a state_dict holds a click-correct head."""
    return any(name.startswith(PREFIX) for name in state)


def without_old_clicks(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The state_dict without a click-correct head of a kind before: one that saw 28×28 cells, or
    one that was never asked for the mask of a box.
    """
    if f"{PREFIX}features.weight" in state:
        return state
    return {name: value for name, value in state.items() if not name.startswith(PREFIX)}


def view_of(
    model: MaskRCNN, levels: Maps, colours: Tensor, boxes: Tensor, masks: Tensor
) -> tuple[View, Tensor]:
    """What is known of N things, each with masks N×M×28×28 (probabilities) in boxes N×M×4 of
    resized pixels, and the places N×4 around their first boxes. `colours` is uint8 3×H×W.
    """
    places = places_of(boxes[:, 0], (colours.shape[1], colours.shape[2]))
    pool = model.roi_heads.mask_roi_pool
    pooled = pool_rois(pool, levels, [places], own_settings(model))
    return (
        View(
            crops(colours, places),
            laid_logits(masks, boxes, places, RAISED),
            within(boxes[:, 0], places),
            pooled,
        ),
        places,
    )


def within(boxes: Tensor, places: Tensor) -> Tensor:
    """1 in the cells of places N×4 whose middle lies in boxes N×4, else 0: N×64×64."""
    steps = (torch.arange(CELLS, device=boxes.device) + 0.5) / CELLS
    at = places[:, None, :2] + steps[:, None] * (places[:, None, 2:] - places[:, None, :2])
    inner = ((at >= boxes[:, None, :2]) & (at < boxes[:, None, 2:])).float()
    return inner[:, None, :, 0] * inner[:, :, None, 1]


def drawn_anew(
    head: ClickHead | None, view: View, marks: Tensor | None = None, present: Tensor | None = None
) -> Tensor:
    """Logits N×64×64 of things. Without a head: what masks and colours say.

    `marks` N×2×64×64 are inner and outer points (`point_maps`), `present` N×64×64 is the outline
    that is there: from -1, outside, to 1, and 0 all over where there is none.
    """
    count = len(view.logits)
    if marks is None:
        marks = view.logits.new_zeros((count, 2, CELLS, CELLS))
    if present is None:
        present = torch.zeros_like(view.logits)
    inside = _inside(view.logits, marks, present)
    likelier, led = weighed(view.shown, view.logits, inside)
    known = torch.logit(led, _SURE)
    if head is None:
        return known
    maps = torch.cat(
        (
            view.shown - 0.5,
            torch.stack((known / _LOGITS, view.logits / _LOGITS, likelier / _LOGITS), dim=1),
            torch.stack((view.within, present), dim=1),
            marks,
            _alike(view.pooled, marks),
        ),
        dim=1,
    )
    more: Tensor = head(maps, view.pooled)
    return known + more


def _inside(logits: Tensor, marks: Tensor, present: Tensor) -> Tensor:
    """Which cells tell the colours of the thing: those of its outline, if any, and of points."""
    given = present.abs().amax(dim=(1, 2), keepdim=True) > 0
    outlined = (present * (2 * _OUTLINED - 1) + 1) / 2
    inside = torch.where(given, outlined, torch.sigmoid(logits))
    return torch.maximum(inside, marks[:, 0]) * (1 - marks[:, 1])


def _alike(pooled: Tensor, marks: Tensor) -> Tensor:
    """How like the features at the inner and at the outer points are those of each cell, -1 to 1,
    N×2×64×64; 0 where there are no such points.
    """
    away = functional.normalize(pooled - pooled.mean(dim=(2, 3), keepdim=True), dim=1)
    weights = functional.adaptive_avg_pool2d(marks, (pooled.shape[2], pooled.shape[3]))
    meant = functional.normalize(torch.einsum("nkhw,nchw->nkc", weights, away), dim=2)
    like = torch.einsum("nkc,nchw->nkhw", meant, away)
    return functional.interpolate(like, size=(CELLS, CELLS), mode="bilinear", align_corners=False)


def point_maps(cells: Tensor, inside: Tensor) -> Tensor:
    """Two maps 2×64×64 of points N×2 in cells (x, y): inner ones, outer ones. Values 0 to 1."""
    grid = torch.arange(CELLS, dtype=torch.float32, device=cells.device) + 0.5
    maps = cells.new_zeros((2, CELLS, CELLS))
    for kind, chosen in enumerate((inside, ~inside)):
        for x, y in cells[chosen]:
            far = (grid[None] - x) ** 2 + (grid[:, None] - y) ** 2
            maps[kind] = torch.maximum(maps[kind], torch.exp(-far / (2 * _REACH**2)))
    return maps


def marks_of(points: Sequence[Point], inside: NDArray[np.bool_], place: Sequence[float]) -> Tensor:
    """The maps 1×2×64×64 of points in a place, all in image pixels."""
    x0, y0, x1, y1 = place
    scale = np.array((CELLS / (x1 - x0), CELLS / (y1 - y0)))
    cells = (np.array(points, np.float64).reshape(-1, 2) - (x0, y0)) * scale
    kinds = torch.from_numpy(np.array(inside, bool))
    return point_maps(torch.from_numpy(cells).float(), kinds)[None]


def present_of(polygons: Polygons, place: Sequence[float]) -> Tensor:
    """An outline in a place of image pixels, 1×64×64: from -1, outside, to 1; 0 without one."""
    if not polygons:
        return torch.zeros(1, CELLS, CELLS)
    side = CELLS * _FINER
    x0, y0, x1, y1 = place
    inner = scaled(polygons, (x0, y0), (side / (x1 - x0), side / (y1 - y0)))
    bits = torch.from_numpy(rasterise(inner, side, side).astype(np.float32))
    return functional.avg_pool2d(bits[None], _FINER) * 2 - 1
