"""The list of images as a model: all rows, the filter over them, and how they are painted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.base.icons import pixmap
from app.base.theme import is_dark, muted
from app.base.words import status_text
from core.document.status import ImageStatus
from core.session.query import Asked, Query, Term

Index = QModelIndex | QPersistentModelIndex
PATH: Final = Qt.ItemDataRole.UserRole
STATUS: Final = Qt.ItemDataRole.UserRole + 1
FAILED: Final = "failed"

# (light, dark): legible on either ground; the icon's shape and the word say the same.
COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    ImageStatus.UNTOUCHED: ("#8a919c", "#7d858f"),
    ImageStatus.SUGGESTED: ("#0b62a8", "#6ab0ea"),
    ImageStatus.IMPORTED: ("#6d4fb0", "#b39df0"),
    ImageStatus.CORRECTED: ("#8a5a00", "#e0a83e"),
    ImageStatus.DONE: ("#1a7f4b", "#58c08a"),
    FAILED: ("#b3261e", "#f2877f"),
}


class ImageRows(QAbstractListModel):
    """Images by their path relative to the project; a filter chooses the rows that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._paths: list[Path] = []
        self._row_of: dict[Path, int] = {}
        self._status: dict[Path, ImageStatus] = {}
        self._reasons: dict[Path, str] = {}
        self._shown: list[int] = []
        self._place: dict[int, int] = {}
        self._lower: list[str] = []
        self._query = Query()
        self._found: frozenset[Path] = frozenset()
        self._wanted: str | None = None

    def set_images(self, images: Sequence[tuple[Path, str]]) -> None:
        """Show other images, as pairs of path and name."""
        self.beginResetModel()
        self._paths = [path for path, _ in images]
        self._names = [name for _, name in images]
        self._lower = [name.casefold() for name in self._names]
        self._found = frozenset()
        self._row_of = {path: row for row, path in enumerate(self._paths)}
        self._status = {}
        self._reasons = {}
        self._choose()
        self.endResetModel()

    def set_status(self, found: Mapping[Path, ImageStatus]) -> None:
        """Learn the status of some images."""
        self._status.update(found)
        self._announce(found)

    def set_reason(self, path: Path, reason: str | None) -> None:
        """Remember why an image cannot be opened, or that it can."""
        if reason is None:
            self._reasons.pop(path, None)
        else:
            self._reasons[path] = reason
        self._announce([path])

    def set_filter(self, query: Query, wanted: str | None) -> None:
        """Show only images that `query` means, with the wanted status.

        Where files must be read for the answer none are shown until `add_found` tells which.
        """
        if (query, wanted) == (self._query, self._wanted):
            return
        self.beginResetModel()
        self._query, self._wanted = query, wanted
        self._found = frozenset()
        self._choose()
        self.endResetModel()

    def add_found(self, paths: Iterable[Path]) -> None:
        """Show these images as well: their files say what the query asks for."""
        self.beginResetModel()
        self._found |= frozenset(paths)
        self._choose()
        self.endResetModel()

    def counts(self) -> Counter[str]:
        """How many images have which status; images that failed count as `failed` only."""
        return Counter(self._kind(path) for path in self._paths)

    @property
    def total(self) -> int:
        """The number of images, shown or not."""
        return len(self._paths)

    def index_of(self, path: Path) -> QModelIndex:
        """The row of an image, invalid when the filter hides it."""
        row = self._place.get(self._row_of.get(path, -1))
        return QModelIndex() if row is None else self.index(row, 0)

    def shows(self, path: Path) -> bool:
        """Whether the filter lets an image through."""
        return self._row_of.get(path, -1) in self._place

    def place_of_name(self, name: str) -> int | None:
        """The row of the image of exactly this name, with or without its suffix."""
        wanted = name.strip().casefold()
        for place, row in enumerate(self._shown):
            if wanted in (self._names[row].casefold(), Path(self._names[row]).stem.casefold()):
                return place
        return None

    def path_at(self, row: int) -> Path:
        """The image of a shown row."""
        return self._paths[self._shown[row]]

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of rows shown."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, status, reason of a failure and a tool tip."""
        if not index.isValid():
            return None
        row = self._shown[index.row()]
        path = self._paths[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[row]
        if role == PATH:
            return path
        if role == STATUS:
            return self._kind(path)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._reasons.get(path) or self._names[row]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._names[row]}, {kind_text(self._kind(path))}"
        return None

    def _kind(self, path: Path) -> str:
        if path in self._reasons:
            return FAILED
        status = self._status.get(path)
        return "" if status is None else status

    def _choose(self) -> None:
        rows: Iterable[int] = range(len(self._names))
        if self._query.reads_files:
            rows = [row for row in rows if self._paths[row] in self._found]
        else:
            for term in self._query.terms:
                rows = [row for row in rows if self._holds(term, row)]
        if self._wanted is not None:
            rows = [row for row in rows if self._kind(self._paths[row]) == self._wanted]
        self._shown = list(rows)
        self._place = {row: place for place, row in enumerate(self._shown)}

    def _holds(self, term: Term, row: int) -> bool:
        if term.key == "name":
            return (term.value in self._lower[row]) is not term.no
        status = self._status.get(self._paths[row])
        return Query((term,)).holds(Asked("", status))

    def _announce(self, paths: Iterable[Path]) -> None:
        # Rows stay where they are although their status no longer fits the filter: a list that
        # moves under the hand is worse than one that is a little behind.
        rows = [self._place.get(self._row_of.get(path, -1)) for path in paths]
        known = [row for row in rows if row is not None]
        if known:
            self.dataChanged.emit(self.index(min(known), 0), self.index(max(known), 0))


def kind_text(kind: str) -> str:
    """The word for a status or a failure."""
    if not kind:
        return ""
    if kind == FAILED:
        return QCoreApplication.translate("words", "unreadable")
    return status_text(ImageStatus(kind))


def kind_colour(kind: str) -> QColor:
    """The colour of a status on the theme in force."""
    light, dark = COLOURS[kind]
    return QColor(dark if is_dark() else light)


class ImageRow(QStyledItemDelegate):
    """A row: status icon, name elided in its middle, status in a word."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are equally high."""
        return QSize(120, max(26, option.fontMetrics.height() + 10))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the ground as the style does, then icon and texts."""
        kind = index.data(STATUS)
        name = index.data(Qt.ItemDataRole.DisplayRole)
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        area = option.rect.adjusted(8, 0, -8, 0)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        bright = option.palette.color(QPalette.ColorRole.HighlightedText)
        if kind:
            colour = bright if chosen else kind_colour(kind)
            icon = "status-failed" if kind == FAILED else f"status-{kind}"
            top = area.y() + (area.height() - 16) // 2
            ratio = painter.device().devicePixelRatio()
            painter.drawPixmap(area.x(), top, pixmap(icon, 16, colour, ratio))
        metrics = option.fontMetrics
        # An open circle says "untouched" well enough; the word would only crowd the names.
        word = "" if kind == ImageStatus.UNTOUCHED else kind_text(kind)
        room = metrics.horizontalAdvance(word) + 10 if word and area.width() > 210 else 0
        text = QRect(
            area.x() + 24, area.y(), area.width() - 24 - (room + 10 if room else 0), area.height()
        )
        painter.setPen(bright if chosen else option.palette.color(QPalette.ColorRole.Text))
        middle = Qt.AlignmentFlag.AlignVCenter
        elided = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignLeft, elided)
        if room:
            painter.setPen(bright if chosen else muted(option.palette))
            painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, word)
