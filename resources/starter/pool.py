"""Scenes made ahead and kept in memory, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resources.starter.recipe import Bucket
from resources.starter.scenes import Scene, make_scene
from resources.starter.scenes.scene import boxes_of

Target = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """Images float32 (3, S, S) in 0..1 and torchvision targets: boxes, labels, masks."""

    images: list[Tensor]
    targets: list[Target]


def make_pool(seed: int, bucket: Bucket, rank: int, of: int) -> list[Scene]:
    """Scenes `rank`, `rank + of`, ... of a series in the bucket's size: one process's share."""
    return [make_scene(seed, number, bucket.size) for number in range(rank, bucket.scenes, of)]


def batches(
    pools: Sequence[tuple[Bucket, list[Scene]]], seed: int, rank: int, of: int
) -> Iterator[Batch]:
    """Endless batches: a bucket by its share, its scenes in ever new orders, varied anew.

    All ranks draw from the same bucket at the same step, each its part of the batch.
    """
    common = np.random.default_rng(seed)
    rng = np.random.default_rng((seed, rank))
    shares = np.array([bucket.share for bucket, _ in pools])
    orders = [_endless(len(scenes), rng) for _, scenes in pools]
    while True:
        pick = int(common.choice(len(pools), p=shares / shares.sum()))
        bucket, scenes = pools[pick]
        count = max(1, bucket.batch // of)
        chosen = [vary(scenes[next(orders[pick])], rng) for _ in range(count)]
        yield Batch([image_of(scene) for scene in chosen], [target_of(scene) for scene in chosen])


def _endless(count: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(count).tolist()


def vary(scene: Scene, rng: np.random.Generator) -> Scene:
    """Mirror, turn (cells only: things have an upright) and recolour a scene."""
    pixels, index = scene.pixels, scene.index
    if rng.random() < 0.5:
        pixels, index = pixels[:, ::-1], index[:, ::-1]
    if 1 in scene.labels or rng.random() < 0.1:
        turns = int(rng.integers(4))
        pixels, index = np.rot90(pixels, turns), np.rot90(index, turns)
    if rng.random() < 0.3:
        pixels = pixels[:, :, rng.permutation(3)]
    if rng.random() < 0.5:
        pixels = _curve(rng)[pixels]
    return Scene(np.ascontiguousarray(pixels), np.ascontiguousarray(index), scene.labels)


def _curve(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A table of 256 values: gamma, contrast and brightness."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.3))
    levels = levels * rng.uniform(0.7, 1.25) + rng.uniform(-0.05, 0.08)
    return np.asarray(np.clip(levels, 0, 1) * 255, dtype=np.uint8)


def image_of(scene: Scene) -> Tensor:
    """The picture as float32 (3, H, W), 0..1."""
    return torch.from_numpy(scene.pixels).permute(2, 0, 1).float().div_(255)


def target_of(scene: Scene) -> Target:
    """Boxes float32 (N, 4), labels int64 (N,), masks uint8 (N, H, W)."""
    return {
        "boxes": torch.from_numpy(boxes_of(scene.index, len(scene.labels))),
        "labels": torch.tensor(scene.labels, dtype=torch.int64),
        "masks": torch.from_numpy(scene.masks().view(np.uint8)),
    }
