"""Instances and areas to ignore as a table model, and how its rows are painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from app.base.icons import icon
from app.canvas.tags import tag_text
from core.document.document import Changed, Document
from core.document.geometry.measure import area
from core.document.instance import Shape, Source
from core.document.regions import is_done, labelled

Index = QModelIndex | QPersistentModelIndex
VISIBLE, LABEL, SOURCE, SCORE, AREA = range(5)
ID: Final = Qt.ItemDataRole.UserRole
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def source_text(source: Source) -> str:
    """Where an instance comes from, in a word."""
    return {
        Source.DRAWN: QCoreApplication.translate("words", "drawn"),
        Source.IMPORTED: QCoreApplication.translate("words", "imported"),
        Source.EDITED: QCoreApplication.translate("words", "edited"),
        Source.ACCEPTED: QCoreApplication.translate("words", "accepted"),
        Source.PROMPTED: QCoreApplication.translate("words", "prompted"),
        Source.SUGGESTED: QCoreApplication.translate("words", "suggested"),
    }[source]


class InstanceRows(QAbstractTableModel):
    """One row an instance or area to ignore. `hidden_changed` carries the ids of hidden ones."""

    hidden_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._shapes: list[Shape] = []
        self._row_of: dict[str, int] = {}
        self._areas: dict[str, tuple[Shape, float]] = {}
        self._colours: Mapping[str, str] = {}
        self._hidden: frozenset[str] = frozenset()
        self._sorting: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)
        self._heads = ("", self.tr("Label"), self.tr("Source"), self.tr("Score"), self.tr("Area"))

    def set_document(self, document: Document | None) -> None:
        """Show the instances of another image; all are visible."""
        self.beginResetModel()
        self._document = document
        self._areas = {}
        self._hidden = frozenset()
        self._read()
        self.endResetModel()

    def document_changed(self, changed: Changed) -> None:
        """Follow an edit: single rows where the order stayed, else all."""
        if self._document is None or not (changed.ids or changed.order):
            return
        if changed.order or self._sorting[0] >= 0 or self._marks_differ(changed):
            self.beginResetModel()
            self._read()
            self.endResetModel()
            return
        for id in changed.ids:
            shape, row = self._document.get(id), self._row_of.get(id)
            if shape is not None and row is not None:
                self._shapes[row] = shape
                self.dataChanged.emit(self.index(row, 0), self.index(row, AREA))

    def _marks_differ(self, changed: Changed) -> bool:
        """Whether a row has become a done region, or one a row."""
        assert self._document is not None
        there = [self._document.get(id) for id in changed.ids]
        return any(
            each is not None and is_done(each) is (each.id in self._row_of) for each in there
        )

    def set_colours(self, colours: Mapping[str, str]) -> None:
        """The colours of the labels, `#rrggbb` by name."""
        self._colours = colours
        self.refresh()

    def refresh(self) -> None:
        """Paint all rows anew, for instance in another theme."""
        if self._shapes:
            last = self.index(len(self._shapes) - 1, AREA)
            self.dataChanged.emit(self.index(0, 0), last)

    @property
    def hidden(self) -> frozenset[str]:
        """The ids that a person has hidden."""
        return self._hidden

    def label_texts(self) -> set[str]:
        """The labels in use."""
        return {shape.label for shape in self._shapes}

    def row_of(self, id: str) -> int | None:
        """The row of an instance or area to ignore."""
        return self._row_of.get(id)

    def id_at(self, row: int) -> str:
        """The instance of a row."""
        return self._shapes[row].id

    def toggle_visible(self, row: int) -> None:
        """Hide an instance on the canvas, or show it again."""
        self._hidden = self._hidden ^ {self._shapes[row].id}
        self.dataChanged.emit(self.index(row, 0), self.index(row, AREA))
        self.hidden_changed.emit(self._hidden)

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of instances."""
        return 0 if parent is not None and parent.isValid() else len(self._shapes)

    def columnCount(self, parent: Index | None = None) -> int:
        """Eye, label, source, score, area."""
        return 0 if parent is not None and parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The heads of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (SCORE, AREA):
            return int(RIGHT)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("Visible") if section == VISIBLE else self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cells."""
        if not index.isValid():
            return None
        shape = self._shapes[index.row()]
        column = index.column()
        if role == ID:
            return shape.id
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(shape, column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(shape, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (SCORE, AREA):
            return int(RIGHT)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(shape, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == VISIBLE:
            return self.tr("hidden") if shape.id in self._hidden else self.tr("visible")
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; the column of the eyes brings the order of the document back."""
        self.beginResetModel()
        self._sorting = (-1 if column == VISIBLE else column, order)
        self._read()
        self.endResetModel()

    def _text(self, shape: Shape, column: int) -> str:
        if column == LABEL:
            return tag_text(shape)
        if column == SOURCE:
            return source_text(shape.source)
        if column == SCORE:
            score = shape.score
            return "" if score is None else QLocale().toString(score, "f", 2)
        if column == AREA:
            return QLocale().toString(round(self._area(shape)))
        return ""

    def _tip(self, shape: Shape, column: int) -> str | None:
        if column == VISIBLE:
            return self.tr("Show or hide this instance on the canvas")
        if column == SOURCE and shape.model:
            return self.tr("Proposed by {model}").format(model=shape.model)
        if column == AREA:
            return self.tr("Area in pixels of the image")
        return self._text(shape, column)

    def _decoration(self, shape: Shape, column: int) -> QIcon | None:
        if column == VISIBLE:
            return icon("eye-off" if shape.id in self._hidden else "eye")
        if column == LABEL:
            return swatch(self._colours.get(shape.label, "#808080"))
        return None

    def _area(self, shape: Shape) -> float:
        known = self._areas.get(shape.id)
        if known is not None and known[0] is shape:
            return known[1]
        value = area(shape)
        self._areas[shape.id] = (shape, value)
        return value

    def _read(self) -> None:
        # What is ignored can be taken back here; done regions are shown by the canvas.
        self._shapes = [] if self._document is None else list(labelled(self._document.shapes))
        column, order = self._sorting
        keys: dict[int, Callable[[Shape], Any]] = {
            LABEL: lambda shape: shape.label.casefold(),
            SOURCE: lambda shape: source_text(shape.source),
            SCORE: lambda shape: -1.0 if shape.score is None else shape.score,
            AREA: self._area,
        }
        if column in keys:
            falling = order is Qt.SortOrder.DescendingOrder
            self._shapes.sort(key=keys[column], reverse=falling)
        self._row_of = {shape.id: row for row, shape in enumerate(self._shapes)}


def swatch(colour: str, size: int = 14) -> QIcon:
    """A rounded square in the colour of a label."""
    made = QIcon()
    for ratio in (1, 2):
        image = QPixmap(size * ratio, size * ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        edge = size * ratio
        painter.drawRoundedRect(1, 1, edge - 2, edge - 2, 3 * ratio, 3 * ratio)
        painter.end()
        image.setDevicePixelRatio(ratio)
        made.addPixmap(image)
        made.addPixmap(image, QIcon.Mode.Selected)
    return made
