"""The images panel: filter by name and status, the list, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.words import count_text, error_text
from app.editor.panels.image_row import ImageRow
from app.editor.panels.image_rows import FAILED, ImageRows, kind_text
from app.editor.thumbnails import Thumbnails
from app.widgets.section import small_button
from core.document.status import ImageStatus
from core.session.query import Query, QueryError, parse

KINDS = (*ImageStatus, FAILED)


class ImagesPanel(QWidget):
    """`chosen` carries the path of the image that a person wants to see."""

    chosen = Signal(object)
    selection_changed = Signal()
    asked = Signal(object)  # Query, another one than before
    left = Signal()  # the keyboard is wanted elsewhere

    def __init__(self) -> None:
        super().__init__()
        self.rows = ImageRows()
        self._silent = False
        self._current: Path | None = None
        self._query = Query()
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setContentsMargins(10, 0, 10, 4)
        self._problem.hide()
        self._text = QLineEdit()
        self._text.setPlaceholderText(self.tr("Name, or label:x score<0.5 -done"))
        self._text.setToolTip(
            self.tr(
                "Parts of a name, and conditions: label:, source:, flag:, status:, done; score, "
                "size or count with < > =; a minus before one turns it round"
            )
        )
        self._text.setAccessibleName(self.tr("Filter images"))
        self._text.setClearButtonEnabled(True)
        self._glass = self._text.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._kind = QComboBox()
        self._kind.setAccessibleName(self.tr("Filter images by status"))
        self._kind.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._kind.setMinimumContentsLength(4)
        self._text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 14)
        self._kind.addItem(self.tr("All"), None)
        for kind in KINDS:
            self._kind.addItem(kind_text(kind), str(kind))
        self._list = QListView()
        self._list.setModel(self.rows)
        self._row = ImageRow(self._list)
        self._list.setItemDelegate(self._row)
        self._list.installEventFilter(self)
        self._list.setUniformItemSizes(True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setAccessibleName(self.tr("Images"))
        self._count = QLabel()
        self._count.setContentsMargins(10, 3, 10, 4)
        self._count.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._foot = QHBoxLayout()
        self._lay_out()
        # Counting 13,000 rows on every status that comes in would be felt.
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(120)
        self._counting.timeout.connect(self._count_again)
        self._text.textChanged.connect(self._filter)
        self._text.returnPressed.connect(self._take_first)
        self._kind.currentIndexChanged.connect(self._filter)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.selectionModel().selectionChanged.connect(lambda: self.selection_changed.emit())
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._list.clicked.connect(self._fold)

    def set_images(self, images: Sequence[tuple[Path, str]]) -> None:
        """Show the images of another project."""
        self._quietly(lambda: self.rows.set_images(images))
        self._counting.start(0)

    def set_status(self, found: Mapping[Path, ImageStatus]) -> None:
        """Show the status of some images."""
        self.rows.set_status(found)
        self._counting.start()

    def set_reason(self, path: Path, reason: str | None) -> None:
        """Mark an image that cannot be opened."""
        self.rows.set_reason(path, reason)
        self._counting.start()

    def set_current(self, path: Path | None) -> None:
        """Mark the image that is shown, and bring its row into view."""
        self._current = path
        self._quietly(self._mark)

    def chosen_paths(self) -> list[Path]:
        """The images that are chosen in the list, in its order."""
        rows = sorted(index.row() for index in self._list.selectionModel().selectedIndexes())
        return [path for row in rows if (path := self.rows.path_at(row)) is not None]

    def set_thumbnails(self, thumbnails: Thumbnails | None) -> None:
        """Show a small picture in each row, or none."""
        self._row.thumbnails = thumbnails
        self._quietly(self.rows.layoutChanged.emit)
        self._quietly(self._mark)

    def show_thumbnails(self, paths: Sequence[Path]) -> None:
        """Paint the rows anew for which pictures were made."""
        if paths:
            self._list.viewport().update()

    def set_tree(self, tree: bool) -> None:
        """Show folders as a tree, or paths whole."""
        self._quietly(lambda: self.rows.set_tree(tree))
        self._quietly(self._mark)

    def add_buttons(self, actions: Sequence[QAction]) -> None:
        """Put small buttons at the lower right."""
        for action in actions:
            self._foot.addWidget(small_button(action))

    def focus_filter(self) -> None:
        """Begin to type a name."""
        self._text.setFocus()
        self._text.selectAll()

    @property
    def filter(self) -> tuple[str, str]:
        """What the list is narrowed to: as typed, and the status; both empty for all images."""
        return self._text.text(), self._kind.currentData() or ""

    def set_filter(self, text: str, kind: str) -> None:
        """Narrow the list to this and no more; a status that is unknown is all of them."""
        self._text.setText(text)
        self._kind.setCurrentIndex(max(0, self._kind.findData(kind or None)))

    def focus_list(self) -> None:
        """Give the list the keyboard."""
        self._list.setFocus()

    def refresh_icons(self) -> None:
        """Tint anew after the theme changed."""
        self._glass.setIcon(icon("search"))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 6, 8, 6)
        head.setSpacing(6)
        head.addWidget(self._text, 3)
        head.addWidget(self._kind, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._problem)
        column.addWidget(self._list, 1)
        self._foot.setContentsMargins(0, 0, 6, 0)
        self._foot.setSpacing(2)
        self._foot.addWidget(self._count, 1)
        column.addLayout(self._foot)

    def _filter(self) -> None:
        wanted = self._kind.currentData()
        try:
            query, problem = parse(self._text.text()), ""
        except QueryError as error:  # said below the list; what was found before stays
            query, problem = self._query, error_text(error)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._quietly(lambda: self.rows.set_filter(query, wanted))
        self._quietly(self._mark)
        self._count_again()
        if query != self._query:
            self._query = query
            self.asked.emit(query)

    def add_found(self, paths: Sequence[Path]) -> None:
        """Show images whose files say what was asked for."""
        self._quietly(lambda: self.rows.add_found(paths))
        self._quietly(self._mark)
        self._counting.start()

    def _take_first(self) -> None:
        """Enter: show the image of that name, else the first of those that are left."""
        place = self.rows.place_of_name(self._text.text())
        if place is None and self.rows.rowCount():
            place = 0
        while place is not None and place < self.rows.rowCount():
            path = self.rows.path_at(place)
            if path is not None:
                self.chosen.emit(path)
                self.left.emit()
                return
            place += 1  # a folder; what lies in it comes next

    def _quietly(self, change: Callable[[], None]) -> None:
        self._silent = True
        change()
        self._silent = False

    def _mark(self) -> None:
        if self._current is not None:
            self.rows.reveal(self._current)
        index = QModelIndex() if self._current is None else self.rows.index_of(self._current)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        if index.isValid() and self._list.selectionModel().isSelected(index):
            flags = QItemSelectionModel.SelectionFlag.NoUpdate  # one of several that were chosen
        self._list.selectionModel().setCurrentIndex(index, flags)
        if index.isValid():
            self._list.scrollTo(index)

    def _on_current(self, current: QModelIndex) -> None:
        path = self.rows.path_at(current.row()) if current.isValid() else None
        if not self._silent and path is not None:
            self.chosen.emit(path)

    def _fold(self, index: QModelIndex, folded: bool | None = None) -> bool:
        """Fold or unfold the folder of a row; False where it is none, or is so already."""
        heading = self.rows.heading_at(index.row()) if index.isValid() else None
        if heading is None or heading.folded is folded:
            return False
        row = index.row()
        self._quietly(lambda: self.rows.fold(heading.path, not heading.folded))
        self._quietly(lambda: self._list.setCurrentIndex(self.rows.index(row, 0)))
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Left and Right fold and unfold the folder at hand; Left leads from an image to its own.

        Return does either. To select all means images here, and no instances.
        """
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            if event.matches(QKeySequence.StandardKey.SelectAll):
                event.accept()
                return True
            return False
        if event.type() != QEvent.Type.KeyPress:
            return False
        index, key = self._list.currentIndex(), event.key()
        if not self.rows.tree or not index.isValid():
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._fold(index)
        if key == Qt.Key.Key_Right:
            return self._fold(index, False)
        if key == Qt.Key.Key_Left:
            above = self.rows.row_above(index.row())
            if not self._fold(index, True) and above >= 0:
                self._list.setCurrentIndex(self.rows.index(above, 0))
            return True
        return False

    def _settle(self) -> None:
        if self.rows.settle():
            self._mark()

    def _count_again(self) -> None:
        self._quietly(self._settle)
        counts = self.rows.counts()
        for place, kind in enumerate(KINDS, start=1):
            text = f"{kind_text(kind)}  {count_text(counts[str(kind)])}"
            self._kind.setItemText(place, text)
        shown, total = self.rows.passed, self.rows.total
        if shown == total:
            text = self.tr("%n image(s)", "", total)
        else:
            text = self.tr("{shown} of {total} images").format(
                shown=count_text(shown), total=count_text(total)
            )
        done = counts[ImageStatus.DONE]
        if done:
            text += " · " + self.tr("{n} done").format(n=count_text(done))
        self._count.setText(text)
