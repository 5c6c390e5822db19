"""A copy of a network for lower precision: normalisation folded in, weights lowered, channels last.

Only for inference. Autocast would otherwise lower every weight again on each pass, and frozen
batch normalisation would lift each map back to float32 between two convolutions.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.ops import FrozenBatchNorm2d

from core.engine.backbones import CustomTrunk


def lowered_copy(model: MaskRCNN, dtype: torch.dtype) -> MaskRCNN:
    """A copy in eval mode whose trunk, pyramid and heads hold `dtype` weights, channels last.

    The last layers of the RPN, the box head and the mask head stay float32: scores that are close
    keep their order.
    """
    twin: MaskRCNN = copy.deepcopy(model).eval().requires_grad_(False)
    for part in (twin.backbone, twin.roi_heads.box_head, twin.roi_heads.mask_head):
        fold_norms(part)
    heads = twin.roi_heads
    for part in (twin.backbone, twin.rpn.head.conv, heads.box_head, heads.mask_head):
        _lower(part, dtype)
    _lower(heads.mask_predictor.conv5_mask, dtype)
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
