"""What the events of a run amount to so far: for curves, for what is said, for the last picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core.learning.events import (
    Failed,
    Measured,
    Noted,
    Pictured,
    Planned,
    StateChanged,
    Stepped,
    Validated,
)
from core.learning.journal import Told
from core.learning.report import Figures
from core.learning.state import RunState
from core.sentences import Sentence

_SILENT: Final = 60.0
"""Seconds without a word that any trainer may take."""


@dataclass(slots=True)
class Progress:
    """Grows with each event. A run that went on begins again where its checkpoint was: what it had
    told of later steps is forgotten."""

    state: RunState = RunState.PREPARING
    heard: bool = False
    """Whether the trainer has said anything yet."""
    planned: Planned | None = None
    steps: list[Stepped] = field(default_factory=list)
    validations: list[Validated] = field(default_factory=list)
    picture: Pictured | None = None
    notes: list[Sentence] = field(default_factory=list)
    failure: Sentence | None = None
    before: Figures | None = None
    after: Figures | None = None
    told_left: float | None = None
    """Seconds until the end as the trainer said last, at the time `told_at`."""
    told_at: float = 0.0

    def take(self, told: Iterable[Told]) -> None:
        """Take events in, in their order."""
        for one in told:
            self.heard = True
            self._take(one)

    @property
    def step(self) -> int:
        """The last step that was told."""
        return self.steps[-1].step if self.steps else 0

    @property
    def total(self) -> int:
        """How many steps there will be; 0 while that is not known."""
        return self.planned.steps if self.planned is not None else 0

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the last step, at a time in seconds since 1970; None while unknown."""
        if self.state.final or self.told_left is None:
            return None
        silent = now - self.told_at
        if silent > self._patience():
            return None  # a trainer that says nothing is not about to end
        return max(0.0, self.told_left - silent)

    def _patience(self) -> float:
        """Seconds after which a silent trainer is not believed any more."""
        slow = self.steps[-1].left / max(1, self.total - self.step) if self.steps else 0.0
        return max(_SILENT, 10 * slow)

    def _take(self, told: Told) -> None:
        event = told.event
        match event:
            case StateChanged():
                self._change(event.state)
            case Noted():
                if event.sentence not in self.notes:  # a run that goes on says some again
                    self.notes.append(event.sentence)
            case Failed():
                self.failure = event.sentence
            case Planned():
                self.planned = event
                self.told_left, self.told_at = event.seconds or None, told.time
            case Stepped():
                self._rewind(event.step)
                self.steps.append(event)
                self.told_left, self.told_at = event.left, told.time
            case Validated():
                self.validations = [one for one in self.validations if one.step <= event.step]
                self.validations.append(event)
            case Pictured():
                self.picture = event
            case Measured(after=False):
                self.before = event.figures
            case Measured():
                self.after = event.figures

    def begin_again(self) -> None:
        """Its trainer was started anew: what was said of the end counts no more."""
        self._change(RunState.PREPARING)

    def _change(self, state: RunState) -> None:
        self.state = state
        if state is not RunState.RUNNING:
            self.told_left = None
        if not state.final:
            self.failure = None  # it goes on after a failure

    def _rewind(self, step: int) -> None:
        while self.steps and self.steps[-1].step >= step:
            self.steps.pop()
        self.validations = [one for one in self.validations if one.step <= step]
