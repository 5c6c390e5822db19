"""Debug mode: tell when the window's thread is blocked, and where."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

log = logging.getLogger(__name__)
LIMIT: Final = 0.1  # seconds
BEAT: Final = 20  # ms


class StallWatchdog(QObject):
    """Logs the stack of the thread that made it whenever its event loop stands still too long.

    `longest` is the longest stall so far in seconds; `told` is called once for each stall with its
    stack, on the watching thread.
    """

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        limit: float = LIMIT,
        told: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.longest = 0.0
        self._limit = limit
        self._told = told or (lambda stack: log.warning("the window was blocked:\n%s", stack))
        self._thread_id = threading.get_ident()
        self._beat = time.monotonic()
        self._stop = threading.Event()
        self._timer = QTimer(self)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._watcher = threading.Thread(target=self._watch, name="masklens-watchdog", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching."""
        self._timer.stop()
        self._stop.set()
        self._watcher.join()

    def _tick(self) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, now - self._beat - BEAT / 1000)
        self._beat = now

    def _watch(self) -> None:
        told_for = 0.0
        while not self._stop.wait(self._limit / 4):
            beat = self._beat
            if time.monotonic() - beat > self._limit + BEAT / 1000 and beat != told_for:
                told_for = beat
                self._told(self._stack())

    def _stack(self) -> str:
        """Where the thread is now. A frame is not kept: painters in it would stay alive."""
        frame = sys._current_frames().get(self._thread_id)
        return "" if frame is None else "".join(traceback.format_stack(frame))
