"""The five losses of an image as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

ORDER: Final = (3, 4, 0, 1, 2)
"""Where the losses of the bars stand in `core.lens.training.LOSSES`: the RPN's come first."""


class LossBars(QWidget):
    """`chosen` carries the bar (0 to 4) whose items are wanted, or -1 for their sum."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._values: tuple[float, ...] = ()
        self._at = 5
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("The five losses of this image"))
        self._names = (
            self.tr("RPN objectness"),
            self.tr("RPN box"),
            self.tr("Class"),
            self.tr("Box"),
            self.tr("Mask"),
            self.tr("Sum"),
        )

    @property
    def values(self) -> tuple[float, ...]:
        """The losses in the order of the bars, and their sum; empty when there are none."""
        return self._values

    def set_losses(self, losses: Sequence[float]) -> None:
        """The five losses in the order of `LOSSES`; none to show nothing."""
        values = [float(losses[place]) for place in ORDER] if len(losses) else []
        self._values = (*values, sum(values)) if values else ()
        said = zip(self._names, self._values, strict=False)
        self.setAccessibleDescription(", ".join(f"{name} {value:.4f}" for name, value in said))
        self.update()

    def sizeHint(self) -> QSize:
        """All bars below each other."""
        return QSize(240, self._row() * len(self._names) + 4)

    def minimumSizeHint(self) -> QSize:
        """As high as all bars."""
        return QSize(180, self.sizeHint().height())

    def _row(self) -> int:
        return self.fontMetrics().height() + 4

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, value."""
        painter = QPainter(self)
        row, metrics, palette = self._row(), self.fontMetrics(), self.palette()
        names = max(metrics.horizontalAdvance(name) for name in self._names) + 18
        numbers = metrics.horizontalAdvance("00.0000") + 8
        room = max(self.width() - names - numbers - 8, 20)
        most = max(self._values[:5], default=0) or 1.0
        middle = Qt.AlignmentFlag.AlignVCenter
        for place, name in enumerate(self._names):
            y = 2 + place * row
            if place == self._at and self.hasFocus():
                painter.fillRect(0, y, self.width(), row, palette.midlight())
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
            painter.drawText(QRect(10, y, names, row), middle, name)
            if not self._values:
                continue
            value = self._values[place]
            if place < 5:
                painter.fillRect(names, y + 3, room, row - 6, palette.alternateBase())
                wide = round(room * value / most)
                painter.fillRect(names, y + 3, wide, row - 6, palette.highlight())
            text = QRect(names + room, y, numbers, row)
            painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, f"{value:.4f}")
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the items of a bar."""
        self._choose(int((event.position().y() - 2) // self._row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrow keys."""
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._at + by)

    def _choose(self, bar: int) -> None:
        if 0 <= bar < len(self._names):
            self._at = bar
            self.update()
            self.chosen.emit(bar if bar < 5 else -1)
