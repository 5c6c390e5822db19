"""Teaches the click-correct head of a model file on photos and scenes; all else stays as it is.

`python -m resources.starter --clicks MODEL --photos FOLDER --out FILE`

What the network sees of the images never changes, so it is worked out once and kept beside the
result; a step then takes the head alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from core.engine.click_training import rounds_loss, views_of
from core.engine.clicks import ClickHead, View, add_click_head
from core.engine.input_size import factor_of, padded
from core.engine.stages import features
from core.engine.stages.inputs import Batch as Prepared
from core.engine.weights import LoadedModel, load_file, save_model
from resources.starter.photos import Labelled, Photo, cut_out, mirrored, of_scene
from resources.starter.pool import Batch, batch_of, in_turn, recoloured, vary
from resources.starter.recipe import Recipe
from resources.starter.scenes import make_scene
from resources.starter.training import save_beside

TOLD_EVERY: Final = 10
_PART: Final = 50
"""Images whose views are kept in one file."""
_SCENES_FROM: Final = 50_000
"""Number of the first scene, of which no other training sees any."""
_LEAST: Final = 100
"""Pixels of an instance as the network sees it, below which nobody points at it."""
OnStep = Callable[[int, float], None]
"""Called with the steps taken and the mean loss since the last call."""
Views = dict[str, Tensor]
"""The fields of `View` and `truth`, N×64×64, of many instances, in float16."""


@dataclass(frozen=True, slots=True)
class ClickRecipe:
    """One teaching; what a step sees depends on the number of the step alone."""

    images: int = 2900
    """Photos and scenes that are looked at, a photo as often as it takes."""
    scenes: int = 5
    """Every so many images one is a scene."""
    each: int = 12
    """Instances of an image at most."""
    scale: tuple[float, float] = (0.6, 1.1)
    """The shorter side of a photo, as a share of the input size of the network."""
    steps: int = 3500
    batch: int = 16
    rate: float = 2e-3
    warm_up: int = 50
    decay: float = 0.01
    average: float = 0.998
    rounds: int = 2
    clip: float = 5.0
    save_every: int = 500


def teach(
    model: Path,
    out: Path,
    photos: Sequence[Photo],
    images: Recipe,
    recipe: ClickRecipe,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> None:
    """Write the model with a taught head to `out`, also along the way, beside a checkpoint.

    One that goes on from a checkpoint ends in the same weights as one that never stopped. Raises
    ModelFileError when the model cannot be read.
    """
    loaded = load_file(model)
    network = loaded.module.requires_grad_(False)
    kept = _read(keep_views(loaded, photos, images, recipe, views_of_run(out)))
    torch.manual_seed(images.seed)
    head = add_click_head(network, loaded.config).requires_grad_(True)
    average = {name: value.clone() for name, value in head.state_dict().items()}
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    first = _resume(checkpoint_of(out), head, average, optimiser) if resume else 0
    told = list[float]()
    for step in range(first, recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_of(recipe, step)
        torch.manual_seed(images.seed + step)
        loss = rounds_loss(head, *_drawn(kept, recipe.batch), recipe.rounds)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(head.parameters(), recipe.clip)
        optimiser.step()
        told.append(float(loss.detach()))
        keep = min(recipe.average, (step + 1) / (step + 11))
        for name, value in head.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        done, over = step + 1, step + 1 == recipe.steps
        if on_step is not None and (done % TOLD_EVERY == 0 or over):
            on_step(done, math.fsum(told) / max(1, len(told)))
            told.clear()
        if over or done % recipe.save_every == 0:
            _save(out, loaded, head, average, optimiser, done)


def checkpoint_of(out: Path) -> Path:
    """Where the checkpoint lies of a teaching that writes to `out`."""
    return out.with_suffix(".clicks")


def views_of_run(out: Path) -> Path:
    """The folder of what the network sees, for a teaching that writes to `out`."""
    return out.with_suffix(".views")


def rate_of(recipe: ClickRecipe, step: int) -> float:
    """The learning rate of a step, counted from 0: a rise, then a cosine to a hundredth."""
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)


def keep_views(
    loaded: LoadedModel,
    photos: Sequence[Photo],
    images: Recipe,
    recipe: ClickRecipe,
    folder: Path,
) -> list[Path]:
    """Files with what the network sees of instances of photos and scenes; those there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for first in range(0, recipe.images, _PART):
        file = folder / f"{first:06d}.pt"
        files.append(file)
        if file.is_file():
            continue
        numbers = range(first, min(first + _PART, recipe.images))
        seen = [_seen(loaded, photos, images, recipe, number) for number in numbers]
        found = [each for each in seen if each is not None]
        parts = {name: torch.cat([each[name] for each in found]) for name in (found or [{}])[0]}
        save_beside(parts, file)
    return files


def _seen(
    loaded: LoadedModel, photos: Sequence[Photo], images: Recipe, recipe: ClickRecipe, number: int
) -> Views | None:
    """What the network sees of the instances of one image; None without any."""
    rng = np.random.default_rng((images.seed, 4, number))
    shown = _shown(loaded, photos, images, recipe, number, rng)
    large = np.flatnonzero(shown.masks.sum(axis=(1, 2)) >= _LEAST)
    if not len(large):
        return None
    chosen = np.sort(rng.permutation(large)[: recipe.each])
    labels = tuple(shown.labels[row] for row in chosen)
    batch = batch_of([replace(shown, masks=shown.masks[chosen], labels=labels)])
    torch.manual_seed(images.seed + number)
    ready = prepared(loaded, batch)
    targets = batch.targets
    found = views_of(loaded.module, see(loaded, ready), [ready.one(0)], targets, most=recipe.each)
    if found is None:
        return None
    view, truth = found
    named = {each.name: getattr(view, each.name) for each in fields(View)}
    return {name: value.half() for name, value in (*named.items(), ("truth", truth))}


def _shown(
    loaded: LoadedModel,
    photos: Sequence[Photo],
    images: Recipe,
    recipe: ClickRecipe,
    number: int,
    rng: np.random.Generator,
) -> Labelled:
    if not photos or number % recipe.scenes == recipe.scenes - 1:
        return of_scene(
            vary(make_scene(images.seed, _SCENES_FROM + number, images.scene_side), rng)
        )
    photo = in_turn(photos, (images.seed, 5), number)
    factor = factor_of(loaded.module.transform, photo.height, photo.width)
    low, high = np.log(recipe.scale)
    size = min(photo.height, photo.width) * factor * float(np.exp(rng.uniform(low, high)))
    image = cut_out(photo, 0, size, rng, whole=True)
    image = mirrored(image) if rng.random() < 0.5 else image
    return recoloured(image, rng) if rng.random() < 0.3 else image


def prepared(loaded: LoadedModel, batch: Batch) -> Prepared:
    """The images as the network sees them, padded; they have their final size, all the same."""
    transform = loaded.module.transform
    normal = [transform.normalize(image) for image in batch.images]
    sizes = tuple((image.shape[-2], image.shape[-1]) for image in normal)
    return Prepared(padded(transform, normal), sizes, sizes)


@torch.no_grad()
def see(loaded: LoadedModel, images: Prepared) -> features.Maps:
    """The maps that RoIs are pooled from."""
    maps = features.run_backbone(loaded.module, images)
    return features.roi_maps(features.run_pyramid(loaded.module, maps))


def _read(files: Sequence[Path]) -> Views:
    parts = [torch.load(file, weights_only=True) for file in files]
    full = [part for part in parts if part]
    return {name: torch.cat([part[name] for part in full]) for name in full[0]}


def _drawn(kept: Views, count: int) -> tuple[View, Tensor]:
    """Some instances, all mirrored half the time; draws from torch's generator."""
    rows = torch.randint(0, len(kept["truth"]), (count,))
    turned = float(torch.rand(())) < 0.5
    chosen = {
        name: (value[rows].flip(-1) if turned else value[rows]).float()
        for name, value in kept.items()
    }
    truth = chosen.pop("truth")
    return View(**chosen), truth


def _save(
    out: Path,
    loaded: LoadedModel,
    head: ClickHead,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    own = {name: value.clone() for name, value in head.state_dict().items()}
    content = {"head": own, "average": average, "optimiser": optimiser.state_dict(), "step": step}
    save_beside(content, checkpoint_of(out))
    head.load_state_dict(average)
    extra: dict[str, Any] = {**loaded.extra, "click_steps": step}
    save_model(out, loaded.module, loaded.config, extra, store="float16")
    head.load_state_dict(own)


def _resume(
    file: Path,
    head: ClickHead,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> int:
    """Take up a checkpoint; the steps that were taken, 0 without one."""
    if not file.is_file():
        return 0
    kept = torch.load(file, weights_only=True)
    head.load_state_dict(kept["head"])
    average.update(kept["average"])
    optimiser.load_state_dict(kept["optimiser"])
    return int(kept["step"])
