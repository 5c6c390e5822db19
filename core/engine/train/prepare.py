"""Before the first step: the network, the plan, the arithmetic that is faster, figures before."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Final

import torch

from core.engine.jobs import is_memory_short
from core.engine.precision import choose_device, wide_maps_want_planes
from core.engine.predict import Predictor
from core.engine.train.measuring import Measurement, measure_closely
from core.engine.train.plan import Plan, make_plan, read_plan, write_plan
from core.engine.train.start import Start, make_start, read_start
from core.engine.train.stream import Stream
from core.engine.train.telling import Teller
from core.engine.train.trainer import Trainer
from core.learning.events import Measured, Planned
from core.learning.folder import RunFolder
from core.learning.frozen import FrozenLabels
from core.learning.spec import RunSpec
from core.sentences import say
from core.storage import inside

SMALLER: Final = say(
    "learning.smaller",
    "Memory ran short: going on with {batch} images a step of up to {side} pixels.",
)

_WORTH_IT: Final = 0.9
"""Lower precision is taken when a step then needs at most this share of the time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What learning starts with."""

    spec: RunSpec
    labels: FrozenLabels
    start: Start
    plan: Plan
    stream: Stream
    before: Measurement | None


def prepare(run: RunFolder, teller: Teller, *, resumed: bool) -> Ready:
    """Make or read again all that a run starts with, and tell the plan.

    A run that goes on keeps its network of step 0 and its plan.
    """
    spec, labels = run.spec(), run.labels()
    device = str(choose_device(spec.device))
    threads = spec.threads or max(1, (os.cpu_count() or 1) - 1)
    torch.set_num_threads(threads)
    plan = read_plan(run.plan_file) if resumed else None
    if plan is not None and inside.is_file(run.start_file):
        start = read_start(spec, run.start_file)
    else:
        start = make_start(spec, labels, run.start_file, device)
    for label, name in start.reused:
        teller.note(
            say(
                "learning.took_over",
                "{label!r} starts from what the model knows as {name!r}.",
                label=label,
                name=name,
            )
        )
    stream = Stream(labels, start.loaded.config, teller.note)
    seconds = 0.0
    if plan is None:
        plan = make_plan(
            spec,
            start.loaded.config,
            images=len(labels.numbers(held_out=False)),
            objects=labels.objects(held_out=False),
            new_network=start.new,
            device=device,
            dtype="float32",
            threads=threads,
            planes=device == "cpu" and wide_maps_want_planes(),
        )
        wanted = plan
        plan, seconds = choose_training_arithmetic(spec, start, wanted, stream)
        if (plan.batch, plan.side) != (wanted.batch, wanted.side):
            teller.note(SMALLER.given(batch=plan.batch, side=plan.side))
        write_plan(run.plan_file, plan)
    teller.tell(_planned(plan, labels, seconds))
    before = _measure_before(run, spec, labels, start, teller)
    return Ready(spec, labels, start, plan, stream, before)


def choose_training_arithmetic(
    spec: RunSpec, start: Start, plan: Plan, stream: Stream
) -> tuple[Plan, float]:
    """The plan with the data type that is faster, and the seconds that a step takes with it.

    On a CPU both are tried on the first batch; a CUDA device uses bfloat16, or float16 where it
    has no bfloat16. When memory does not even do for a trial, the plan shrinks.
    """
    seconds: dict[str, float] = {}
    for dtype in _candidates(spec, plan.device):
        while dtype not in seconds:
            trial = replace(plan, dtype=dtype)
            try:
                seconds[dtype] = _time_step(start, trial, stream)
            except (MemoryError, RuntimeError) as error:
                smaller = plan.smaller() if is_memory_short(error) else None
                if smaller is None:
                    raise
                plan = smaller
    first, *others = seconds
    best = next((d for d in others if seconds[d] <= _WORTH_IT * seconds[first]), first)
    return replace(plan, dtype=best), seconds[best]


def _candidates(spec: RunSpec, device: str) -> tuple[str, ...]:
    if spec.precision in ("float32", "fast"):  # gradients are not to be had faster
        return ("float32",)
    if spec.precision == "bf16":
        return ("bfloat16",)
    if device.startswith("cuda"):
        return ("bfloat16" if torch.cuda.is_bf16_supported() else "float16",)
    return ("float32", "bfloat16") if device == "cpu" else ("float32",)


def _time_step(start: Start, plan: Plan, stream: Stream) -> float:
    """Seconds of a step, from images on the disk to gradients; the first one warms up."""
    trainer = Trainer(start.loaded, plan)
    spent = 0.0
    for step in range(2):
        begin = time.perf_counter()
        trainer.try_out(stream.batch(step, plan))
        spent = time.perf_counter() - begin
    return spent


def _planned(plan: Plan, labels: FrozenLabels, seconds: float) -> Planned:
    return Planned(
        steps=plan.steps,
        batch=plan.batch,
        side=plan.side,
        seconds=seconds * plan.steps,
        device=plan.device,
        precision=plan.dtype,
        images=len(labels.numbers(held_out=False)),
        held_out=len(labels.numbers(held_out=True)),
    )


def _measure_before(
    run: RunFolder, spec: RunSpec, labels: FrozenLabels, start: Start, teller: Teller
) -> Measurement | None:
    """The base model on the held-out images; None when one of the two is not there."""
    if not labels.numbers(held_out=True):
        teller.note(
            say(
                "learning.nothing_held_out",
                "No image was held out, so it is not known whether the new model is better.",
            )
        )
        return None
    if start.base is None:
        teller.note(
            say(
                "learning.base_gone",
                "The model {name} that the run started from is not there any more, so there are "
                "no figures from before.",
                name=start.base_revision,
            )
        )
        return None
    predictor = Predictor(start.base, device=spec.device, precision=spec.precision)
    before = measure_closely(
        predictor,
        labels.images(held_out=True),
        teller.note,
        run.seen_before_file,
        interrupted=teller.check_cancelled,
    )
    figures = before.in_full()
    if figures is not None:
        teller.tell(Measured(after=False, figures=figures))
    return before
