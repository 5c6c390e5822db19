"""One network that learns: steps, and all that has to be kept to go on after a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from core.codec import builtins
from core.engine.freezing import start_training
from core.engine.light_import import without_compiler
from core.engine.losses import training_pass
from core.engine.stages.numerics import Numerics, Part
from core.engine.train.optimiser import Average, make_optimiser, rate_of, set_rate
from core.engine.train.plan import Plan
from core.engine.train.stream import TrainingBatch
from core.engine.weights import LoadedModel
from core.learning.errors import LearningError
from core.sentences import say

_MOST_BROKEN: Final = 5
"""Steps in a row without a finite loss after which the run is given up."""

State = dict[str, Any]


class Trainer:
    """The network of a run, on its device, with optimiser and averaged weights."""

    def __init__(self, loaded: LoadedModel, plan: Plan) -> None:
        self.plan = plan
        self.loaded = loaded
        self.device = torch.device(plan.device)
        dtype = getattr(torch, plan.dtype)
        self._numerics = Numerics(None if dtype == torch.float32 else dtype)
        self.model = loaded.module.to(self.device)
        # Most convolutions are faster so, and by far in lower precision.
        if self.device.type != "mps":
            self.model = self.model.to(memory_format=torch.channels_last)
        if plan.planes and dtype == torch.float32:
            self._numerics = Numerics(contiguous=frozenset((Part.PYRAMID, Part.RPN)))
            for part in (getattr(self.model.backbone, "fpn", None), self.model.rpn):
                if part is not None:
                    part.to(memory_format=torch.contiguous_format)
        self.step = 0
        self._broken = 0
        # Gradients are switched on for all that will ever learn, to list it.
        self._train(plan.most_stages)
        self._optimiser = make_optimiser(self.model, plan)
        self._learning = [n for n, p in self.model.named_parameters() if p.requires_grad]
        self.average = Average(self.weights(), plan.average)
        self._scaler = torch.amp.GradScaler(self.device.type, enabled=dtype == torch.float16)

    @property
    def rate(self) -> float:
        """The learning rate of the heads in the step to come."""
        return rate_of(self.plan, self.step)

    def weights(self) -> dict[str, Tensor]:
        """The weights that learn, by name; not copies."""
        parameters = dict(self.model.named_parameters())
        return {name: parameters[name] for name in self._learning}

    def learn(self, batch: TrainingBatch) -> dict[str, float]:
        """Take one step and return the losses.

        A step whose loss is not finite changes nothing; raises LearningError after several in a
        row. Raises MemoryError or RuntimeError when memory runs out, with the weights as they were.
        """
        self._train(self.plan.stages(self.step))
        set_rate(self._optimiser, self.rate)
        losses = self._gradients(batch)
        self._scaler.unscale_(self._optimiser)
        norm = nn.utils.clip_grad_norm_(
            [p for p in self.model.parameters() if p.grad is not None], self.plan.clip
        )
        if self._scaler.is_enabled() or bool(torch.isfinite(norm)):
            with without_compiler():
                self._scaler.step(self._optimiser)
        self._scaler.update()
        self._broken = 0 if bool(torch.isfinite(norm)) else self._broken + 1
        if self._broken >= _MOST_BROKEN:
            raise LearningError(
                say(
                    "learning.diverged",
                    "The losses are no longer finite numbers (step {step}). Try a lower learning "
                    "rate.",
                    step=self.step,
                )
            )
        self.average.follow(self.weights(), self.step)
        self.step += 1
        return losses

    def try_out(self, batch: TrainingBatch) -> None:
        """Do the work of a step and leave everything as it was, torch's generator included."""
        state = torch.get_rng_state()
        self._train(self.plan.most_stages)
        self._gradients(batch)
        self.model.zero_grad(set_to_none=True)
        torch.set_rng_state(state)

    def _gradients(self, batch: TrainingBatch) -> dict[str, float]:
        self.model.zero_grad(set_to_none=True)
        images = [image.to(self.device) for image in batch.images]
        targets = [
            {name: value.to(self.device) for name, value in target.items()}
            for target in batch.targets
        ]
        done = training_pass(
            self.model, self.loaded.config, images, targets, numerics=self._numerics
        )
        self._scaler.scale(done.total).backward()  # type: ignore[no-untyped-call]
        return {name: float(value.detach()) for name, value in done.losses.items()}

    def _train(self, stages: int) -> None:
        config = replace(self.loaded.config, trainable_layers=stages)
        # Batches of a few images say little about the statistics of all: the norms stand still,
        # except in a new network without any, whose statistics have to come from somewhere.
        start_training(self.model, config, still_norms=not self.learns_norms)
        # The samples have the size that the network is to see.
        self.model.transform._skip_resize = True

    @property
    def learns_norms(self) -> bool:
        """Whether batch statistics are learned: in a new network without classification weights."""
        return bool(self.loaded.extra.get("learns_norms", False))

    @contextmanager
    def averaged(self, use: bool) -> Iterator[LoadedModel]:
        """The network in eval mode, with the averaged weights if `use`; put back afterwards."""
        own = {name: value.detach().clone() for name, value in self.weights().items()}
        try:
            if use:
                self.put(self.average.values)
            self.model.eval()
            yield self.loaded
        finally:
            self.put(own)

    @torch.no_grad()
    def put(self, weights: Mapping[str, Tensor]) -> None:
        """Overwrite weights that learn."""
        for name, value in self.weights().items():
            value.copy_(weights[name])

    def state(self) -> State:
        """All that a later process needs to go on as if nothing had happened; on the CPU."""
        buffers = dict(self.model.named_buffers()) if self.learns_norms else {}
        with without_compiler():
            optimiser = self._optimiser.state_dict()
        return {
            "step": self.step,
            "plan": builtins(self.plan),
            "weights": _on_cpu(self.weights()),
            "buffers": _on_cpu(buffers),
            "average": _on_cpu(self.average.values),
            "optimiser": optimiser,
            "scaler": self._scaler.state_dict(),
            "generator": torch.get_rng_state(),
            "device_generator": torch.cuda.get_rng_state(self.device)
            if self.device.type == "cuda"
            else torch.zeros(0, dtype=torch.uint8),
        }

    @torch.no_grad()
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave. Raises KeyError or ValueError when it does not fit."""
        self.step = int(state["step"])
        self.put(state["weights"])
        buffers = dict(self.model.named_buffers())
        for name, value in state["buffers"].items():
            buffers[name].copy_(value)
        for name, value in self.average.values.items():
            value.copy_(state["average"][name])
        with without_compiler():
            self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["generator"])
        if self.device.type == "cuda" and len(state["device_generator"]):
            torch.cuda.set_rng_state(state["device_generator"], self.device)


def _on_cpu(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in values.items()}
