"""Following one run by its folder: what it tells, whether its trainer lives, how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.tasks import Context, Tasks
from core.learning.folder import RunFolder
from core.learning.journal import EventReader, Told
from core.learning.progress import Progress

EVERY: Final = 400  # ms between two looks
STARTING: Final = 60.0  # seconds in which a trainer may come up
SURE: Final = 2  # looks without a trainer before it counts as dead


class Phase(StrEnum):
    """How things stand with a run."""

    STARTING = "starting"
    ALIVE = "alive"
    CUT_OFF = "cut off"  # no trainer, no end: it can go on
    ENDED = "ended"  # done, stopped or failed
    DROPPED = "dropped"  # the person cancelled it
    GONE = "gone"  # somebody took its folder away


@dataclass(frozen=True, slots=True)
class _Seen:
    told: list[Told]
    alive: bool
    there: bool


class RunWatch(QObject):
    """`changed` follows news, `over` the end of the watch. Reads on worker threads only."""

    changed = Signal()
    over = Signal()

    def __init__(
        self,
        tasks: Tasks,
        run: RunFolder,
        parent: QObject | None = None,
        *,
        launched: bool = False,
        every: int = EVERY,
        patience: float = STARTING,
        told: list[Told] | None = None,
        reader: EventReader | None = None,
    ) -> None:
        """`launched` says that a trainer has just been started; `told` is what the `reader` has
        read already."""
        super().__init__(parent)
        self.run = run
        self.progress = Progress()
        self.progress.take(told or ())
        if launched:
            self.progress.begin_again()
        self.phase = Phase.STARTING if launched else Phase.ALIVE
        self.dropping = False
        """Whether the person asked to drop the run."""
        self.stopping = False
        """Whether the person asked it to stop and keep the best."""
        self._tasks = tasks
        self._reader = reader or run.events()
        self._launched = time.monotonic() if launched else None
        self._patience = patience
        self._missing = 0
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(every)
        self._timer.timeout.connect(self._look)

    @property
    def active(self) -> bool:
        """Whether a trainer works, or is about to."""
        return self.phase in (Phase.STARTING, Phase.ALIVE)

    def start(self) -> None:
        """Look now, and again and again until it is over."""
        self._look()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._timer.stop()

    def _look(self) -> None:
        run, reader = self.run, self._reader

        def look(_context: Context) -> _Seen:
            alive = run.is_alive()  # first, so that what a dead one said is all read afterwards
            return _Seen(reader.read(), alive, run.spec_file.is_file())

        self._tasks.run(look, done=self._take, failed=lambda _error: self._again())

    def _take(self, seen: _Seen) -> None:
        if self._closed:
            return
        if seen.told or seen.alive:
            self._launched = None  # it has come up
        self.progress.take(seen.told)
        phase = self._phase_of(seen)
        news = bool(seen.told) or phase is not self.phase
        self.phase = phase
        if news:
            self.changed.emit()
        if self.active:
            self._again()
        else:
            self._closed = True
            self.over.emit()

    def _phase_of(self, seen: _Seen) -> Phase:
        if not seen.there and not seen.alive:
            return Phase.DROPPED if self.dropping else Phase.GONE
        self._missing = 0 if seen.alive else self._missing + 1
        if seen.alive:
            return Phase.ALIVE
        if self._launched is not None:
            late = time.monotonic() - self._launched > self._patience
            return Phase.CUT_OFF if late else Phase.STARTING
        if self.progress.state.final:
            return Phase.DROPPED if self.dropping else Phase.ENDED
        return Phase.CUT_OFF if self._missing >= SURE else self.phase

    def _again(self) -> None:
        if not self._closed:
            self._timer.start()
