"""What all messages have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class Priority(IntEnum):
    """Who waits for an answer; a smaller number is served first and interrupts a larger one."""

    NOW = 0
    """The person looks at this image and waits."""
    SOON = 1
    """The person will probably want it next."""
    BATCH = 2
    """Background work over a folder."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message between window and engine; `TYPE` is its name on the wire."""

    TYPE: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Request(Message):
    """A message that is answered: by one final message with the same id, or several.

    `purpose` says what the answer is for; a newer request with the same purpose supersedes an
    older one that has not been answered. An empty purpose supersedes nothing.
    """

    id: int
    purpose: str = ""
    priority: Priority = Priority.NOW


@dataclass(frozen=True, slots=True)
class Answer(Message):
    """A message that belongs to the request of that id.

    When `FINAL` is true nothing more follows for that id.
    """

    FINAL: ClassVar[bool] = True
    id: int
