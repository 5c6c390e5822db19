"""Keys typed while another image is on its way act once it is there, in their order."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from app.base.action_set import ActionSet
from app.editor.workspace import Workspace

_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta)


class TypedAhead(QObject):
    """Watches the keys of one window, but only while an image is on its way.

    Keys that move on to another image are not held back: each press counts as one step.
    """

    def __init__(self, actions: ActionSet, workspace: Workspace, canvas: QWidget) -> None:
        super().__init__(workspace)
        self._actions = actions
        self._workspace = workspace
        self._canvas = canvas
        self._watching = False
        workspace.going.connect(self._look)

    def _look(self, _path: object) -> None:
        application, wanted = QApplication.instance(), self._workspace.under_way
        if application is None or wanted is self._watching:
            return
        self._watching = wanted
        if wanted:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep a key for later."""
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        if not isinstance(event, QKeyEvent) or not self._is_command(event):
            return False
        row = self._actions.row_of(event, self._canvas.hasFocus())
        moves = row is not None and row.moves
        if moves and not self._workspace.waiting:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()  # then it comes as a key, not as a shortcut
        else:
            kept = event.clone()
            self._workspace.in_turn(lambda: self._act(kept), moves=moves)
        return True

    def _is_command(self, event: QKeyEvent) -> bool:
        """Not a modifier alone, and not text that is typed or an answer in another window."""
        focus = QApplication.focusWidget()
        typed = isinstance(focus, QLineEdit | QAbstractSpinBox | QComboBox)
        elsewhere = focus is not None and focus.window() is not self._canvas.window()
        popup = QApplication.activePopupWidget() is not None
        alone = event.key() in _MODIFIERS
        return self._workspace.under_way and not (typed or elsewhere or popup or alone)

    def _act(self, event: Any) -> None:
        """What the key would have done had it been pressed now."""
        row = self._actions.row_of(event, self._canvas.hasFocus())
        focus = QApplication.focusWidget() or self._canvas
        if isinstance(focus, QLineEdit) or row is None or not self._actions[row.id].isEnabled():
            QCoreApplication.sendEvent(focus, event)
            QCoreApplication.sendEvent(
                focus, QKeyEvent(QEvent.Type.KeyRelease, event.key(), event.modifiers())
            )
        else:
            self._actions[row.id].trigger()
