"""Keys that act while they are held down. The press is a shortcut; here we wait for the release."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication


class HeldKeys(QObject):
    """`released` carries the id of the action whose key was let go."""

    released = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._down: str | None = None

    def press(self, id: str) -> None:
        """The key of an action went down. All events are watched until a key comes up again."""
        application = QApplication.instance()
        if self._down is None and application is not None:
            application.installEventFilter(self)
        self._down = id

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look for the key coming up, or the window losing the keyboard."""
        up = (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyRelease
            and not event.isAutoRepeat()
        )
        if up or event.type() is QEvent.Type.ApplicationDeactivate:
            self._let_go()
        return False

    def _let_go(self) -> None:
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        id, self._down = self._down, None
        if id is not None:
            self.released.emit(id)
