"""What the starter is: network, sizes and the numbers of its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.engine.config import ModelConfig, TrainingSettings
from core.lens.settings import StageSettings
from resources.starter.scenes import CLASS_NAMES, TRAINING_SEED

CONFIG: Final = ModelConfig(
    arch="mobilenet_v2",
    class_names=CLASS_NAMES,
    # Small photos are enlarged: nuclei of 8 pixels become large enough for the first level.
    min_size=512,
    max_size=800,
    anchor_sizes=((16.0,), (32.0,), (64.0,), (128.0,), (256.0,)),
    fpn_channels=128,
    box_head_width=256,
    mask_channels=128,
    mask_outputs="agnostic",
    # Half of the usual 224, as the anchors are half of the usual ones too.
    roi_canonical_size=112,
    norm="batch",
    trainable_layers=3,
    settings=StageSettings(detections_per_image=300),
    training=TrainingSettings(
        rpn_pre_nms_top_n=600,
        rpn_post_nms_top_n=400,
        roi_samples=64,
        roi_positive_fraction=0.375,
    ),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training; what a step sees depends on the seed and the step's number alone."""

    seed: int = TRAINING_SEED
    steps: int = 6000
    photos: int = 2
    """Photos a step, and the side in pixels of the square that is cut out of each."""
    photo_side: int = 288
    scenes: int = 2
    """Generated scenes a step, and their side."""
    scene_side: int = 256
    scale: tuple[float, float] = (0.5, 1.2)
    """The shorter side of a photo, as a share of the input size of the network."""
    paste: float = 0.5
    """Chance that instances of another photo are laid over a photo."""
    pasted: int = 3
    """At most so many."""
    moved: float = 0.15
    """By what share of its sides a true box is moved and scaled for the mask head."""
    mask_samples: int = 24
    """RoIs an image for the mask head: at most half of them from the network's own boxes."""
    quality: bool = True
    """Scores learn how well a box fits, not only whether it counts."""
    fitted: int = 160
    """Images on which the first weights of the pyramid are fitted to the model before."""
    learning_rate: float = 3e-4
    trunk_rate: float = 1e-4
    weight_decay: float = 0.02
    warm_up: int = 40
    fall: float = 0.25
    """Share of the steps at the end in which the rate falls."""
    clip: float = 5.0
    average: float = 0.998
    save_every: int = 50
    """Steps between two checkpoints."""
    held_out: int = 60
    """Photos of the completely labelled set that are only measured on."""
