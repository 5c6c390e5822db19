"""Keeping a library's warnings about odd files to ourselves, with several threads at work."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from threading import Lock
from types import TracebackType


class Quiet:
    """A context in which warnings from the modules matching `pattern` are not shown.

    `warnings.catch_warnings` saves and restores state of the whole process, so two threads that
    use it at once can undo each other's restoring. Here the first thread to come in saves, and
    the last one to go out restores. Warnings of other modules are shown as ever.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._lock = Lock()
        self._inside = 0
        self._saved = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", module=self._pattern)
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.close()
