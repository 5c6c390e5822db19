"""The popover that gives instances another label: known labels narrow as one types."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QListWidgetItem, QWidget

from app.editor.panels.instance_rows import swatch
from app.editor.panels.label_rows import KEYED, LabelRow
from app.widgets.finder import NOTE, Finder
from app.widgets.fuzzy import score

WIDTH, ROW, ROWS = 280, 28, 8


class LabelFinder(Finder):
    """`chosen` carries the label, known or new."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, labels: Sequence[LabelRow], current: str) -> None:
        super().__init__(parent, self.tr("Label"), self.tr("Labels"))
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
        """Labels that match, and an offer to make a new one when none is called so."""
        query = query.strip()
        found: list[tuple[int, int, LabelRow]] = []
        for place, label in enumerate(self._labels):
            marks = score(query, label.name)
            if marks is not None:
                found.append((-marks if query else 0, place, label))
        for _, place, label in sorted(found, key=lambda entry: entry[:2]):
            item = QListWidgetItem(swatch(label.colour), label.name)
            item.setData(NOTE, str(place + 1) if place < KEYED else "")
            self.list.addItem(item)
        if query and all(label.name != query for label in self._labels):
            item = QListWidgetItem(query)
            item.setData(NOTE, self.tr("new label"))
            self.list.addItem(item)

    def take(self, item: QListWidgetItem) -> None:
        """Close, then give the label."""
        name = item.text()
        self.close()
        self.chosen.emit(name)
