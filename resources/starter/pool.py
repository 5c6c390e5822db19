"""What each step of the training sees: a function of the seed and the number of the step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resources.starter.photos import Labelled, Photo, cut_out, lay_over, of_scene
from resources.starter.recipe import Recipe
from resources.starter.scenes import Scene, make_scene

Target = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """Images float32 3×S×S from 0 to 1 of one size, and their targets.

    A target holds boxes, labels, masks and, bool S×S, `ignore`: where background is not known.
    """

    images: list[Tensor]
    targets: list[Target]


def batches_of(
    recipe: Recipe, photos: Sequence[Photo], input_side: int, step: int, rank: int = 0, of: int = 1
) -> list[Batch]:
    """The share of process `rank` in a step: a batch of photos and one of scenes.

    `input_side` is the shorter side of images as the network sees them.
    """
    shown = []
    if photos and recipe.photos:
        numbers = range(step * recipe.photos + rank, (step + 1) * recipe.photos, of)
        shown.append([_photo(recipe, photos, input_side, number) for number in numbers])
    numbers = range(step * recipe.scenes + rank, (step + 1) * recipe.scenes, of)
    shown.append([_scene(recipe, number) for number in numbers])
    return [batch_of(images) for images in shown if images]


def batch_of(images: Sequence[Labelled]) -> Batch:
    """Images of one size as tensors."""
    return Batch([image_of(each) for each in images], [target_of(each) for each in images])


def _photo(recipe: Recipe, photos: Sequence[Photo], input_side: int, number: int) -> Labelled:
    rng = np.random.default_rng((recipe.seed, 1, number))
    image = _cut(recipe, in_turn(photos, (recipe.seed, 2), number), input_side, rng)
    if rng.random() < recipe.paste:
        other = photos[int(rng.integers(len(photos)))]
        image = lay_over(image, _cut(recipe, other, input_side, rng), recipe.pasted, rng)
    return recoloured(image, rng) if rng.random() < 0.5 else image


def in_turn(photos: Sequence[Photo], seed: tuple[int, int], number: int) -> Photo:
    """The photo of a number: every photo once, in an order drawn by a seed, before any again."""
    turn, place = divmod(number, len(photos))
    return photos[int(np.random.default_rng((*seed, turn)).permutation(len(photos))[place])]


def recoloured(image: Labelled, rng: np.random.Generator) -> Labelled:
    """Another gamma, contrast and brightness."""
    return replace(image, pixels=_curve(rng)[image.pixels])


def _cut(recipe: Recipe, photo: Photo, input_side: int, rng: np.random.Generator) -> Labelled:
    low, high = np.log(recipe.scale)
    return cut_out(photo, recipe.photo_side, input_side * np.exp(rng.uniform(low, high)), rng)


def _scene(recipe: Recipe, number: int) -> Labelled:
    rng = np.random.default_rng((recipe.seed, 3, number))
    return of_scene(vary(make_scene(recipe.seed, number, recipe.scene_side), rng))


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


def image_of(image: Labelled) -> Tensor:
    """The picture as float32 (3, H, W), 0..1."""
    return torch.from_numpy(image.pixels).permute(2, 0, 1).float().div_(255)


def target_of(image: Labelled) -> Target:
    """Boxes float32 (N, 4), labels int64 (N,), masks uint8 (N, H, W), ignore bool (H, W)."""
    boxes = np.zeros((len(image.masks), 4), dtype=np.float32)
    for box, mask in zip(boxes, image.masks, strict=True):
        ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box[:] = xs[0], ys[0], xs[-1] + 1, ys[-1] + 1
    return {
        "boxes": torch.from_numpy(boxes),
        "labels": torch.tensor(image.labels, dtype=torch.int64),
        "masks": torch.from_numpy(image.masks.astype(np.uint8)),
        "ignore": torch.from_numpy(image.unknown),
    }
