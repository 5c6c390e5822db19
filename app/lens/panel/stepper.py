"""The strip of stages: what each one holds and how long it took; one of them is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QLocale, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.base.theme import muted
from app.base.words import count_text

_DOT: Final = 3.5


class Strip(QWidget):
    """Stages or steps below each other. `chosen` carries one. Up and down walk through it."""

    chosen = Signal(str)

    def __init__(self, names: Mapping[str, str], what: str, *, timed: bool = True) -> None:
        """`names` in their order, in words; `what` they are, for those who do not see it."""
        super().__init__()
        self._names = dict(names)
        self._all = tuple(names)
        self._stage = self._all[0]
        self._timed = timed
        self._counts: Mapping[str, int] = {}
        self._before: Mapping[str, int] = {}
        self._times: Mapping[str, float] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(what)

    def name(self, stage: str) -> str:
        """A stage in words."""
        return self._names[stage]

    def set_stage(self, stage: str) -> None:
        """Show which stage is looked at."""
        self._stage = stage
        self.setAccessibleDescription(self._names[stage])
        self.update()

    def set_stages(self, stages: Sequence[str]) -> None:
        """Show these of the stages."""
        if tuple(stages) != self._all:
            self._all = tuple(stages)
            self.updateGeometry()
            self.update()

    def rectangle(self, stage: str) -> QRect:
        """Where a stage is on the strip."""
        row = self._row()
        return QRect(0, 2 + self._all.index(stage) * row, self.width(), row)

    def set_counts(
        self, counts: Mapping[str, int], times: Mapping[str, float], own: Mapping[str, int]
    ) -> None:
        """Counts and milliseconds by stage; `own` are the counts with the model's own settings."""
        self._counts, self._times, self._before = counts, times, own
        self.update()

    def sizeHint(self) -> QSize:
        """All stages below each other."""
        return QSize(260, self._row() * len(self._all) + 4)

    def minimumSizeHint(self) -> QSize:
        """As high as all stages."""
        return QSize(180, self.sizeHint().height())

    def _row(self) -> int:
        return self.fontMetrics().height() + 5

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, count, time; the stage that is looked at on the highlight."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, row = self.palette(), self._row()
        at_right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        at_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        time_width = self.fontMetrics().horizontalAdvance("00,000.0 ms") + 12 if self._timed else 8
        for place, stage in enumerate(self._all):
            y, here = 2 + place * row, stage == self._stage
            if here:
                painter.fillRect(0, y, self.width(), row, palette.highlight())
            text = palette.color(
                QPalette.ColorRole.HighlightedText if here else QPalette.ColorRole.WindowText
            )
            faint = text if here else muted(palette)
            painter.setPen(faint)
            if place:
                painter.drawLine(14, y - row // 2 + 5, 14, y + row // 2 - 5)
            painter.setBrush(text if here or self._counts else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(14, y + row / 2), _DOT, _DOT)
            painter.setPen(text)
            room = self.width() - 26 - time_width
            painter.drawText(26, y, room, row, at_left, self._names[stage])
            if stage in self._counts:
                count = count_text(self._counts[stage])
                if self._before.get(stage, self._counts[stage]) != self._counts[stage]:
                    count = f"{count_text(self._before[stage])} → {count}"
                painter.drawText(26, y, room, row, at_right, count)
            if stage in self._times:
                painter.setPen(faint)
                time = f"{QLocale().toString(self._times[stage], 'f', 1)} ms"
                painter.drawText(0, y, self.width() - 8, row, at_right, time)
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look at the stage that was clicked."""
        place = int((event.position().y() - 2) // self._row())
        if 0 <= place < len(self._all):
            self.chosen.emit(self._all[place])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrow keys."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        by = steps.get(Qt.Key(event.key()))
        if by is None or not self._all:
            super().keyPressEvent(event)
            return
        here = self._all.index(self._stage) if self._stage in self._all else 0
        place = min(max(here + by, 0), len(self._all) - 1)
        self.chosen.emit(self._all[place])
