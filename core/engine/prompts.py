"""What the model draws in boxes of an encoded image: names, masks, outlines.

The stages are those of a prediction, so that a box of a prediction gets its mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import boxes as box_ops

from core.document.geometry import area, signed_area
from core.document.instance import Polygon, Polygons
from core.engine.box_fit import as_large, fitted
from core.engine.clicks import View, click_head, drawn_anew, view_of
from core.engine.encodings import Encoding
from core.engine.proposers.stage import mask_channels
from core.engine.stages import masks, roi
from core.lens.detail import Detail, detailed_outline
from core.lens.trace import ANY_CLASS, BoxHead, Proposals
from core.protocol.messages.prompts import PromptOrigin

SURE: Final = 1.0
"""A mask is steady as far as it stays the same when its logits move by this much."""
_FIT: Final = 4
"""How much more the overlap counts than the score where boxes say what lies in a box."""
_SAME: Final = 0.5
"""IoU from which on a box of the proposer is what a person's box is about."""
_FAINT: Final = 0.5
"""Share of a faint mask's largest value from which on it is outlined."""
_LEAST: Final = 1e-6
_SPECK: Final = 0.03
"""Share of the largest part below which a part or a hole is a speck."""
WAYS: Final = 3
"""Outlines that a box may have: what its masks agree on, and each mask alone."""
SHORTEST: Final = 1.0
"""Side in resized pixels below which a box holds nothing to draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One outline as an answer, in pixels of the image."""

    polygons: Polygons
    label: str
    """Empty when the model has none for it."""
    score: float | None
    origin: PromptOrigin
    steadiness: float
    box: NDArray[np.float32]
    """x0, y0, x1, y1: where the mask was drawn."""
    trust: float = 0.0
    """The score, or what is known in its place."""
    likeness: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """What the heads say of N boxes."""

    label: Tensor
    """int64 N, from 1: places in the model's class names, or 0 where nothing is known."""
    score: Tensor
    """float32 N: probability of that label."""
    channel: Tensor
    """int64 N: the class whose mask is taken, or `ANY_CLASS`."""
    refined: Tensor
    """float32 N×4, resized pixels: the box put right."""

    def one(self, row: int) -> Named:
        """What is said of one box."""
        return Named(*(getattr(self, each.name)[row, None] for each in fields(self)))


@torch.inference_mode()
def name_boxes(encoding: Encoding, boxes: Tensor) -> Named:
    """Label, probability and refined box of boxes N×4 in resized pixels.

    With a proposer, the box is that of its boxes that fits best, and the label that of the one
    whose score and fit together are best. Where none fits, the network's box head puts the box
    right, and the label is 0.
    """
    predictor = encoding.predictor
    head = roi.run_box_head(predictor.module, encoding.levels, [boxes], predictor.numerics)
    label, score, refined = _best_class(encoding, head, boxes)
    if predictor.loaded.proposer is None:
        return Named(label, score, label, refined)
    label, score = torch.zeros_like(label), torch.zeros_like(score)
    seen = encoding.found.candidates
    if len(seen.label) and len(boxes):
        overlap = box_ops.box_iou(boxes, seen.boxes)
        overlap[:, seen.score <= predictor.loaded.config.settings.score] = 0
        best, row = overlap.max(dim=1)
        fits = best >= _SAME
        # A box of a strong score that fits less well knows better what it is.
        weight = torch.where(overlap >= _SAME, overlap**_FIT * seen.score, 0.0)
        named = weight.argmax(dim=1)
        label[fits], score[fits] = seen.label[named][fits], seen.score[named][fits]
        refined = torch.where(fits[:, None], seen.boxes[row], refined)
    return Named(label, score, channels(encoding, label), refined)


def _best_class(encoding: Encoding, head: BoxHead, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    proposals = Proposals(boxes, boxes.new_ones(len(boxes)), boxes.new_zeros(len(boxes)).long())
    refined = roi.refine(encoding.predictor.module, head, proposals, encoding.prepared.size)
    classes = head.logits.shape[-1] - 1
    if not len(boxes):
        return refined.label, refined.score, boxes
    score, place = refined.score.reshape(-1, classes).max(dim=1)
    rows = torch.arange(len(boxes), device=boxes.device) * classes + place
    return refined.label[rows], score, refined.boxes[rows]


def channels(encoding: Encoding, label: Tensor) -> Tensor:
    """The class whose mask goes with labels that may be unknown (0)."""
    if encoding.predictor.loaded.proposer is None:
        return torch.where(label > 0, label, ANY_CLASS)
    return mask_channels(encoding.predictor.channels, label)


@torch.inference_mode()
def draw_masks(encoding: Encoding, boxes: Tensor, channel: Tensor) -> Tensor:
    """Mask probabilities N×28×28 of boxes N×4 in resized pixels."""
    predictor = encoding.predictor
    parts = [
        masks.run_mask_head(predictor.module, encoding.levels, [part], predictor.numerics)
        for part in torch.split(boxes, masks.MASKS_AT_ONCE)
    ]
    return torch.sigmoid(masks.answers(torch.cat(parts), channel))


def steadiness(probability: NDArray[np.float32], threshold: float = 0.5) -> float:
    """How little a mask changes when its logits move by `SURE` up or down, 0 to 1."""
    middle = np.log(threshold / (1 - threshold))
    low, high = (1 / (1 + np.exp(-(middle + shift))) for shift in (-SURE, SURE))
    wide = int((probability >= low).sum())
    return int((probability >= high).sum()) / wide if wide else 0.0


@torch.inference_mode()
def answer_boxes(
    encoding: Encoding, boxes: NDArray[np.float32], detail: Detail, most: int = WAYS
) -> list[list[Drawn]]:
    """For each box, N×4 in image pixels: what masks, colours and click-correct head agree on, as
    large as the box; then the mask of the box as drawn and that of the box put right, the steadier
    first.

    Only the first `most` are drawn. A box outside of the image or too narrow gets no answer.
    """
    drawn = encoding.to_resized(boxes)
    large = torch.where(_large(drawn))[0].tolist()
    answers: list[list[Drawn]] = [[] for _ in range(len(boxes))]
    if not large:
        return answers
    named = name_boxes(encoding, drawn[large])
    view, places = seen_in(encoding, drawn[large], named)
    whole = torch.sigmoid(drawn_anew(click_head(encoding.predictor.module), view))
    for row, asked in enumerate(large):
        mask = fitted(whole[row], places[row], drawn[asked])
        each = _outlined(encoding, named.one(row), drawn[asked], (mask, places[row]), detail)
        answers[asked] = list(islice(each, most))
    return answers


def seen_in(encoding: Encoding, boxes: Tensor, named: Named) -> tuple[View, Tensor]:
    """What is known of things in N boxes of resized pixels, and the places N×4 around these.

    Without a click-correct head, which sees the box as drawn, the box put right has a say as well.
    """
    alone = click_head(encoding.predictor.module) is not None
    near = boxes[:, None] if alone else torch.stack((boxes, named.refined), dim=1)
    found = draw_masks(encoding, near.flatten(0, 1), named.channel.repeat_interleave(near.shape[1]))
    masks = found.view(*near.shape[:2], *found.shape[1:])
    module = encoding.predictor.module
    return view_of(module, encoding.levels, encoding.colours, near, masks)


def _outlined(
    encoding: Encoding, named: Named, box: Tensor, agreed: tuple[Tensor, Tensor], detail: Detail
) -> Iterator[Drawn]:
    """The answers for one box, each drawn when it is taken; those that come out empty are not.

    `agreed` is the mask that is shown first, and where it lies.
    """
    label, score = int(named.label[0]), float(named.score[0])

    def outlined(origin: PromptOrigin, mask: NDArray[np.float32], place: Tensor) -> Drawn:
        return as_drawn(encoding, label, score, mask, encoding.to_image(place), origin, detail)

    first = outlined(PromptOrigin.AGREED, agreed[0].cpu().numpy(), agreed[1])
    corners = encoding.to_image(box)
    whole = as_large(without_specks(first.polygons), corners, encoding.prepared.image_size)
    if whole:
        yield replace(first, polygons=whole)
    both = torch.stack((box, named.refined[0]))
    masks = draw_masks(encoding, both, named.channel.expand(2)).cpu().numpy()
    origins = (PromptOrigin.DRAWN, PromptOrigin.REFINED)
    for k in sorted((0, 1), key=lambda k: -steadiness(masks[k], detail.threshold)):
        one = outlined(origins[k], masks[k], both[k])
        if one.polygons:
            yield one


def without_specks(polygons: Polygons) -> Polygons:
    """The outline without the parts and holes that have next to no area beside its largest part."""
    areas = [area((each,)) for each in polygons]
    least = _SPECK * max(areas, default=0.0)
    return tuple(
        Polygon(each.outer, tuple(hole for hole in each.holes if abs(signed_area(hole)) >= least))
        for each, size in zip(polygons, areas, strict=True)
        if size >= least
    )


def _large(boxes: Tensor) -> Tensor:
    sides = boxes[:, 2:] - boxes[:, :2]
    large: Tensor = (sides >= SHORTEST).all(dim=1)
    return large


def as_drawn(
    encoding: Encoding,
    label: int,
    score: float,
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    origin: PromptOrigin,
    detail: Detail,
) -> Drawn:
    """The answer that a mask in a box makes; `box` in image pixels, `label` 0 for none."""
    polygons = outline_in(encoding, probability, box, detail)
    steady = steadiness(probability, detail.threshold)
    return as_answer(encoding, label, score, polygons, box, origin, steady)


def as_answer(
    encoding: Encoding,
    label: int,
    score: float,
    polygons: Polygons,
    box: NDArray[np.float32],
    origin: PromptOrigin,
    steady: float,
) -> Drawn:
    """An outline as an answer; `box` in image pixels, `label` 0 for none."""
    name = encoding.predictor.loaded.class_names[label - 1] if label else ""
    return Drawn(polygons, name, score if label else None, origin, steady, box, score)


def outline_in(
    encoding: Encoding,
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    detail: Detail,
) -> Polygons:
    """The outline of a mask in a box of image pixels, in image pixels.

    A mask that nowhere reaches the threshold is outlined where it is strongest.
    """
    size = encoding.prepared.image_size
    outline = detailed_outline(probability, box, size, detail)
    if outline:
        return outline
    faint = replace(detail, threshold=max(float(probability.max()) * _FAINT, _LEAST))
    return detailed_outline(probability, box, size, faint)
