"""How the features below a RoI are read: four ways, and the level that they are read from.

All boxes are pixels of the resized image. Names are those of `StageSettings`.

`roialign`: the mean of bilinear samples (Mask R-CNN, section 3), torchvision's own operation.
`roipool`: the corners rounded to whole cells, then the largest value of each bin (Fast R-CNN).
`roiwarp`: the corners rounded as well, then bilinear samples (MNC, as in table 2c).
`crop`: one bilinear sample for each bin, the first and last on the corners themselves, of a box in
normalised coordinates (TensorFlow's crop_and_resize, as matterport's Mask R-CNN calls it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import MultiScaleRoIAlign, roi_align, roi_pool

from core.engine.stages.features import Maps
from core.lens.settings import StageSettings
from core.lens.trace import BACKBONE_LEVELS

_P4: Final = 4
_EPSILON: Final = 1e-6
"""Keeps a side of exactly the canonical size on its level, as torchvision does."""


def canonical_size(pool: MultiScaleRoIAlign, settings: StageSettings) -> int:
    """The side of the RoI that is read from P4."""
    return settings.roi_canonical or int(pool.map_levels.s0)


def level_of(pool: MultiScaleRoIAlign, boxes: Tensor, settings: StageSettings) -> Tensor:
    """The level of each box R×4, int64 R: 0 for P2 to 3 for P5.

    Of a side `s`, 4 + log2(s / canonical size), rounded down (FPN paper, equation 1) or to the
    nearest (matterport), within P2 to P5. Where one map stands for all it is that of the map.
    """
    if settings.fpn != "on":
        one = BACKBONE_LEVELS.index(settings.fpn)
        return torch.full((len(boxes),), one, dtype=torch.int64, device=boxes.device)
    side = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).clamp(min=0).sqrt()
    # In torchvision's order of operations, so that a side on the border falls as there.
    exact = _P4 + torch.log2(side / canonical_size(pool, settings))
    exact = exact + torch.tensor(_EPSILON, dtype=boxes.dtype)
    level = exact.floor() if settings.roi_level == "floor" else exact.round()
    # Of a box without area the logarithm is minus infinity.
    return (level.clamp(min=2, max=5) - 2).to(torch.int64)


def pool_rois(
    pool: MultiScaleRoIAlign,
    levels: Maps,
    boxes: Sequence[Tensor],
    settings: StageSettings | None = None,
) -> Tensor:
    """The features of boxes, one tensor R×4 an image: float32 ΣR×C×S×S.

    The scales are fixed in the pool, so that image sizes play no part. With torchvision's settings
    it is `MultiScaleRoIAlign` itself, and bit-equal.
    """
    settings = settings or StageSettings()
    maps = [levels[name].float() for name in pool.featmap_names]
    rois = torch.cat(
        [
            torch.cat([each.new_full((len(each), 1), number), each], dim=1)
            for number, each in enumerate(boxes)
        ]
    )
    size = int(pool.output_size[0])
    level = level_of(pool, rois[:, 1:], settings)
    pooled = rois.new_zeros((len(rois), maps[0].shape[1], size, size), dtype=maps[0].dtype)
    for place, (values, scale) in enumerate(zip(maps, pool.scales, strict=True)):
        rows = torch.where(level == place)[0]
        if len(rows):
            pooled[rows] = read(values, rois[rows], float(scale), size, settings).to(pooled.dtype)
    return pooled


def read(values: Tensor, rois: Tensor, scale: float, size: int, settings: StageSettings) -> Tensor:
    """Features R×C×size×size of RoIs R×5 (number of the image, corners) on one map N×C×H×W."""
    match settings.roi_pool:
        case "roipool":
            pooled: Tensor = roi_pool(values, rois, size, scale)
        case "roiwarp":
            whole = torch.cat([rois[:, :1], (rois[:, 1:] * scale).round()], dim=1)
            pooled = roi_align(values, whole, size, 1.0, settings.roi_sampling or -1)
        case "crop":
            pooled = crop_and_resize(values, rois, scale, size)
        case _:
            pooled = roi_align(
                values,
                rois,
                size,
                scale,
                settings.roi_sampling or -1,
                aligned=settings.roi_aligned == "yes",
            )
    return pooled


def crop_and_resize(values: Tensor, rois: Tensor, scale: float, size: int) -> Tensor:
    """One sample a bin, corner to corner; zero outside of the map.

    A box is normalised as matterport does it, (x0, y0) / (W - 1, H - 1) and (x1 - 1, y1 - 1) /
    (W - 1, H - 1) with the sides of the network's input, and its corners are laid over the centres
    of the map's first and last cells.
    """
    rows, columns = values.shape[-2:]
    steps = torch.linspace(0, 1, size, device=rois.device)
    points = []
    for near, far, cells in ((rois[:, 1], rois[:, 3], columns), (rois[:, 2], rois[:, 4], rows)):
        last = max(cells / scale - 1, 1)
        start, end = near / last, (far - 1) / last
        points.append(start[:, None] + (end - start)[:, None] * steps)
    # grid_sample has -1 at the first centre and 1 at the last.
    x, y = (each * 2 - 1 for each in points)
    pooled = values.new_zeros((len(rois), values.shape[1], size, size))
    for number in torch.unique(rois[:, 0]).tolist():
        mine = torch.where(rois[:, 0] == number)[0]
        grid = torch.stack(
            [
                x[mine][:, None, :].expand(-1, size, -1),
                y[mine][:, :, None].expand(-1, -1, size),
            ],
            dim=-1,
        )
        seen = functional.grid_sample(
            values[int(number)][None],
            grid.reshape(1, len(mine) * size, size, 2).to(values.dtype),
            align_corners=True,
        )
        pooled[mine] = seen[0].reshape(-1, len(mine), size, size).transpose(0, 1)
    return pooled
