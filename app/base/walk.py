"""A walk over many images in the background: one after the other, or a few at a time, as a job."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import Generic, Protocol, TypeVar

from app.base.jobs import Jobs

T = TypeVar("T")
Over = Callable[[str], None]
"""Says that work on an item is over, and why it failed; empty when it did not."""


class Cancellable(Protocol):
    """Work that can be given up; nothing is heard of it afterwards."""

    def cancel(self) -> None:
        """Give it up."""


class Walk(Generic[T]):
    """Goes through items; the job shows how far it is and how long it will take, and stops it.

    `step(item, over)` begins with one and calls `over` when that is done, now or later. What it
    returns is cancelled when the walk is stopped; where it returns None the walk waits for it.
    `ended(walk)` follows the last one, and has to end the job.
    """

    def __init__(
        self,
        jobs: Jobs,
        title: str,
        step: Callable[[T, Over], Cancellable | None],
        ended: Callable[[Walk[T]], None],
        *,
        ahead: int = 1,
    ) -> None:
        """At most `ahead` items are in work at a time."""
        self.job = jobs.start(title, self.stop)
        self.failures: list[tuple[T, str]] = []
        """What failed, and why."""
        self.stopped = False
        self.total = 0
        self._step = step
        self._ended: Callable[[Walk[T]], None] | None = ended
        self._ahead = ahead
        self._todo: deque[T] = deque()
        self._in_work: dict[int, Cancellable | None] = {}
        self._keys = count()
        self._beginning = False

    @property
    def todo(self) -> tuple[T, ...]:
        """What was not begun yet."""
        return tuple(self._todo)

    @property
    def done(self) -> int:
        """How many items are over."""
        return self.total - len(self._todo) - len(self._in_work)

    def start(self, items: Iterable[T]) -> None:
        """Go."""
        if not self.stopped:
            self._todo.extend(items)
            self.total = len(self._todo)
            self.job.progress(0, self.total)
            self._begin()

    def stop(self) -> None:
        """Begin with no other item, and give up what can be given up."""
        self.stopped = True
        self.total -= len(self._todo)
        self._todo.clear()
        for key, work in list(self._in_work.items()):
            if work is not None:
                del self._in_work[key]
                self.total -= 1
                work.cancel()
        self._look_whether_over()

    def _begin(self) -> None:
        if self._beginning:
            return
        self._beginning = True
        while self._todo and len(self._in_work) < self._ahead:
            item, key = self._todo.popleft(), next(self._keys)
            self._in_work[key] = None
            work = self._step(item, partial(self._over, key, item))
            if key in self._in_work:
                self._in_work[key] = work
        self._beginning = False
        self._look_whether_over()

    def _over(self, key: int, item: T, problem: str) -> None:
        if key not in self._in_work:
            return
        del self._in_work[key]
        if problem:
            self.failures.append((item, problem))
        self.job.progress(self.done, self.total)
        self._begin()

    def _look_whether_over(self) -> None:
        if not self._todo and not self._in_work and self._ended is not None:
            ended, self._ended = self._ended, None
            ended(self)
