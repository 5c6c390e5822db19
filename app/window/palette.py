"""The command palette: every action that is possible now, found by typing."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QListWidgetItem, QWidget

from app.base.action_set import ActionSet
from app.base.actions import Action, translated
from app.base.icons import icon
from app.widgets.finder import NOTE, Finder
from app.widgets.fuzzy import score

ID: Final = Qt.ItemDataRole.UserRole
BY_GROUP: Final = -500  # a match that needs the name of the menu stands below the others


class CommandPalette(Finder):
    """`chosen` carries the id of the action."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, actions: ActionSet) -> None:
        super().__init__(parent, self.tr("Type a command"), self.tr("Commands"))
        self._actions = actions

    def open_over(self, window: QWidget) -> None:
        """Show it centred near the top of the window, ready to type."""
        width, height = min(560, window.width() - 40), min(420, window.height() - 80)
        corner = window.mapToGlobal(QPoint((window.width() - width) // 2, 60))
        self.open_at(corner, width, height)

    def fill(self, query: str) -> None:
        """The matching actions, best first; all in the order of the table for an empty query."""
        found: list[tuple[int, int, Action[Any]]] = []
        for place, action in enumerate(self._actions.enabled()):
            marks = _marks(query, action)
            if marks is not None:
                found.append((-marks if query else 0, place, action))
        for _, _, action in sorted(found, key=lambda entry: entry[:2]):
            self._add(action)

    def take(self, item: QListWidgetItem) -> None:
        """Close, then let the action happen."""
        id = item.data(ID)
        self.close()
        self.chosen.emit(id)

    def _add(self, action: Action[Any]) -> None:
        item = QListWidgetItem(translated(action.text).rstrip("…"))
        item.setData(ID, action.id)
        keys = self._actions.keys(action.id)
        item.setData(NOTE, "   ".join((translated(action.group), *keys)))
        item.setIcon(icon(action.icon or "blank"))
        self.list.addItem(item)


def _marks(query: str, action: Action[Any]) -> int | None:
    text = translated(action.text).rstrip("…")
    marks = score(query, text)
    if marks is None:
        wide = score(query, f"{translated(action.group)} {text}")
        return None if wide is None else wide + BY_GROUP
    return marks
