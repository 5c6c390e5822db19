"""A new network for a run that starts from an architecture instead of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from torchvision.models.detection import MaskRCNN

from core.document.skeleton import Skeleton
from core.engine.backbones import CUSTOM, PUBLISHED, BackboneFactory
from core.engine.config import LEVELS, ONE_MAP, ConfigError, ModelConfig, TrainingSettings
from core.engine.matterport import small_preset
from core.engine.train.size import object_sides
from core.engine.weights import load_backbone_weights
from core.engine.zoo import FASTER, KEYPOINT, MATTERPORT, ONE_MAP_ARCH, build_model, parse_arch
from core.learning.frozen import FrozenImage
from core.lens.settings import StageSettings
from core.sentences import say

_SMALLEST, _LARGEST = 320, 800
_ANCHORS = (16.0, 32.0, 64.0, 128.0, 256.0)


def new_network(
    arch: str,
    classes: Sequence[str],
    images: Sequence[FrozenImage],
    backbone_weights: Path | None,
    *,
    size: int | None = None,
    factory: BackboneFactory | None = None,
    skeleton: Skeleton | None = None,
) -> tuple[MaskRCNN, ModelConfig]:
    """A network of narrow heads whose sizes suit some of the images.

    Small images are enlarged when their instances are small; `size`, the shorter side in pixels,
    goes before. `factory` makes the trunk of the arch `custom`; `skeleton` names the keypoints of
    a network that finds them. With weights for the trunk its
    normalisation stands still; without, it learns. Raises ConfigError or ModelFileError.
    """
    shortest = median(min(image.width, image.height) for image in images)
    sides = object_sides(images)
    # The smallest anchor level suits instances of 16 pixels and more.
    factor = min(2.0, max(1.0, 32 / median(sides))) if sides else 1.0
    size = size or int(min(_LARGEST, max(_SMALLEST, shortest * factor))) // 32 * 32
    if arch in MATTERPORT:
        whole = small_preset(arch.removeprefix("matterport_"), tuple(classes), size)
        if backbone_weights is None:
            whole = replace(whole, norm="batch")
        return _made(whole, backbone_weights, factory)
    one = arch == ONE_MAP_ARCH
    name, version = (CUSTOM, 1) if arch == CUSTOM else parse_arch(arch)
    config = ModelConfig(
        arch=name,
        version=2 if version == 2 else 1,
        class_names=tuple(classes),
        min_size=size,
        max_size=round(size * 5 / 3),
        one_map=one,
        anchor_sizes=(_ANCHORS[1:4],) * LEVELS if one else tuple((side,) for side in _ANCHORS),
        fpn_channels=512 if one else 128,  # those of VGG-16
        box_head_width=256,
        mask_channels=128,
        mask_outputs="none" if arch in (*FASTER, *KEYPOINT, ONE_MAP_ARCH) else "per_class",
        skeleton=_skeleton_for(skeleton, images) if arch in KEYPOINT else None,
        keypoint_channels=128,
        roi_canonical_size=112,
        norm="frozen" if backbone_weights is not None else "batch",
        trainable_layers=5,
        settings=StageSettings(detections_per_image=300, fpn=ONE_MAP if one else "on"),
        training=TrainingSettings(
            rpn_pre_nms_top_n=600,
            rpn_post_nms_top_n=400,
            roi_samples=128,
            roi_positive_fraction=0.375,
        ),
        **(PUBLISHED.get(name, {}) if backbone_weights is not None else {}),
    )
    return _made(config, backbone_weights, factory)


def _skeleton_for(named: Skeleton | None, images: Sequence[FrozenImage]) -> Skeleton:
    """The keypoints to learn, numbered where nobody has named them. Raises ConfigError."""
    most = max((len(one.keypoints) for image in images for one in image.objects), default=0)
    if named is not None and most <= len(named.names):
        return named
    if not most:
        raise ConfigError(
            say(
                "engine.no_keypoints",
                "No instance has keypoints, so there is nothing for a keypoint head to learn.",
            )
        )
    return Skeleton(tuple(f"keypoint {number}" for number in range(1, most + 1)))


def _made(
    config: ModelConfig, backbone_weights: Path | None, factory: BackboneFactory | None
) -> tuple[MaskRCNN, ModelConfig]:
    module = build_model(config, backbone_factory=factory)
    if backbone_weights is not None:
        load_backbone_weights(module, backbone_weights)
    return module.eval(), config
