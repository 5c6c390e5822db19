"""The instances panel: a table in step with the selection of the canvas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from app.base.words import count_text
from app.editor.panels.instance_rows import AREA, LABEL, SCORE, SOURCE, VISIBLE, InstanceRows
from app.widgets.section import Section
from core.document.document import Changed, Document

Flag = QItemSelectionModel.SelectionFlag
GIVES_WAY = (SOURCE, AREA, SCORE)  # what is hidden first in a narrow panel
LABEL_ROOM = (8, 18)  # letters that the label should have room for, at least and at most
BESIDE = 34  # pixels in the column of the label that are no text


class InstancesPanel(Section):
    """`selected` carries the ids a person chose in the table, `relabel` asks for another label."""

    selected = Signal(object)
    relabel = Signal()
    menu_wanted = Signal(QPoint)
    hidden_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__("")
        self._title.setText(self.tr("Instances"))
        self.rows = InstanceRows()
        self.rows.hidden_changed.connect(self.hidden_changed)
        self._silent = False
        self._ids: frozenset[str] = frozenset()
        self._table = QTableView()
        self._table.setModel(self.rows)
        self._table.setAccessibleName(self.tr("Instances"))
        self._table.setFrameShape(QFrame.Shape.NoFrame)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setIconSize(QSize(14, 14))
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setTabKeyNavigation(False)
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._set_up_columns()
        self.body.addWidget(self._table)
        self._table.clicked.connect(self._on_click)
        self._table.doubleClicked.connect(self._on_double_click)
        self._table.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self._table.viewport().mapToGlobal(at))
        )
        self._table.selectionModel().selectionChanged.connect(self._on_selection)
        self.rows.modelReset.connect(self._restore)

    def set_document(self, document: Document | None) -> None:
        """Show the instances of another image."""
        self._ids = frozenset()
        self.rows.set_document(document)
        self._count()
        self._fit_columns()

    def document_changed(self, changed: Changed) -> None:
        """Follow an edit."""
        self.rows.document_changed(changed)
        self._count()
        self._fit_columns()

    def set_colours(self, colours: Mapping[str, str]) -> None:
        """The colours of the labels."""
        self.rows.set_colours(colours)

    def set_selection(self, ids: frozenset[str]) -> None:
        """Follow the selection of the canvas."""
        if ids != self._ids:
            self._ids = ids
            self._restore()

    def focus_table(self) -> None:
        """Give the table the keyboard."""
        self._table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide columns that would leave the labels no room."""
        self._fit_columns()
        super().resizeEvent(event)

    def _fit_columns(self) -> None:
        """Hide columns until the longest label can be read."""
        least, most = (count * self.fontMetrics().averageCharWidth() for count in LABEL_ROOM)
        widest = max(map(self.fontMetrics().horizontalAdvance, self.rows.label_texts()), default=0)
        bar = self._table.verticalScrollBar().sizeHint().width()
        room = self.width() - bar - BESIDE - max(least, min(widest, most))
        wanted = [VISIBLE, *GIVES_WAY]
        for column in GIVES_WAY:
            fits = sum(self._widths[each] for each in wanted) <= room
            self._table.setColumnHidden(column, not fits)
            if not fits:
                wanted.remove(column)

    def _set_up_columns(self) -> None:
        rows = self._table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(max(24, self.fontMetrics().height() + 8))
        head = self._table.horizontalHeader()
        head.setHighlightSections(False)
        head.setAccessibleName(self.tr("Columns"))
        head.setMinimumSectionSize(28)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(LABEL, QHeaderView.ResizeMode.Stretch)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._table.setSortingEnabled(True)
        width = self.fontMetrics().horizontalAdvance
        samples = {SOURCE: "suggested", SCORE: "Score ^", AREA: "00,000,00"}
        self._widths = {column: width(sample) + 14 for column, sample in samples.items()}
        self._widths[VISIBLE] = 30
        for column, pixels in self._widths.items():
            self._table.setColumnWidth(column, pixels)
        head.moveSection(VISIBLE, AREA)  # the eyes stand at the right edge

    def _on_click(self, index: QModelIndex) -> None:
        if index.column() == VISIBLE:
            self.rows.toggle_visible(index.row())

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() != VISIBLE:
            self.relabel.emit()

    def _on_selection(self) -> None:
        if self._silent:
            return
        rows = self._table.selectionModel().selectedRows()
        self._ids = frozenset(self.rows.id_at(index.row()) for index in rows)
        self.selected.emit(self._ids)

    def _restore(self) -> None:
        """Select in the table what is selected on the canvas."""
        chosen = QItemSelection()
        places = sorted(row for id in self._ids if (row := self.rows.row_of(id)) is not None)
        for first, last in _runs(places):
            chosen.select(self.rows.index(first, 0), self.rows.index(last, AREA))
        self._silent = True
        self._table.selectionModel().select(chosen, Flag.ClearAndSelect)
        if places:
            top = self.rows.index(places[0], LABEL)
            self._table.selectionModel().setCurrentIndex(top, Flag.NoUpdate)
            self._table.scrollTo(top)
        self._silent = False

    def _count(self) -> None:
        self.set_note(count_text(self.rows.rowCount()) if self.rows.rowCount() else "")


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising row numbers as first and last of each unbroken run."""
    start = 0
    for place, row in enumerate(rows):
        if place + 1 == len(rows) or rows[place + 1] != row + 1:
            yield rows[start], row
            start = place + 1
