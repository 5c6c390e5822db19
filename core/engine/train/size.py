"""At which size the network should see the images that it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from core.document.geometry import bounds
from core.engine.config import ModelConfig
from core.engine.input_size import input_factor, most_factor
from core.learning.frozen import FrozenImage

_EASY: Final = 42.0
"""Side in pixels from which on instances do not profit from being enlarged any more."""
_MOST: Final = 1.5
"""Largest factor: predicting takes its square in time."""
_LARGEST: Final = 1024
"""Shorter side beyond which nothing is enlarged, however often a model is trained again."""
_WORTH_IT: Final = 1.1
_MUCH_SMALLER: Final = 1.25
"""Images that are enlarged by so much less than most are looked at on their own."""


def suit_size(config: ModelConfig, images: Sequence[FrozenImage], asked: int | None) -> ModelConfig:
    """The configuration with the size that suits the instances, larger when they are small.

    Where few images show a wider field than most, a least factor keeps their instances from being
    seen too small. `asked`, in pixels of the shorter side, goes before.
    """
    if asked is not None:
        factor = asked / config.min_size
        longer = max(asked, round(config.max_size * factor))
        return replace(config, min_size=asked, max_size=longer, least_factor=None)
    return _with_least_factor(_enlarged(config, images), images)


def _enlarged(config: ModelConfig, images: Sequence[FrozenImage]) -> ModelConfig:
    sides = object_sides(images, config)
    if not sides:
        return config
    factor = min(_MOST, _EASY / median(sides), _LARGEST / config.min_size)
    if factor < _WORTH_IT:
        return config
    size = round(config.min_size * factor / 32) * 32
    return replace(config, min_size=size, max_size=round(config.max_size * size / config.min_size))


def _with_least_factor(config: ModelConfig, images: Sequence[FrozenImage]) -> ModelConfig:
    """The factor that images of a wider field need, never above that of most images."""
    if not images:
        return config
    factors = [seen_factor(config, image.width, image.height) for image in images]
    usual, needed = median(factors), [0.0]
    for image, factor in zip(images, factors, strict=True):
        sides = object_sides([image])
        if not sides or factor * _MUCH_SMALLER >= usual:
            continue
        enough = min(usual, _EASY / median(sides))
        if enough > factor * _WORTH_IT:
            needed.append(min(enough, most_factor(image.height, image.width)))
    if max(needed) <= (config.least_factor or 0.0):
        return config
    return replace(config, least_factor=round(max(needed), 2))


def object_sides(images: Sequence[FrozenImage], config: ModelConfig | None = None) -> list[float]:
    """The mean side of each instance's box: in pixels of the image, or as the network sees it."""
    sides = []
    for image in images:
        factor = 1.0 if config is None else seen_factor(config, image.width, image.height)
        boxes = [bounds(one) for one in image.objects]
        sides += [factor * (box.width * box.height) ** 0.5 for box in boxes]
    return sides


def seen_factor(config: ModelConfig, width: int, height: int) -> float:
    """By how much the network enlarges an image before it looks at it."""
    square = config.family == "matterport"
    return input_factor(
        config.min_size, config.max_size, config.least_factor, height, width, square=square
    )
