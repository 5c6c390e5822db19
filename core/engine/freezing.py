"""Which parts of a network learn, and which normalisation moves."""

from __future__ import annotations

from torch import nn
from torchvision.models.detection import MaskRCNN

from core.engine.backbones import freeze_stages, frozen_modules
from core.engine.config import ModelConfig


def start_training(model: MaskRCNN, config: ModelConfig, *, still_norms: bool) -> None:
    """Put a network into train mode with `config.trainable_layers` stages of the backbone learning.

    `requires_grad=False` does not stop batch normalisation from moving its statistics, so that
    of frozen stages is put into eval mode; with `still_norms` all of it is, which small batches
    need. Call it after everything that calls `train()` or `eval()`.
    """
    freeze_stages(model.backbone, config.arch, config.trainable_layers)
    model.train()
    still = (
        (model,)
        if still_norms
        else frozen_modules(model.backbone, config.arch, config.trainable_layers)
    )
    for part in still:
        for module in part.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
                for parameter in module.parameters(recurse=False):
                    parameter.requires_grad_(False)
