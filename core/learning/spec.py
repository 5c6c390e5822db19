"""What a run is asked to do: one frozen value, written to `spec.json` and never changed after."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Literal

from core.document.fields import as_bool, as_int, as_list, as_number, as_object, as_text, wrong
from core.learning.schedule import ScheduleChoices

FORMAT: Final = "masklens-run"
VERSION: Final = 1
DEVICE: Final = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")
"""What a device may be called in a file."""
MOST_THREADS: Final = 1024
MOST_STEPS: Final = 10_000_000
Precision = Literal["auto", "float32", "bf16"]
PRECISIONS: Final[tuple[Precision, ...]] = ("auto", "float32", "bf16")


@dataclass(frozen=True, slots=True)
class RunSpec:
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
    schedule: ScheduleChoices = field(default_factory=ScheduleChoices)
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

    def __post_init__(self) -> None:
        _least("steps", self.steps, 1)
        _least("threads", self.threads, 1)
        if (self.threads or 1) > MOST_THREADS or (self.steps or 1) > MOST_STEPS:
            raise wrong("threads or steps", "expected a number that a machine can do")
        if DEVICE.fullmatch(self.device) is None:
            raise wrong("device", "expected auto, cpu, mps, cuda or cuda:0")
        _least("picture_every", self.picture_every, 0)
        _least("validations", self.validations, 0)
        _least("checkpoint_seconds", self.checkpoint_seconds, 0)
        if not 0 <= self.hold_out < 1:
            raise wrong("hold_out", "expected a share from 0 to below 1")
        if not self.model:
            raise wrong("model", "expected a name or a file")
        if self.precision not in PRECISIONS:
            raise wrong("precision", f"expected one of {', '.join(PRECISIONS)}")

    def to_json(self) -> dict[str, object]:
        """The whole specification as plain JSON values."""
        values: dict[str, object] = {item.name: getattr(self, item.name) for item in fields(self)}
        values["reuse"] = [list(pair) for pair in self.reuse]
        values["schedule"] = self.schedule.to_json()
        return {"format": FORMAT, "version": VERSION, **values}

    @staticmethod
    def from_json(value: object) -> RunSpec:
        """Read what `to_json` wrote, field by field. Raises FieldError."""
        given = dict(as_object(value, "spec"))
        if given.pop("format", None) != FORMAT:
            raise wrong("spec.format", f"expected {FORMAT}")
        if given.pop("version", None) != VERSION:
            raise wrong("spec.version", f"expected {VERSION}")
        known = {item.name for item in fields(RunSpec)}
        for name in given:
            if name not in known:
                raise wrong(f"spec.{name}", "unknown")
        for name in ("model", "dataset"):
            if name not in given:
                raise wrong(f"spec.{name}", "missing")
        values = {name: _READERS[name](item, f"spec.{name}") for name, item in given.items()}
        return RunSpec(**values)  # type: ignore[arg-type]


def _least(name: str, value: float | None, least: int) -> None:
    if value is not None and value < least:
        raise wrong(name, f"expected at least {least}")


Reader = Callable[[object, str], object]


def _or_none(read: Reader) -> Reader:
    return lambda value, where: None if value is None else read(value, where)


def _pairs(value: object, where: str) -> object:
    pairs = []
    for k, item in enumerate(as_list(value, where)):
        pair = as_list(item, f"{where}[{k}]")
        if len(pair) != 2:
            raise wrong(f"{where}[{k}]", "expected a label and a class")
        pairs.append(tuple(as_text(part, f"{where}[{k}]") for part in pair))
    return tuple(pairs)


_READERS: Final[Mapping[str, Reader]] = {
    "model": as_text,
    "dataset": as_text,
    "arch": _or_none(as_text),
    "backbone": _or_none(as_text),
    "backbone_weights": _or_none(as_text),
    "steps": _or_none(as_int),
    "seed": as_int,
    "hold_out": as_number,
    "reuse": _pairs,
    "leave_out_accepted": as_bool,
    "schedule": ScheduleChoices.from_json,
    "device": as_text,
    "precision": as_text,
    "threads": _or_none(as_int),
    "checkpoint_seconds": as_number,
    "validations": as_int,
    "picture_every": as_int,
    "pinned": _or_none(as_text),
}
