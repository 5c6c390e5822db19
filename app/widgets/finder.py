"""To find something by typing: a field above a list that narrows as one types."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QCloseEvent, QFocusEvent, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
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

from app.base.theme import muted

NOTE: Final = Qt.ItemDataRole.UserRole + 1  # what stands muted at the right of a row
_PAGE: Final = 10
_STEPS: Final = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _PAGE,
    Qt.Key.Key_PageUp: -_PAGE,
}
_ENDS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
_PASSING: Final = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)


class Finder(QFrame):
    """Subclasses fill the list for a query and say what taking a row does.

    It is a popup, or lies `within` its parent: a click beside it then also does what it does there.
    Either goes with Escape and with the keyboard.
    """

    closed = Signal()

    def __init__(
        self, parent: QWidget, prompt: str, list_name: str, *, within: bool = False
    ) -> None:
        super().__init__(parent, Qt.WindowType.Widget if within else Qt.WindowType.Popup)
        self._over = parent
        self._before: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAutoFillBackground(True)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setForegroundRole(QPalette.ColorRole.Mid)
        self.field = QLineEdit()
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._narrow)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(list_name)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)

    def fill(self, query: str) -> None:
        """Put the rows for a query into the empty list."""
        raise NotImplementedError

    def take(self, item: QListWidgetItem) -> None:
        """Act on a row."""
        raise NotImplementedError

    def open_at(self, corner: QPoint, width: int, height: int) -> None:
        """Show it with its upper left corner there on the screen, moved so that all is in sight."""
        room = self._over.screen().availableGeometry()
        if not self.isWindow():
            room, corner = self._over.rect(), self._over.mapFromGlobal(corner)
        x = max(room.left(), min(corner.x(), room.right() - width))
        y = max(room.top(), min(corner.y(), room.bottom() - height))
        self._narrow("")
        self.setGeometry(x, y, width, height)
        self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the field has the focus; Enter takes."""
        if isinstance(event, QFocusEvent) and event.lostFocus() and not self.isWindow():
            if event.reason() not in _PASSING:
                self.close()
            return False
        if not isinstance(event, QKeyEvent):
            return False
        key = Qt.Key(event.key())
        if event.type() == QEvent.Type.ShortcutOverride and key in (*_STEPS, *_ENDS):
            event.accept()  # else it would be the key of an action
            return True
        if event.type() == QEvent.Type.KeyPress:
            if key == Qt.Key.Key_Escape:
                self.leave()
                return True
            if key in _STEPS and self.list.count():
                row = self.list.currentRow() + _STEPS[key]
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))
                return True
            if key in _ENDS:
                if self.list.count():
                    self.take(self.list.currentItem())
                return True
        return False

    def leave(self) -> None:
        """Close it; the keyboard goes where it was before."""
        if not self.isWindow() and self._before is not None and self.field.hasFocus():
            self._before.setFocus()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say so."""
        super().closeEvent(event)
        self.closed.emit()

    def _narrow(self, query: str) -> None:
        self.list.clear()
        self.fill(query)
        self.list.setCurrentRow(0)


class _Row(QStyledItemDelegate):
    """A row: icon and text left, a muted note right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, max(28, option.fontMetrics.height() + 10))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        palette = option.palette
        bright = palette.color(palette.ColorRole.HighlightedText)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(bright if chosen else muted(palette))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(option.rect.adjusted(8, 0, -10, 0), right, index.data(NOTE) or "")
