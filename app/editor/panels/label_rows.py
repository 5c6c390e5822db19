"""The labels of the project as a model, and how their rows are painted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.base.theme import muted
from app.base.words import count_text
from app.editor.panels.instance_rows import swatch

Index = QModelIndex | QPersistentModelIndex
COLOUR: Final = Qt.ItemDataRole.UserRole
COUNT: Final = Qt.ItemDataRole.UserRole + 1
ACTIVE: Final = Qt.ItemDataRole.UserRole + 2
KEYED: Final = 9  # the first nine labels have a number key


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label and its colour, `#rrggbb`."""

    name: str
    colour: str


class LabelRows(QAbstractListModel):
    """Labels in the order of the project. `renamed` carries the old and the new name."""

    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[LabelRow, ...] = ()
        self._counts: Mapping[str, int] = {}
        self._active = ""

    def set_labels(self, labels: Sequence[LabelRow], active: str) -> None:
        """Show other labels."""
        if tuple(labels) != self._labels:
            self.beginResetModel()
            self._labels, self._active = tuple(labels), active
            self.endResetModel()
        else:
            self._active = active
            self._announce()

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """How many instances of the image have which label."""
        if counts != self._counts:
            self._counts = counts
            self._announce()

    def name_at(self, row: int) -> str:
        """The label of a row."""
        return self._labels[row].name

    def colour_at(self, row: int) -> str:
        """The colour of a row."""
        return self._labels[row].colour

    def row_of(self, name: str) -> int | None:
        """The row of a label."""
        names = [label.name for label in self._labels]
        return names.index(name) if name in names else None

    def beginning_with(self, text: str) -> str:
        """The first label that begins with a text, in any case of letters; empty without one."""
        wanted = text.casefold()
        found = (each.name for each in self._labels if each.name.casefold().startswith(wanted))
        return next(found, "") if wanted else ""

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of labels."""
        return 0 if parent is not None and parent.isValid() else len(self._labels)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be renamed in place."""
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, colour, count and whether it is the active one."""
        if not index.isValid():
            return None
        label = self._labels[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return label.name
        if role == COLOUR:
            return label.colour
        if role == COUNT:
            return self._counts.get(label.name, 0)
        if role == ACTIVE:
            return label.name == self._active
        if role == Qt.ItemDataRole.ToolTipRole:
            return label.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            text = self.tr("{label}, {n} in this image").format(
                label=label.name, n=count_text(self._counts.get(label.name, 0))
            )
            return self.tr("{text}, active").format(text=text) if index.data(ACTIVE) else text
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name; the row changes when the project has changed."""
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or not name or name == self.name_at(index.row()):
            return False
        self.renamed.emit(self.name_at(index.row()), name)
        return True

    def _announce(self) -> None:
        if self._labels:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._labels) - 1, 0))


class LabelDelegate(QStyledItemDelegate):
    """A row: mark of the active label, swatch, name, count and number key."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are equally high."""
        return QSize(120, max(26, option.fontMetrics.height() + 10))

    def updateEditorGeometry(self, editor: Any, option: QStyleOptionViewItem, index: Index) -> None:
        """The field stands over the name."""
        editor.setGeometry(option.rect.adjusted(34, 1, -50, -1))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the ground as the style does, then the parts."""
        option.widget.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        area = option.rect
        palette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        strong = palette.color(
            QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        )
        faint = strong if chosen else muted(palette)
        swatch(index.data(COLOUR)).paint(painter, QRect(area.x() + 12, area.y(), 16, area.height()))
        right = area.right() - 8
        if index.row() < KEYED:
            right = _key_cap(painter, str(index.row() + 1), right, area, faint)
        metrics = option.fontMetrics
        middle = Qt.AlignmentFlag.AlignVCenter
        count = index.data(COUNT)
        if count:
            text = count_text(count)
            width = metrics.horizontalAdvance(text)
            painter.setPen(faint)
            box = QRect(right - width, area.y(), width, area.height())
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, text)
            right -= width + 8
        font = QFont(option.font)
        font.setBold(bool(index.data(ACTIVE)))
        painter.setFont(font)
        painter.setPen(strong)
        if index.data(ACTIVE):
            bar = palette.color(QPalette.ColorRole.Accent)
            painter.fillRect(
                area.x(), area.y() + 4, 3, area.height() - 8, strong if chosen else bar
            )
        box = QRect(area.x() + 36, area.y(), right - area.x() - 40, area.height())
        name = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideRight, box.width()
        )
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(option.font)


def _key_cap(painter: QPainter, key: str, right: int, area: QRect, colour: Any) -> int:
    """Draw a key; return where the free room ends."""
    cap = QRect(right - 18, area.y() + (area.height() - 18) // 2, 18, 18)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 0.8))
    painter.drawRoundedRect(cap.adjusted(1, 1, -1, -1), 3, 3)
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
    painter.restore()
    return cap.x() - 10
