"""Saving without waiting: after a pause in the work, and before the image is left."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.settings import AUTOSAVE, Settings
from app.base.tasks import Tasks
from app.base.words import error_text, sentence_text
from core.session import ImageSession, SaveOutcome, Snapshot

Then = Callable[[bool], None]
Write = Callable[[Snapshot], SaveOutcome]
AGAIN: Final = 10_000  # ms until a save that failed is tried again


class SaveState(Enum):
    """What the status bar says about the labels of the image."""

    NONE = "none"
    SAVED = "saved"
    UNSAVED = "unsaved"
    SAVING = "saving"
    FAILED = "failed"
    CONFLICT = "conflict"
    READ_ONLY = "read_only"


class Saver(QObject):
    """Saves one session at a time. `saved` follows a write that went well.

    `failed` carries a sentence; the save is then tried again until it goes well, and the same
    sentence is said once, or to whoever waits. `conflicted` says that the file was changed outside.
    """

    changed = Signal()
    saved = Signal()
    failed = Signal(str)
    conflicted = Signal()

    def __init__(self, tasks: Tasks, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._settings = settings
        self._session: ImageSession | None = None
        self._problem = ""
        self._waiting: list[Then] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._begin)

    def attach(self, session: ImageSession | None) -> None:
        """Take care of another session; the one before must have been flushed."""
        self._pause.stop()
        self._session = session
        self._problem = ""
        self.changed.emit()

    @property
    def attached(self) -> bool:
        """Whether there is a session to take care of."""
        return self._session is not None

    def touched(self) -> None:
        """Something was changed: save after a pause."""
        if self._session is not None and not self._session.is_clean:
            self._pause.start(round(self._settings.get(AUTOSAVE) * 1000))
        self.changed.emit()

    @property
    def state(self) -> SaveState:
        """How things stand."""
        session = self._session
        if session is None:
            return SaveState.NONE
        if session.conflict is not None:
            return SaveState.CONFLICT
        if session.saving:
            return SaveState.SAVING
        if session.read_only is not None:
            return SaveState.READ_ONLY
        if self._problem:
            return SaveState.FAILED
        return SaveState.SAVED if session.is_clean else SaveState.UNSAVED

    @property
    def problem(self) -> str:
        """Why the last save failed; empty when it did not."""
        return self._problem

    def flush(self, then: Then) -> None:
        """Save now if there is anything to save; `then` hears whether all is on disk."""
        if self._session is None:
            then(True)
            return
        self._waiting.append(then)
        self._begin()

    def _begin(self) -> None:
        session = self._session
        if session is None or session.saving:
            return  # its end looks for what came in the meantime
        snapshot = session.snapshot()
        if snapshot is None:
            self._answer(session.is_clean or session.read_only is not None)
            return
        self._write(session, snapshot, Snapshot.write)

    def settle(self, write: Write, then: Then) -> None:
        """After a conflict: write all labels beside, or over, what somebody else wrote."""
        session = self._session
        snapshot = None if session is None else session.snapshot_of_all()
        if session is None or snapshot is None:
            then(False)
            return
        self._waiting.append(then)
        self._write(session, snapshot, write)

    def _write(self, session: ImageSession, snapshot: Snapshot, write: Write) -> None:
        self._pause.stop()
        self._tasks.run(
            lambda _context: write(snapshot),
            done=lambda outcome: self._on_outcome(session, outcome),
            failed=lambda error: self._on_outcome(session, None, error_text(error)),
        )
        self.changed.emit()

    def _on_outcome(
        self, session: ImageSession, outcome: SaveOutcome | None, broken: str = ""
    ) -> None:
        said = self._problem
        if outcome is not None:
            session.saved(outcome)
            self._problem = sentence_text(outcome.problem) if outcome.problem else ""
        else:
            session.save_broke()
            self._problem = broken
        if outcome is not None and outcome.conflict:
            self._problem = ""
            self.conflicted.emit()
            self._answer(False)
        elif self._problem:
            if self._problem != said or self._waiting:
                self.failed.emit(self._problem)
            if session is self._session:
                self._pause.start(AGAIN)
            self._answer(False)
        elif session is self._session and not session.is_clean and self._waiting:
            # Edits came while the disk was busy, and somebody waits for all to be saved.
            self.saved.emit()
            self._begin()
        else:
            self.saved.emit()
            self._answer(True)
            self.touched()
        self.changed.emit()

    def _answer(self, ok: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(ok)
