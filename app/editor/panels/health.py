"""The window of the health check: what was found, to be shown, repaired, or left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

PLACE = Qt.ItemDataRole.UserRole


class HealthDialog(QDialog):
    """`shown` carries the place of a problem in the list, `repair` places, one by one or all."""

    shown = Signal(int)
    repair = Signal(object)
    again = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Check of the labels"))
        self._repairable: list[int] = []
        self._head = QLabel()
        self._head.setWordWrap(True)
        self._tree = QTreeWidget()
        self._tree.setAccessibleName(self.tr("What was found"))
        self._tree.setHeaderLabels([self.tr("Image"), self.tr("What is wrong")])
        self._tree.setRootIsDecorated(False)
        self._tree.setUniformRowHeights(True)
        self._tree.setSortingEnabled(True)
        self._tree.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._tree.itemActivated.connect(lambda item, _column: self.shown.emit(item.data(0, PLACE)))
        self._tree.itemSelectionChanged.connect(self._enable)
        row = QHBoxLayout()
        self._show = self._button(row, self.tr("Show"), self._on_show)
        self._one = self._button(row, self.tr("Repair the chosen"), self._on_repair)
        self._all = self._button(row, self.tr("Repair all"), self._on_repair_all)
        row.addStretch(1)
        self._button(row, self.tr("Check again"), self.again.emit)
        column = QVBoxLayout(self)
        column.addWidget(self._head)
        column.addWidget(self._tree, 1)
        column.addLayout(row)
        self.resize(640, 420)

    def set_problems(self, found: Sequence[tuple[str, str, bool]]) -> None:
        """Show what was found: the file, what is wrong there, and whether it can be repaired."""
        self._repairable = [place for place, (_, _, can) in enumerate(found) if can]
        self._tree.clear()
        items = []
        for place, (file, text, _) in enumerate(found):
            item = QTreeWidgetItem([file, text])
            item.setData(0, PLACE, place)
            items.append(item)
        self._tree.addTopLevelItems(items)
        self._tree.resizeColumnToContents(0)
        fixed = self.tr("None of them can be repaired here.")
        if self._repairable:
            fixed = self.tr("%n of them can be repaired, which can be undone.", "",
                            len(self._repairable))  # fmt: skip
        nothing = self.tr("Nothing is wrong with the labels of this folder.")
        count = self.tr("%n thing(s) found.", "", len(found))
        self._head.setText(f"{count} {fixed}" if found else nothing)
        self._enable()

    def _button(self, row: QHBoxLayout, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: act())
        row.addWidget(button)
        return button

    def _chosen(self) -> list[int]:
        return [item.data(0, PLACE) for item in self._tree.selectedItems()]

    def _enable(self) -> None:
        chosen = self._chosen()
        self._show.setEnabled(len(chosen) == 1)
        self._one.setEnabled(any(place in self._repairable for place in chosen))
        self._all.setEnabled(bool(self._repairable))

    def _on_show(self) -> None:
        for place in self._chosen()[:1]:
            self.shown.emit(place)

    def _on_repair(self) -> None:
        self.repair.emit(self._chosen())

    def _on_repair_all(self) -> None:
        self.repair.emit(list(self._repairable))
