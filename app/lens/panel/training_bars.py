"""The losses of an image as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette

from app.widgets.bars import Bars
from core.lens.training import LOSSES

ORDER: Final = (3, 4, 0, 1, 2, 5)
"""Where the losses of the bars stand in `TrainingView.losses`: the RPN's come first, and that of
the keypoints, which not every network has, last."""


class LossBars(Bars):
    """`chosen` carries the bar whose items are wanted, or `sum_row`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("The losses of this image"))
        self._values: tuple[float, ...] = ()
        self._name(len(LOSSES))
        self._at = self.sum_row

    @property
    def sum_row(self) -> int:
        """The last row: all losses together."""
        return len(self._names) - 1

    @property
    def values(self) -> tuple[float, ...]:
        """The losses in the order of the bars, and their sum; empty when there are none."""
        return self._values

    def set_losses(self, losses: Sequence[float]) -> None:
        """The losses in the order of `TrainingView.losses`; none to show nothing."""
        if len(losses) not in (0, self.sum_row):
            at_sum = self._at == self.sum_row
            self._name(len(losses))
            self._at = self.sum_row if at_sum else min(self._at, self.sum_row - 1)
            self.updateGeometry()
        values = [float(losses[place]) for place in ORDER if place < len(losses)]
        self._values = (*values, sum(values)) if values else ()
        said = zip(self._names, self._values, strict=False)
        self.setAccessibleDescription(", ".join(f"{name} {value:.4f}" for name, value in said))
        self.update()

    def _name(self, count: int) -> None:
        """Name the bars of so many losses."""
        names = (
            self.tr("RPN objectness"),
            self.tr("RPN box"),
            self.tr("Class"),
            self.tr("Box"),
            self.tr("Mask"),
            self.tr("Keypoints"),
        )
        self._names = (*names[:count], self.tr("Sum"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, value."""
        painter = QPainter(self)
        row, metrics, palette = self._row(), self.fontMetrics(), self.palette()
        names = max(metrics.horizontalAdvance(name) for name in self._names) + 18
        numbers = metrics.horizontalAdvance("00.0000") + 8
        room = max(self.width() - names - numbers - 8, 20)
        most = max(self._values[:-1], default=0) or 1.0
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
            if place < self.sum_row:
                painter.fillRect(names, y + 3, room, row - 6, palette.alternateBase())
                wide = round(room * value / most)
                painter.fillRect(names, y + 3, wide, row - 6, palette.highlight())
            text = QRect(names + room, y, numbers, row)
            painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, f"{value:.4f}")
        painter.end()
