"""The table of what a stage holds: sorted, filtered, in step with the canvas."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.base.words import count_text, text_of
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.lens.views.table import Table

Index = QModelIndex | QPersistentModelIndex
_WIDEST: Final = 200
NONE = Table((), np.zeros(0, np.int64))


class StageModel(QAbstractTableModel):
    """Rows of numpy columns; only what is in sight becomes text."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = NONE
        self._order = np.zeros(0, np.int64)
        self._filter = ""
        self._sort: tuple[int, bool] = (0, False)
        self._lit = -1

    def set_rows(self, rows: Table) -> None:
        """Show another table; the order stays when the columns do."""
        self.beginResetModel()
        rows = rows.said(text_of)
        same = [c.title for c in rows.columns] == [c.title for c in self._rows.columns]
        self._rows, self._lit = rows, -1
        if not same:
            self._sort = (rows.sort, rows.descending)
        self._arrange()
        self.endResetModel()

    def set_filter(self, text: str) -> None:
        """Show only the rows that a filter holds for."""
        self.beginResetModel()
        self._filter = text
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        order = self._rows.matching(self._filter)
        column, descending = self._sort
        if self._rows.columns and len(order):
            values = self._rows.columns[column].values[order]
            places = np.argsort(-values if descending else values, kind="stable")
            order = order[places]
        self._order = order

    @property
    def left(self) -> tuple[BoxKind | None, NDArray[np.int64] | None]:
        """What kind of box the rows stand for, and the numbers of those left by the filter."""
        wanted = self._rows.index[self._order] if self._filter.strip() else None
        return self._rows.kind, wanted

    def longest(self, column: int) -> str:
        """The text that a column needs room for."""
        return self._rows.columns[column].longest()

    @property
    def sorting(self) -> tuple[int, bool]:
        """The column that orders the rows, and whether the largest is first."""
        return self._sort

    def item_at(self, row: int) -> Item | None:
        """The box that a row stands for."""
        if self._rows.kind is None or not 0 <= row < len(self._order):
            return None
        return Item(self._rows.kind, int(self._rows.index[self._order[row]]))

    def row_of(self, item: Item | None) -> int:
        """The row of a box, or -1."""
        if item is None or item.kind is not self._rows.kind:
            return -1
        places = np.flatnonzero(self._rows.index[self._order] == item.index)
        return int(places[0]) if len(places) else -1

    def light(self, item: Item | None) -> int:
        """Show a row as pointed at; returns it."""
        before, self._lit = self._lit, self.row_of(item)
        for row in {before, self._lit} - {-1}:
            self.dataChanged.emit(
                self.index(row, 0), self.index(row, max(self.columnCount() - 1, 0))
            )
        return self._lit

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Rows after the filter."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns of the stage."""
        return 0 if parent.isValid() else len(self._rows.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment, and weight of the row that is pointed at."""
        column = self._rows.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(int(self._order[index.row()]))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column.words else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.BackgroundRole and index.row() == self._lit:
            return QColor(255, 214, 90, 90)
        return None

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if side == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._rows.columns[section].title
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column."""
        if not 0 <= column < len(self._rows.columns):
            return
        self.beginResetModel()
        self._sort = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.endResetModel()


class _View(QTableView):
    """A table that says which row the pointer is over."""

    pointed = Signal(int)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the row under the pointer."""
        self.pointed.emit(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: Any) -> None:
        """No row is under the pointer."""
        self.pointed.emit(-1)
        super().leaveEvent(event)


class StageTable(QWidget):
    """`pointed` and `chosen` carry an Item or None.

    `narrowed` carries the kind of the rows and the numbers that the filter leaves, None without it.
    """

    pointed = Signal(object)
    chosen = Signal(object)
    narrowed = Signal(object, object)

    def __init__(self, hint: str = "") -> None:
        """`hint` stands in the empty filter."""
        super().__init__()
        self.model = StageModel()
        self._silent = False
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(hint or self.tr("Filter: score>0.5 suppressed person"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName(self.tr("Filter of the table"))
        self._count = QLabel()
        self._count.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.view = _View()
        self.view.setModel(self.model)
        self.view.setMouseTracking(True)
        self.view.setAccessibleName(self.tr("What the stage holds"))
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTabKeyNavigation(False)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.verticalHeader().hide()
        for head in (self.view.horizontalHeader(), self.view.verticalHeader()):
            head.setAccessibleName(self.tr("Columns of the stage"))
        self.view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.view.verticalHeader().setDefaultSectionSize(max(22, self.fontMetrics().height() + 6))
        self.view.horizontalHeader().setHighlightSections(False)
        self.view.setSortingEnabled(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._filter)
        column.addWidget(self._count)
        column.addWidget(self.view, 1)
        self._filter.textChanged.connect(self._on_filter)
        self.view.pointed.connect(lambda row: self.pointed.emit(self.model.item_at(row)))
        self.view.selectionModel().currentRowChanged.connect(self._on_row)

    def set_rows(self, rows: Table | None, chosen: Item | None) -> None:
        """Show the table of a stage."""
        self._silent = True
        self.model.set_rows(rows or NONE)
        column, descending = self.model.sorting
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        head = self.view.horizontalHeader()
        head.blockSignals(True)
        head.setSortIndicator(column, order)
        head.blockSignals(False)
        for number in range(self.model.columnCount()):
            width = self.fontMetrics().horizontalAdvance(self.model.longest(number))
            self.view.setColumnWidth(number, min(width + 20, _WIDEST))
        self._tell_count()
        self._silent = False
        self.choose(chosen)
        self.narrowed.emit(*self.model.left)

    def choose(self, item: Item | None) -> None:
        """Select the row of a box."""
        row = self.model.row_of(item)
        self._silent = True
        if row >= 0:
            self.view.selectRow(row)
            self.view.scrollTo(self.model.index(row, 0))
        else:
            self.view.clearSelection()
        self._silent = False

    def filter_by(self, text: str) -> None:
        """Write into the filter."""
        self._filter.setText(text)

    def light(self, item: Item | None) -> None:
        """Show which row is under the pointer on the canvas."""
        row = self.model.light(item)
        if row >= 0 and not self.view.underMouse():
            self.view.scrollTo(self.model.index(row, 0))

    def _on_filter(self, text: str) -> None:
        self._silent = True
        self.model.set_filter(text)
        self._silent = False
        self._tell_count()
        self.narrowed.emit(*self.model.left)

    def _tell_count(self) -> None:
        rows = self.model.rowCount()
        self._count.setText(self.tr("{n} rows").format(n=count_text(rows)) if rows else "")

    def _on_row(self, index: QModelIndex) -> None:
        if not self._silent:
            self.chosen.emit(self.model.item_at(index.row()))
