"""Work that takes a while, as the job strip shows it: how far, how long still, how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QObject, Signal

PATIENCE = 300


class JobState(Enum):
    """From start to end; the last three are final."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(QObject):
    """One piece of work: `done` of `total` steps (total 0: not known yet)."""

    changed = Signal()

    def __init__(
        self,
        title: str,
        cancel: Callable[[], None] | None,
        patience: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.patience = patience  # ms before it is shown; quick work shall not flicker
        self.state = JobState.RUNNING
        self.done = 0
        self.total = 0
        self.outcome = ""
        self._cancel = cancel
        self._first: tuple[float, int] | None = None
        self._told_left: tuple[float, float] | None = None

    @property
    def running(self) -> bool:
        """Whether the work is still under way."""
        return self.state is JobState.RUNNING

    @property
    def can_cancel(self) -> bool:
        """Whether a person may stop it."""
        return self.running and self._cancel is not None

    def cancel(self) -> None:
        """Ask the work to stop; its owner ends the job."""
        if self._cancel is not None and self.running:
            self._cancel()

    def progress(self, done: int, total: int, left: float | None = None) -> None:
        """Say how far the work is, and how many seconds are left where that is known better than
        the speed so far tells."""
        if done < self.done:
            self._first = None  # another part of the work, at another speed
        if self._first is None and done > 0:
            # What lies before the first step is start-up as well: it will not come again.
            self._first = (time.monotonic(), done)
        self._told_left = None if left is None else (time.monotonic(), left)
        self.done, self.total = done, total
        self.changed.emit()

    def end(self, state: JobState, outcome: str) -> None:
        """Say how it ended, in a sentence."""
        if self.running:
            self.state, self.outcome = state, outcome
            self.changed.emit()

    def seconds_left(self) -> float | None:
        """An estimate from the speed since the first step; None before the second is over."""
        if self._told_left is not None:
            since, left = self._told_left
            return max(0.0, left - (time.monotonic() - since))
        if self._first is None or self.total <= 0:
            return None
        since, at = self._first
        steps = self.done - at
        if steps <= 0:
            return None
        return (time.monotonic() - since) / steps * (self.total - self.done)


class Jobs(QObject):
    """All jobs that run or have just ended."""

    added = Signal(object)

    def start(
        self, title: str, cancel: Callable[[], None] | None = None, *, patience: int = PATIENCE
    ) -> Job:
        """Begin a job; the strip shows it if it is not over after `patience` ms."""
        job = Job(title, cancel, patience, self)
        self.added.emit(job)
        return job
