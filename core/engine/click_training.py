"""How the click-correct head learns: simulated clicks on true masks, a few rounds each.

It is asked for the mask of a box that is a little off, which counts as well. Then it begins with
that, or with a mask that was spoilt at random. A click goes into the middle of the largest error,
and the head is asked for the mask; its answer is what the next round begins with. Nothing else of
the network learns from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.ops import roi_align

from core.engine.clicks import ClickHead, View, click_head, drawn_anew, point_maps, view_of
from core.engine.colours import CELLS, colours_of
from core.engine.stages import masks
from core.engine.stages.features import Maps
from core.engine.stages.numerics import FLOAT32, Numerics
from core.lens.trace import Prepared

ROUNDS: Final = 2
AT_ONCE: Final = 8
"""Instances of a batch that are asked for."""
_JITTER: Final = 0.1
_FARTHER: Final = 0.28
"""Share of its sides by which every third box is off: one around a bad outline."""
_NEAR: Final = 3.0
"""How much more the cells near a click count."""
_WRONG: Final = 1.0
"""How much more the cells count that the present mask has wrong."""
_DEEPEST: Final = 10
_OF_BOX: Final = 0.5
"""How much the mask of the box counts, before any click."""
_NEW: Final = 0.2
"""Share of the first clicks with which no mask is there yet."""
_SPOILT: Final = 0.2
"""Share of the masks before the first click that are the true one spoilt."""


def click_loss(
    model: MaskRCNN,
    levels: Maps,
    images: Sequence[Prepared],
    targets: Sequence[dict[str, Tensor]],
    numerics: Numerics = FLOAT32,
    *,
    rounds: int = ROUNDS,
    most: int = AT_ONCE,
) -> Tensor:
    """The mean loss of simulated clicks on some instances of a batch; draws from torch's generator.

    Targets hold boxes, masks and labels in pixels of the resized images. Zero without instances.
    """
    head = click_head(model)
    found = views_of(model, levels, images, targets, numerics, most=most)
    if head is None or found is None:
        return next(iter(levels.values())).new_zeros(())
    return rounds_loss(head, *found, rounds)


@torch.no_grad()
def views_of(
    model: MaskRCNN,
    levels: Maps,
    images: Sequence[Prepared],
    targets: Sequence[dict[str, Tensor]],
    numerics: Numerics = FLOAT32,
    *,
    most: int = AT_ONCE,
) -> tuple[View, Tensor] | None:
    """Some instances of a batch as a box that is a little off shows them, and their true masks
    N×64×64 from 0 to 1. None without instances.
    """
    views, truths = [], []
    for row, (image, target, chosen) in enumerate(
        zip(images, targets, _chosen(targets, most), strict=True)
    ):
        if not len(chosen):
            continue
        true = target["boxes"][chosen]
        boxes = _moved(true, image.size)
        wide = (boxes[:, 2:] - boxes[:, :2]).amin(dim=1) >= 1
        boxes, chosen = boxes[wide], chosen[wide]
        own = type(levels)((name, level[row : row + 1].detach()) for name, level in levels.items())
        logits = masks.run_mask_head(model, own, [boxes], numerics)
        likely = torch.sigmoid(masks.answers(logits, target["labels"][chosen]))
        view, places = view_of(
            model, own, colours_of(model, image), boxes[:, None], likely[:, None]
        )
        whole = target["masks"][chosen].float()[:, None]
        rows = torch.arange(len(places), device=places.device, dtype=places.dtype)[:, None]
        truth = roi_align(
            whole, torch.cat((rows, places), dim=1), CELLS, sampling_ratio=2, aligned=True
        )
        views.append(view)
        truths.append(truth[:, 0])
    return (_together(views), torch.cat(truths)) if views else None


def _together(views: Sequence[View]) -> View:
    return View(
        torch.cat([each.shown for each in views]),
        torch.cat([each.logits for each in views]),
        torch.cat([each.within for each in views]),
        torch.cat([each.pooled for each in views]),
    )


def rounds_loss(head: ClickHead, view: View, truth: Tensor, rounds: int = ROUNDS) -> Tensor:
    """The mean loss of a box and of so many clicks after it, one after the other."""
    marks = truth.new_zeros((len(truth), 2, CELLS, CELLS))
    logits = drawn_anew(head, view)
    wrong = _differ(drawn_anew(None, view), truth)
    losses = [_OF_BOX * _loss(logits, truth, 1 + _WRONG * wrong)]
    shown = begun(logits.detach(), truth)
    for _ in range(rounds):
        marks = torch.maximum(marks, next_marks((shown + 1) / 2, truth))
        logits = drawn_anew(head, view, marks, shown)
        weight = 1 + _WRONG * _differ(shown, truth) + _NEAR * marks.amax(dim=1)
        losses.append(_loss(logits, truth, weight))
        shown = (logits.detach() >= 0).float() * 2 - 1
    return torch.stack(losses).sum() / (rounds + _OF_BOX)


def _differ(logits: Tensor, truth: Tensor) -> Tensor:
    """1 in the cells that a mask has wrong."""
    return ((logits >= 0) != (truth >= 0.5)).float()


def _loss(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy, and what is missing of the overlap of each mask."""
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    likely = torch.sigmoid(logits)
    both = (likely * truth).sum(dim=(1, 2))
    either = (likely + truth - likely * truth).sum(dim=(1, 2)).clamp(min=1)
    return (weight * each).sum() / weight.sum() + (1 - both / either).mean()


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
    """Boxes whose edges are each off by up to a tenth of the side, every third one's by more;
    within the image.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    far = torch.where(torch.rand(len(boxes), 1) < 1 / 3, _FARTHER, _JITTER)
    moved = boxes + ((torch.rand(boxes.shape) * 2 - 1) * far).to(boxes.device) * sides
    limits = boxes.new_tensor((size[1], size[0], size[1], size[0]))
    return torch.minimum(moved.clamp(min=0), limits)


def begun(logits: Tensor, truth: Tensor) -> Tensor:
    """What a person may have before the first click, N×64×64 of -1 and 1, or 0 where nothing.

    What came of the box; or the true mask with a block of it missing or too much, or moved aside.
    """
    made = []
    side = truth.shape[-1]
    for own, true in zip((logits >= 0).float(), (truth >= 0.5).float(), strict=True):
        drawn = float(torch.rand(()))
        if drawn < _NEW:
            made.append(torch.full_like(own, 0.5))
        elif drawn >= _NEW + _SPOILT:
            made.append(own)
        elif drawn < _NEW + _SPOILT / 3:
            shift = torch.randint(-side // 6, side // 6 + 1, (2,)).tolist()
            made.append(torch.roll(true, shifts=shift, dims=(0, 1)))
        else:
            low = torch.randint(0, side - side // 5, (2,)).tolist()
            wide = torch.randint(side // 5, side * 2 // 3, (2,)).tolist()
            block = true.clone()
            block[low[0] : low[0] + wide[0], low[1] : low[1] + wide[1]] = float(
                torch.randint(2, ())
            )
            made.append(block)
    return torch.stack(made) * 2 - 1


def next_marks(present: Tensor, truth: Tensor) -> Tensor:
    """The maps N×2×64×64 of the next click on each mask: the deepest place of what is wrong.

    Masks N×64×64 from 0 to 1; where one is 0.5 all over there is none yet.
    """
    wanted = truth >= 0.5
    none = (present == 0.5).flatten(1).all(dim=1)[:, None, None]
    wrong = torch.where(none, wanted, (present >= 0.5) != wanted)
    depth = _depth(wrong)
    place = depth.flatten(1).argmax(dim=1)
    maps = []
    for row in range(len(truth)):
        if not wrong[row].any():
            maps.append(truth.new_zeros((2, *truth.shape[1:])))
            continue
        y, x = divmod(int(place[row]), truth.shape[-1])
        cells = truth.new_tensor([[x + 0.5, y + 0.5]])
        maps.append(point_maps(cells, wanted[row, y, x].reshape(1)))
    return torch.stack(maps)


def _depth(wrong: Tensor) -> Tensor:
    """How far each wrong cell lies from what is right, with a little chance between equals.

    In blocks of two cells, and of single cells where there is no whole block.
    """
    blocks = -functional.max_pool2d(-wrong.float()[:, None], 2)
    depth = blocks
    for _ in range(_DEEPEST):
        blocks = -functional.max_pool2d(-functional.pad(blocks, (1, 1, 1, 1)), 3, 1)
        depth = depth + blocks
    finer = functional.interpolate(depth, scale_factor=2, mode="nearest")[:, 0]
    return wrong * (1 + finer + torch.rand(wrong.shape).to(wrong.device) * 0.5)


__all__ = ["AT_ONCE", "ROUNDS", "begun", "click_loss", "next_marks", "rounds_loss", "views_of"]
