"""The command palette: every action that is possible now, found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.action_set import key_texts
from app.actions import Action, keys_of, translated
from app.fuzzy import score
from app.icons import icon
from app.theme import muted

ID: Final = Qt.ItemDataRole.UserRole
GROUP: Final = Qt.ItemDataRole.UserRole + 1
KEY: Final = Qt.ItemDataRole.UserRole + 2
ROWS: Final = 12


class Palette(QFrame):
    """A popup over the window; `chosen` carries the id of the action."""

    chosen = Signal(str)

    def __init__(
        self, parent: QWidget, actions: Sequence[Action], keys: dict[str, list[str]]
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._actions = actions
        self._keys = keys
        self._field = QLineEdit()
        self._field.setPlaceholderText(self.tr("Type a command"))
        self._field.setAccessibleName(self.tr("Command"))
        self._field.setClearButtonEnabled(True)
        self._field.textChanged.connect(self._filter)
        self._field.installEventFilter(self)
        self._list = QListWidget()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setAccessibleName(self.tr("Commands"))
        self._list.setItemDelegate(_Row(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.itemClicked.connect(self._take)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._field)
        column.addWidget(self._list)
        self._filter("")

    def open_over(self, window: QWidget) -> None:
        """Show it centred near the top of the window, ready to type."""
        width = min(560, window.width() - 40)
        height = min(420, window.height() - 80)
        corner = window.mapToGlobal(window.rect().topLeft())
        self.setGeometry(
            QRect(corner.x() + (window.width() - width) // 2, corner.y() + 60, width, height)
        )
        self.show()
        self._field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the field has the focus; Enter takes."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS,
                     Qt.Key.Key_PageUp: -ROWS}  # fmt: skip
            key = Qt.Key(event.key())
            if key in steps and self._list.count():
                row = self._list.currentRow() + steps[key]
                self._list.setCurrentRow(max(0, min(self._list.count() - 1, row)))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                item = self._list.currentItem()
                if item is not None:
                    self._take(item)
                return True
        return False

    def _filter(self, query: str) -> None:
        self._list.clear()
        found: list[tuple[int, int, Action]] = []
        for place, action in enumerate(self._actions):
            text = translated(action.text).rstrip("…")
            marks = score(query, text)
            if marks is None:
                wide = score(query, f"{translated(action.group)} {text}")
                marks = None if wide is None else wide - 500
            if marks is not None:
                found.append((-marks if query else 0, place, action))
        for _, _, action in sorted(found, key=lambda entry: entry[:2]):
            self._add(action)
        self._list.setCurrentRow(0)

    def _add(self, action: Action) -> None:
        item = QListWidgetItem(translated(action.text).rstrip("…"))
        item.setData(ID, action.id)
        item.setData(GROUP, translated(action.group))
        item.setData(KEY, "   ".join(key_texts(keys_of(action, self._keys))))
        if action.icon:
            item.setIcon(icon(action.icon))
        self._list.addItem(item)

    def _take(self, item: QListWidgetItem) -> None:
        id = item.data(ID)
        self.close()
        self.chosen.emit(id)


class _Row(QStyledItemDelegate):
    """A row: icon and text left; group and key, muted, right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, max(28, option.fontMetrics.height() + 10))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        painter.setPen(
            palette.color(palette.ColorRole.HighlightedText) if chosen else muted(palette)
        )
        area = option.rect.adjusted(8, 0, -10, 0)
        key = index.data(KEY) or ""
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, right, key or index.data(GROUP))
