"""The table of actions as QActions: enabled by facts, with the user's keys and tinted icons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.base.actions import ACTIONS, BY_ID, Action, Scope, keys_of, translated
from app.base.icons import icon
from app.base.settings import KEYS, Settings

NATIVE: Final = QKeySequence.SequenceFormat.NativeText
SHARED: Final = {"delete", "last_vertex"}  # the canvas takes a vertex back only while it draws


class ActionSet(QObject):
    """All actions of the table on one window. `triggered` carries the id and the checked state."""

    triggered = Signal(str, bool)

    def __init__(self, window: QWidget, canvas: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._settings = settings
        self._facts: frozenset[str] = frozenset()
        self._actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            if spec.scope is Scope.TOOL:
                continue
            action = self._make(spec)
            if spec.scope is Scope.CANVAS:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                canvas.addAction(action)
            else:
                window.addAction(action)
        self._apply_keys()
        self.set_facts(())
        settings.changed.connect(lambda key: self._apply_keys() if key == KEYS.key else None)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def set_facts(self, facts: Iterable[str]) -> None:
        """Enable exactly the actions whose `when` holds."""
        self._facts = frozenset(facts)
        for id, action in self._actions.items():
            action.setEnabled(self._facts.issuperset(BY_ID[id].when))

    def set_checked(self, id: str, checked: bool) -> None:
        """Show a state without triggering the action."""
        self._actions[id].setChecked(checked)

    def set_text(self, id: str, text: str) -> None:
        """Give an action another text, such as 'Undo: move'."""
        self._actions[id].setText(text)
        self._describe(BY_ID[id], self._actions[id])

    def fill(self, menu: QMenu, ids: Iterable[str]) -> None:
        """Put actions into a menu; an empty id is a rule."""
        for id in ids:
            if id:
                menu.addAction(self._actions[id])
            else:
                menu.addSeparator()

    def refresh_icons(self) -> None:
        """Tint the icons anew after the theme changed."""
        for id, action in self._actions.items():
            if BY_ID[id].icon:
                action.setIcon(icon(BY_ID[id].icon))

    def enabled(self) -> list[Action]:
        """The actions that can be chosen from a list now, in the order of the table."""
        possible = [BY_ID[id] for id, action in self._actions.items() if action.isEnabled()]
        return [spec for spec in possible if spec.scope is not Scope.HOLD]

    def _make(self, spec: Action) -> QAction:
        action = QAction(translated(spec.text), self)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        action.setAutoRepeat(spec.scope is not Scope.HOLD and not spec.checkable)
        if spec.short:
            action.setIconText(translated(spec.short))
        if spec.icon:
            action.setIcon(icon(spec.icon))
        action.triggered.connect(self._relay(spec.id))
        self._actions[spec.id] = action
        return action

    def _relay(self, id: str) -> Callable[[bool], None]:
        def relay(checked: bool) -> None:
            self.triggered.emit(id, checked)

        return relay

    def _apply_keys(self) -> None:
        overrides = self._settings.get(KEYS)
        for id, action in self._actions.items():
            spec = BY_ID[id]
            action.setShortcuts([QKeySequence(key) for key in keys_of(spec, overrides)])
            self._describe(spec, action)

    def _describe(self, spec: Action, action: QAction) -> None:
        """The tool tip: what it does, and its key."""
        tip = translated(spec.tip) if spec.tip else action.text().rstrip("…")
        keys = key_texts(keys_of(spec, self._settings.get(KEYS)))
        action.setToolTip(f"{tip}  ({keys[0]})" if keys else tip)


def key_texts(keys: Iterable[str]) -> list[str]:
    """Keys as this system writes them, such as `Ctrl+Shift+Z`."""
    return [QKeySequence(key).toString(NATIVE) for key in keys]


def conflict(id: str, key: str, overrides: dict[str, list[str]]) -> Action | None:
    """The other action that already has this key; None when it is free."""
    wanted = QKeySequence(key)
    for spec in ACTIONS:
        if spec.id == id or {spec.id, id} == SHARED:
            continue
        if any(QKeySequence(other) == wanted for other in keys_of(spec, overrides)):
            return spec
    return None
