"""Small networks with random weights, shared by the engine's tests."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN

from core.engine.config import ModelConfig
from core.engine.weights import LoadedModel
from core.engine.zoo import build_model
from core.lens.settings import StageSettings

SMALL = ModelConfig(
    arch="resnet18",
    class_names=("cat", "dog", "bird"),
    min_size=96,
    max_size=160,
    anchor_sizes=((8.0,), (16.0,), (32.0,), (64.0,), (128.0,)),
    fpn_channels=16,
    box_head_width=32,
    mask_channels=16,
    norm="batch",
    trainable_layers=5,
    settings=StageSettings(score=0.2),
)


def network(config: ModelConfig = SMALL, seed: int = 0) -> MaskRCNN:
    """A network in eval mode whose random heads speak clearly enough to disagree."""
    torch.manual_seed(seed)
    module = build_model(config).eval()
    with torch.no_grad():
        for layer, factor in (
            (module.rpn.head.cls_logits, 20.0),
            (module.rpn.head.bbox_pred, 10.0),
            (module.roi_heads.box_predictor.cls_score, 8.0),
        ):
            layer.weight.mul_(factor)
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.uniform_(-0.2, 0.2)
                norm.running_var.uniform_(0.8, 1.5)
                norm.weight.uniform_(0.8, 1.2)
    return module


@cache
def loaded(config: ModelConfig = SMALL, seed: int = 0) -> LoadedModel:
    """A loaded model; the same one each time, so leave it as it is."""
    return LoadedModel(network(config, seed), config, "small", "small@0", {})


def picture(height: int = 90, width: int = 130, seed: int = 0) -> np.ndarray[Any, Any]:
    """A uint8 picture H×W×3 of coloured blocks with noise."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 255, (height // 15 + 1, width // 15 + 1, 3))
    big = blocks.repeat(15, 0).repeat(15, 1)[:height, :width]
    return np.clip(big + rng.normal(0, 12, big.shape), 0, 255).astype(np.uint8)


def tensor(pixels: np.ndarray[Any, Any]) -> torch.Tensor:
    """A picture as torchvision wants it: float 3×H×W from 0 to 1."""
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float().div(255)


def target(height: int, width: int, count: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Rectangular instances on an image, as torchvision's training wants them."""
    rng = np.random.default_rng(seed)
    boxes, masks = [], np.zeros((count, height, width), dtype=np.uint8)
    for index in range(count):
        x, y = rng.integers(0, width - 30), rng.integers(0, height - 30)
        w, h = rng.integers(12, 30, 2)
        boxes.append([x, y, x + w, y + h])
        masks[index, y : y + h, x : x + w] = 1
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.from_numpy(rng.integers(1, 4, count)),
        "masks": torch.from_numpy(masks),
    }
