"""Non-maximum suppression that can say which box suppressed which."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import boxes as box_ops


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
