"""What anchors and RoIs should answer in training: matching and sampling, with every index kept.

torchvision's `assign_targets_to_anchors` and `select_training_samples` in their own order, on
their own matchers and samplers, but nothing about the way is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.ops import box_iou

from core.engine.config import TrainingSettings
from core.lens.training import BELOW, BETWEEN, AnchorTargets, RoiTargets

_AT_ONCE: Final = 4096
"""Anchors that are compared with all instances at a time."""


def match_anchors(model: MaskRCNN, anchors: Tensor, boxes: Tensor) -> AnchorTargets:
    """Match the anchors A×4 of an image with its instances' boxes N×4; nothing is sampled yet."""
    nobody = torch.zeros(0, dtype=torch.int64, device=anchors.device)
    if len(boxes) == 0:
        match = torch.full((len(anchors),), BELOW, dtype=torch.int64, device=anchors.device)
        overlap = torch.zeros(len(anchors), device=anchors.device)
        matched = torch.zeros_like(anchors)
    else:
        # In parts, because box_iou makes several times its answer on the way.
        overlaps = torch.cat(
            [box_iou(boxes, part) for part in torch.split(anchors, _AT_ONCE)], dim=1
        )
        match = model.rpn.proposal_matcher(overlaps)
        overlap = overlaps.max(dim=0).values
        matched = boxes[match.clamp(min=0)]
    label = (match >= 0).to(torch.float32)
    label[match == BETWEEN] = -1.0
    deltas = model.rpn.box_coder.encode_single(matched, anchors)
    return AnchorTargets(match, label, overlap, deltas, nobody, nobody)


def leave_out(label: Tensor, boxes: Tensor, area: Tensor) -> Tensor:
    """Labels with -1 instead of 0 for the boxes N×4 that lie by half or more inside an area.

    `area` is bool H×W in the pixels of the boxes. Both samplers pass over -1, so that nothing there
    is learned as background.
    """
    height, width = area.shape
    total = functional.pad(area.float().cumsum(0).cumsum(1), (1, 0, 1, 0))
    x0, x1 = (boxes[:, k].round().long().clamp(0, width) for k in (0, 2))
    y0, y1 = (boxes[:, k].round().long().clamp(0, height) for k in (1, 3))
    inside = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0]
    whole = ((x1 - x0) * (y1 - y0)).clamp(min=1)
    return torch.where((label == 0) & (inside >= 0.5 * whole), -torch.ones_like(label), label)


def sample_anchors(model: MaskRCNN, matched: Sequence[AnchorTargets]) -> list[AnchorTargets]:
    """Draw the anchors that count in the loss, for a batch at once; uses torch's generator."""
    positive, negative = model.rpn.fg_bg_sampler([each.label for each in matched])
    return [
        replace(each, positive=torch.where(yes)[0], negative=torch.where(no)[0])
        for each, yes, no in zip(matched, positive, negative, strict=True)
    ]


def sample_rois(
    model: MaskRCNN,
    proposals: Sequence[Tensor],
    targets: Sequence[dict[str, Tensor]],
    rules: TrainingSettings,
) -> list[RoiTargets]:
    """Match and draw the RoIs of a batch: proposals R×4, after them the instances' own boxes,
    where `rules` let them in.

    Where a target has an area `ignore`, background inside it is passed over. Uses torch's
    generator.
    """
    heads = model.roi_heads
    boxes = [target["boxes"].to(proposals[0].dtype) for target in targets]
    pool = list(proposals)
    if rules.roi_instances:
        pool = heads.add_gt_proposals(pool, boxes)
    labels = [target["labels"] for target in targets]
    if all(len(each) for each in pool):
        match, label = heads.assign_targets_to_proposals(pool, boxes, labels)
    else:  # which torchvision refuses: it always has the instances' own boxes
        match, label = _assign_one_by_one(model, pool, boxes, labels)
    label = [
        leave_out(each, rois, target["ignore"]) if "ignore" in target else each
        for each, rois, target in zip(label, pool, targets, strict=True)
    ]
    sampled = heads.subsample(label)
    if rules.roi_ratio:
        share = rules.roi_positive_fraction
        sampled = [
            _in_ratio(each[rows] > 0, rows, share)
            for each, rows in zip(label, sampled, strict=True)
        ]
    rois = []
    for index, rows in enumerate(sampled):
        instances = boxes[index] if len(boxes[index]) else pool[index].new_zeros((1, 4))
        chosen, matched = pool[index][rows], match[index][rows]
        rois.append(
            RoiTargets(
                boxes=chosen,
                source=rows,
                proposal_count=len(proposals[index]),
                pool_match=match[index],
                pool_label=label[index],
                match=matched,
                label=label[index][rows],
                deltas=heads.box_coder.encode_single(instances[matched], chosen),
            )
        )
    return rois


def _assign_one_by_one(
    model: MaskRCNN, pool: Sequence[Tensor], boxes: Sequence[Tensor], labels: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """`assign_targets_to_proposals` where images may be without proposals."""
    matches, found = [], []
    for one, truth, kind in zip(pool, boxes, labels, strict=True):
        empty = torch.zeros(len(one), dtype=torch.int64, device=one.device)
        match, label = empty, empty
        if len(one):
            assign = model.roi_heads.assign_targets_to_proposals
            (match,), (label,) = assign([one], [truth], [kind])
        matches.append(match)
        found.append(label)
    return matches, found


def _in_ratio(positive: Tensor, rows: Tensor, share: float) -> Tensor:
    """Of the drawn rows only as many negative ones as keep the positive ones at their share."""
    count = int(positive.sum())
    room = int(count / share) - count
    negative = torch.where(~positive)[0]
    drawn = negative[torch.randperm(len(negative), device=rows.device)[:room]]
    return rows[torch.cat([torch.where(positive)[0], drawn]).sort().values]
