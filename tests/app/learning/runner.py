"""A trainer for tests that learns nothing: a test tells it what to say into the folder of a run."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from pathlib import Path

from core.learning.events import Event, Planned, StateChanged
from core.learning.folder import RunFolder, lock_run
from core.learning.journal import EventWriter
from core.learning.report import ImageChange, Report, write_report
from core.learning.state import RunState

FIGURES = {"box": {"AP": 0.2}, "mask": {"AP": 0.25}, "images": 1, "instances": 2}
BETTER = {"box": {"AP": 0.5}, "mask": {"AP": 0.55}, "images": 1, "instances": 2}


class FakeTrainer:
    """Holds the lock of a run and writes events, as the real one does."""

    def __init__(self) -> None:
        self.launched: list[RunFolder] = []
        self._lock = None
        self._events: EventWriter | None = None

    def launch(self, run: RunFolder, allowed: Collection[str] = ()) -> None:
        """What the window calls instead of starting a process."""
        run.forget_command()
        self.launched.append(run)
        self.allowed = tuple(allowed)

    @property
    def run(self) -> RunFolder:
        return self.launched[-1]

    def wake(self) -> None:
        """Take the lock, as a process does that has come up."""
        self._lock = lock_run(self.run)
        self._events = EventWriter(self.run.events_file)
        self.tell(StateChanged(RunState.PREPARING))

    def tell(self, *events: Event) -> None:
        assert self._events is not None
        for event in events:
            self._events.tell(event)

    def plan(self, steps: int = 20) -> None:
        self.tell(Planned(steps, 2, 64, 12.0, "cpu", "float32", 2, 1))
        self.tell(StateChanged(RunState.RUNNING))

    def die(self) -> None:
        """As a killed process: the lock goes, nothing is said."""
        if self._events is not None:
            self._events.close()
            self._events = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def finish(self, keys: tuple[str, ...] = (), state: RunState = RunState.DONE) -> None:
        """Leave a model and a report behind."""
        (self.run.model_file).write_bytes(b"weights")
        changes = tuple(ImageChange(key, 2, 0.2, 0.6, 1, 0, ("a",), ()) for key in keys)
        report = Report(
            20, 4.0, "starter@1", "model@2", ("cell",), (), True, FIGURES, BETTER, changes
        )
        write_report(self.run.report_file, report)
        self.tell(StateChanged(state))
        self.die()


def wait_for_command(run: RunFolder, seconds: float = 5.0) -> str:
    """What the window has asked of a run."""
    until = time.monotonic() + seconds
    while run.asked() is None and time.monotonic() < until:
        time.sleep(0.02)
    return str(run.asked())


def choices_of(folder: Path) -> dict[str, object]:
    """What the project remembers about learning."""
    return json.loads((folder / ".masklens" / "learning.json").read_text())
