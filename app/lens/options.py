"""What a person chose to see of a stage: levels, channels, colours."""

from __future__ import annotations

from dataclasses import dataclass

from core.protocol.messages.lens import PictureKind


@dataclass(frozen=True, slots=True)
class Options:
    """Levels count from 0 for C2 and P2."""

    feature_kind: PictureKind = PictureKind.NORM
    backbone_level: int = 1
    pyramid_level: int = 1
    channel: int = 0
    objectness_level: int = 1
    anchor_level: int | None = None
    """None for all."""
    anchor_shape: int | None = None
    anchor_colour: str = "objectness"
    """`objectness`, `fate`, `level` or `match`."""
    bins: int = 7
    """7 for the box head, 14 for the mask head."""
    most: int = 300
    """Boxes of a stage on the canvas: the strongest."""
    mask_label: int = 0
    """Label index of the mask logits; 0 for the detection's own."""
