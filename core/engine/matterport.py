"""What matterport's Mask R-CNN has in place of torchvision's layers, and its preset.

After the definitions of its `model.py` and `config.py`: ResNets that stride in the first 1×1
convolution and have biases, an RPN with one convolution of 512 channels and a softmax over two
scores an anchor, heads with normalisation, deltas in units of their standard deviation, and boxes
whose far corner is the last pixel. What is a choice of the stages is a setting: see `preset`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import RPNHead

from core.engine.config import ModelConfig, TrainingSettings
from core.lens.settings import StageSettings

NAMES: Final = ("resnet50", "resnet101")
"""The trunks that it has."""
RPN_CHANNELS: Final = 512
NORM_EPS: Final = 1e-3
"""Keras' own default."""
_MEAN: Final = (123.7, 116.8, 103.9)
_DEVIATIONS: Final = (0.1, 0.1, 0.2, 0.2)
"""Of dx, dy, dw and dh: a delta of 1 is so much."""
_LEAST_SIDE: Final = 1e-2


def preset(name: str, class_names: tuple[str, ...]) -> ModelConfig:
    """The configuration that its `Config` and `CocoConfig` have."""
    return ModelConfig(
        arch=name,
        family="matterport",
        class_names=class_names,
        min_size=800,
        max_size=1024,
        image_mean=cast(tuple[float, float, float], tuple(value / 255 for value in _MEAN)),
        image_std=(1 / 255, 1 / 255, 1 / 255),
        # Its ratios 0.5, 1 and 2 are width by height.
        aspect_ratios=(2.0, 1.0, 0.5),
        norm_eps=NORM_EPS,
        trainable_layers=0,
        settings=StageSettings(
            rpn_levels="together",
            rpn_pre_nms_top_n=6000,
            rpn_post_nms_top_n=1000,
            rpn_nms=0.7,
            roi_level="round",
            roi_pool="crop",
            roi_classes="best",
            score=0.7,
            nms=0.3,
            detections_per_image=100,
        ),
        training=TrainingSettings(
            rpn_pre_nms_top_n=6000,
            rpn_post_nms_top_n=2000,
            roi_samples=200,
            roi_positive_fraction=0.33,
            roi_instances=False,
            roi_ratio=True,
            box_loss="positive",
            mask_targets="mini",
        ),
    )


def small_preset(name: str, class_names: tuple[str, ...], size: int) -> ModelConfig:
    """The preset for images of a shorter side of `size` pixels, its anchors as much smaller."""
    whole = preset(name, class_names)
    factor = size / whole.min_size
    anchors = tuple(tuple(max(side * factor, 4.0) for side in one) for one in whole.anchor_sizes)
    return replace(
        whole,
        min_size=size,
        max_size=-(-round(whole.max_size * factor) // 64) * 64,
        anchor_sizes=anchors,
        trainable_layers=5,
    )


def as_caffe(network: nn.Module) -> nn.Module:
    """Make a ResNet of bottlenecks that of Caffe and Keras, in place: each convolution has a
    bias, the first 1×1 of a stage has its stride, and the pooling pads at the far sides alone."""
    resnet = cast(Any, network)
    for stage in (resnet.layer2, resnet.layer3, resnet.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, (1, 1)
    resnet.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    add_biases(network)
    return network


def add_biases(module: nn.Module) -> None:
    """Give each convolution a bias of zeros, where it has none."""
    for each in module.modules():
        if isinstance(each, nn.Conv2d) and each.bias is None:
            each.bias = nn.Parameter(torch.zeros(each.out_channels))


class Anchors(AnchorGenerator):  # type: ignore[misc]
    """Anchors whose sides are not rounded."""

    def generate_anchors(
        self,
        scales: list[int],
        aspect_ratios: list[float],
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> Tensor:
        """The anchors of one cell about (0, 0): K×4, ratio by ratio."""
        sides = torch.as_tensor(scales, dtype=dtype, device=device)
        root = torch.as_tensor(aspect_ratios, dtype=dtype, device=device).sqrt()
        wide, high = (sides / root[:, None]).flatten(), (sides * root[:, None]).flatten()
        return torch.stack([-wide, -high, wide, high], dim=1) / 2


class Objectness(nn.Conv2d):
    """Two scores an anchor, background and object; the answer is how much the second is above the
    first, whose sigmoid is the softmax."""

    def forward(self, input: Tensor) -> Tensor:
        both = super().forward(input)
        return both[:, 1::2] - both[:, 0::2]


class RpnHead(RPNHead):  # type: ignore[misc]
    """One 3×3 convolution of 512 channels, shared by scores and deltas of every level."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__(RPN_CHANNELS, anchors)
        self.conv[0][0] = nn.Conv2d(channels, RPN_CHANNELS, 3, padding=1)
        self.cls_logits = Objectness(RPN_CHANNELS, 2 * anchors, 1)
        for layer in (self.conv[0][0], self.cls_logits):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(cast(Tensor, layer.bias))


def box_head(channels: int, width: int, norm: Callable[[int], nn.Module]) -> nn.Sequential:
    """Two fully connected layers, written as convolutions of 7×7 and 1×1 with normalisation."""
    return nn.Sequential(
        *(nn.Conv2d(channels, width, 7), norm(width), nn.ReLU(inplace=True)),
        *(nn.Conv2d(width, width, 1), norm(width), nn.ReLU(inplace=True)),
        nn.Flatten(),
    )


class Coder(BoxCoder):  # type: ignore[misc]
    """Deltas in units of their deviations, between boxes whose far corner is their last pixel.

    With `targets_whole` what is asked in training is reckoned with whole sides: so it is for
    anchors, whose targets are in pixels, while proposals are moved in normalised coordinates.
    """

    def __init__(self, *, targets_whole: bool = False) -> None:
        weights = tuple(1 / each for each in _DEVIATIONS)
        super().__init__(cast(tuple[float, float, float, float], weights))
        self._targets_whole = targets_whole

    def encode_single(self, reference_boxes: Tensor, proposals: Tensor) -> Tensor:
        """Deltas N×4 that move proposals N×4 onto other boxes N×4."""
        if not self._targets_whole:
            reference_boxes, proposals = _last_pixels(reference_boxes), _last_pixels(proposals)
        deltas: Tensor = super().encode_single(reference_boxes, proposals)
        return deltas

    def decode_single(self, rel_codes: Tensor, boxes: Tensor) -> Tensor:
        """Boxes N×4 moved by deltas N×4K: N×4K."""
        moved: Tensor = super().decode_single(rel_codes, boxes - _far(boxes))
        return moved + _far(boxes).repeat(rel_codes.shape[1] // 4)


def _far(like: Tensor) -> Tensor:
    """What the far corner of an array's slice is beyond the last pixel."""
    return like.new_tensor([0.0, 0.0, 1.0, 1.0])


def _last_pixels(boxes: Tensor) -> Tensor:
    """Boxes with their last pixels as far corners, and with a side where that leaves none."""
    near, far = boxes[:, :2], boxes[:, 2:] - 1
    return torch.cat([near, torch.maximum(far, near + _LEAST_SIDE)], dim=1)
