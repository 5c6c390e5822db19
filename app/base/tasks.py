"""Work off the GUI thread: a small pool whose results come back on the GUI thread.

No QObject lives in a worker. A worker receives a `Context` (progress, cancellation) and returns a
value; `done`, `failed` and `progressed` are called on the thread that owns the `Tasks` object.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

log = logging.getLogger(__name__)

T = TypeVar("T")
PROGRESS_EVERY: Final = 0.1  # seconds; faster news only costs repaints


class TaskCancelled(Exception):
    """Raised inside a worker by `Context.check` after `Task.cancel`."""


class Context:
    """What a worker may use of its task: say how far it is, and learn that it shall stop."""

    def __init__(self, progressed: Callable[[int, int], None]) -> None:
        self._progressed = progressed
        self._stop = threading.Event()
        self._last = 0.0

    def cancelled(self) -> bool:
        """Whether somebody asked the task to stop."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise TaskCancelled when the task shall stop."""
        if self._stop.is_set():
            raise TaskCancelled

    def progress(self, done: int, total: int) -> None:
        """Say that `done` of `total` steps are over; at most ten times a second is passed on."""
        self.check()
        now = time.monotonic()
        if done >= total or now - self._last >= PROGRESS_EVERY:
            self._last = now
            self._progressed(done, total)

    def stop(self) -> None:
        """Ask the worker to stop at its next check."""
        self._stop.set()


class Task(Generic[T]):
    """A piece of work under way; `cancel` also silences its callbacks except `cancelled`."""

    def __init__(self, context: Context, future: Future[T]) -> None:
        self._context = context
        self._future = future

    def cancel(self) -> None:
        """Ask the work to stop. Its result, if it still comes, is dropped."""
        self._context.stop()

    @property
    def cancel_asked(self) -> bool:
        """Whether `cancel` was called."""
        return self._context.cancelled()

    @property
    def finished(self) -> bool:
        """Whether the worker has returned or raised."""
        return self._future.done()

    def wait(self, seconds: float) -> bool:
        """Block until the worker is over (used when the program closes); False when it is not."""
        try:
            self._future.exception(timeout=seconds)
        except TimeoutError:
            return False
        return True


class Tasks(QObject):
    """A pool of worker threads that answers on the thread it was made on."""

    _deliver = Signal(object)

    def __init__(self, workers: int = 2, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="masklens-io")
        self._open: set[Task[Any]] = set()
        self._closed = False
        self._deliver.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[Context], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        progressed: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], None] | None = None,
    ) -> Task[T]:
        """Start `work` in the pool. Exactly one of `done`, `failed`, `cancelled` follows."""
        context = Context(self._progress(progressed))
        future = self._pool.submit(_guarded, work, context)
        task: Task[T] = Task(context, future)
        self._open.add(task)

        def answer(over: Future[T]) -> None:
            if not self._closed:
                self._deliver.emit(lambda: self._finish(task, over, done, failed, cancelled))

        future.add_done_callback(answer)
        return task

    @property
    def busy(self) -> bool:
        """Whether any work has not been answered yet."""
        return bool(self._open)

    def close(self) -> None:
        """Ask all work to stop and wait for the threads; no callback runs afterwards."""
        self._closed = True
        for task in self._open:
            task.cancel()
        self._open.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _progress(
        self, progressed: Callable[[int, int], None] | None
    ) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if progressed is not None and not self._closed:
                self._deliver.emit(lambda: progressed(done, total))

        return tell

    def _answer(self, callback: Callable[[], None]) -> None:
        if not self._closed:
            callback()

    def _finish(
        self,
        task: Task[T],
        over: Future[T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        cancelled: Callable[[], None] | None,
    ) -> None:
        self._open.discard(task)
        error = over.exception()
        if task.cancel_asked or isinstance(error, TaskCancelled):
            if cancelled is not None:
                cancelled()
        elif isinstance(error, Exception):
            failed(error)
        elif error is None:
            done(over.result())


def _guarded(work: Callable[[Context], T], context: Context) -> T:
    context.check()
    try:
        return work(context)
    except TaskCancelled:
        raise
    except Exception:
        log.info("background work failed", exc_info=True)
        raise


class Writer:
    """Writes off the window's thread, one at a time; of what waits only the newest is written."""

    def __init__(self, tasks: Tasks, failed: Callable[[Exception], object]) -> None:
        self._tasks, self._failed = tasks, failed
        self._busy = False
        self._next: Callable[[], object] | None = None

    def write(self, work: Callable[[], object]) -> None:
        """Do this once what is being written is there; it replaces what waits."""
        if self._busy:
            self._next = work
            return
        self._busy = True
        self._tasks.run(lambda _context: work(), done=lambda _none: self._go_on(), failed=self._end)

    def forget(self) -> None:
        """Let go of what waits."""
        self._next = None

    def _end(self, error: Exception) -> None:
        self._failed(error)
        self._go_on()

    def _go_on(self) -> None:
        self._busy = False
        work, self._next = self._next, None
        if work is not None:
            self.write(work)
