"""Bare torchvision state_dicts: which configuration they need, and how they are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN, MaskRCNN_ResNet50_FPN_Weights
from torchvision.ops import FrozenBatchNorm2d

from core.document.skeleton import PERSON, Skeleton
from core.engine.backbones import BACKBONES, CUSTOM, OneMapBackbone, build_backbone
from core.engine.config import LEVELS, ONE_MAP, ModelConfig
from core.engine.efficientnet_lite import translated
from core.engine.keypoints import PREDICTOR
from core.engine.light_import import complete_torch
from core.engine.matterport import RPN_CHANNELS
from core.engine.zoo import FASTER, KEYPOINT, MATTERPORT, ONE_MAP_ARCH, parse_arch
from core.lens.settings import StageSettings

COCO_V1_HASH: Final = "bf2d0c1e"
"""First digits of the SHA-256 of torchvision's `maskrcnn_resnet50_fpn` COCO file."""

FASTER_V1_HASH: Final = "258fb6c6"
"""Those of its `fasterrcnn_resnet50_fpn` COCO file."""
KEYPOINT_V1_HASH: Final = "fc266e95"
"""Those of its `keypointrcnn_resnet50_fpn` COCO file."""
_COCO_CLASSES: Final = 91
_WITHOUT_EPSILON: Final = (COCO_V1_HASH, FASTER_V1_HASH, KEYPOINT_V1_HASH)
_BODY: Final = "backbone.body."
_SECOND_CONVOLUTION: Final = "rpn.head.conv.1."
_MASK_PREDICTOR: Final = "roi_heads.mask_predictor."
_MOMENTS: Final = "num_batches_tracked"
# Tensors and dimensions whose length tells a width of the network.
_ANCHORS: Final = ("rpn.head.cls_logits.weight", 0)
_FPN: Final = ("rpn.head.cls_logits.weight", 1)
_CLASSES: Final = ("roi_heads.box_predictor.cls_score.weight", 0)
_BOX_HEAD: Final = ("roi_heads.box_predictor.cls_score.weight", 1)
_MASK_HEAD: Final = ("roi_heads.mask_predictor.mask_fcn_logits.weight", 1)
_MASKS: Final = ("roi_heads.mask_predictor.mask_fcn_logits.weight", 0)
# A layer of the mask head, by its names of today and of old.
_MASK_LAYER: Final = re.compile(r"roi_heads\.mask_head\.(\d+\.0|mask_fcn\d+)\.weight")

_VGG_FIRST: Final = "backbone.28.weight"
"""conv5_3 of torchvision's `vgg16().features` where these are the whole backbone."""
_PLAIN_BODY: Final = re.compile(r"^backbone\.(?=\d)")
_KEYPOINT_LAYER: Final = re.compile(r"roi_heads\.keypoint_head\.\d+\.weight")


def config_of_bare(state: Mapping[str, Tensor], arch: str, digest: str) -> ModelConfig:
    """The configuration that makes a network which these weights fit.

    Widths and the number of classes are read from the tensors; what they cannot say (sizes,
    anchors, thresholds) is torchvision's default. Weights that hold `num_batches_tracked` come
    from live batch normalisation with epsilon 1e-5. Epsilon 0 belongs to torchvision's own COCO
    file alone, which is known by its SHA-256 `digest`.
    Raises ValueError when a tensor is missing, ConfigError for an unknown `arch`.
    """
    boxes_only = arch in (*FASTER, *KEYPOINT, ONE_MAP_ARCH) or (
        arch == CUSTOM and _MASKS[0] not in state
    )
    classes = _size(state, *_CLASSES)
    skeleton = _skeleton(state, classes) if PREDICTOR in state or arch in KEYPOINT else None
    masks = 0 if boxes_only else _size(state, *_MASKS)
    layers = sum(_MASK_LAYER.fullmatch(key) is not None for key in state)
    if arch in MATTERPORT:
        raise ValueError("weights of matterport's come as an .h5 file")
    name, version = (CUSTOM, 1) if arch == CUSTOM else parse_arch(arch)
    live = any(key.endswith(_MOMENTS) for key in state)
    anchors = _size(state, *_ANCHORS)
    if anchors != 3 and arch != ONE_MAP_ARCH:
        raise ValueError(f"it has {anchors} anchors per cell, torchvision's default is 3")
    return ModelConfig(
        arch=name,
        version=2 if version == 2 else 1,
        class_names=("person",) if skeleton == PERSON else _names(classes),
        fpn_channels=_size(state, *_FPN),
        box_head_width=_size(state, *_BOX_HEAD),
        mask_channels=256 if boxes_only else _size(state, *_MASK_HEAD),
        mask_layers=4 if boxes_only else layers,
        mask_outputs="none" if boxes_only else "agnostic" if masks == 1 else "per_class",
        skeleton=skeleton,
        **(_one_map(anchors) if arch == ONE_MAP_ARCH else {}),
        **_keypoint_widths(state),
        norm="batch" if live else "frozen",
        norm_eps=0.0 if digest.startswith(_WITHOUT_EPSILON) else 1e-5,
    )


def _one_map(anchors: int) -> dict[str, Any]:
    """What a network without a pyramid has: the anchors of three ratios and so many sizes of
    128 pixels and more, as published. Raises ValueError for a number that is none of these."""
    sizes = tuple(128.0 * 2**k for k in range(anchors // 3))
    if anchors % 3 or not sizes:
        raise ValueError(f"it has {anchors} anchors per cell, not three of each size")
    settings = StageSettings(fpn=ONE_MAP)
    return {"one_map": True, "anchor_sizes": (sizes,) * LEVELS, "settings": settings}


def _skeleton(state: Mapping[str, Tensor], classes: int) -> Skeleton:
    """Names for the keypoints of bare weights: COCO's for a person's, else numbers."""
    count = _size(state, PREDICTOR, 1)
    if classes == 2 and count == len(PERSON.names):
        return PERSON
    return Skeleton(tuple(f"keypoint {number}" for number in range(1, count + 1)))


def _keypoint_widths(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if PREDICTOR not in state:
        return {}
    layers = sum(_KEYPOINT_LAYER.fullmatch(key) is not None for key in state)
    return {"keypoint_channels": _size(state, PREDICTOR, 0), "keypoint_layers": layers}


def guess_archs(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Names, as `--arch` takes them, of the networks whose trunk has exactly these tensors.

    Names and shapes in the trunk tell; one name is the rule, none means a trunk of somebody's own.
    """
    body = {
        key.removeprefix(_BODY): value.shape
        for key, value in state.items()
        if key.startswith(_BODY) and not key.endswith(_MOMENTS)
    }
    if _VGG_FIRST in state and f"{_BODY}0.weight" not in state:
        return (ONE_MAP_ARCH,)
    suffix = "_v2" if any(key.startswith(_SECOND_CONVOLUTION) for key in state) else ""
    masks = any(key.startswith(_MASK_PREDICTOR) for key in state)
    kind = "maskrcnn" if masks else "keypointrcnn" if PREDICTOR in state else "fasterrcnn"
    suffix = "" if kind == "keypointrcnn" else suffix
    return tuple(f"{kind}_{name}_fpn{suffix}" for name in BACKBONES if _body_of(name) == body)


@cache
def _body_of(backbone: str) -> dict[str, torch.Size]:
    """Names and shapes of a trunk's tensors, without taking memory for them."""
    complete_torch()
    with torch.device("meta"):
        built = build_backbone(ModelConfig(arch=backbone), FrozenBatchNorm2d, None)
    return {key: value.shape for key, value in cast(nn.Module, built.body).state_dict().items()}


def check_widths(config: ModelConfig, state: Mapping[str, Tensor]) -> None:
    """Compare a configuration with its weights before memory is taken for the network.

    Raises ValueError that names what differs.
    """
    anchors = len(config.anchor_sizes[0]) * len(config.aspect_ratios)
    masks = 1 if config.mask_outputs == "agnostic" else config.num_classes
    read = ("channels of the pyramid", config.fpn_channels, _FPN)
    if config.family == "matterport":
        anchors, read = 2 * anchors, ("channels of the RPN", RPN_CHANNELS, _FPN)
    for what, wanted, place in (
        ("anchors per cell", anchors, _ANCHORS),
        ("outputs of the class predictor", config.num_classes, _CLASSES),
        read,
        ("values in the box head", config.box_head_width, _BOX_HEAD),
        ("channels of the mask head", config.mask_channels, _MASK_HEAD),
        ("outputs of the mask head", masks, _MASKS),
    ):
        if place in (_MASK_HEAD, _MASKS) and not config.draws_masks:
            continue
        found = _size(state, *place)
        if found != wanted:
            raise ValueError(f"{found} {what} instead of {wanted}")
    if config.skeleton is not None:
        found, wanted = _size(state, PREDICTOR, 1), len(config.skeleton.names)
        if found != wanted:
            raise ValueError(f"{found} keypoints instead of {wanted}")


def load_into(module: MaskRCNN, state: Mapping[str, Tensor]) -> None:
    """Fill a network, old torchvision key names included; half precision becomes float32.

    Raises ValueError that names the first tensors which are missing, left over or misshapen, or
    hold values that are no numbers.
    """
    full = {
        key: value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
        for key, value in state.items()
    }
    for key, value in full.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{key} holds values that are no numbers")
    if isinstance(module.backbone, OneMapBackbone):  # whose bare weights have no `body`
        full = {_PLAIN_BODY.sub(_BODY, key): value for key, value in full.items()}
    try:
        result = module.load_state_dict(full, strict=False)
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError((lines[1] if len(lines) > 1 else lines[0]).strip()) from error
    lacking = [key for key in result.missing_keys if not key.endswith(_MOMENTS)]
    if lacking:
        raise ValueError(f"{len(lacking)} tensors are missing, first {lacking[0]}")
    if result.unexpected_keys:
        surplus = result.unexpected_keys
        raise ValueError(f"{len(surplus)} tensors are left over, first {surplus[0]}")


def load_backbone_state(body: nn.Module, state: Mapping[str, Tensor]) -> int:
    """Fill the body of a backbone from a classifier's state_dict and return the tensors used.

    Prefixes that libraries put in front (`module.`, `backbone.`, `body.`, `features.`) are taken
    off and the classifier is left out. Raises ValueError when a tensor of the body is missing or
    has another shape.
    """
    wanted = body.state_dict()
    state = translated(state)
    prefix = _best_prefix(state, wanted)
    given = {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
    lacking = [key for key in wanted if key not in given and not key.endswith(_MOMENTS)]
    if lacking:
        raise ValueError(f"{len(lacking)} tensors are missing, first {lacking[0]}")
    used = {key: given[key].float() for key in wanted if key in given}
    for key, value in used.items():
        if value.shape != wanted[key].shape:
            found, needed = tuple(value.shape), tuple(wanted[key].shape)
            raise ValueError(f"{key} has the shape {found}, not {needed}")
    body.load_state_dict({**wanted, **used})
    return len(used)


_PREFIXES: Final = (
    "",
    "module.",
    "features.",
    "module.features.",
    "backbone.",
    "backbone.body.",
    "body.",
    "trunk.",
    "model.",
    "encoder.",
)


def _best_prefix(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    return max(_PREFIXES, key=lambda prefix: sum(prefix + key in state for key in wanted))


def _size(state: Mapping[str, Tensor], key: str, dimension: int) -> int:
    if key not in state or state[key].dim() <= dimension:
        raise ValueError(f"the tensor {key} is missing")
    return state[key].shape[dimension]


def _names(classes: int) -> tuple[str, ...]:
    if classes == _COCO_CLASSES:
        return tuple(MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"][1:])
    return tuple(f"class {index}" for index in range(1, classes))
