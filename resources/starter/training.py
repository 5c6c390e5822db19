"""The training loop of the starter: AdamW, one cycle, an average of the weights."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torchvision.models.detection import MaskRCNN

from core.engine.config import ModelConfig
from core.engine.freezing import start_training
from core.engine.stages.numerics import FLOAT32, Numerics
from core.engine.weights import save_model
from core.engine.zoo import build_model
from resources.starter.beginning import first_model
from resources.starter.exchange import Exchange
from resources.starter.objective import losses_of
from resources.starter.photos import Photo
from resources.starter.pool import batches_of
from resources.starter.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the first process stands; losses are means since the last report."""

    step: int
    minutes: float
    cpu_minutes: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a training is given beside its recipe: photos, and files that it begins with."""

    photos: Sequence[Photo] = ()
    trunk: Path | None = None
    """A state_dict of the trunk as a classifier."""
    before: Path | None = None
    """A model file whose heads are taken over."""
    resume: bool = False
    """Go on from the checkpoint beside the model file, if there is one."""


def report(progress: Progress) -> None:
    """Print one line of progress; importable, so that a spawned process can call it."""
    losses = " ".join(f"{k.removeprefix('loss_')} {v:.3f}" for k, v in progress.losses.items())
    print(  # noqa: T201
        f"step {progress.step}  {progress.minutes:.1f} min  cpu {progress.cpu_minutes:.1f} min  "
        f"sum {sum(progress.losses.values()):.3f}  {losses}",
        flush=True,
    )


def train(
    recipe: Recipe,
    config: ModelConfig,
    out: Path,
    inputs: Inputs,
    *,
    half: bool,
    processes: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> None:
    """Train and write the averaged model to `out`, also along the way, beside a checkpoint.

    Each of `processes` single-threaded processes computes its share of each batch; gradients are
    averaged. `half` runs the convolutions in bfloat16; boxes, anchors and NMS stay float32. A
    training that goes on from a checkpoint ends in the same weights as one that never stopped.
    """
    arguments = (Exchange(processes), recipe, config, out, inputs, half, on_progress)
    if processes == 1:
        _train_share(0, *arguments)
        return
    spawn(_train_share, arguments, nprocs=processes)  # type: ignore[no-untyped-call]


def checkpoint_of(out: Path) -> Path:
    """Where the checkpoint of a training lies that writes to `out`."""
    return out.with_suffix(".checkpoint")


def _train_share(
    rank: int,
    exchange: Exchange,
    recipe: Recipe,
    config: ModelConfig,
    out: Path,
    inputs: Inputs,
    half: bool,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    """What one of the processes does; the first also averages, reports and saves."""
    torch.set_num_threads(1)
    start, parent = time.monotonic(), os.getppid()
    run = _Run.resumed(out, config, recipe) if inputs.resume else None
    if run is None:
        first = first_model(recipe, config, inputs.trunk, inputs.before, inputs.photos)
        run = _Run.fresh(first, config, recipe)
    numerics = Numerics(torch.bfloat16) if half else FLOAT32
    sums, counted = dict[str, float](), 0
    for step in range(run.step, recipe.steps):
        if os.getppid() != parent:
            # Whoever started this process is gone, and may have begun anew.
            return
        losses = _step(run, config, recipe, inputs.photos, step, numerics, rank, exchange)
        run.step = step + 1
        if rank:
            continue
        _follow(run.average, run.model, min(recipe.average, run.step / (run.step + 10)))
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value
        counted += 1
        over = run.step == recipe.steps
        if on_progress is not None and (run.step % 10 == 0 or over):
            means = {name: value / counted for name, value in sums.items()}
            minutes, cpu = (time.monotonic() - start) / 60, time.process_time() / 60
            on_progress(Progress(run.step, minutes, cpu, means))
            sums, counted = {}, 0
        if over or run.step % recipe.save_every == 0:
            extra = {"recipe": asdict(recipe), "step": run.step, "photos": len(inputs.photos)}
            save_model(out, run.average, config, extra, store="float16")
            run.keep(out)


@dataclass(slots=True)
class _Run:
    """The state of a training between two steps."""

    model: MaskRCNN
    average: MaskRCNN
    optimizer: torch.optim.Optimizer
    step: int

    @staticmethod
    def fresh(model: MaskRCNN, config: ModelConfig, recipe: Recipe) -> _Run:
        start_training(model, config, still_norms=True)
        optimizer = torch.optim.AdamW(_groups(model, recipe), fused=True)
        return _Run(model, deepcopy(model).eval(), optimizer, 0)

    @staticmethod
    def resumed(out: Path, config: ModelConfig, recipe: Recipe) -> _Run | None:
        if not checkpoint_of(out).is_file():
            return None
        kept = torch.load(checkpoint_of(out), weights_only=True)
        run = _Run.fresh(build_model(config), config, recipe)
        run.model.load_state_dict(kept["model"])
        run.average.load_state_dict(kept["average"])
        run.optimizer.load_state_dict(kept["optimizer"])
        run.step = kept["step"]
        return run

    def keep(self, out: Path) -> None:
        content = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        save_beside(content, checkpoint_of(out))


def save_beside(content: dict[str, Any], file: Path) -> None:
    """Write beside a file, then take its place, so that a break leaves the one before."""
    beside = file.with_suffix(".part")
    torch.save(content, beside)
    os.replace(beside, file)


def _step(
    run: _Run,
    config: ModelConfig,
    recipe: Recipe,
    photos: Sequence[Photo],
    step: int,
    numerics: Numerics,
    rank: int,
    exchange: Exchange,
) -> dict[str, float]:
    """One update with the gradients of all processes; returns this one's five losses."""
    torch.manual_seed(recipe.seed + step * exchange.count + rank)
    share = learning_rate(recipe, step)
    for group in run.optimizer.param_groups:
        group["lr"] = group["top"] * share
    run.optimizer.zero_grad(set_to_none=False)
    batches = batches_of(recipe, photos, config.min_size, step, rank, exchange.count)
    told: dict[str, float] = {}
    for batch in batches:
        losses = losses_of(run.model, config, recipe, batch, numerics)
        total = torch.stack(list(losses.values())).sum() / len(batches)
        total.backward()  # type: ignore[no-untyped-call]
        for name, value in losses.items():
            told[name] = told.get(name, 0.0) + float(value.detach()) / len(batches)
    learned = [p for p in run.model.parameters() if p.requires_grad]
    for parameter in learned:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    exchange.average(rank, [p.grad for p in learned if p.grad is not None])
    norm = nn.utils.clip_grad_norm_(learned, recipe.clip)
    if torch.isfinite(norm):
        run.optimizer.step()
    return told


def learning_rate(recipe: Recipe, step: int) -> float:
    """The share of the full rate in a step, counted from 0: a rise, a plateau, a fall at the end.

    The plateau can be as long as one likes, so that a training can be given more steps.
    """
    falling = round(recipe.steps * recipe.fall)
    left = (recipe.steps - step) / max(1, falling)
    return min(1.0, (step + 1) / max(1, recipe.warm_up), max(0.02, left))


def _groups(model: MaskRCNN, recipe: Recipe) -> list[dict[str, Any]]:
    """The trunk learns more slowly; weight decay for kernels and matrices alone."""
    trunk = {id(p) for p in model.backbone.body.parameters()}
    groups = []
    for own in (True, False):
        rate = recipe.trunk_rate if own else recipe.learning_rate
        mine = [p for p in model.parameters() if p.requires_grad and (id(p) in trunk) == own]
        for matrices in (True, False):
            chosen = [p for p in mine if (p.dim() > 1) == matrices]
            decay = recipe.weight_decay if matrices else 0.0
            groups.append({"params": chosen, "weight_decay": decay, "lr": rate, "top": rate})
    return groups


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the average towards the model: parameters and normalisation statistics alike."""
    theirs: dict[str, Tensor] = dict(model.state_dict())
    slow = [(value, theirs[name]) for name, value in average.state_dict().items()]
    floats = [(a, b) for a, b in slow if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - keep)
    for a, b in slow:
        if not a.is_floating_point():
            a.copy_(b)
