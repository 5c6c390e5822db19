"""What a run is asked to do: one frozen value, written to `spec.json` and never changed after."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from core.codec import Codec, wrong
from core.document.skeleton import Skeleton
from core.learning.schedule import ScheduleChoices

DEVICE: Final = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")
"""What a device may be called in a file."""
MOST_THREADS: Final = 1024
MOST_STEPS: Final = 10_000_000
Precision = Literal["auto", "float32", "fast", "bf16"]
PRECISIONS: Final[tuple[Precision, ...]] = ("auto", "float32", "fast", "bf16")


class RunSpec(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="format",
    tag="masklens-run",
):
    """One fine-tuning as it was asked for; `plan.json` holds what came of it.

    Raises FieldError when a value is out of its range.
    """

    model: str
    """The model it starts from: a name, a model file, or an architecture for a new network."""
    dataset: str
    """Where the labels came from, for people: a project folder or a data set."""
    arch: str | None = None
    """The architecture of a bare state_dict."""
    backbone: str | None = None
    """`module:function` of a user's own trunk."""
    backbone_weights: str | None = None
    """A file of classification weights for the trunk of a new network."""
    steps: int | None = None
    """Optimiser steps; None lets the amount of data decide."""
    seed: int = 0
    hold_out: float = 0.2
    """Share of the images that are kept for measuring."""
    reuse: tuple[tuple[str, str], ...] = ()
    """Pairs of a new label and the model's class whose rows it takes over; an empty class means
    a fresh start. A label that is not named here takes over the class that the model already
    gives to most of its instances, if there is one."""
    leave_out_accepted: bool = False
    """Learn nothing from instances that were accepted without a change."""
    schedule: ScheduleChoices = ScheduleChoices()
    settings: tuple[str, ...] = ()
    """Settings of the stages that the model is trained with and keeps, as NAME=VALUE."""
    skeleton: Skeleton | None = None
    """What the keypoints of the labels are called, for a network that finds them."""
    device: str = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    """Processor threads; None leaves one core to the person."""
    checkpoint_seconds: float = 30.0
    validations: int = 4
    """How often the held-out images are measured on the way."""
    picture_every: int = 25
    """Steps between two predictions of the pinned image; 0 makes none."""
    pinned: str | None = None
    """Key of the image whose predictions are shown; None takes the first held-out one."""
    version: Literal[1] = 1

    def __post_init__(self) -> None:
        _least("steps", self.steps, 1)
        _least("threads", self.threads, 1)
        if (self.threads or 1) > MOST_THREADS or (self.steps or 1) > MOST_STEPS:
            raise wrong("threads or steps", "expected a number that a machine can do")
        if DEVICE.fullmatch(self.device) is None:
            raise wrong(
                "device", f"expected auto, cpu, mps, cuda or cuda:0, not {self.device[:40]!r}"
            )
        _least("picture_every", self.picture_every, 0)
        _least("validations", self.validations, 0)
        _least("checkpoint_seconds", self.checkpoint_seconds, 0)
        if not 0 <= self.hold_out < 1:
            raise wrong("hold_out", "expected a share from 0 to below 1")
        if not self.model:
            raise wrong("model", "expected a name or a file")
        if self.precision not in PRECISIONS:
            raise wrong("precision", f"expected one of {', '.join(PRECISIONS)}")


def _least(name: str, value: float | None, least: int) -> None:
    if value is not None and value < least:
        raise wrong(name, f"expected at least {least}")


SPEC: Final[Codec[RunSpec]] = Codec(RunSpec, "spec")
