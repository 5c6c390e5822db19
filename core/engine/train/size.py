"""At which size the network should see the images that it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from core.document.geometry import bounds
from core.engine.config import ModelConfig
from core.learning.frozen import FrozenImage

_EASY: Final = 42.0
"""Side in pixels from which on instances do not profit from being enlarged any more."""
_MOST: Final = 1.5
"""Largest factor: predicting takes its square in time."""
_LARGEST: Final = 1024
"""Shorter side beyond which nothing is enlarged, however often a model is trained again."""
_WORTH_IT: Final = 1.1


def suit_size(config: ModelConfig, images: Sequence[FrozenImage], asked: int | None) -> ModelConfig:
    """The configuration with the size that suits the instances, larger when they are small.

    `asked`, in pixels of the shorter side, goes before.
    """
    if asked is not None:
        factor = asked / config.min_size
        return replace(config, min_size=asked, max_size=max(asked, round(config.max_size * factor)))
    sides = object_sides(images, config)
    if not sides:
        return config
    factor = min(_MOST, _EASY / median(sides), _LARGEST / config.min_size)
    if factor < _WORTH_IT:
        return config
    size = round(config.min_size * factor / 32) * 32
    return replace(config, min_size=size, max_size=round(config.max_size * size / config.min_size))


def object_sides(images: Sequence[FrozenImage], config: ModelConfig | None = None) -> list[float]:
    """The mean side of each instance's box: in pixels of the image, or as the network sees it."""
    sides = []
    for image in images:
        factor = 1.0 if config is None else seen_factor(config, image.width, image.height)
        boxes = [bounds(one) for one in image.objects]
        sides += [factor * (box.width * box.height) ** 0.5 for box in boxes]
    return sides


def seen_factor(config: ModelConfig, width: int, height: int) -> float:
    """By how much the network enlarges an image before it looks at it (torchvision's rule)."""
    return min(config.min_size / min(width, height), config.max_size / max(width, height))
