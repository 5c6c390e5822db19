"""Messages about the engine itself and about any request: alive, progress, failed, cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from core.protocol.messages.base import Answer, Message
from core.sentences import Sentence


class Readiness(StrEnum):
    """How far the engine has come up."""

    STARTING = "starting"
    """The process runs and takes requests; torch is still being loaded."""
    READY = "ready"
    """Requests are worked on."""


class CancelReason(StrEnum):
    """Why a request ended without a result."""

    ASKED = "asked"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Ready(Message):
    """The engine's first words, said twice: when it starts and when torch is loaded."""

    TYPE: ClassVar = "ready"
    readiness: Readiness
    pid: int
    device: str = ""
    """The best device here as torch names it (`cpu`, `cuda`, `mps`); empty while starting."""
    torch: str = ""
    """The version of torch; empty while starting."""


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """Said once a second by a thread of its own; `busy_with` is the id in work or None."""

    TYPE: ClassVar = "heartbeat"
    busy_with: int | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Progress(Answer):
    """How far a request has come. `step` names what is going on: `begun`, a stage, `bytes`.

    `total` is 0 when it is not known.
    """

    TYPE: ClassVar = "progress"
    FINAL: ClassVar = False
    step: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Failed(Answer):
    """The request failed. An id of 0 concerns the engine as a whole."""

    TYPE: ClassVar = "failed"
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Cancelled(Answer):
    """The request was given up, before or in the middle of the work."""

    TYPE: ClassVar = "cancelled"
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class Cancel(Message):
    """Give up the request of that id; nothing happens when it is not known."""

    TYPE: ClassVar = "cancel"
    id: int


@dataclass(frozen=True, slots=True)
class Shutdown(Message):
    """Exit at once; closing the pipe does the same."""

    TYPE: ClassVar = "shutdown"


MESSAGES: Final = (Ready, Heartbeat, Progress, Failed, Cancelled, Cancel, Shutdown)
