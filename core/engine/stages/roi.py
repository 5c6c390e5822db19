"""Stages `roi_levels`, `box_head`, `candidates` and `detections`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.transform import resize_boxes
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops import boxes as box_ops

from core.engine.stages.features import Maps, own_settings
from core.engine.stages.nms import grouped_nms, soft_nms, suppressors
from core.engine.stages.numerics import FLOAT32, Numerics, Part
from core.engine.stages.pooling import canonical_size, level_of, pool_rois
from core.lens.settings import StageSettings
from core.lens.trace import BoxHead, Candidates, Detections, Fate, Prepared, Proposals, RoiLevels


def roi_levels(
    pool: MultiScaleRoIAlign, boxes: Tensor, settings: StageSettings | None = None
) -> RoiLevels:
    """From which pyramid level each box is pooled; `boxes` float32 R×4 in resized pixels."""
    settings = settings or StageSettings()
    return RoiLevels(
        level=level_of(pool, boxes, settings),
        scales=tuple(pool.scales),
        canonical_size=canonical_size(pool, settings),
    )


def run_box_head(
    model: MaskRCNN,
    levels: Maps,
    boxes: Sequence[Tensor],
    numerics: Numerics = FLOAT32,
    settings: StageSettings | None = None,
) -> BoxHead:
    """Class logits ΣR×K and deltas ΣR×4K of boxes, one tensor R×4 an image."""
    settings = settings or own_settings(model)
    pooled = pool_rois(model.roi_heads.box_roi_pool, levels, boxes, settings)
    return answer_pooled(model, pooled, numerics)


def hidden_of(
    model: MaskRCNN, levels: Maps, boxes: Sequence[Tensor], numerics: Numerics = FLOAT32
) -> Tensor:
    """What the box head makes of boxes before it names them: float32 ΣR×D."""
    return _hidden(model, pool_rois(model.roi_heads.box_roi_pool, levels, boxes), numerics)


def answer_pooled(model: MaskRCNN, pooled: Tensor, numerics: Numerics = FLOAT32) -> BoxHead:
    """Class logits R×K and deltas R×4K of pooled features R×C×S×S."""
    logits, deltas = model.roi_heads.box_predictor(_hidden(model, pooled, numerics))
    return BoxHead(logits, deltas)


def _hidden(model: MaskRCNN, pooled: Tensor, numerics: Numerics) -> Tensor:
    with numerics.context(Part.BOX_HEAD, pooled.device):
        hidden: Tensor = model.roi_heads.box_head(pooled)
    return hidden.float()


def split_box_head(answer: BoxHead, counts: Sequence[int]) -> list[BoxHead]:
    """The answer of `run_box_head` image by image."""
    logits, deltas = answer.logits.split(list(counts)), answer.deltas.split(list(counts))
    return [BoxHead(one, two) for one, two in zip(logits, deltas, strict=True)]


@dataclass(frozen=True, slots=True)
class Refined:
    """Every proposal as every class, before any cut: the fields of `Candidates` of those names."""

    boxes: Tensor
    label: Tensor
    score: Tensor
    proposal_index: Tensor


def refine(
    model: MaskRCNN, answer: BoxHead, proposals: Proposals, size: tuple[int, int]
) -> Refined:
    """Boxes and probabilities of each proposal as each class but the background."""
    classes = answer.logits.shape[-1] - 1
    decoded = model.roi_heads.box_coder.decode(answer.deltas, [proposals.boxes])
    decoded = decoded.reshape(-1, classes + 1, 4)
    boxes = box_ops.clip_boxes_to_image(decoded, size)[:, 1:].reshape(-1, 4)
    score = functional.softmax(answer.logits, -1)[:, 1:].reshape(-1)
    rows = torch.arange(len(score), device=score.device)
    return Refined(
        boxes, rows % classes + 1, score, torch.div(rows, classes, rounding_mode="floor")
    )


def find_candidates(
    refined: Refined, settings: StageSettings, *, explain: bool = False
) -> tuple[Candidates, Tensor]:
    """The fate of every proposal as every class, and the rows that become detections.

    The order of the cuts is torchvision's `RoIHeads.postprocess_detections`; the rows come
    strongest first. `explain` also names the suppressor of each candidate that fell to NMS.
    """
    boxes, label, score = refined.boxes, refined.label, refined.score
    fate = torch.full((len(score),), Fate.LOW_SCORE, dtype=torch.int8, device=score.device)

    likely = score > settings.score
    if settings.roi_classes == "best":
        best = best_of_proposal(score, refined.proposal_index)
        fate[likely & ~best] = Fate.NOT_BEST
        likely &= best
    index = torch.where(likely)[0]
    fate[index] = Fate.TOO_SMALL
    index = index[box_ops.remove_small_boxes(boxes[index], settings.box_min_size)]

    fate[index] = Fate.SUPPRESSED
    if settings.suppression == "soft":
        kept, lowered, local = soft_nms(boxes[index], score[index], label[index], settings.score)
        score = score.clone()
        score[index] = lowered
    else:
        kept = grouped_nms(boxes[index], score[index], label[index], settings.nms)
        local = None
    fate[index[kept]] = Fate.OVER_LIMIT
    blame = None
    if explain:
        blame = torch.full((len(score),), -1, dtype=torch.int64, device=score.device)
        if local is None:
            local = suppressors(boxes[index], score[index], label[index], kept, settings.nms)
        fallen = torch.where(local >= 0)[0]
        blame[index[fallen]] = index[local[fallen]]

    chosen = index[kept[: settings.detections_per_image]]
    fate[chosen] = Fate.KEPT
    return Candidates(boxes, label, score, refined.proposal_index, fate, blame), chosen


def best_of_proposal(score: Tensor, proposal: Tensor) -> Tensor:
    """Which of the candidates are the most probable answer for their proposal, the background
    among the answers: bool M."""
    if not len(score):
        return torch.zeros_like(score, dtype=torch.bool)
    count = int(proposal.max()) + 1
    most = score.new_zeros(count).scatter_reduce(0, proposal, score, "amax")
    background = 1 - score.new_zeros(count).scatter_add(0, proposal, score)
    return (score == most[proposal]) & (score >= background[proposal])


def find_detections(
    candidates: Candidates, chosen: Tensor, proposals: Proposals, prepared: Prepared
) -> Detections:
    """The chosen candidates as detections, their boxes carried back to the image."""
    proposal_index = candidates.proposal_index[chosen]
    resized = candidates.boxes[chosen]
    return Detections(
        boxes=resize_boxes(resized, prepared.size, prepared.image_size),
        resized_boxes=resized,
        label=candidates.label[chosen],
        score=candidates.score[chosen],
        candidate_index=chosen,
        proposal_index=proposal_index,
        anchor_index=proposals.anchor_index[proposal_index],
    )
