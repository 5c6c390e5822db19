"""The networks: torchvision's Mask R-CNN module tree over a choice of backbones.

Parameter names equal torchvision's, so that published state_dicts load unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, cast

from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import (
    FastRCNNConvFCHead,
    FastRCNNPredictor,
    TwoMLPHead,
)
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign
from torchvision.ops.poolers import initLevelMapper

from core.engine import matterport
from core.engine.backbones import ARCH_UNKNOWN, BACKBONES, CUSTOM, BackboneFactory, build_backbone
from core.engine.config import ConfigError, ModelConfig
from core.engine.input_size import InputTransform
from core.engine.keypoints import add_keypoint_head

_SUFFIXES: Final = ("", "_v2")
FASTER: Final[tuple[str, ...]] = tuple(
    f"fasterrcnn_{name}_fpn{suffix}" for name in BACKBONES for suffix in _SUFFIXES
)
"""Networks without a mask head."""
ONE_MAP_ARCH: Final = "fasterrcnn_vgg16"
"""Faster R-CNN as it was published: VGG-16 without a pyramid, boxes alone."""
KEYPOINT: Final[tuple[str, ...]] = tuple(f"keypointrcnn_{name}_fpn" for name in BACKBONES)
"""Networks with keypoints instead of masks."""
MATTERPORT: Final[tuple[str, ...]] = tuple(f"matterport_{name}" for name in matterport.NAMES)
ARCHES: Final[tuple[str, ...]] = (
    *(f"maskrcnn_{name}_fpn{suffix}" for name in BACKBONES for suffix in _SUFFIXES),
    *FASTER,
    ONE_MAP_ARCH,
    *KEYPOINT,
    *MATTERPORT,
)
"""Names of whole networks, as `--arch` takes them."""

NormLayer = Callable[[int], nn.Module]

_BOX_POOL, _MASK_POOL, _SAMPLING = 7, 14, 2


def parse_arch(arch: str) -> tuple[str, int]:
    """Backbone name and version of a network name: `maskrcnn_resnet50_fpn_v2` → resnet50, 2.

    A bare backbone name means version 1. Raises ConfigError when nothing has that name.
    """
    name, version = arch, 1
    if name.endswith("_v2") and name.startswith(("maskrcnn_", "fasterrcnn_")):
        name, version = name.removesuffix("_v2"), 2
    for kind in ("maskrcnn_", "fasterrcnn_", "keypointrcnn_"):
        name = name.removeprefix(kind)
    name = name.removesuffix("_fpn")
    if name not in BACKBONES:
        known = ", ".join(ARCHES)
        raise ConfigError(ARCH_UNKNOWN.given(arch=arch, known=known))
    return name, version


def build_model(
    config: ModelConfig, *, backbone_factory: BackboneFactory | None = None
) -> MaskRCNN:
    """A Mask R-CNN with freshly initialised weights, in training mode.

    `backbone_factory` makes the trunk when `config.arch` is `custom`; see `backbones`.
    Raises ConfigError for an unknown architecture or a trunk of the wrong shape.
    """
    norm = norm_layer(config)
    backbone = build_backbone(config, norm, backbone_factory)
    keras = config.family == "matterport"
    anchors = (matterport.Anchors if keras else AnchorGenerator)(
        config.anchor_sizes, (config.aspect_ratios,) * len(config.anchor_sizes)
    )
    per_cell = anchors.num_anchors_per_location()[0]
    model = MaskRCNN(
        backbone,
        rpn_anchor_generator=anchors,
        rpn_head=matterport.RpnHead(config.fpn_channels, per_cell)
        if keras
        else RPNHead(config.fpn_channels, per_cell, conv_depth=config.version),
        box_roi_pool=_roi_pool(config, _BOX_POOL),
        box_head=_box_head(config, norm),
        box_predictor=FastRCNNPredictor(config.box_head_width, config.num_classes),
        mask_roi_pool=_roi_pool(config, _MASK_POOL),
        mask_head=_mask_head(config, norm),
        mask_predictor=_mask_predictor(config),
        **_thresholds(config),
    )
    add_keypoint_head(model, config, _roi_pool(config, _MASK_POOL))
    model.own_settings = config.settings
    model.rpn.min_size = config.settings.rpn_min_size
    model.transform = InputTransform(
        config.min_size,
        config.max_size,
        config.image_mean,
        config.image_std,
        config.least_factor,
        square=keras,
    )
    if keras:
        matterport.add_biases(cast(nn.Module, model.roi_heads.mask_head))
        model.rpn.box_coder = matterport.Coder(targets_whole=True)
        model.roi_heads.box_coder = matterport.Coder()
    return model


def norm_layer(config: ModelConfig) -> NormLayer:
    """The batch normalisation of the configuration, with its epsilon."""
    kind = FrozenBatchNorm2d if config.norm == "frozen" else nn.BatchNorm2d
    return cast(NormLayer, partial(kind, eps=config.norm_eps))


def _roi_pool(config: ModelConfig, size: int) -> MultiScaleRoIAlign:
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], size, _SAMPLING)
    # torchvision would infer these from the first image it sees, wrongly for a small one,
    # and keep them for life.
    pool.scales = [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    pool.map_levels = initLevelMapper(2, 5, canonical_scale=config.roi_canonical_size)
    return pool


def _box_head(config: ModelConfig, norm: NormLayer) -> nn.Module:
    if config.family == "matterport":
        return matterport.box_head(config.fpn_channels, config.box_head_width, norm)
    if config.version == 2:
        channels = config.fpn_channels
        head = FastRCNNConvFCHead(
            (channels, _BOX_POOL, _BOX_POOL), [channels] * 4, [config.box_head_width], norm
        )
    else:
        head = TwoMLPHead(config.fpn_channels * _BOX_POOL**2, config.box_head_width)
    return cast(nn.Module, head)


def _mask_head(config: ModelConfig, norm: NormLayer) -> nn.Module:
    if not config.draws_masks:
        return nn.Identity()
    normed = config.version == 2 or config.family == "matterport"
    layers = [config.mask_channels] * config.mask_layers
    head = MaskRCNNHeads(config.fpn_channels, layers, 1, norm_layer=norm if normed else None)
    return cast(nn.Module, head)


class WholeBox(nn.Module):
    """In place of a mask predictor where there are no masks: each box is full to its borders."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv5_mask = nn.Upsample(scale_factor=2)
        self.relu = nn.ReLU(inplace=True)
        self.mask_fcn_logits = Certain(classes)

    def forward(self, values: Tensor) -> Tensor:
        """Logits R×classes×28×28 of features R×C×14×14."""
        return cast(Tensor, self.mask_fcn_logits(self.conv5_mask(values)))

    def whole(self, boxes: int, like: Tensor) -> Tensor:
        """The same logits of some boxes, without their features; float32 beside `like`."""
        side = 2 * _MASK_POOL
        nothing = like.new_empty((1, 1, 1, 1)).float().expand(boxes, 1, side, side)
        return cast(Tensor, self.mask_fcn_logits(nothing))


class Certain(nn.Module):
    """Logits R×classes×H×W whose sigmoid is exactly 1, whatever the features R×C×H×W are."""

    LOGIT: Final = 100.0

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, values: Tensor) -> Tensor:
        """Not copied."""
        one = values.new_full((1, 1, 1, 1), self.LOGIT)
        return one.expand(len(values), self.classes, *values.shape[-2:])


class OneForAll(nn.Conv2d):
    """A 1×1 convolution with one output that answers for every class: N×classes×H×W, not copied."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(channels, 1, 1)
        self.classes = classes

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).expand(-1, self.classes, -1, -1)


def _mask_predictor(config: ModelConfig) -> nn.Module:
    if not config.draws_masks:
        return WholeBox(config.num_classes)
    channels, agnostic = config.mask_channels, config.mask_outputs == "agnostic"
    predictor = MaskRCNNPredictor(channels, channels, 1 if agnostic else config.num_classes)
    if agnostic:
        one = OneForAll(channels, config.num_classes)
        one.load_state_dict(predictor.mask_fcn_logits.state_dict())
        predictor.mask_fcn_logits = one
    return cast(nn.Module, predictor)


def _thresholds(config: ModelConfig) -> dict[str, object]:
    """The numbers that torchvision's own forward uses, so that it agrees with the stages."""
    settings, training = config.settings, config.training
    return {
        "rpn_pre_nms_top_n_train": training.rpn_pre_nms_top_n,
        "rpn_pre_nms_top_n_test": settings.rpn_pre_nms_top_n,
        "rpn_post_nms_top_n_train": training.rpn_post_nms_top_n,
        "rpn_post_nms_top_n_test": settings.rpn_post_nms_top_n,
        "rpn_nms_thresh": settings.rpn_nms,
        "rpn_fg_iou_thresh": training.rpn_foreground_iou,
        "rpn_bg_iou_thresh": training.rpn_background_iou,
        "rpn_batch_size_per_image": training.rpn_samples,
        "rpn_positive_fraction": training.rpn_positive_fraction,
        "rpn_score_thresh": settings.rpn_score,
        "box_score_thresh": settings.score,
        "box_nms_thresh": settings.nms,
        "box_detections_per_img": settings.detections_per_image,
        "box_fg_iou_thresh": training.roi_foreground_iou,
        "box_bg_iou_thresh": training.roi_background_iou,
        "box_batch_size_per_image": training.roi_samples,
        "box_positive_fraction": training.roi_positive_fraction,
    }


__all__ = ["ARCHES", "CUSTOM", "build_model", "norm_layer", "parse_arch"]
