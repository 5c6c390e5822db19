"""What the mask head is asked for: the part of each instance's mask that lies in a RoI."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from core.engine.config import TrainingSettings
from core.engine.stages.pooling import crop_and_resize

MINI_SIDE: Final = 56


def mask_targets(
    masks: Tensor, boxes: Tensor, matched: Tensor, side: int, rules: TrainingSettings
) -> Tensor:
    """Targets P×side×side of boxes P×4 from masks N×H×W, by the instance of each.

    Soft, by RoIAlign (torchvision), or of 0 and 1 from a mini-mask (matterport).
    """
    if rules.mask_targets == "soft":
        soft: Tensor = project_masks_on_boxes(masks, boxes, matched, side)
        return soft
    targets = boxes.new_zeros((len(boxes), side, side))
    for instance in torch.unique(matched).tolist():
        rows = torch.where(matched == instance)[0]
        targets[rows] = _from_mini(masks[instance], boxes[rows], side)
    return targets


def mini_mask(mask: Tensor) -> tuple[Tensor, Tensor]:
    """The part of a mask H×W in its own box as 56×56 of 0 and 1, and that box: 4 corners."""
    ys, xs = torch.where(mask > 0)
    if not len(ys):
        empty = torch.zeros((MINI_SIDE, MINI_SIDE), device=mask.device)
        return empty, torch.tensor([0.0, 0.0, 1.0, 1.0], device=mask.device)
    x0, y0, x1, y1 = (int(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    part = mask[y0:y1, x0:x1].float()[None, None]
    mini = functional.interpolate(part, (MINI_SIDE, MINI_SIDE), mode="bilinear")
    box = torch.tensor([x0, y0, x1, y1], dtype=torch.float32, device=mask.device)
    return mini[0, 0].round(), box


def _from_mini(mask: Tensor, boxes: Tensor, side: int) -> Tensor:
    """The mini-mask of one instance read below boxes P×4, corner to corner, and rounded."""
    mini, own = mini_mask(mask)
    last = MINI_SIDE - 1
    # Pixels of the mini-mask; `crop_and_resize` takes the far corner for one beyond the last.
    near = (boxes[:, :2] - own[:2]) / (own[2:] - own[:2]) * last
    far = (boxes[:, 2:] - own[:2]) / (own[2:] - own[:2]) * last + 1
    rois = torch.cat([boxes.new_zeros((len(boxes), 1)), near, far], dim=1)
    return crop_and_resize(mini[None, None], rois, 1.0, side)[:, 0].round()
