"""How the click-correct head learns: simulated clicks on true masks, a few rounds each.

The mask that the network has is spoilt at random, a click goes into the middle of the largest error
that is left, and the head is asked for the true mask; its answer is what the next round begins
with. Nothing else of the network learns from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from core.engine.clicks import CELLS, clicked_logits, point_maps
from core.engine.stages.features import Maps
from core.engine.stages.numerics import FLOAT32, Numerics
from core.engine.stages.pooling import pool_rois

ROUNDS: Final = 3
AT_ONCE: Final = 16
"""Instances of a batch that are clicked on."""
_JITTER: Final = 0.1
_NEAR: Final = 4.0
"""How much more the cells near a click count."""
_DEEPEST: Final = 8


def click_loss(
    model: MaskRCNN,
    levels: Maps,
    targets: Sequence[dict[str, Tensor]],
    numerics: Numerics = FLOAT32,
    *,
    rounds: int = ROUNDS,
    most: int = AT_ONCE,
) -> Tensor:
    """The mean loss of simulated clicks on some instances of a batch; draws from torch's generator.

    Targets hold boxes, masks and labels in pixels of the resized images. Zero without instances.
    """
    heads = model.roi_heads
    chosen = _chosen(targets, most)
    boxes = [
        _moved(target["boxes"][rows], target["masks"].shape[-2:])
        for target, rows in zip(targets, chosen, strict=True)
    ]
    if not sum(map(len, boxes)):
        return next(iter(levels.values())).new_zeros(())
    fixed = {name: level.detach() for name, level in levels.items()}
    with torch.no_grad():
        pooled = pool_rois(heads.mask_roi_pool, fixed, boxes)  # type: ignore[arg-type]
    truth = torch.cat(
        [
            project_masks_on_boxes(target["masks"], each, rows, CELLS)
            for target, each, rows in zip(targets, boxes, chosen, strict=True)
        ]
    )
    channel = torch.cat(
        [target["labels"][rows] for target, rows in zip(targets, chosen, strict=True)]
    )
    return _rounds(model, pooled, truth, channel, numerics, rounds)


def _rounds(
    model: MaskRCNN,
    pooled: Tensor,
    truth: Tensor,
    channel: Tensor,
    numerics: Numerics,
    rounds: int,
) -> Tensor:
    marks = truth.new_zeros((len(truth), 2, CELLS, CELLS))
    with torch.no_grad():
        maps = torch.cat((marks, truth.new_zeros((len(truth), 1, CELLS, CELLS))), dim=1)
        plain = torch.sigmoid(clicked_logits(model, pooled, maps, channel, numerics))
    present = spoilt(plain, truth)
    losses = []
    for _ in range(rounds):
        marks = torch.maximum(marks, next_marks(present, truth))
        maps = torch.cat((marks, present[:, None]), dim=1)
        logits = clicked_logits(model, pooled, maps, channel, numerics, only_clicks=True)
        weight = 1 + _NEAR * marks.amax(dim=1)
        each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        losses.append((weight * each).sum() / weight.sum())
        present = (torch.sigmoid(logits.detach()) >= 0.5).float()
    return torch.stack(losses).mean()


def _chosen(targets: Sequence[dict[str, Tensor]], most: int) -> list[Tensor]:
    """Rows of instances, `most` of the batch at most."""
    counts = [len(target["boxes"]) for target in targets]
    taken = torch.randperm(sum(counts))[:most].sort().values
    before, rows = 0, []
    for target, count in zip(targets, counts, strict=True):
        own = taken[(taken >= before) & (taken < before + count)] - before
        rows.append(own.to(target["boxes"].device))
        before += count
    return rows


def _moved(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Boxes whose edges are each off by up to a tenth of the side, within the image."""
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    off = (torch.rand(boxes.shape) * 2 - 1).to(boxes.device) * _JITTER
    moved = boxes + off * sides
    limits = boxes.new_tensor((size[1], size[0], size[1], size[0]))
    return torch.minimum(moved.clamp(min=0), limits)


def spoilt(plain: Tensor, truth: Tensor) -> Tensor:
    """What a person may have before the first click, 0 or 1: N×28×28.

    The network's own mask; or the true one with a strip or a block of it missing or too much; or
    one moved aside; or nothing.
    """
    made = []
    for own, true in zip((plain >= 0.5).float(), (truth >= 0.5).float(), strict=True):
        kind = int(torch.randint(4, ()))
        if kind == 0:
            made.append(own)
        elif kind == 1:
            shift = torch.randint(-5, 6, (2,)).tolist()
            made.append(torch.roll(true, shifts=shift, dims=(0, 1)))
        elif kind == 2:
            low = torch.randint(0, CELLS - 6, (2,)).tolist()
            side = torch.randint(6, 18, (2,)).tolist()
            block = true.clone()
            fill = float(torch.randint(2, ()))
            block[low[0] : low[0] + side[0], low[1] : low[1] + side[1]] = fill
            made.append(block)
        else:
            made.append(torch.zeros_like(true) if float(torch.rand(())) < 0.3 else own)
    return torch.stack(made)


def next_marks(present: Tensor, truth: Tensor) -> Tensor:
    """The maps N×2×28×28 of the next click on each mask: the deepest place of what is wrong."""
    wanted = truth >= 0.5
    wrong = (present >= 0.5) != wanted
    depth = _depth(wrong)
    place = depth.flatten(1).argmax(dim=1)
    maps = []
    for row in range(len(truth)):
        if not wrong[row].any():
            maps.append(truth.new_zeros((2, CELLS, CELLS)))
            continue
        y, x = divmod(int(place[row]), CELLS)
        cells = truth.new_tensor([[x + 0.5, y + 0.5]])
        maps.append(point_maps(cells, wanted[row, y, x].reshape(1)))
    return torch.stack(maps)


def _depth(wrong: Tensor) -> Tensor:
    """How far each wrong cell lies from what is right, with a little chance between equals."""
    left, depth = wrong.float(), wrong.float()
    for _ in range(_DEEPEST):
        left = -functional.max_pool2d(-functional.pad(left, (1, 1, 1, 1))[:, None], 3, 1)[:, 0]
        depth = depth + left
    return depth + wrong * torch.rand(wrong.shape).to(wrong.device) * 0.5
