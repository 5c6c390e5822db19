"""Copies of a network that are faster: normalisation folded in, channels last, weights lowered.

Only for inference. Autocast would otherwise lower every weight again on each pass, and frozen
batch normalisation would lift each map back to float32 between two convolutions.
"""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.ops import FrozenBatchNorm2d

from core.engine.backbones import CustomTrunk
from core.engine.stages.numerics import ALL_PARTS, Numerics, Part

_LIGHT: Final = frozenset(
    {
        "resnet18",
        "resnet34",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "mobilenet_v3_small",
        "efficientnet_lite2",
    }
)


def lowered_parts(arch: str) -> frozenset[Part]:
    """The parts of a network on a CPU whose lower precision buys time without costing detections.

    A deep body takes most of the time, and everything is lowered with it. A light one takes less
    than the pyramid and the mask head; left at float32, with the two heads that decide on boxes,
    it keeps near-ties in NMS from falling the other way (docs/benchmarks.md).
    """
    return frozenset({Part.PYRAMID, Part.MASK_HEAD}) if arch in _LIGHT else ALL_PARTS


def folded_copy(model: MaskRCNN) -> MaskRCNN:
    """A copy in eval mode with normalisation folded into the convolutions, channels last.

    The arithmetic stays float32; last bits differ. On a CPU without fast bf16 it takes two thirds
    of the time (docs/benchmarks.md).
    """
    twin = _folded_twin(model)
    heads = twin.roi_heads
    for part in (twin.backbone, twin.rpn.head, heads.mask_head, heads.mask_predictor.conv5_mask):
        for module in part.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.to(memory_format=torch.channels_last)
    return twin


def lowered_copy(model: MaskRCNN, numerics: Numerics) -> MaskRCNN:
    """A copy in eval mode whose lowered parts hold weights of the lower type, channels last.

    Normalisation is folded in everywhere. The last layers of the RPN, the box head and the mask
    head stay float32: scores that are close keep their order.
    """
    twin = _folded_twin(model)
    heads = twin.roi_heads
    layers = {
        Part.BODY: (twin.backbone.body,),
        Part.PYRAMID: (twin.backbone.fpn,),
        Part.RPN: (twin.rpn.head.conv,),
        Part.BOX_HEAD: (heads.box_head,),
        Part.KEYPOINT_HEAD: (),  # small beside its maps, which stay float32
        Part.MASK_HEAD: (heads.mask_head, heads.mask_predictor.conv5_mask),
    }
    if numerics.autocast is not None:
        for each in numerics.parts:
            for layer in layers[each]:
                _lower(layer, numerics.autocast)
    return twin


def _folded_twin(model: MaskRCNN) -> MaskRCNN:
    twin: MaskRCNN = copy.deepcopy(model).eval().requires_grad_(False)
    for part in (twin.backbone, twin.roi_heads.box_head, twin.roi_heads.mask_head):
        fold_norms(part)
    return twin


def fold_norms(module: nn.Module) -> None:
    """Fold every batch normalisation that directly follows a convolution into it, in place.

    A normalisation follows a convolution when it is the next child of the same module; in
    torchvision's networks that is also the order of computation. A user's own trunk is left alone:
    nothing is known of its order.
    """
    if isinstance(module, CustomTrunk):
        return
    previous: tuple[str, nn.Conv2d] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d | FrozenBatchNorm2d) and previous is not None:
            conv = previous[1]
            if conv.out_channels == len(_tensor(child.running_mean)):
                setattr(module, previous[0], _folded(conv, child))
                setattr(module, name, nn.Identity())
        fold_norms(child)
        previous = (name, child) if isinstance(child, nn.Conv2d) else None


def _folded(conv: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    mean, variance = _tensor(norm.running_mean), _tensor(norm.running_var)
    scale = _tensor(norm.weight) * torch.rsqrt(variance + float(norm.eps))  # type: ignore[arg-type]
    bias = torch.zeros_like(mean) if conv.bias is None else conv.bias
    conv.weight = nn.Parameter(conv.weight * scale[:, None, None, None], requires_grad=False)
    conv.bias = nn.Parameter((bias - mean) * scale + _tensor(norm.bias), requires_grad=False)
    return conv


def _tensor(value: object) -> Tensor:
    assert isinstance(value, Tensor)
    return value


def _lower(part: nn.Module, dtype: torch.dtype) -> None:
    # Normalisation that could not be folded keeps its float32 statistics; autocast allows that.
    for module in part.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.to(dtype=dtype)
            if not isinstance(module, nn.Linear):
                module.to(memory_format=torch.channels_last)
