"""The labels panel, and the popover that finds a label by typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QListWidgetItem,
    QMenu,
    QWidget,
)

from app.editor.panels.instance_rows import swatch
from app.editor.panels.label_rows import LabelDelegate, LabelRow, LabelRows
from app.widgets.finder import NOTE, Finder
from app.widgets.fuzzy import score
from app.widgets.section import Section

WIDTH, ROW, ROWS = 280, 28, 8
DIGITS = tuple("123456789")
MOST = 200  # rows of the popover; typing brings the others


class LabelsPanel(Section):
    """`activated` names the label to draw with; the others ask for a change of the project."""

    activated = Signal(str)
    added = Signal(str)
    renamed = Signal(str, str)
    recoloured = Signal(str, str)
    removed = Signal(str)

    def __init__(self, add_action: QAction) -> None:
        super().__init__()
        self._title.setText(self.tr("Labels"))
        self.add_button(add_action)
        self.rows = LabelRows()
        self.rows.renamed.connect(self.renamed)
        self._list = QListView()
        self._list.setModel(self.rows)
        self._list.setUniformItemSizes(True)  # else thousands of rows are measured one by one
        self._list.setItemDelegate(LabelDelegate(self._list))
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setAccessibleName(self.tr("Labels"))
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.clicked.connect(self._activate)
        self._list.activated.connect(self._activate)
        self._field = QLineEdit()
        self._field.setPlaceholderText(self.tr("Name of the new label"))
        self._field.setAccessibleName(self.tr("Name of the new label"))
        self._field.textEdited.connect(self._complete)
        self._field.returnPressed.connect(self._add)
        self._field.installEventFilter(self)
        self._doubt = QLabel()
        self._doubt.setWordWrap(True)
        self._doubt.setContentsMargins(10, 2, 10, 4)
        self._doubted = ""
        self._end_add()
        self.body.addWidget(self._list)
        self.body.addWidget(self._field)
        self.body.addWidget(self._doubt)

    def set_labels(self, labels: Sequence[LabelRow], active: str) -> None:
        """Show the labels of the project."""
        self.rows.set_labels(labels, active)
        row = self.rows.row_of(active)
        if row is not None:
            self._list.setCurrentIndex(self.rows.index(row, 0))

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """How many instances of the image have which label."""
        self.rows.set_counts(counts)

    def begin_add(self) -> None:
        """Let the person type a new label."""
        self._field.clear()
        self._field.show()
        self._field.setFocus()

    def focus_list(self) -> None:
        """Give the list the keyboard."""
        self._list.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape, or the keyboard going elsewhere, ends it without a new label."""
        if event.type() == QEvent.Type.FocusOut:
            self._end_add()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self._field.clear()
                self._end_add()
                return True
            self._erasing = event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
        return False

    def _complete(self, text: str) -> None:
        """Offer the rest of a label that begins so; what is typed next replaces it."""
        self._doubt.hide()
        found = self.rows.beginning_with(text)
        if found and text and not self._erasing:
            self._field.setText(found)
            self._field.setSelection(len(text), len(found) - len(text))

    def _add(self) -> None:
        """Add the label; one that a known label begins with, only after a second Enter."""
        name = self._field.text().strip()
        known = self.rows.beginning_with(name)
        if name and known and known != name and self._doubted != name:
            if known.casefold() == name.casefold():
                name = known
            else:
                self._doubted = name
                self._doubt.setText(self._question().format(known=known, name=name))
                self._doubt.show()
                return
        self._end_add()
        if name:
            self.added.emit(name)

    def _question(self) -> str:
        return self.tr("There is “{known}”. Enter once more for a new label “{name}”.")

    def _end_add(self) -> None:
        self._doubted = ""
        self._erasing = False
        self._field.hide()
        self._doubt.hide()

    def _activate(self, index: QModelIndex) -> None:
        self.activated.emit(self.rows.name_at(index.row()))

    def _menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        if not index.isValid():
            return
        name = self.rows.name_at(index.row())
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Use this label"), lambda: self.activated.emit(name))
        menu.addAction(self.tr("Rename"), lambda: self._list.edit(index))
        menu.addAction(self.tr("Colour…"), lambda: self._choose_colour(index.row()))
        menu.addSeparator()
        menu.addAction(self.tr("Remove from the list"), lambda: self.removed.emit(name))
        menu.popup(self._list.viewport().mapToGlobal(at))

    def _choose_colour(self, row: int) -> None:
        name = self.rows.name_at(row)
        dialog = QColorDialog(QColor(self.rows.colour_at(row)), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Colour of {label}").format(label=name))
        dialog.setModal(False)
        dialog.colorSelected.connect(lambda colour: self.recoloured.emit(name, colour.name()))
        dialog.show()


class LabelFinder(Finder):
    """Labels narrow as one types. `chosen` carries the one that was taken, known or new.

    Where it lies `within` its parent the current label comes first, and a digit takes a label.
    """

    chosen = Signal(str)
    undo_wanted = Signal()
    """Undo was pressed before anything was typed."""

    def __init__(
        self, parent: QWidget, labels: Sequence[LabelRow], current: str, *, within: bool = False
    ) -> None:
        super().__init__(parent, self.tr("Label"), self.tr("Labels"), within=within)
        self._labels = labels
        self._current = current

    def open_near(self, place: QPoint) -> None:
        """Show it at a place on the screen, ready to type."""
        rows = min(ROWS, max(3, len(self._labels) + 1))
        self.open_at(place, WIDTH, self.field.sizeHint().height() + rows * ROW + 32)
        for row in range(self.list.count()):
            if self.list.item(row).text() == self._current:
                self.list.setCurrentRow(row)

    def fill(self, query: str) -> None:
        """Labels that match, that of a typed number first, and an offer to make a new one when
        none is called so."""
        query = query.strip()
        found: list[tuple[bool, int, int, LabelRow]] = []
        for place, label in enumerate(self._labels):
            marks, numbered = score(query, label.name), query == str(place + 1)
            if marks is not None or numbered:
                first = not self.isWindow() and label.name == self._current
                rank = -(marks or 0) if query else -first
                found.append((not numbered, rank, place, label))
        for *_, place, label in sorted(found, key=lambda entry: entry[:3])[:MOST]:
            item = QListWidgetItem(swatch(label.colour), label.name)
            item.setData(NOTE, str(place + 1))
            self.list.addItem(item)
        if query and all(label.name != query for label in self._labels):
            item = QListWidgetItem(query)
            item.setData(NOTE, self.tr("new label"))
            self.list.addItem(item)

    def take(self, item: QListWidgetItem) -> None:
        """Close, then give the label."""
        self._give(item.text())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A digit takes a label, and undo leads on to what was drawn, while nothing is typed."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and not self.isWindow()
            and not self.field.text()
        ):
            number = int(event.text()) if event.text() in DIGITS else 0
            if 0 < number <= len(self._labels):
                self._give(self._labels[number - 1].name)
                return True
            if event.matches(QKeySequence.StandardKey.Undo):
                self.leave()
                self.undo_wanted.emit()
                return True
        return super().eventFilter(watched, event)

    def _give(self, name: str) -> None:
        self.leave()
        self.chosen.emit(name)
