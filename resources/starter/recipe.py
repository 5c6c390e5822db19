"""What the starter is: network, sizes and the numbers of its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.engine.config import ModelConfig, TrainingSettings
from core.lens.settings import StageSettings
from resources.starter.scenes import CLASS_NAMES, TRAINING_SEED

CONFIG: Final = ModelConfig(
    arch="resnet18",
    class_names=CLASS_NAMES,
    # Small photos are enlarged: nuclei of 8 pixels become large enough for the first level.
    min_size=512,
    max_size=800,
    anchor_sizes=((16.0,), (32.0,), (64.0,), (128.0,), (256.0,)),
    fpn_channels=128,
    box_head_width=256,
    mask_channels=128,
    # Half of the usual 224, as the anchors are half of the usual ones too.
    roi_canonical_size=112,
    norm="batch",
    trainable_layers=5,
    settings=StageSettings(detections_per_image=300),
    training=TrainingSettings(
        rpn_pre_nms_top_n=600,
        rpn_post_nms_top_n=400,
        roi_samples=64,
        roi_positive_fraction=0.375,
    ),
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Scenes of one size that train together: how many, how many a batch, how often."""

    size: int
    scenes: int
    batch: int
    share: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training from scratch; two runs of one recipe see the same scenes in the same order."""

    seed: int = TRAINING_SEED
    steps: int = 2300
    minutes: float = 57.0
    buckets: tuple[Bucket, ...] = (Bucket(256, 9000, 8, 0.75), Bucket(384, 1800, 4, 0.25))
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warm_up: float = 0.06
    clip: float = 5.0
    average: float = 0.998
    save_every: float = 5.0
    """Minutes between two model files."""
