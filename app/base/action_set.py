"""The rows of all features as QActions: enabled by their conditions, with the user's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.base.actions import Action, Scope, keys_of, translated
from app.base.icons import icon
from app.base.settings import KEYS, Settings

NATIVE: Final = QKeySequence.SequenceFormat.NativeText
_NEEDS: Final = frozenset(
    (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress)
)
SHARED: Final = {"delete", "last_vertex"}  # the canvas takes a vertex back only while it draws
Keys = dict[str, list[str]]
InTurn = Callable[[Action[Any], Callable[[], object]], object]
"""Does what an action does now or, where it is meant for an image that is yet to come, then."""


class Owner(Protocol):
    """Who answers to the rows that it lists."""

    ACTIONS: ClassVar[tuple[Action[Any], ...]]


@dataclass(slots=True)
class _Bound:
    """A row with who answers to it; `when` are numbers of conditions, `on` as it was seen last."""

    row: Action[Any]
    action: QAction
    owner: Owner
    when: tuple[int, ...]
    on: bool = False


class ActionSet(QObject):
    """All actions of one window. One can be chosen once its owner is bound and its `when` holds.

    After a change, `outdate` is called, however often: the conditions are asked once, when the
    event loop is next at work, and at the latest before a key, a click or a caller needs them.
    """

    def __init__(
        self, rows: Sequence[Action[Any]], settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._window: QWidget | None = None
        self._bound: dict[str, _Bound] = {}
        self._conditions: dict[tuple[Owner, Callable[[Any], bool]], int] = {}
        self._outdated = False
        self._held: Action[Any] | None = None
        self.in_turn: InTurn = lambda _row, do: do()
        self.rows = {row.id: row for row in rows}
        """The table by the ids, in the order of the menus."""
        self._actions = {row.id: self._make(row) for row in rows if row.scope is not Scope.TOOL}
        self._apply_keys()
        settings.changed.connect(lambda key: self._apply_keys() if key == KEYS.key else None)

    def add_to(self, window: QWidget, canvas: QWidget) -> None:
        """Let the keys work in a window, some of them only while its canvas has the focus."""
        self._window = window
        for id, action in self._actions.items():
            if self.rows[id].scope is Scope.CANVAS:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                canvas.addAction(action)
            else:
                window.addAction(action)

    def bind(self, owner: Owner) -> None:
        """Let `owner` answer to the rows that it lists."""
        for row in owner.ACTIONS:
            if row.scope is not Scope.TOOL:
                when = tuple(
                    self._conditions.setdefault((owner, condition), len(self._conditions))
                    for condition in row.when
                )
                self._bound[row.id] = _Bound(row, self._actions[row.id], owner, when)
                self._connect(row, owner)

    def __getitem__(self, id: str) -> QAction:
        self._settle()
        return self._actions[id]

    def outdate(self) -> None:
        """Something has changed: other actions may be possible."""
        application = QCoreApplication.instance()
        if not self._outdated and application is not None:
            self._outdated = True
            application.installEventFilter(self)
            application.postEvent(self, QEvent(QEvent.Type.User))

    def event(self, event: QEvent) -> bool:
        """The event loop is at work again."""
        if event.type() is QEvent.Type.User:
            self._settle()
        return super().event(event)

    def _settle(self) -> None:
        if self._outdated:
            self.refresh()

    def refresh(self) -> None:
        """Enable exactly what is possible now, show how switches stand and what undo would undo."""
        self._outdated = False
        self._stop_watching()
        conditions = list(self._conditions)
        known: list[bool | None] = [None] * len(conditions)
        for bound in self._bound.values():
            row, on = bound.row, True
            for number in bound.when:
                holds = known[number]
                if holds is None:
                    owner, condition = conditions[number]
                    holds = known[number] = bool(condition(owner))
                if not holds:
                    on = False
                    break
            if on is not bound.on:
                bound.on = on
                bound.action.setEnabled(on)
            if row.checked is not None:
                bound.action.setChecked(row.checked(bound.owner))
            if row.detail is not None:
                self._name(row, row.detail(bound.owner))

    def fill(self, menu: QMenu, ids: Iterable[str]) -> None:
        """Put actions into a menu; an empty id is a rule."""
        self._settle()
        for id in ids:
            if id:
                menu.addAction(self._actions[id])
            else:
                menu.addSeparator()

    def popup(self, parent: QWidget, ids: Iterable[str], at: QPoint) -> QMenu:
        """Open a menu of actions at a place on the screen."""
        menu = QMenu(parent)
        menu.aboutToHide.connect(menu.deleteLater)
        self.fill(menu, ids)
        menu.popup(at)
        return menu

    def refresh_icons(self) -> None:
        """Tint the icons anew after the theme changed."""
        for id, action in self._actions.items():
            if self.rows[id].icon:
                action.setIcon(icon(self.rows[id].icon))

    def enabled(self) -> list[Action[Any]]:
        """The actions that can be chosen from a list now, in the order of the table."""
        self._settle()
        possible = [self.rows[id] for id, action in self._actions.items() if action.isEnabled()]
        return [row for row in possible if row.scope is not Scope.HOLD and row.fill is None]

    def row_of(self, event: QKeyEvent, on_canvas: bool) -> Action[Any] | None:
        """The action that a key stands for; those of the canvas only while it has the keyboard."""
        wanted = QKeySequence(event.keyCombination())
        found = [
            row
            for id, action in self._actions.items()
            if wanted in action.shortcuts()
            and ((row := self.rows[id]).scope is not Scope.CANVAS or on_canvas)
        ]
        return found[0] if found else None

    def keys(self, id: str) -> list[str]:
        """The keys of an action as this system writes them."""
        return key_texts(keys_of(self.rows[id], self._settings.get(KEYS)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask the conditions before a key or click; wait for a held key to come up, or for the
        window to lose the keyboard."""
        if self._outdated and event.type() in _NEEDS:
            self._settle()
        if self._held is None:
            return False
        up = (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyRelease
            and not event.isAutoRepeat()
        )
        if up or event.type() is QEvent.Type.ApplicationDeactivate:
            self._let_go()
        return False

    def _make(self, row: Action[Any]) -> QAction:
        action = QAction(translated(row.text), self)
        action.setObjectName(row.id)
        action.setCheckable(row.checkable)
        action.setAutoRepeat(row.scope is not Scope.HOLD and not row.checkable)
        action.setEnabled(False)
        if row.short:
            action.setIconText(translated(row.short))
        if row.icon:
            action.setIcon(icon(row.icon))
        return action

    def _connect(self, row: Action[Any], owner: Owner) -> None:
        action, do, turn, fill = self._actions[row.id], row.do, row.turn, row.fill
        if row.scope is Scope.HOLD:
            action.triggered.connect(lambda _on: self._hold(row))
        elif turn is not None:
            action.triggered.connect(
                lambda on: self.in_turn(row, lambda: turn(owner, self._wanted(row, owner, on)))
            )
        elif do is not None:
            action.triggered.connect(lambda _on: self.in_turn(row, lambda: do(owner)))
        elif fill is not None:
            menu = QMenu(self._window)
            menu.aboutToShow.connect(lambda: fill(owner, menu))
            action.setMenu(menu)

    def _wanted(self, row: Action[Any], owner: Owner, on: bool) -> bool:
        """What a switch is to be: the other way, as seen when its turn has come."""
        return on if row.checked is None else not row.checked(owner)

    def _hold(self, row: Action[Any]) -> None:
        """The key went down. All events are watched until a key comes up again."""
        application = QApplication.instance()
        if self._held is None and application is not None:
            application.installEventFilter(self)
        self._held = row
        self._turn(row, True)

    def _let_go(self) -> None:
        row, self._held = self._held, None
        self._stop_watching()
        if row is not None:
            self._turn(row, False)

    def _stop_watching(self) -> None:
        """Watch events only while a key is held or the conditions are to be asked."""
        application = QCoreApplication.instance()
        if application is not None and self._held is None and not self._outdated:
            application.removeEventFilter(self)

    def _turn(self, row: Action[Any], on: bool) -> None:
        if row.turn is not None:
            row.turn(self._bound[row.id].owner, on)

    def _apply_keys(self) -> None:
        for id, action in self._actions.items():
            keys = keys_of(self.rows[id], self._settings.get(KEYS))
            action.setShortcuts([QKeySequence(key) for key in keys])
            self._describe(self.rows[id])

    def _name(self, row: Action[Any], detail: str) -> None:
        action, text = self._actions[row.id], translated(row.text)
        wanted = f"{text}: {detail}" if detail else text
        if action.text() != wanted:
            action.setText(wanted)
            self._describe(row)

    def _describe(self, row: Action[Any]) -> None:
        """The tool tip: what it does, and its key."""
        action = self._actions[row.id]
        tip = translated(row.tip) if row.tip else action.text().rstrip("…")
        keys = self.keys(row.id)
        action.setToolTip(f"{tip}  ({keys[0]})" if keys else tip)


def key_texts(keys: Iterable[str]) -> list[str]:
    """Keys as this system writes them, such as `Ctrl+Shift+Z`."""
    return [QKeySequence(key).toString(NATIVE) for key in keys]


def conflict(rows: Iterable[Action[Any]], id: str, key: str, overrides: Keys) -> Action[Any] | None:
    """The other action that already has this key; None when it is free."""
    wanted = QKeySequence(key)
    for row in rows:
        if row.id == id or {row.id, id} == SHARED:
            continue
        if any(QKeySequence(other) == wanted for other in keys_of(row, overrides)):
            return row
    return None
