"""All boxes of an image that a person's point can mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torchvision.ops import boxes as box_ops

from core.engine.pipeline import FoundBoxes
from core.lens.trace import Fate
from core.protocol.messages.prompts import PromptOrigin

DECODED_AT_MOST: Final = 2000
CANDIDATES_AT_MOST: Final = 1000
_LIKELY: Final = 0.05
"""Probability below which a candidate says nothing that its proposal does not."""
ORIGINS: Final = (
    PromptOrigin.DETECTION,
    PromptOrigin.CANDIDATE,
    PromptOrigin.PROPOSAL,
    PromptOrigin.DECODED,
)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """N boxes, the most trusted kind first."""

    boxes: Tensor
    """float32 N×4, resized pixels."""
    label: Tensor
    """int64 N, 0 where the box head has not been asked."""
    score: Tensor
    """float32 N: class probability, or objectness where there is none."""
    origin: Tensor
    """int64 N: places in `ORIGINS`."""


@torch.inference_mode()
def gather(found: FoundBoxes, own: FoundBoxes, size: tuple[int, int]) -> Pool:
    """The boxes of a prediction (`found`) and of the network itself (`own`), any fate.

    `size` is the height and width of the resized image.
    """
    boxes, labels, scores, origins = zip(*_kinds(found, own, size), strict=True)
    origin = [torch.full_like(label, kind) for label, kind in zip(labels, origins, strict=True)]
    return Pool(torch.cat(boxes), torch.cat(labels), torch.cat(scores), torch.cat(origin))


def _kinds(
    found: FoundBoxes, own: FoundBoxes, size: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor, Tensor, int]]:
    detections, candidates = found.detections, found.candidates
    yield detections.resized_boxes, detections.label, detections.score, 0
    likely = torch.where((candidates.score > _LIKELY) & (candidates.fate != Fate.KEPT))[0]
    likely = _best(likely, candidates.score, CANDIDATES_AT_MOST)
    yield candidates.boxes[likely], candidates.label[likely], candidates.score[likely], 1
    proposals = own.proposals
    yield proposals.boxes, torch.zeros_like(proposals.anchor_index), proposals.score, 2
    rest = torch.where(own.decoded.fate != Fate.KEPT)[0]
    rest = _best(rest, own.rpn.logits, DECODED_AT_MOST)
    boxes = box_ops.clip_boxes_to_image(own.decoded.boxes[rest], size)
    yield boxes, torch.zeros_like(rest), torch.sigmoid(own.rpn.logits[rest]), 3


def _best(rows: Tensor, score: Tensor, most: int) -> Tensor:
    return rows[score[rows].topk(min(most, len(rows))).indices]
