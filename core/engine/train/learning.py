"""The steps of a run, with all that happens between them."""

from __future__ import annotations

import time
from itertools import islice
from typing import Final

from core.engine.files import MemoryShortError, predict_file
from core.engine.jobs import is_memory_short
from core.engine.predict import Predictor
from core.engine.train.checkpoint import Best, Checkpoint, save_checkpoint
from core.engine.train.measuring import judged, measure
from core.engine.train.plan import PLAN
from core.engine.train.prepare import SMALLER, Ready
from core.engine.train.stream import TrainingBatch, batches
from core.engine.train.telling import Teller
from core.engine.train.trainer import Trainer
from core.engine.weights import LoadedModel
from core.learning.events import Pictured, Saved, Stepped, Validated
from core.learning.folder import RunFolder
from core.storage.images import ImageError

_TELL_EVERY_S: Final = 1.0
_MEASURED_ON_THE_WAY: Final = 12
"""Held-out images that are measured on the way; at the end it is all of them."""
_MOST_PICTURED: Final = 100
_LOADERS: Final = 4
"""Threads that make samples ahead for a GPU. On a CPU they would take time from the network."""


class Learning:
    """The middle of a run: from the first step, or a checkpoint, to the last."""

    def __init__(self, run: RunFolder, ready: Ready, teller: Teller) -> None:
        self._run = run
        self._ready = ready
        self._teller = teller
        self.trainer = Trainer(ready.start.loaded, ready.plan)
        self.best = Best()
        self._before = 0.0
        self._began = self._saved = self._told = time.monotonic()
        self._sums: dict[str, float] = {}
        self._count = 0
        self._first_step = 0

    @property
    def seconds(self) -> float:
        """How long the steps took so far, in all processes together."""
        return self._before + time.monotonic() - self._began

    def take_up(self, checkpoint: Checkpoint) -> None:
        """Go on after a checkpoint, with the plan as it was then."""
        self.trainer.plan = PLAN.convert(checkpoint.state["plan"])
        self.trainer.restore(checkpoint.state)
        self.best = checkpoint.best
        self._before = checkpoint.seconds
        self._first_step = self.trainer.step

    def run(self) -> bool:
        """Take the steps that are left; True when the person stopped the run.

        Raises LearningError when the run cannot go on, StorageError when a checkpoint cannot be
        written, Cancelled when the person dropped the run.
        """
        stopped = False
        try:
            while not stopped and self.trainer.step < self.trainer.plan.steps:
                stopped = self._pass()
        except KeyboardInterrupt:
            self._save()
            raise
        self._save()
        return stopped

    def _pass(self) -> bool:
        """Steps until the end, a stop, or a change of the plan; True for a stop."""
        plan = self.trainer.plan
        loaders = 0 if plan.device == "cpu" else _LOADERS
        stream = batches(self._ready.stream, self.trainer.step, plan, loaders)
        for batch in stream:
            if self._teller.should_stop():
                return True
            losses = self._step(batch)
            if losses is None:
                return False
            self._after_step(losses)
        return False

    def _step(self, batch: TrainingBatch) -> dict[str, float] | None:
        """One step; None when memory ran out and the plan is smaller now."""
        try:
            return self.trainer.learn(batch)
        except (MemoryError, RuntimeError) as error:
            smaller = self.trainer.plan.smaller() if is_memory_short(error) else None
            if smaller is None:
                raise
        self.trainer.plan = smaller
        self._teller.note(SMALLER.given(batch=smaller.batch, side=smaller.side))
        return None

    def _after_step(self, losses: dict[str, float]) -> None:
        step, plan = self.trainer.step, self.trainer.plan
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S or step == plan.steps:
            self._tell_losses(now)
        spec = self._ready.spec
        if step in _validation_steps(plan.steps, spec.validations):
            self._validate()
        if spec.picture_every and (step % spec.picture_every == 0 or step == plan.steps):
            self._picture()
        if time.monotonic() - self._saved >= spec.checkpoint_seconds:
            self._save()

    def _tell_losses(self, now: float) -> None:
        finite = {name: _finite(value / self._count) for name, value in self._sums.items()}
        taken = max(1, self.trainer.step - self._first_step)
        each = (now - self._began) / taken
        left = each * (self.trainer.plan.steps - self.trainer.step)
        self._teller.tell(Stepped(self.trainer.step, finite, self.trainer.rate, left))
        self._sums, self._count, self._told = {}, 0, now

    def _validate(self) -> None:
        self.consider(averaged=True)

    def consider(self, *, averaged: bool, margin: float = 0.0) -> None:
        """Measure the weights as they are now, and keep them if they are the best so far.

        With a margin they are kept even if they are worse by that much.
        """
        numbers = self._ready.labels.numbers(held_out=True)
        if not numbers:
            return
        images = (self._ready.labels.read(n) for n in islice(numbers, _MEASURED_ON_THE_WAY))
        with self.trainer.averaged(averaged) as loaded:
            predictor = self._predictor(loaded)
            done = measure(
                predictor, images, self._teller.note, interrupted=self._teller.check_cancelled
            ).evaluation
            if done is None:
                return
            kind, figures = judged(loaded.config, done)
            kept = figures.ap > self.best.ap - margin
            if kept:
                weights = {n: v.detach().cpu().clone() for n, v in self.trainer.weights().items()}
                self.best = Best(figures.ap, self.trainer.step, averaged, weights)
        points = None if done.keypoints is None else done.keypoints.ap
        step, box, mask = self.trainer.step, done.box.ap, done.mask.ap
        self._teller.tell(Validated(step, averaged, box, mask, kept, kind, points))

    def _predictor(self, loaded: LoadedModel) -> Predictor:
        spec = self._ready.spec
        return Predictor(loaded, device=spec.device, precision=spec.precision, lasting=False)

    def _picture(self) -> None:
        """Tell what the network sees in the pinned image."""
        labels = self._ready.labels
        pinned = self._run.pinned() or self._ready.spec.pinned
        number = labels.number_of(pinned) if pinned is not None else None
        if number is None:
            number = [*labels.numbers(held_out=True), *labels.numbers(held_out=False)][0]
        image = labels.read(number)
        with self.trainer.averaged(True) as loaded:
            predictor = self._predictor(loaded)
            try:
                seen, _ = predict_file(predictor, image.path, loaded.config.settings)
            except (ImageError, MemoryShortError):  # told once by the stream
                return
        instances = seen.instances[:_MOST_PICTURED]
        self._teller.tell(Pictured(self.trainer.step, image.key, instances))

    def _save(self) -> None:
        save_checkpoint(self._run.checkpoint_file, self.trainer.state(), self.best, self.seconds)
        self._saved = time.monotonic()
        self._teller.tell(Saved(self.trainer.step))


def _validation_steps(steps: int, count: int) -> frozenset[int]:
    """After which steps the held-out images are measured; the end is measured in any case."""
    return frozenset(round(steps * (k + 1) / (count + 1)) for k in range(count)) - {steps}


def _finite(value: float) -> float:
    """The number, or one that JSON can hold in its place."""
    return value if abs(value) < 1e30 else 1e30
