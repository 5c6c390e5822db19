"""How long a run will take, and what that guess rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.learning.history import RunSummary

STEP_IN_PREDICTIONS: Final = 6.0
"""A step of two crops, forwards and backwards, against the prediction of one image."""
PREPARING_S: Final = 25.0
"""Loading torch, the trial steps, and what is measured before and after, on a small set."""


class Basis(StrEnum):
    """What a guess rests on, the best first."""

    SAME_MODEL = "same_model"
    """The latest run of this project from the same model."""
    OTHER_MODEL = "other_model"
    """The latest run of this project."""
    MACHINE = "machine"
    """The latest run on this machine, in another project."""
    PREDICTION = "prediction"
    """How long the model takes for a suggestion: rough."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that each step takes, and seconds for all that is no step."""

    step: float
    rest: float

    def seconds(self, steps: int) -> float:
        """How long so many steps take, with all that belongs to a run."""
        return self.rest + self.step * steps


@dataclass(frozen=True, slots=True)
class Expected:
    """A guess."""

    seconds: float
    basis: Basis


def pace_of(run: RunSummary) -> Pace | None:
    """The pace of a run that went through in one go; None of any other."""
    report = run.report
    if report is None or run.lasted is None or report.steps < 1:
        return None
    return Pace(report.seconds / report.steps, max(0.0, run.lasted - report.seconds))


def expect(
    runs: Iterable[RunSummary],
    model: str,
    steps: int,
    *,
    machine: Pace | None = None,
    prediction: float | None = None,
) -> Expected | None:
    """How long a run of so many steps from this model will take.

    `runs` are those of the project, the oldest first, `machine` the pace of the latest run of any
    project, `prediction` the seconds that the model takes for one image. None when there is
    nothing to go by.
    """
    paces = [(run.spec.model == model, pace) for run in runs if (pace := pace_of(run)) is not None]
    same = [pace for is_same, pace in paces if is_same]
    if same:
        return Expected(same[-1].seconds(steps), Basis.SAME_MODEL)
    if paces:
        return Expected(paces[-1][1].seconds(steps), Basis.OTHER_MODEL)
    if machine is not None:
        return Expected(machine.seconds(steps), Basis.MACHINE)
    if prediction is not None:
        rough = Pace(STEP_IN_PREDICTIONS * prediction, PREPARING_S)
        return Expected(rough.seconds(steps), Basis.PREDICTION)
    return None
