"""One list of the instances and suggestions of the image, in step with what is selected on the
canvas. It is sorted by its columns and narrowed by a question; suggestions are answered in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

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
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTableView,
)

from app.base.icons import icon
from app.base.words import count_text, error_text
from app.canvas.style import Palette
from app.editor.panels.instance_rows import (
    ACCEPT,
    AREA,
    LABEL,
    LAST,
    SCORE,
    SOURCE,
    InstanceRows,
    is_suggested,
    source_text,
)
from app.widgets.section import Section
from core.document.document import Changed, Document
from core.document.instance import Shape, Source
from core.session.query import Query, QueryError, Term, parse

Flag = QItemSelectionModel.SelectionFlag
GIVES_WAY: Final = (SOURCE, AREA, SCORE)  # what is hidden first in a narrow panel
LABEL_ROOM: Final = (8, 18)  # letters that the label should have room for, at least and at most
BESIDE: Final = 34  # pixels in the column of the label that are no text
CLICKED: Final = 28  # pixels of the columns for a click


class InstancesPanel(Section):
    """`selected` and `picked` carry the ids of the instances and suggestions that a person chose
    in the list; `answered` ids of suggestions and whether they are accepted."""

    selected = Signal(object)
    picked = Signal(object)
    shown = Signal(object)  # Shape: a single one was chosen
    answered = Signal(object, bool)
    relabel = Signal()
    menu_wanted = Signal(str, QPoint)  # of an instance, or of a suggestion
    hidden_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__("")
        self._title.setText(self.tr("Instances"))
        self.rows = InstanceRows()
        self.rows.hidden_changed.connect(self.hidden_changed)
        self._silent = False
        self._selected: frozenset[str] = frozenset()
        self._picked: frozenset[str] = frozenset()
        self._suggested = (0, 0)
        self._field = QLineEdit()
        self._problem = QLabel()
        self._table = QTableView()
        self._set_up_filter()
        self._set_up_table()
        self._set_up_columns()
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 4)
        head.addWidget(self._field)
        self.body.addLayout(head)
        self.body.addWidget(self._problem)
        self.body.addWidget(self._table)
        self._table.clicked.connect(self._on_click)
        self._table.doubleClicked.connect(self._on_double_click)
        self._table.customContextMenuRequested.connect(self._on_menu)
        self._table.selectionModel().selectionChanged.connect(self._on_selection)
        self.rows.modelReset.connect(self._on_reset)

    def set_document(self, document: Document | None) -> None:
        """Show the instances of another image."""
        self._selected = self._picked = frozenset()
        self.rows.set_document(document)

    def document_changed(self, changed: Changed) -> None:
        """Follow an edit."""
        self.rows.document_changed(changed)

    def set_suggestions(self, suggestions: Sequence[Shape], below: int) -> None:
        """The suggestions that are shown, and how many score too low to be."""
        self._suggested = (len(suggestions), below)
        self.rows.set_suggestions(suggestions)
        self._count()

    def set_colours(self, colours: Mapping[str, str], by: str) -> None:
        """The colours of the labels, and by what instances are coloured, as on the canvas."""
        self.rows.palette = Palette(colours, by)
        self.rows.refresh()

    def set_selection(self, ids: frozenset[str]) -> None:
        """Follow the selection of the canvas."""
        if ids != self._selected:
            self._selected = ids
            self._restore()

    def set_picked(self, ids: frozenset[str]) -> None:
        """Follow which suggestions are picked."""
        if ids != self._picked:
            self._picked = ids
            self._restore()

    def focus_table(self) -> None:
        """Give the table the keyboard."""
        self._table.setFocus()

    def focus_filter(self) -> None:
        """Begin to type what the list shall show."""
        self._field.setFocus()
        self._field.selectAll()

    def on_theme(self) -> None:
        """Tint the icons anew."""
        self._glass.setIcon(icon("search"))
        self.rows.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide columns that would leave the labels no room."""
        self._fit_columns()
        super().resizeEvent(event)

    # How it is built

    def _set_up_filter(self) -> None:
        self._field.setPlaceholderText(self.tr("Label, or score<0.5 source:suggested"))
        self._field.setToolTip(
            self.tr(
                "Parts of a label, and conditions: label:, source:, flag:; score or size with "
                "< > =; a minus before one turns it round"
            )
        )
        self._field.setAccessibleName(self.tr("Filter instances and suggestions"))
        self._field.setClearButtonEnabled(True)
        self._field.setMinimumWidth(self.fontMetrics().averageCharWidth() * 14)
        self._field.textChanged.connect(self._filter)
        self._glass = self._field.addAction(
            icon("search"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._glass.setToolTip(self.tr("Conditions to choose from"))
        self._glass.triggered.connect(self._offer)
        self._problem.setWordWrap(True)
        self._problem.setContentsMargins(10, 0, 10, 4)
        self._problem.hide()

    def _set_up_table(self) -> None:
        table = self._table
        table.setModel(self.rows)
        table.setAccessibleName(self.tr("Instances"))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setIconSize(QSize(14, 14))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _set_up_columns(self) -> None:
        rows = self._table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(max(24, self.fontMetrics().height() + 8))
        head = self._table.horizontalHeader()
        head.setHighlightSections(False)
        head.setAccessibleName(self.tr("Columns"))
        head.setMinimumSectionSize(CLICKED)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(LABEL, QHeaderView.ResizeMode.Stretch)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._table.setSortingEnabled(True)
        width = self.fontMetrics().horizontalAdvance
        samples = {SOURCE: "suggested", SCORE: "Score ^", AREA: "00,000,00"}
        self._widths = {column: width(sample) + 14 for column, sample in samples.items()}
        self._widths |= {ACCEPT: CLICKED, LAST: CLICKED}
        for column, pixels in self._widths.items():
            self._table.setColumnWidth(column, pixels)
        self._table.setColumnHidden(ACCEPT, True)

    def _fit_columns(self) -> None:
        """Hide columns until the longest label can be read."""
        least, most = (count * self.fontMetrics().averageCharWidth() for count in LABEL_ROOM)
        widest = max(map(self.fontMetrics().horizontalAdvance, self.rows.label_texts()), default=0)
        bar = self._table.verticalScrollBar().sizeHint().width()
        room = self.width() - bar - BESIDE - max(least, min(widest, most))
        self._table.setColumnHidden(ACCEPT, not self._suggested[0])
        wanted = [LAST, *((ACCEPT,) if self._suggested[0] else ()), *GIVES_WAY]
        for column in GIVES_WAY:
            fits = sum(self._widths[each] for each in wanted) <= room
            self._table.setColumnHidden(column, not fits)
            if not fits:
                wanted.remove(column)

    # The question

    def _filter(self) -> None:
        try:
            query, problem = parse(self._field.text()), ""
        except QueryError as error:  # said below the field; what was shown before stays
            query, problem = None, error_text(error)
        if query is not None and query.of_images:
            terms = ", ".join(map(str, query.of_images))
            text = self.tr("{terms} asks about images; here instances are looked for.")
            problem = text.format(terms=terms)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        if query is not None and not problem:
            self.rows.set_query(query)

    def _offer(self) -> None:
        """Conditions to choose from, below the field."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        suggested = Term("source", ":", Source.SUGGESTED.value)
        offered = [
            (self.tr("Suggestions"), suggested),
            (self.tr("Instances"), Term(suggested.key, ":", suggested.value, no=True)),
            *(
                (source_text(each), Term("source", ":", each.value))
                for each in Source
                if each is not Source.SUGGESTED
            ),
        ]
        for text, term in offered:
            menu.addAction(text, partial(self._ask, term))
        menu.addSeparator()
        for label in sorted(self.rows.label_texts())[:20]:
            term = Term("label", ":", label)
            menu.addAction(str(term), partial(self._ask, term))
        menu.addSeparator()
        for term in (Term("score", "<", "0.5"), Term("size", "<", "100")):
            menu.addAction(str(term), partial(self._ask, term))
        menu.popup(self._field.mapToGlobal(QPoint(0, self._field.height())))

    def _ask(self, term: Term) -> None:
        """Put a condition in place of those of its kind, and of what cannot be asked here."""
        try:
            query = parse(self._field.text())
        except QueryError:
            query = Query()
        others = [each for each in query.terms if each.key != term.key]
        others = [each for each in others if each not in query.of_images]
        self._field.setText(str(Query((*others, term))))

    # What a person chooses

    def _on_click(self, index: QModelIndex) -> None:
        shape = self.rows.shape_at(index.row())
        if is_suggested(shape) and index.column() in (ACCEPT, LAST):
            self.answered.emit(frozenset({shape.id}), index.column() == ACCEPT)
        elif index.column() == LAST:
            self.rows.toggle_visible(index.row())

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() in (ACCEPT, LAST):
            return
        shape = self.rows.shape_at(index.row())
        if is_suggested(shape):
            self.answered.emit(frozenset({shape.id}), True)
        else:
            self.relabel.emit()

    def _on_menu(self, at: QPoint) -> None:
        index = self._table.indexAt(at)
        if index.isValid():
            kind = "suggestion" if is_suggested(self.rows.shape_at(index.row())) else "instance"
            self.menu_wanted.emit(kind, self._table.viewport().mapToGlobal(at))

    def _on_selection(self) -> None:
        if self._silent:
            return
        rows = self._table.selectionModel().selectedRows()
        chosen = [self.rows.shape_at(index.row()) for index in rows]
        self._picked = frozenset(each.id for each in chosen if is_suggested(each))
        self._selected = frozenset(each.id for each in chosen) - self._picked
        self.selected.emit(self._selected)
        self.picked.emit(self._picked)
        if len(chosen) == 1:
            self.shown.emit(chosen[0])

    # In step

    def _on_reset(self) -> None:
        self._restore()
        self._count()
        self._fit_columns()

    def _restore(self) -> None:
        """Select in the table what is selected on the canvas."""
        chosen = QItemSelection()
        ids = self._selected | self._picked
        places = self.rows.rows_of(ids)
        for first, last in _runs(places):
            chosen.select(self.rows.index(first, 0), self.rows.index(last, LAST))
        self._silent = True
        self._table.selectionModel().select(chosen, Flag.ClearAndSelect)
        if places:
            top = self.rows.index(places[0], LABEL)
            self._table.selectionModel().setCurrentIndex(top, Flag.NoUpdate)
            self._table.scrollTo(top)
        self._silent = False

    def _count(self) -> None:
        """How many there are: instances, suggestions, and those that score too low."""
        shown, below = self._suggested
        total, rows = self.rows.total, self.rows.rowCount()
        counts = [count_text(total)] if total or not (shown or below) else []
        if rows != total + shown:
            of = self.tr("{shown} of {total}")
            counts = [of.format(shown=count_text(rows), total=count_text(total + shown))]
        counts += [self.tr("%n suggested", "", shown)] if shown else []
        counts += [self.tr("%n too low", "", below)] if below else []
        self.set_note(" · ".join(counts) if counts != [count_text(0)] else "")


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising row numbers as first and last of each unbroken run."""
    start = 0
    for place, row in enumerate(rows):
        if place + 1 == len(rows) or rows[place + 1] != row + 1:
            yield rows[start], row
            start = place + 1
