"""Non-maximum suppression that can say which box suppressed which."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torchvision.ops import boxes as box_ops

SIGMA: Final = 0.5
"""How quickly Soft-NMS forgives an overlap."""


def grouped_nms(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """Indices of the boxes that survive NMS within their group, strongest first.

    torchvision's own `batched_nms`: a box goes when its IoU with a stronger survivor of its
    group is strictly above the threshold.
    """
    kept: Tensor = box_ops.batched_nms(boxes, scores, groups, threshold)
    return kept


def suppressors(
    boxes: Tensor, scores: Tensor, groups: Tensor, kept: Tensor, threshold: float
) -> Tensor:
    """For each box the survivor that suppressed it, or -1 for the survivors themselves.

    The suppressor is the strongest survivor of the same group that is stronger than the box and
    overlaps it by more than the threshold. `batched_nms` shifts boxes of different groups apart,
    which can round an IoU across the threshold; where no overlap exceeds it here, the survivor
    with the largest overlap is named. int64, one for each box.
    """
    blame = boxes.new_full((len(boxes),), -1, dtype=torch.int64)
    survives = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    survives[kept] = True
    for group in torch.unique(groups[~survives]):
        fallen = torch.where(~survives & (groups == group))[0]
        strong = kept[groups[kept] == group]
        stronger = (scores[strong][:, None] > scores[fallen]) | (
            (scores[strong][:, None] == scores[fallen]) & (strong[:, None] < fallen)
        )
        overlap = torch.where(stronger, box_ops.box_iou(boxes[strong], boxes[fallen]), -1.0)
        above = overlap > threshold
        first = torch.where(above.any(0), above.int().argmax(0), overlap.argmax(0))
        blame[fallen] = strong[first]
    return blame


def soft_nms(
    boxes: Tensor, scores: Tensor, groups: Tensor, least: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Soft-NMS with a Gaussian (Bodla et al. 2017, equation 3 with sigma 0.5), group by group.

    The strongest box that is left lowers the scores of its group by exp(-IoU² / 0.5), again and
    again; what does not exceed `least` falls. Returns the survivors, strongest first, the lowered
    scores N, and for each that fell the survivor that lowered it most (-1 for the survivors).
    """
    lowered = scores.clone()
    blame = torch.full((len(scores),), -1, dtype=torch.int64, device=boxes.device)
    survives = torch.zeros(len(scores), dtype=torch.bool, device=boxes.device)
    for group in torch.unique(groups):
        rows = torch.where(groups == group)[0]
        overlap = box_ops.box_iou(boxes[rows], boxes[rows])
        factor = torch.exp(-(overlap**2) / SIGMA)
        left = torch.ones(len(rows), dtype=torch.bool, device=boxes.device)
        least_factor = torch.ones(len(rows), device=boxes.device)
        while left.any():
            mine = torch.where(left, lowered[rows], -1.0)
            best = int(mine.argmax())
            if mine[best] <= least:
                break
            left[best] = False
            survives[rows[best]] = True
            worse = left & (factor[best] < least_factor)
            least_factor = torch.where(worse, factor[best], least_factor)
            blame[rows[worse]] = rows[best]
            lowered[rows[left]] *= factor[best][left]
    blame[survives] = -1
    kept = torch.where(survives)[0]
    order = lowered[kept].argsort(descending=True, stable=True)
    return kept[order], lowered, blame
