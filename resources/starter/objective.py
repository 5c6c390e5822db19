"""What the training minimises: the five losses of Mask R-CNN with two changes.

The mask head learns from the true boxes, moved and scaled a little, beside the network's own
(Birodkar et al. 2021). Scores learn how well a box fits, and where things are not labelled
nothing is background (Kim et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.roi_heads import fastrcnn_loss, maskrcnn_loss
from torchvision.ops import box_iou, clip_boxes_to_image

from core.engine.config import ModelConfig
from core.engine.losses import Drawn, Seen, draw_samples
from core.engine.stages import features, masks, roi
from core.engine.stages.inputs import Batch as Prepared
from core.engine.stages.numerics import Numerics
from core.lens.trace import BoxHead
from resources.starter.pool import Batch, Target
from resources.starter.recipe import Recipe

_BETA = 1 / 9


def losses_of(
    model: MaskRCNN, config: ModelConfig, recipe: Recipe, batch: Batch, numerics: Numerics
) -> dict[str, Tensor]:
    """The losses by torchvision's names; draws with torch's generator."""
    seen = see(model, batch, numerics)
    drawn = draw_samples(model, config, seen, batch.targets)
    answer = roi.run_box_head(model, seen.levels, [each.boxes for each in drawn.rois], numerics)
    objectness, rpn_box = _rpn_losses(model, seen, drawn, batch.targets, recipe.quality)
    classifier, box = _box_losses(model, answer, drawn, batch.targets, recipe.quality)
    return {
        "loss_classifier": classifier,
        "loss_box_reg": box,
        "loss_mask": _mask_loss(model, seen, drawn, batch.targets, recipe, numerics),
        "loss_objectness": objectness,
        "loss_rpn_box_reg": rpn_box,
    }


def see(model: MaskRCNN, batch: Batch, numerics: Numerics) -> Seen:
    """The batch as the network sees it: its images have their final size, all the same."""
    normal = torch.stack([model.transform.normalize(image) for image in batch.images])
    size = (normal.shape[-2], normal.shape[-1])
    sizes = (size,) * len(normal)
    prepared = Prepared(normal, sizes, sizes)
    maps = features.run_backbone(model, prepared, numerics)
    levels = features.run_pyramid(model, maps, numerics)
    anchors = features.make_anchors(model, prepared, levels)
    return Seen(levels, anchors, features.run_rpn(model, levels, numerics), sizes)


def _rpn_losses(
    model: MaskRCNN, seen: Seen, drawn: Drawn, targets: Sequence[Target], quality: bool
) -> tuple[Tensor, Tensor]:
    rpns = features.split_rpn(seen.rpn, len(targets))
    logits, wanted, moves, ideal = [], [], [], []
    for rpn, matched, target in zip(rpns, drawn.anchors, targets, strict=True):
        yes, no = matched.positive, matched.negative
        logits.append(rpn.logits.flatten()[torch.cat([yes, no])])
        fit = torch.ones(len(yes))
        if quality and len(yes):
            boxes = model.rpn.box_coder.decode(rpn.deltas[yes].detach(), [seen.anchors.boxes[yes]])
            fit = overlaps(boxes.reshape(-1, 4), target["boxes"][matched.match[yes]])
        wanted.append(torch.cat([fit, torch.zeros(len(no))]))
        moves.append(rpn.deltas[yes])
        ideal.append(matched.deltas[yes])
    chosen = torch.cat(logits)
    count = max(1, len(chosen))
    objectness = functional.binary_cross_entropy_with_logits(
        chosen, torch.cat(wanted), reduction="sum"
    )
    box = functional.smooth_l1_loss(torch.cat(moves), torch.cat(ideal), beta=_BETA, reduction="sum")
    return objectness / count, box / count


def _box_losses(
    model: MaskRCNN, answer: BoxHead, drawn: Drawn, targets: Sequence[Target], quality: bool
) -> tuple[Tensor, Tensor]:
    if not len(answer.logits):
        # Nothing counts where no instance is labelled and the background is not known.
        return answer.logits.sum(), answer.deltas.sum()
    labels = [each.label for each in drawn.rois]
    classifier, box = fastrcnn_loss(
        answer.logits, answer.deltas, labels, [each.deltas for each in drawn.rois]
    )
    if not quality:
        return classifier, box
    label = torch.cat(labels)
    rois = torch.cat([each.boxes for each in drawn.rois])
    own = answer.deltas.detach().reshape(len(label), -1, 4)[torch.arange(len(label)), label]
    refined = model.roi_heads.box_coder.decode_single(own, rois)
    true = torch.cat(
        [
            t["boxes"][r.match] if len(t["boxes"]) else torch.zeros(len(r.match), 4)
            for t, r in zip(targets, drawn.rois, strict=True)
        ]
    )
    fit = torch.where(label > 0, overlaps(refined, true), 1.0)
    wanted = functional.one_hot(label, answer.logits.shape[1]) * fit[:, None]
    wanted[:, 0] += 1 - fit
    return functional.cross_entropy(answer.logits, wanted), box


def _mask_loss(
    model: MaskRCNN,
    seen: Seen,
    drawn: Drawn,
    targets: Sequence[Target],
    recipe: Recipe,
    numerics: Numerics,
) -> Tensor:
    boxes, matched = [], []
    for rois, target, size in zip(drawn.rois, targets, seen.sizes, strict=True):
        own = torch.where(rois.label > 0)[0]
        own = own[torch.randperm(len(own))[: recipe.mask_samples // 2]]
        true = torch.randperm(len(target["boxes"]))
        # Few instances are shown several times, each time moved otherwise.
        true = true.repeat(2)[: recipe.mask_samples - len(own)]
        moved = clip_boxes_to_image(move(target["boxes"][true], recipe.moved), size)
        boxes.append(torch.cat([rois.boxes[own], moved]))
        matched.append(torch.cat([rois.match[own], true]))
    logits = masks.run_mask_head(model, seen.levels, boxes, numerics)
    loss: Tensor = maskrcnn_loss(
        logits, boxes, [t["masks"] for t in targets], [t["labels"] for t in targets], matched
    )
    return loss


def move(boxes: Tensor, share: float, generator: torch.Generator | None = None) -> Tensor:
    """Boxes N×4 moved and scaled in either direction by up to a share of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    shift, growth = (torch.rand(2, len(boxes), 2, generator=generator) * 2 - 1) * share
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + shift * sides
    half = sides * (1 + growth) / 2
    return torch.cat([centre - half, centre + half], dim=1)


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """The IoU of each box with its counterpart: N×4, N×4 to N."""
    ious: Tensor = box_iou(boxes, others)
    return ious.diagonal()
