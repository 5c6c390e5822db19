"""The list of what was gained and lost in the open image, with a switch for the canvas."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.learning.gains import Gains
from core.learning.gains import Change

_ROWS: Final = 3
SIGN: Final = {True: "▲ +", False: "▼ \N{MINUS SIGN}"}
CHANGE: Final = Qt.ItemDataRole.UserRole


class GainsView(QWidget):
    """`wanted` carries the change that a person points at in the list, or None."""

    wanted = Signal(object)

    def __init__(self, gains: Gains, switch: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gains = gains
        self._switch = switch  # checked: look at each image, and show it on the canvas
        self.box = QCheckBox(switch.text())
        self.box.setToolTip(switch.toolTip())
        self.box.setChecked(switch.isChecked())
        self.box.clicked.connect(lambda _on: switch.trigger())
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Gained and lost in this image"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda now, _before: self._point(now))
        self.list.itemClicked.connect(self._point)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 2)
        column.setSpacing(2)
        column.addWidget(self.box)
        column.addWidget(self.note)
        column.addWidget(self.list)
        gains.changed.connect(self.refresh)
        switch.toggled.connect(self._on_switch)
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now."""
        found, on = self._gains.found, self._switch.isChecked()
        self.setVisible(self._gains.possible)
        self.note.setText(self._words())
        self.note.setVisible(on and bool(self.note.text()))
        self.list.blockSignals(True)
        self.list.clear()
        for change in found.changes if found is not None else ():
            self.list.addItem(self._item(change, labelled=bool(found and found.labels)))
        self.list.blockSignals(False)
        self.list.setVisible(on and self.list.count() > 0)
        rows = min(self.list.count(), _ROWS)
        each = self.fontMetrics().height() + 6
        self.list.setFixedHeight(max(1, rows) * each + 4)

    def _on_switch(self, on: bool) -> None:
        self.box.setChecked(on)
        self.refresh()

    def _words(self) -> str:
        found = self._gains.found
        if self._gains.problem:
            return f"⚠ {self._gains.problem}"
        if found is None:
            return self.tr("Both models look at it…") if self._gains.busy else ""
        if not found.changes:
            return self.tr("Both models find the same %n object(s) here.", "", found.kept)
        return self.tr("▲ {gained} gained, ▼ {lost} lost, {kept} in both").format(
            gained=found.gained, lost=found.lost, kept=found.kept
        )

    def _item(self, change: Change, *, labelled: bool) -> QListWidgetItem:
        score = QLocale().toString(change.instance.score or 0.0, "f", 2)
        told = {
            (True, True): self.tr("labelled, found now"),
            (True, False): self.tr("not among the labels"),
            (False, True): self.tr("labelled, no longer found"),
            (False, False): self.tr("was not among the labels"),
        }[change.gained, change.labelled]
        words = [f"{SIGN[change.gained]} {change.instance.label} {score}"]
        item = QListWidgetItem(" · ".join([*words, told] if labelled else words))
        item.setToolTip(item.text())
        item.setData(CHANGE, change)
        item.setSizeHint(QSize(0, self.fontMetrics().height() + 6))
        return item

    def _point(self, item: QListWidgetItem | None) -> None:
        self.wanted.emit(None if item is None else item.data(CHANGE))
