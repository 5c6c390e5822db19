"""Small models with random weights for tests: quick to make, to load and to run."""

from __future__ import annotations

from pathlib import Path

from core.lens.settings import StageSettings


def save_tiny_model(
    path: Path, class_names: tuple[str, ...] = ("cell", "square"), seed: int = 0, size: int = 96
) -> Path:
    """Write a Mask R-CNN with narrow heads that finds something, with a mask, in any picture."""
    import torch

    from core.engine.config import ModelConfig
    from core.engine.weights import save_model
    from core.engine.zoo import build_model

    config = ModelConfig(
        arch="mobilenet_v2",
        class_names=class_names,
        min_size=size,
        max_size=2 * size,
        anchor_sizes=((16.0,), (24.0,), (32.0,), (48.0,), (64.0,)),
        fpn_channels=16,
        box_head_width=32,
        mask_channels=16,
        settings=StageSettings(detections_per_image=10, rpn_post_nms_top_n=50),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(config)
        torch.nn.init.constant_(model.roi_heads.mask_predictor.mask_fcn_logits.bias, 1.0)
        save_model(path, model, config)
    return path
