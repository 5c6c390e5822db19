"""The five losses of an image as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette

from app.widgets.bars import Bars

ORDER: Final = (3, 4, 0, 1, 2)
"""Where the losses of the bars stand in `core.lens.training.LOSSES`: the RPN's come first."""
SUM: Final = 5
"""The last row: all losses together."""


class LossBars(Bars):
    """`chosen` carries the bar (0 to 4) whose items are wanted, or `SUM`."""

    def __init__(self) -> None:
        super().__init__(SUM)
        self.setAccessibleName(self.tr("The five losses of this image"))
        self._names = (
            self.tr("RPN objectness"),
            self.tr("RPN box"),
            self.tr("Class"),
            self.tr("Box"),
            self.tr("Mask"),
            self.tr("Sum"),
        )
        self._values: tuple[float, ...] = ()

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

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, value."""
        painter = QPainter(self)
        row, metrics, palette = self._row(), self.fontMetrics(), self.palette()
        names = max(metrics.horizontalAdvance(name) for name in self._names) + 18
        numbers = metrics.horizontalAdvance("00.0000") + 8
        room = max(self.width() - names - numbers - 8, 20)
        most = max(self._values[:SUM], default=0) or 1.0
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
            if place < SUM:
                painter.fillRect(names, y + 3, room, row - 6, palette.alternateBase())
                wide = round(room * value / most)
                painter.fillRect(names, y + 3, wide, row - 6, palette.highlight())
            text = QRect(names + room, y, numbers, row)
            painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, f"{value:.4f}")
        painter.end()
