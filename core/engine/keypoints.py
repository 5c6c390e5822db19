"""Keypoint R-CNN (Mask R-CNN paper, section 5): a map of 56×56 logits for each keypoint of a RoI.

The layers, the loss and the reading of the maps are torchvision's, by its names.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.models.detection.roi_heads import (
    heatmaps_to_keypoints,
    keypointrcnn_loss,
    keypoints_to_heatmap,
)
from torchvision.models.detection.transform import resize_keypoints
from torchvision.ops import MultiScaleRoIAlign

from core.document.instance import Keypoints, Seen
from core.document.skeleton import Skeleton
from core.engine.config import ModelConfig
from core.engine.stages.features import Maps, own_settings
from core.engine.stages.numerics import FLOAT32, Numerics, Part
from core.engine.stages.pooling import pool_rois
from core.lens.settings import StageSettings
from core.lens.trace import Detections, KeypointMaps, Prepared

PREDICTOR: Final = "roi_heads.keypoint_predictor.kps_score_lowres.weight"
"""The tensor C×K×4×4 that tells the number of keypoints."""
_AT_ONCE: Final = 32
"""RoIs that go through the head together: 32 take about 60 MB with 17 keypoints."""


def add_keypoint_head(model: MaskRCNN, config: ModelConfig, pool: MultiScaleRoIAlign) -> None:
    """Give a network the head that its configuration asks for, if it does."""
    if config.skeleton is None:
        return
    heads = model.roi_heads
    heads.keypoint_roi_pool = pool
    layers = [config.keypoint_channels] * config.keypoint_layers
    heads.keypoint_head = KeypointRCNNHeads(config.fpn_channels, layers)
    heads.keypoint_predictor = KeypointRCNNPredictor(
        config.keypoint_channels, len(config.skeleton.names)
    )


def has_keypoints(model: MaskRCNN) -> bool:
    """Whether a network has the head."""
    return isinstance(getattr(model.roi_heads, "keypoint_head", None), nn.Module)


def run_keypoint_head(
    model: MaskRCNN,
    levels: Maps,
    boxes: Sequence[Tensor],
    numerics: Numerics = FLOAT32,
    settings: StageSettings | None = None,
) -> Tensor:
    """Logits ΣD×K×56×56 of boxes in resized pixels, one tensor D×4 an image."""
    heads, settings = model.roi_heads, settings or own_settings(model)
    pooled = pool_rois(heads.keypoint_roi_pool, levels, boxes, settings)
    with numerics.context(Part.KEYPOINT_HEAD, pooled.device):
        hidden = heads.keypoint_head(pooled)
    logits: Tensor = heads.keypoint_predictor(hidden.float())
    return logits


def find_keypoints(
    model: MaskRCNN,
    levels: Maps,
    detections: Sequence[Detections],
    prepared: Sequence[Prepared],
    numerics: Numerics = FLOAT32,
    settings: StageSettings | None = None,
    *,
    keep: bool = False,
) -> list[KeypointMaps]:
    """The keypoints of the detections of a batch, one result an image; `keep` their maps too."""
    found = []
    for index, (each, image) in enumerate(zip(detections, prepared, strict=True)):
        here = OrderedDict((name, level[index : index + 1]) for name, level in levels.items())
        logits, places = [], []
        for start in range(0, len(each.label), _AT_ONCE):
            boxes = each.resized_boxes[start : start + _AT_ONCE]
            part = run_keypoint_head(model, here, [boxes], numerics, settings)
            at, score = heatmaps_to_keypoints(part, boxes)
            at = resize_keypoints(at, image.size, image.image_size)
            places.append(torch.cat([at[..., :2], score[..., None]], dim=-1))
            if keep:
                logits.append(part)
        count = model.roi_heads.keypoint_predictor.out_channels
        none = each.resized_boxes.new_zeros((0, count, 3))
        maps = torch.cat(logits) if logits else none.new_zeros((0, count, 56, 56))
        found.append(KeypointMaps(torch.cat(places) if places else none, maps if keep else None))
    return found


def keypoint_loss(
    logits: Tensor,
    boxes: Sequence[Tensor],
    matched: Sequence[Tensor],
    targets: Sequence[dict[str, Tensor]],
) -> Tensor:
    """Cross-entropy over the 56×56 places of each keypoint that is known and inside its RoI.

    `logits` ΣP×K×56×56 are the head's for `boxes` P×4, the RoIs with an object; `matched` P are
    the instances that they stand for, and `keypoints` N×K×3 of a target in resized pixels, as
    COCO has them.
    """
    if not len(logits):
        nothing: Tensor = logits.sum() * 0
        return nothing
    # A network that learns has its channels last, where torchvision wants rows together.
    loss: Tensor = keypointrcnn_loss(
        logits.contiguous(), list(boxes), [each["keypoints"] for each in targets], list(matched)
    )
    return loss


def keypoint_shares(
    logits: Tensor,
    boxes: Sequence[Tensor],
    matched: Sequence[Tensor],
    targets: Sequence[dict[str, Tensor]],
) -> list[Tensor]:
    """What each RoI adds to `keypoint_loss`, from the same values: P an image."""
    count, side = logits.shape[1], logits.shape[-1]
    wanted, counts = zip(
        *(
            keypoints_to_heatmap(target["keypoints"][rows], box, side)
            for target, box, rows in zip(targets, boxes, matched, strict=True)
        ),
        strict=True,
    )
    places = torch.cat(wanted).flatten()
    each = functional.cross_entropy(logits.flatten(0, 1).flatten(1), places, reduction="none")
    known = torch.cat(counts)
    shares = (each.reshape(-1, count) * known).sum(1) / known.sum().clamp(min=1)
    return list(torch.split(shares, [len(rows) for rows in matched]))


def as_keypoints(places: Tensor) -> Keypoints:
    """The keypoints K×3 of a detection, all said to be visible: the network does not tell."""
    return tuple((float(x), float(y), int(Seen.VISIBLE)) for x, y, _ in places.tolist())


def keypoint_targets(found: Sequence[Keypoints], count: int) -> Tensor:
    """What instances say of `count` keypoints: float32 N×K×3; those that are missing are absent."""
    made = torch.zeros((len(found), count, 3))
    for row, keypoints in zip(made, found, strict=True):
        if keypoints:
            row[: len(keypoints)] = torch.tensor(keypoints[:count])
    return made


def mirrored_order(skeleton: Skeleton) -> list[int]:
    """Which keypoint each becomes in a mirror: `left` and `right` in a name change places."""
    order = []
    for place, name in enumerate(skeleton.names):
        for one, other in (("left", "right"), ("right", "left")):
            twin = name.replace(one, other)
            if one in name and twin in skeleton.names:
                order.append(skeleton.names.index(twin))
                break
        else:
            order.append(place)
    return order
