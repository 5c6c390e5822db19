"""The list of images as a model: all rows, the filter over them, folders as headings."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor

from app.base.theme import is_dark
from app.base.words import status_text
from core.document.status import ImageStatus
from core.session.query import Asked, Query, Term

Index = QModelIndex | QPersistentModelIndex
PATH: Final = Qt.ItemDataRole.UserRole
STATUS: Final = Qt.ItemDataRole.UserRole + 1
HEADING: Final = Qt.ItemDataRole.UserRole + 2
DEPTH: Final = Qt.ItemDataRole.UserRole + 3
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


@dataclass(frozen=True, slots=True)
class Heading:
    """A folder in the tree: its path below the project's, and how many images are shown of it."""

    path: str
    count: int
    folded: bool

    @property
    def depth(self) -> int:
        """How many folders lie above it."""
        return self.path.count("/")


class ImageRows(QAbstractListModel):
    """Images by their path relative to the project; a filter chooses the rows that are shown.

    As a tree, folders have rows of their own, which can be folded; else paths are shown whole.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._paths: list[Path] = []
        self._row_of: dict[Path, int] = {}
        self._status: dict[Path, ImageStatus] = {}
        self._reasons: dict[Path, str] = {}
        self._shown: list[int] = []  # rows of images; below zero, headings
        self._headings: list[Heading] = []
        self._passed: list[int] = []
        self._groups: list[tuple[int, list[int]]] = []  # where each begins, and its rows
        self._firsts: list[int] = []  # the first row of each
        self._spans: list[tuple[str, int, int]] = []  # a folder and the rows of its images
        self._folders: list[str] = []
        self._folded: set[str] = set()
        self._tree = False
        self._lower: list[str] = []
        self._query = Query()
        self._found: frozenset[Path] = frozenset()
        self._wanted: str | None = None
        self._unsettled = False

    def set_images(self, images: Sequence[tuple[Path, str]]) -> None:
        """Show other images, as pairs of path and name."""
        self.beginResetModel()
        self._paths = [path for path, _ in images]
        self._names = [name for _, name in images]
        self._lower = [name.casefold() for name in self._names]
        self._folders = [name.rpartition("/")[0] for name in self._names]
        self._spans = []
        for folder, within in groupby(self._folders):
            start = self._spans[-1][2] if self._spans else 0
            self._spans.append((folder, start, start + sum(1 for _ in within)))
        self._folded &= {above for folder, _, _ in self._spans for above in _chain(folder)}
        self._found = frozenset()
        self._row_of = {path: row for row, path in enumerate(self._paths)}
        self._status = {}
        self._reasons = {}
        self._choose()
        self.endResetModel()

    def set_status(self, found: Mapping[Path, ImageStatus]) -> None:
        """Learn the status of some images; one that passes the filter by it waits for `settle`."""
        if self._wanted is not None and not found.keys() <= self._status.keys():
            self._unsettled = True
        self._status.update(found)
        self._announce(found)

    def settle(self) -> bool:
        """Show what passes the filter by a status that was not known when it was set, if any.

        An image whose status has changed since stays where it is: the list does not jump.
        """
        if not self._unsettled:
            return False
        self._unsettled = False
        self.beginResetModel()
        self._choose()
        self.endResetModel()
        return True

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

    @property
    def tree(self) -> bool:
        """Whether folders have rows of their own."""
        return self._tree

    def set_tree(self, tree: bool) -> None:
        """Show folders as a tree, or paths whole."""
        if tree != self._tree:
            self.beginResetModel()
            self._tree = tree
            self._choose()
            self.endResetModel()

    def fold(self, folder: str, folded: bool) -> None:
        """Hide or show what lies in a folder of the tree."""
        if folded != (folder in self._folded):
            self.beginResetModel()
            (self._folded.add if folded else self._folded.discard)(folder)
            self._choose()
            self.endResetModel()

    def reveal(self, path: Path) -> None:
        """Unfold the folders in which an image lies."""
        row = self._row_of.get(path)
        if row is not None and self._tree:
            for folder in _chain(self._folders[row]):
                self.fold(folder, False)

    def heading_at(self, row: int) -> Heading | None:
        """The heading in a shown row; None for an image."""
        place = self._shown[row]
        return self._headings[-1 - place] if place < 0 else None

    def row_above(self, row: int) -> int:
        """The row of the folder in which a shown row lies; -1 where there is none."""
        heading = self.heading_at(row)
        inner = self._folders[self._shown[row]] if heading is None else _above(heading.path)
        for place in range(row - 1, -1, -1):
            other = self.heading_at(place)
            if other is not None and other.path == inner:
                return place
        return -1

    def counts(self) -> Counter[str]:
        """How many images have which status; images that failed count as `failed` only."""
        return Counter(self._kind(path) for path in self._paths)

    @property
    def total(self) -> int:
        """The number of images, shown or not."""
        return len(self._paths)

    @property
    def passed(self) -> int:
        """The number of images that the filter lets through."""
        return len(self._passed)

    def index_of(self, path: Path) -> QModelIndex:
        """The row of an image, invalid when the filter hides it."""
        row = self._place(self._row_of.get(path, -1))
        return QModelIndex() if row is None else self.index(row, 0)

    def shows(self, path: Path) -> bool:
        """Whether the filter lets an image through."""
        row = self._row_of.get(path, -1)
        place = bisect_left(self._passed, row)
        return place < len(self._passed) and self._passed[place] == row

    def place_of_name(self, name: str) -> int | None:
        """The row of the image of exactly this name, with or without its suffix."""
        wanted = name.strip().casefold()
        for place, row in enumerate(self._shown):
            if row >= 0 and wanted in (
                self._names[row].casefold(),
                Path(self._names[row]).stem.casefold(),
            ):
                return place
        return None

    def path_at(self, row: int) -> Path | None:
        """The image of a shown row; None for a heading."""
        place = self._shown[row]
        return self._paths[place] if place >= 0 else None

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of rows shown."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, status, reason of a failure and a tool tip."""
        if not index.isValid():
            return None
        row = self._shown[index.row()]
        if row < 0:
            return _heading_data(self._headings[-1 - row], role)
        path = self._paths[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[row].rpartition("/")[2] if self._tree else self._names[row]
        if role == DEPTH:
            folder = self._folders[row]
            return folder.count("/") + 1 if self._tree and folder else 0
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
        self._passed = list(rows)
        self._headings = []
        self._groups = []
        if self._tree:
            self._shown = self._with_headings(self._passed)
        else:
            self._shown = self._passed
            self._groups = [(0, self._passed)] if self._passed else []
        self._firsts = [rows[0] for _, rows in self._groups]

    def _with_headings(self, passed: list[int]) -> list[int]:
        """Rows with a heading before those of each folder, without what is folded."""
        found = []
        count: Counter[str] = Counter()
        for folder, start, stop in self._spans:
            first = bisect_left(passed, start)
            rows = passed[first : bisect_left(passed, stop, first)]
            if rows:
                found.append((folder, rows))
                for above in _chain(folder):
                    count[above] += len(rows)
        shown: list[int] = []
        there: set[str] = set()
        for folder, rows in found:
            hidden = False
            for above in _chain(folder):
                if above not in there and not hidden:
                    there.add(above)
                    self._headings.append(Heading(above, count[above], above in self._folded))
                    shown.append(-len(self._headings))
                hidden |= above in self._folded
            if not hidden:
                self._groups.append((len(shown), rows))
                shown += rows
        return shown

    def _place(self, row: int) -> int | None:
        """Where the row of an image is shown, if it is."""
        group = bisect_right(self._firsts, row) - 1
        if group < 0:
            return None
        start, rows = self._groups[group]
        place = bisect_left(rows, row)
        return start + place if place < len(rows) and rows[place] == row else None

    def _holds(self, term: Term, row: int) -> bool:
        if term.key == "name":
            return (term.value in self._lower[row]) is not term.no
        status = self._status.get(self._paths[row])
        return Query((term,)).holds(Asked("", status))

    def _announce(self, paths: Iterable[Path]) -> None:
        # Rows stay where they are although their status no longer fits the filter: a list that
        # moves under the hand is worse than one that is a little behind.
        rows = [self._place(self._row_of.get(path, -1)) for path in paths]
        known = [row for row in rows if row is not None]
        if known:
            self.dataChanged.emit(self.index(min(known), 0), self.index(max(known), 0))


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _chain(folder: str) -> list[str]:
    """A folder and those above it, the outermost first; nothing for the project's own."""
    names = folder.split("/") if folder else []
    return ["/".join(names[: k + 1]) for k in range(len(names))]


def _heading_data(heading: Heading, role: int) -> Any:
    name = heading.path.rpartition("/")[2]
    if role == Qt.ItemDataRole.DisplayRole:
        return name
    if role == HEADING:
        return heading
    if role == DEPTH:
        return heading.depth
    if role == Qt.ItemDataRole.ToolTipRole:
        return heading.path
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{name}, {heading.count}"
    return None


def kind_text(kind: str) -> str:
    """The word for a status or a failure."""
    if not kind:
        return ""
    if kind == FAILED:
        return QCoreApplication.translate("words", "not editable")
    return status_text(ImageStatus(kind))


def kind_colour(kind: str) -> QColor:
    """The colour of a status on the theme in force."""
    light, dark = COLOURS[kind]
    return QColor(dark if is_dark() else light)
