"""The page of the settings where keys are changed; a key that is in use is refused."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.base.action_set import ActionSet, Keys, conflict, key_texts
from app.base.actions import GROUPS, Action, Scope, keys_of, translated
from app.base.settings import KEYS, Settings

ID: Final = Qt.ItemDataRole.UserRole
PORTABLE: Final = QKeySequence.SequenceFormat.PortableText


class KeySettings(QWidget):
    """A tree of actions by group; the chosen one's keys can be set, taken away or reset."""

    def __init__(self, settings: Settings, actions: ActionSet) -> None:
        super().__init__()
        self._settings = settings
        self._rows = {id: row for id, row in actions.rows.items() if row.fill is None}
        self._query = ""
        self._tree = QTreeWidget()
        self._tree.setColumnCount(2)
        self._tree.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        self._tree.setAccessibleName(self.tr("Actions and their keys"))
        self._tree.setUniformRowHeights(True)
        self._tree.currentItemChanged.connect(lambda: self._show_chosen())
        self._edit = QKeySequenceEdit()
        self._edit.setMaximumSequenceLength(1)
        self._edit.setAccessibleName(self.tr("New key"))
        self._add = QPushButton(self.tr("Add key"))
        self._add.clicked.connect(self._add_key)
        self._none = QPushButton(self.tr("No key"))
        self._none.clicked.connect(lambda: self._store([]))
        self._reset = QPushButton(self.tr("Default"))
        self._reset.clicked.connect(lambda: self._store(None))
        self._message = QLabel()
        self._message.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self._edit, self._add, self._none, self._reset):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self._tree, 1)
        column.addLayout(row)
        column.addWidget(self._message)
        self._fill()

    def narrow(self, text: str) -> int:
        """Show the actions in whose text or keys all words occur. Returns how many."""
        self._query = text
        return self._fill()

    def _fill(self) -> int:
        chosen, count = self._chosen(), 0
        words = self._query.casefold().split()
        self._tree.clear()
        overrides = self._settings.get(KEYS)
        for group in GROUPS:
            head = QTreeWidgetItem([translated(group)])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for action in self._rows.values():
                text = translated(action.text).rstrip("…")
                keys = key_texts(keys_of(action, overrides))
                said = " ".join((text, *keys)).casefold()
                if action.group != group or not all(word in said for word in words):
                    continue
                count += 1
                item = QTreeWidgetItem([text, "   ".join(keys)])
                item.setData(0, ID, action.id)
                head.addChild(item)
            if head.childCount():
                self._tree.addTopLevelItem(head)
                head.setExpanded(True)
                self._choose(head, chosen)
        self._tree.resizeColumnToContents(0)
        self._show_chosen()
        return count

    def _choose(self, head: QTreeWidgetItem, id: str | None) -> None:
        for place in range(head.childCount()):
            item = head.child(place)
            if item is not None and item.data(0, ID) == id:
                self._tree.setCurrentItem(item)

    def _chosen(self) -> str | None:
        item = self._tree.currentItem()
        return None if item is None else item.data(0, ID)

    def _show_chosen(self) -> None:
        possible = self._chosen() is not None
        for widget in (self._edit, self._add, self._none, self._reset):
            widget.setEnabled(possible)
        self._edit.clear()
        self._message.clear()

    def _add_key(self) -> None:
        id = self._chosen()
        key = self._edit.keySequence().toString(PORTABLE)
        if id is None or not key:
            return
        overrides = self._settings.get(KEYS)
        taken = self._conflict(id, key, overrides)
        if taken is not None:
            self._message.setText(
                self.tr("{key} already belongs to “{action}”. Take it away there first.").format(
                    key=key_texts([key])[0], action=translated(taken.text).rstrip("…")
                )
            )
            return
        if self._rows[id].scope is Scope.HOLD and "+" in key:
            self._message.setText(self.tr("A key that is held must be a single key."))
            return
        self._store([*keys_of(self._rows[id], overrides), key])

    def _store(self, keys: list[str] | None) -> None:
        id = self._chosen()
        if id is None:
            return
        overrides = self._settings.get(KEYS).copy()
        taken = None
        if keys is None:
            overrides.pop(id, None)
            taken = next(
                (
                    other
                    for key in self._rows[id].keys
                    if (other := conflict(self._rows.values(), id, key, overrides))
                ),
                None,
            )
        else:
            overrides[id] = list(dict.fromkeys(keys))
        if taken is not None:
            self._message.setText(
                self.tr("The default key now belongs to “{action}”.").format(
                    action=translated(taken.text).rstrip("…")
                )
            )
            return
        self._settings.set(KEYS, overrides)
        self._fill()

    def _conflict(self, id: str, key: str, overrides: Keys) -> Action[Any] | None:
        return conflict(self._rows.values(), id, key, overrides)
