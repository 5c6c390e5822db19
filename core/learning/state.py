"""How far a run has come."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The states of a run; the last three are final."""

    PREPARING = "preparing"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (RunState.DONE, RunState.STOPPED, RunState.FAILED)


class Command(StrEnum):
    """What a person can ask of a run that is under way."""

    STOP = "stop"  # end it and keep the best that there is
    CANCEL = "cancel"  # end it and drop it
