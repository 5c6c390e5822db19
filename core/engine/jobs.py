"""The order of work in the engine: priorities, interruption, cancellation, superseding."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import Final

from core.protocol import CancelReason, Request
from core.sentences import Sentence, say

_MEMORY_WORDS: Final = ("out of memory", "can't allocate memory", "not enough memory")


def is_memory_short(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device or in the machine."""
    if isinstance(error, MemoryError):
        return True
    # What torch raises for a device is a RuntimeError too; for the machine it has only the words.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _MEMORY_WORDS)


def unexpected(error: Exception) -> Sentence:
    """The sentence for an error that nobody foresaw."""
    return say(
        "process.unexpected",
        "Something unforeseen went wrong in the engine: {error}.",
        error=f"{type(error).__name__}: {error}"[:300],
    )


class JobStopped(Exception):
    """Raised in the middle of a job that shall stop; where it was raised is of no matter."""


class Job:
    """A request in the queue or in work. The thread that works on it asks `should_stop`."""

    def __init__(self, request: Request, number: int) -> None:
        self.request = request
        self.number = number
        self.given_up: CancelReason | None = None
        """Why nobody wants the result any more; None while somebody does."""
        self.interrupted = False
        """True when it has to make room for a more urgent one and will be done later."""

    def should_stop(self) -> bool:
        """Whether to stop at the next chance."""
        return self.given_up is not None or self.interrupted

    def check(self) -> None:
        """Raise JobStopped when the job should stop."""
        if self.should_stop():
            raise JobStopped

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller goes first: the more urgent, then the one that was asked earlier."""
        return (int(self.request.priority), self.number)


@dataclass(frozen=True, slots=True)
class QueueState:
    """What a heartbeat tells: the request in work and how many wait."""

    in_work: int | None
    waiting: int


class JobQueue:
    """Requests by urgency for one working thread; all methods may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._in_work: Job | None = None
        self._numbers = itertools.count()

    def put(self, request: Request) -> list[Request]:
        """Queue a request; returns the waiting ones that it superseded.

        One in work that it supersedes is told to stop, and so is one that is less urgent.
        """
        with self._changed:
            dropped = [job for job in self._waiting if _supersedes(request, job.request)]
            self._waiting = [job for job in self._waiting if job not in dropped]
            self._waiting.append(Job(request, next(self._numbers)))
            current = self._in_work
            if current is not None and _supersedes(request, current.request):
                current.given_up = CancelReason.SUPERSEDED
            elif current is not None and request.priority < current.request.priority:
                current.interrupted = True
            self._changed.notify_all()
        return [job.request for job in dropped]

    def take(self, patience: float | None = None) -> Job | None:
        """Wait for the most urgent job and mark it as in work; None after `patience` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, patience):
                return None
            job = min(self._waiting, key=lambda job: job.rank)
            self._waiting.remove(job)
            self._in_work = job
            return job

    def finish(self, job: Job) -> None:
        """The job has been done."""
        with self._changed:
            self._in_work = None
            self._changed.notify_all()

    def finish_stopped(self, job: Job) -> CancelReason | None:
        """The job stopped half way: why it is given up, or None when it was put back in the queue.

        A job that was put back keeps its place among those of its priority.
        """
        with self._changed:
            self._in_work = None
            self._changed.notify_all()
            if job.given_up is None:
                job.interrupted = False
                self._waiting.append(job)
            return job.given_up

    def cancel(self, id: int) -> bool:
        """Give up the request of that id; True when it was still waiting and is gone now."""
        with self._changed:
            waiting = [job for job in self._waiting if job.request.id == id]
            for job in waiting:
                self._waiting.remove(job)
            if self._in_work is not None and self._in_work.request.id == id:
                self._in_work.given_up = CancelReason.ASKED
            return bool(waiting)

    def cancel_all(self) -> None:
        """Give up everything, because the engine is about to exit."""
        with self._changed:
            self._waiting.clear()
            if self._in_work is not None:
                self._in_work.given_up = CancelReason.ASKED

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until nothing is in work, but no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_work is None, seconds)

    def state(self) -> QueueState:
        """What is in work and how many wait."""
        with self._changed:
            current = self._in_work
            return QueueState(None if current is None else current.request.id, len(self._waiting))


def _supersedes(newer: Request, older: Request) -> bool:
    return bool(newer.purpose) and newer.purpose == older.purpose
