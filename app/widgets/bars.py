"""Bars below each other that are walked with the keys and chosen with the mouse."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget


class Bars(QWidget):
    """Named rows; subclasses paint them. `chosen` carries the row that was chosen, from 0."""

    chosen = Signal(int)

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._at = at
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        """All bars below each other."""
        return QSize(240, self._row() * len(self._names) + 4)

    def minimumSizeHint(self) -> QSize:
        """As high as all bars."""
        return QSize(180, self.sizeHint().height())

    def _row(self) -> int:
        return self.fontMetrics().height() + 4

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what is under the pointer."""
        self._choose(int((event.position().y() - 2) // self._row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrow keys."""
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._at + by)

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._names):
            self._at = row
            self.update()
            self.chosen.emit(row)
