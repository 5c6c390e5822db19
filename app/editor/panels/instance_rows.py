"""Instances, areas to ignore and suggestions as one table model, and how its rows are painted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from operator import attrgetter
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
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from app.base.icons import icon
from app.canvas.style import Palette
from app.canvas.tags import tag_text
from core.document.document import Changed, Document
from core.document.geometry.measure import area
from core.document.instance import Shape, Source
from core.document.regions import is_done, labelled
from core.session.query import Query

Index = QModelIndex | QPersistentModelIndex
LABEL, SOURCE, SCORE, AREA, ACCEPT, LAST = range(6)
"""Columns. The last has the eye of an instance, and what rejects a suggestion."""
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


def is_suggested(shape: Shape) -> bool:
    """Whether a row waits for an answer."""
    return shape.source is Source.SUGGESTED


class InstanceRows(QAbstractTableModel):
    """One row an instance, area to ignore or suggestion. `hidden_changed` carries hidden ids."""

    hidden_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._suggestions: tuple[Shape, ...] = ()
        self._shapes: list[Shape] = []
        self._instances = 0
        self._row_of: dict[str, int] = {}
        self._areas: dict[str, tuple[Shape, float]] = {}
        self.palette = Palette()
        self._hidden: frozenset[str] = frozenset()
        self._query = Query()
        self._sorting: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)
        label, source = self.tr("Label"), self.tr("Source")
        self._heads = (label, source, self.tr("Score"), self.tr("Area"), "", "")
        self._suggested_font = QFont()
        self._suggested_font.setItalic(True)

    def set_document(self, document: Document | None) -> None:
        """Show the instances of another image; all are visible."""
        self._document = document
        self._areas = {}
        self._hidden = frozenset()
        self._reset()

    def document_changed(self, changed: Changed) -> None:
        """Follow an edit: single rows where the order stayed, else all."""
        if self._document is None or not (changed.ids or changed.order):
            return
        narrowed = bool(self._query.terms) or self._sorting[0] >= 0
        if changed.order or narrowed or self._marks_differ(changed):
            self._reset()
            return
        for id in changed.ids:
            shape, row = self._document.get(id), self._row_of.get(id)
            if shape is not None and row is not None:
                self._shapes[row] = shape
                self.dataChanged.emit(self.index(row, 0), self.index(row, LAST))

    def set_suggestions(self, suggestions: Iterable[Shape]) -> None:
        """Show these suggestions below the instances, or among them where rows are sorted."""
        suggestions = tuple(suggestions)
        if suggestions != self._suggestions:
            self._suggestions = suggestions
            self._reset()

    def set_query(self, query: Query) -> None:
        """Show only what is meant."""
        if query != self._query:
            self._query = query
            self._reset()

    def _reset(self) -> None:
        self.beginResetModel()
        self._read()
        self.endResetModel()

    def _marks_differ(self, changed: Changed) -> bool:
        """Whether a row has become a done region, or one a row."""
        assert self._document is not None
        there = [self._document.get(id) for id in changed.ids]
        return any(
            each is not None and is_done(each) is (each.id in self._row_of) for each in there
        )

    def refresh(self) -> None:
        """Paint all rows anew, for instance in another theme."""
        if self._shapes:
            last = self.index(len(self._shapes) - 1, LAST)
            self.dataChanged.emit(self.index(0, 0), last)

    @property
    def hidden(self) -> frozenset[str]:
        """The ids that a person has hidden."""
        return self._hidden

    @property
    def total(self) -> int:
        """How many instances and areas there are, whether or not they are shown."""
        return self._instances

    def label_texts(self) -> set[str]:
        """The labels in use."""
        return {shape.label for shape in self._shapes}

    def rows_of(self, ids: Iterable[str]) -> list[int]:
        """The rows of those that are shown, rising."""
        return sorted(row for row in map(self._row_of.get, ids) if row is not None)

    def row_of(self, id: str) -> int | None:
        """The row of an instance, area to ignore or suggestion."""
        return self._row_of.get(id)

    def id_at(self, row: int) -> str:
        """The instance or suggestion of a row."""
        return self._shapes[row].id

    def shape_at(self, row: int) -> Shape:
        """What a row shows."""
        return self._shapes[row]

    def toggle_visible(self, row: int) -> None:
        """Hide an instance on the canvas, or show it again."""
        self._hidden = self._hidden ^ {self._shapes[row].id}
        self.dataChanged.emit(self.index(row, 0), self.index(row, LAST))
        self.hidden_changed.emit(self._hidden)

    def set_hidden(self, ids: Iterable[str]) -> None:
        """Hide these on the canvas and no others."""
        self._hidden = frozenset(ids)
        self.refresh()
        self.hidden_changed.emit(self._hidden)

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._shapes)

    def columnCount(self, parent: Index | None = None) -> int:
        """Label, source, score, area, and the two for a click."""
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
            return self._heads[section]
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
        if role == Qt.ItemDataRole.FontRole and is_suggested(shape):
            return self._suggested_font
        if role == Qt.ItemDataRole.AccessibleTextRole and column in (ACCEPT, LAST):
            return self._tip(shape, column)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; those for a click bring the order of the document back."""
        self._sorting = (-1 if column >= ACCEPT else column, order)
        self._reset()

    def _text(self, shape: Shape, column: int) -> str:
        if column == LABEL:
            return tag_text(shape)
        if column == SOURCE:
            return source_text(shape.source)
        if column == SCORE:
            score = shape.score
            return "" if score is None else QLocale().toString(score, "f", 2)
        if column == AREA:
            return "" if shape.line else QLocale().toString(round(self._area(shape)))
        return ""

    def _tip(self, shape: Shape, column: int) -> str | None:
        if column == LAST and is_suggested(shape):
            return self.tr("Reject")
        if column == LAST:
            hidden = shape.id in self._hidden
            return self.tr("Show on the canvas") if hidden else self.tr("Hide on the canvas")
        if column == ACCEPT:
            return self.tr("Accept") if is_suggested(shape) else None
        if column == SOURCE and shape.model:
            return self.tr("Proposed by {model}").format(model=shape.model)
        if column == AREA:
            return self.tr("Area in pixels of the image")
        if column == LABEL and shape.locked:
            return self.tr("{label}, locked").format(label=shape.label)
        return self._text(shape, column)

    def _decoration(self, shape: Shape, column: int) -> QIcon | None:
        if column == LAST and is_suggested(shape):
            return icon("reject")
        if column == LAST:
            return icon("eye-off" if shape.id in self._hidden else "eye")
        if column == ACCEPT and is_suggested(shape):
            return icon("accept")
        if column == LABEL and shape.locked:
            return icon("lock")
        if column == LABEL:
            return swatch(self.palette.of(shape).name())
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
        there = () if self._document is None else labelled(self._document.shapes)
        self._instances = len(there)
        everything = (*there, *self._suggestions)
        self._shapes = list(everything)
        if self._query.terms:
            self._shapes = [each for each in everything if self._query.means(each, self._area)]
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
        self._row_of = dict(zip(map(attrgetter("id"), self._shapes), count()))


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
