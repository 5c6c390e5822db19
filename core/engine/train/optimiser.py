"""Who learns how fast: parameter groups, the learning rate of a step, the averaged weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN

from core.engine.light_import import without_compiler
from core.engine.train.plan import Plan

_END: Final = 0.01


def make_optimiser(model: MaskRCNN, plan: Plan) -> torch.optim.AdamW:
    """AdamW over everything that ever learns; call it while all of that has gradients switched on.

    Weight decay is for matrices and kernels, not for biases. `share` is the group's part of the
    learning rate.
    """
    body = {id(p) for p in model.backbone.body.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in body, parameter.dim() > 1), []).append(parameter)
    listed: list[dict[str, Any]] = [
        {
            "params": parameters,
            "share": plan.backbone_rate if in_body else 1.0,
            "weight_decay": plan.weight_decay if matrix else 0.0,
        }
        for (in_body, matrix), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]
    with without_compiler():
        return torch.optim.AdamW(listed, lr=plan.learning_rate)


def rate_of(plan: Plan, step: int) -> float:
    """The learning rate of the heads in a step, counted from 0.

    It rises in a straight line while warming up, then falls along a cosine to a hundredth.
    """
    warm = max(1, round(plan.steps * plan.warm_up))
    if step < warm:
        return plan.learning_rate * (step + 1) / warm
    fallen = (step - warm) / max(1, plan.steps - warm)
    return plan.learning_rate * (_END + (1 - _END) * (1 + math.cos(math.pi * fallen)) / 2)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of a learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


class Average:
    """A moving average of the weights that learn, young in the first steps."""

    def __init__(self, weights: Mapping[str, Tensor], keep: float) -> None:
        """`keep` is how much of the average stays at each step; 0 follows the weights at once."""
        self.keep = keep
        self.values = {name: value.detach().clone() for name, value in weights.items()}

    @torch.no_grad()
    def follow(self, weights: Mapping[str, Tensor], step: int) -> None:
        """Move towards the weights after a step, counted from 0."""
        keep = min(self.keep, (step + 1) / (step + 11))
        for name, value in self.values.items():
            value.lerp_(weights[name].detach(), 1 - keep)
