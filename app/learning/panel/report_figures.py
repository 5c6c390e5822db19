"""Figures before and after as a table: all instances, each label, each size."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from core.learning.compared import Compared, Part, Row

NAME, BEFORE, AFTER, CHANGE = range(4)
SIGNS: Final = {1: "▲", -1: "▼", 0: "="}
MINUS: Final = "\N{MINUS SIGN}"
DASH: Final = "\N{EN DASH}"
_MOST_ROWS: Final = 14
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def figure_text(value: float | None) -> str:
    """A figure to a hundredth, or a dash."""
    return DASH if value is None else QLocale().toString(value, "f", 2)


def change_text(figure: Compared) -> str:
    """A change with an arrow: never by colour alone."""
    change = figure.change
    if change is None:
        return ""
    if figure.sign == 0:
        return SIGNS[0]
    amount = QLocale().toString(abs(change), "f", 2)
    return f"{SIGNS[figure.sign]} {'+' if change > 0 else MINUS}{amount}"


class FiguresTable(QTreeWidget):
    """A row about some instances shows the AP; the other figures open below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tops: list[QTreeWidgetItem] = []
        self.setColumnCount(4)
        self.setHeaderLabels(["", self.tr("Before"), self.tr("After"), self.tr("Change")])
        self.setAccessibleName(self.tr("Figures before and after"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(40)
        for column in (BEFORE, AFTER, CHANGE):
            self.headerItem().setTextAlignment(column, RIGHT)
        self.itemExpanded.connect(lambda _item: self.updateGeometry())
        self.itemCollapsed.connect(lambda _item: self.updateGeometry())

    def set_rows(self, rows: tuple[Row, ...]) -> None:
        """Show other figures; the first row is open."""
        self.clear()
        self._tops = []
        for row in rows:
            first, *others = row.figures
            top = self._item(self._title(row), first, strong=row.part is Part.ALL)
            for figure in others:
                top.addChild(self._item(figure.name, figure))
            self.addTopLevelItem(top)
            self._tops.append(top)
        if self._tops:
            self._tops[0].setExpanded(True)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """High enough for all rows, up to a limit."""
        children = (top.childCount() for top in self._tops if top.isExpanded())
        shown = len(self._tops) + sum(children)
        rows = min(max(shown, 1), _MOST_ROWS)
        return QSize(220, self.header().sizeHint().height() + rows * self._row_height() + 4)

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 6

    def _title(self, row: Row) -> str:
        if row.part is Part.ALL:
            return self.tr("AP, all instances")
        if row.part is Part.SIZE:
            return {
                "small": self.tr("Small, below 32² px"),
                "medium": self.tr("Medium"),
                "large": self.tr("Large, from 96² px"),
            }[row.name]
        return row.name or self.tr("Labels it did not know")

    def _item(self, title: str, figure: Compared, *, strong: bool = False) -> QTreeWidgetItem:
        texts = [title, figure_text(figure.before), figure_text(figure.after), change_text(figure)]
        item = QTreeWidgetItem(texts)
        item.setToolTip(NAME, title)
        item.setSizeHint(NAME, QSize(0, self._row_height()))
        for column in (BEFORE, AFTER, CHANGE):
            item.setTextAlignment(column, RIGHT)
        if strong:
            font = QFont(self.font())
            font.setBold(True)
            for column in range(4):
                item.setFont(column, font)
        spoken = {1: self.tr("better"), -1: self.tr("worse"), 0: self.tr("the same")}
        if figure.change is not None:
            item.setData(
                CHANGE,
                Qt.ItemDataRole.AccessibleTextRole,
                f"{spoken[figure.sign]}, {texts[CHANGE]}",
            )
        return item
