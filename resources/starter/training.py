"""The training loop of the starter: AdamW, one cycle, an average of the weights."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torchvision.models.detection import MaskRCNN

from core.engine.config import ModelConfig
from core.engine.weights import save_model
from core.engine.zoo import build_model
from resources.starter.exchange import Exchange
from resources.starter.pool import Batch, batches, make_pool
from resources.starter.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the first process stands; losses are means since the last report."""

    step: int
    minutes: float
    cpu_minutes: float
    losses: Mapping[str, float]


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
    *,
    half: bool,
    processes: int = 2,
    on_progress: Callable[[Progress], None] | None = None,
) -> None:
    """Train from random weights and write the averaged model to `out`, also along the way.

    Each of `processes` single-threaded processes makes its share of the scenes and computes its
    share of each batch; gradients are averaged. `half` runs the convolutions in bfloat16; boxes,
    anchors and NMS stay float32. Stops at `recipe.steps`, or when `recipe.minutes` have passed,
    the making of the scenes included.
    """
    if processes == 1:
        _train_share(0, Exchange(1), recipe, config, out, half, on_progress)
        return
    exchange = Exchange(processes)
    spawn(  # type: ignore[no-untyped-call]
        _train_share,
        (exchange, recipe, config, out, half, on_progress),
        nprocs=processes,
    )


def _train_share(
    rank: int,
    exchange: Exchange,
    recipe: Recipe,
    config: ModelConfig,
    out: Path,
    half: bool,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    """What one of the processes does; the first also averages, reports and saves."""
    torch.set_num_threads(1)
    start = time.monotonic()
    torch.manual_seed(recipe.seed)
    model = build_model(config).to(memory_format=torch.channels_last)
    torch.manual_seed(recipe.seed + rank)
    pools = [
        (bucket, make_pool(recipe.seed, bucket, rank, exchange.count)) for bucket in recipe.buckets
    ]
    average = deepcopy(model).eval()
    # Scenes have the size that the network is to see.
    model.transform._skip_resize = True
    if half:
        lower_precision(model)
    optimizer = torch.optim.AdamW(
        _groups(model, recipe.weight_decay), lr=recipe.learning_rate, fused=True
    )
    saved, sums, counted, done = start, dict[str, float](), 0, 0.0
    for step, batch in enumerate(batches(pools, recipe.seed, rank, exchange.count), start=1):
        rate = learning_rate(recipe, step, done)
        for group in optimizer.param_groups:
            group["lr"] = rate
        losses = _step(model, optimizer, batch, recipe.clip, rank, exchange)
        now = time.monotonic()
        # On a slow machine the clock, not the count, says how far the cycle has come.
        spent = max(step / recipe.steps, (now - start) / 60 / recipe.minutes)
        done = exchange.tell(rank, spent)
        over = done >= 1
        if rank == 0:
            _follow(average, model, min(recipe.average, step / (step + 10)))
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            counted += 1
            if on_progress is not None and (step % 25 == 0 or over):
                means = {name: value / counted for name, value in sums.items()}
                cpu = time.process_time() / 60
                on_progress(Progress(step, (now - start) / 60, cpu, means))
                sums, counted = {}, 0
            if over or (now - saved) / 60 >= recipe.save_every:
                saved = now
                extra = {"recipe": asdict(recipe), "step": step, "minutes": (now - start) / 60}
                save_model(out, average, config, extra, store="float16")
        if over:
            break


def _step(
    model: MaskRCNN,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    clip: float,
    rank: int,
    exchange: Exchange,
) -> dict[str, float]:
    """One update with the gradients of all processes; returns this one's five losses."""
    losses: dict[str, Tensor] = model(batch.images, batch.targets)
    optimizer.zero_grad(set_to_none=False)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in model.parameters() if p.requires_grad and p.grad is not None]
    exchange.average(rank, gradients)
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
    if torch.isfinite(norm):
        optimizer.step()
    return {name: float(value.detach()) for name, value in losses.items()}


def learning_rate(recipe: Recipe, step: int, done: float) -> float:
    """Up in a straight line while warming up, then down along a cosine to a hundredth.

    `done` is the share of the training that lies behind, 0 to 1.
    """
    rising = max(1, round(recipe.steps * recipe.warm_up))
    falling = max(0.0, (done - recipe.warm_up) / (1 - recipe.warm_up))
    fall = 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, falling))) / 2
    return recipe.learning_rate * min(1.0, step / rising) * fall


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices and kernels, none for biases and normalisation."""
    matrices = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    vectors = [p for p in model.parameters() if p.requires_grad and p.dim() <= 1]
    return [
        {"params": matrices, "weight_decay": decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the average towards the model: parameters and normalisation statistics alike."""
    theirs = dict(model.state_dict())
    slow = [(value, theirs[name]) for name, value in average.state_dict().items()]
    floats = [(a, b) for a, b in slow if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - keep)
    for a, b in slow:
        if not a.is_floating_point():
            a.copy_(b)


def lower_precision(model: MaskRCNN) -> None:
    """Run trunk and heads under bfloat16 autocast, and hand float32 to the box arithmetic.

    Autocast around the whole forward would give bfloat16 anchors, off by several pixels.
    """
    heads = model.roi_heads
    for module in (
        model.backbone,
        model.rpn.head,
        heads.box_head,
        heads.mask_head,
        heads.mask_predictor,
    ):
        _wrap(module)


def _wrap(module: nn.Module) -> None:
    inner = module.forward

    def forward(*args: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            result = inner(*args)
        return _as_float(result)

    module.forward = forward


def _as_float(value: Any) -> Any:
    """The same tensors in float32: one, a list or tuple of them, or the pyramid's ordered dict."""
    if isinstance(value, Tensor):
        return value.float()
    if isinstance(value, dict):
        return OrderedDict((name, _as_float(item)) for name, item in value.items())
    return type(value)(_as_float(item) for item in value)
