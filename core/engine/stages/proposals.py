"""Stages `decoded` and `proposals`: from the RPN's answer to the boxes that go on.

The order of the cuts is torchvision's `RegionProposalNetwork.filter_proposals`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.ops import boxes as box_ops

from core.engine.stages.features import only_level
from core.engine.stages.nms import grouped_nms, suppressors
from core.lens.settings import StageSettings
from core.lens.trace import Anchors, Decoded, Fate, Proposals, Rpn


def decode(model: MaskRCNN, rpn: Rpn, anchors: Anchors) -> Tensor:
    """The anchors of one image moved by their deltas: float32 A×4, resized pixels, not clipped.

    Gradients do not flow into the deltas from here, as in Faster R-CNN.
    """
    boxes: Tensor = model.rpn.box_coder.decode(rpn.deltas.detach(), [anchors.boxes])
    return boxes.reshape(-1, 4)


def select(
    boxes: Tensor,
    rpn: Rpn,
    anchors: Anchors,
    size: tuple[int, int],
    settings: StageSettings,
    *,
    explain: bool = False,
) -> tuple[Decoded, Proposals]:
    """Cut the decoded boxes of one image down to proposals and record the fate of each.

    `size` is the height and width of the resized image. `explain` also finds, for each box that
    fell to NMS, the box that suppressed it. Bit-equal to torchvision.
    """
    index = strongest(rpn.logits.detach(), anchors.level_counts, settings)
    fate = torch.full((len(boxes),), Fate.BELOW_TOP_K, dtype=torch.int8, device=boxes.device)
    level = level_of(anchors, boxes.device)[index]
    if settings.rpn_levels == "together":
        level = torch.zeros_like(level)
    score = torch.sigmoid(rpn.logits.detach()[index])
    box = box_ops.clip_boxes_to_image(boxes[index], size)

    stays = box_ops.remove_small_boxes(box, settings.rpn_min_size)
    fate[index] = Fate.TOO_SMALL
    index, level, score, box = index[stays], level[stays], score[stays], box[stays]

    stays = torch.where(score >= settings.rpn_score)[0]
    fate[index] = Fate.LOW_SCORE
    index, level, score, box = index[stays], level[stays], score[stays], box[stays]

    kept = grouped_nms(box, score, level, settings.rpn_nms)
    fate[index] = Fate.SUPPRESSED
    fate[index[kept]] = Fate.OVER_LIMIT
    blame = None
    if explain:
        blame = torch.full((len(boxes),), -1, dtype=torch.int64, device=boxes.device)
        local = suppressors(box, score, level, kept, settings.rpn_nms)
        fallen = torch.where(local >= 0)[0]
        blame[index[fallen]] = index[local[fallen]]

    kept = kept[: settings.rpn_post_nms_top_n]
    fate[index[kept]] = Fate.KEPT
    return Decoded(boxes, fate, blame), Proposals(box[kept], score[kept], index[kept])


def strongest(logits: Tensor, level_counts: tuple[int, ...], settings: StageSettings) -> Tensor:
    """Indices of the `rpn_pre_nms_top_n` strongest anchors: of each level, level after level, or
    of all together. Where one level stands for all, only its anchors are looked at."""
    only, limit = only_level(settings), settings.rpn_pre_nms_top_n
    starts = [sum(level_counts[:place]) for place in range(len(level_counts))]
    places = range(len(level_counts)) if only is None else (only,)
    if settings.rpn_levels == "together" and only is None:
        return logits.topk(min(limit, len(logits))).indices
    chosen = []
    for place in places:
        part = logits[starts[place] : starts[place] + level_counts[place]]
        chosen.append(part.topk(min(limit, len(part))).indices + starts[place])
    return torch.cat(chosen)


def level_of(anchors: Anchors, device: torch.device) -> Tensor:
    """The level of each anchor: int64 A, 0 for P2 to 4 for P6."""
    counts = torch.tensor(anchors.level_counts, device=device)
    return torch.repeat_interleave(torch.arange(len(counts), device=device), counts)
