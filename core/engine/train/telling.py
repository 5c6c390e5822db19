"""What a run says and hears: events out, commands in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from core.learning.errors import LearningError
from core.learning.events import Event, Failed, Noted, StateChanged
from core.learning.folder import RunFolder
from core.learning.journal import EventWriter
from core.learning.state import Command, RunState
from core.sentences import Sentence


class Cancelled(Exception):
    """The person dropped the run."""


class Teller:
    """Writes events to the folder, and to somebody who listens in this process."""

    def __init__(self, run: RunFolder, on_event: Callable[[Event], None] | None = None) -> None:
        """Open the events. Raises LearningError when they cannot be written."""
        self._run = run
        self._writer = EventWriter(run.events_file)
        self._on_event = on_event

    def tell(self, event: Event) -> None:
        """Say what happened. Raises LearningError when the disk is full."""
        self._writer.tell(event)
        if self._on_event is not None:
            self._on_event(event)

    def note(self, sentence: Sentence) -> None:
        """Say something a person should know."""
        self.tell(Noted(sentence))

    def fail(self, sentence: Sentence) -> None:
        """Say why the run ends here, as far as that can still be written."""
        for event in (Failed(sentence), StateChanged(RunState.FAILED)):
            with contextlib.suppress(LearningError):
                self.tell(event)

    def should_stop(self) -> bool:
        """Whether the person wants the run to end and keep its best. Raises Cancelled."""
        asked = self._run.asked()
        if asked is Command.CANCEL:
            raise Cancelled
        return asked is Command.STOP

    def check_cancelled(self) -> None:
        """Raise Cancelled when the person dropped the run."""
        self.should_stop()

    def close(self) -> None:
        """Close the events."""
        self._writer.close()
