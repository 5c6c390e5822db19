"""Teaches the click-correct head of a model file on photos and scenes; all else stays as it is.

`python -m resources.starter --clicks MODEL --photos FOLDER --out FILE`
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from core.engine.click_training import click_loss
from core.engine.clicks import ClickHead, add_click_head
from core.engine.stages import features
from core.engine.stages.inputs import Batch as Prepared
from core.engine.weights import LoadedModel, load_file, save_model
from resources.starter.photos import Photo
from resources.starter.pool import Batch, batches_of
from resources.starter.recipe import Recipe

TOLD_EVERY: Final = 10
OnStep = Callable[[int, float], None]
"""Called with the steps taken and the mean loss since the last call."""


@dataclass(frozen=True, slots=True)
class ClickRecipe:
    """One teaching; what a step sees depends on the number of the step alone."""

    steps: int = 600
    rate: float = 1e-3
    warm_up: int = 20
    average: float = 0.98
    instances: int = 12
    """Instances of a batch that are clicked on."""
    rounds: int = 2
    clip: float = 5.0
    save_every: int = 50


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
    torch.manual_seed(images.seed)
    head = add_click_head(network, loaded.config).requires_grad_(True)
    average = {name: value.clone() for name, value in head.state_dict().items()}
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.rate)
    first = _resume(checkpoint_of(out), head, average, optimiser) if resume else 0
    told = list[float]()
    for step in range(first, recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_of(recipe, step)
        torch.manual_seed(images.seed + step)
        optimiser.zero_grad()
        for batch in batches_of(images, photos, loaded.config.min_size, step):
            shown = prepared(loaded, batch)
            loss = click_loss(
                network,
                see(loaded, shown),
                [shown.one(place) for place in range(len(batch.images))],
                batch.targets,
                rounds=recipe.rounds,
                most=recipe.instances,
            )
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
                told.append(float(loss.detach()))
        torch.nn.utils.clip_grad_norm_(head.parameters(), recipe.clip)
        optimiser.step()
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


def rate_of(recipe: ClickRecipe, step: int) -> float:
    """The learning rate of a step, counted from 0: a rise, then a cosine to a hundredth."""
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)


def prepared(loaded: LoadedModel, batch: Batch) -> Prepared:
    """The images as the network sees them; they have their final size, all the same."""
    transform = loaded.module.transform
    normal = torch.stack([transform.normalize(image) for image in batch.images])
    sizes = ((normal.shape[-2], normal.shape[-1]),) * len(normal)
    return Prepared(normal, sizes, sizes)


@torch.no_grad()
def see(loaded: LoadedModel, images: Prepared) -> features.Maps:
    """The maps that RoIs are pooled from."""
    maps = features.run_backbone(loaded.module, images)
    return features.roi_maps(features.run_pyramid(loaded.module, maps))


def _save(
    out: Path,
    loaded: LoadedModel,
    head: ClickHead,
    average: dict[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    own = {name: value.clone() for name, value in head.state_dict().items()}
    content = {"head": own, "average": average, "optimiser": optimiser.state_dict(), "step": step}
    beside = checkpoint_of(out).with_suffix(".part")
    torch.save(content, beside)
    os.replace(beside, checkpoint_of(out))
    head.load_state_dict(average)
    extra = {**loaded.extra, "click_steps": step}
    save_model(out, loaded.module, loaded.config, extra, store="float16")
    head.load_state_dict(own)


def _resume(
    file: Path,
    head: ClickHead,
    average: dict[str, torch.Tensor],
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
