"""A small panel over the canvas: sliders that change outlines while one looks on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

_GAP: Final = 12
_WIDE: Final = 400


@dataclass(frozen=True, slots=True)
class Knob:
    """A number that a slider sets: its name, its range, where it stands, and the unit."""

    id: str
    name: str
    low: float
    high: float
    value: float
    unit: str = ""
    step: float = 0.05


class TuningPanel(QFrame):
    """`changed` follows every move of a slider; Enter applies, Escape and the cross close."""

    changed = Signal()
    applied = Signal()
    closed = Signal()

    def __init__(
        self,
        over: QWidget,
        title: str,
        knobs: Sequence[Knob],
        ways: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`ways` are texts and values of what becomes of the outlines; none, no choice."""
        super().__init__(over)
        self._over = over
        self._knobs = {knob.id: knob for knob in knobs}
        self._sliders: dict[str, QSlider] = {}
        self.setFrameStyle(QFrame.Shape.StyledPanel | QFrame.Shadow.Raised)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        heading = QLabel(title)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        column.addWidget(heading)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        column.addLayout(form)
        for knob in knobs:
            form.addRow(knob.name, self._slider(knob))
        self._ways = QComboBox()
        for text, value in ways:
            self._ways.addItem(text, value)
        if ways:
            self._ways.setAccessibleName(self.tr("What becomes of the outline"))
            self._ways.currentIndexChanged.connect(lambda _index: self.changed.emit())
            form.addRow(self.tr("Result"), self._ways)
        self._state = QLabel()
        self._state.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        column.addWidget(self._state)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Apply | QDialogButtonBox.StandardButton.Cancel
        )
        self._apply = buttons.button(QDialogButtonBox.StandardButton.Apply)
        self._apply.clicked.connect(self.applied)
        buttons.rejected.connect(self.closed)
        column.addWidget(buttons)
        over.installEventFilter(self)
        self.set_state("", ready=False)

    def value(self, id: str) -> float:
        """Where a slider stands."""
        return self._sliders[id].value() * self._knobs[id].step

    @property
    def way(self) -> str:
        """What becomes of the outlines."""
        return str(self._ways.currentData() or "")

    def set_state(self, text: str, *, ready: bool) -> None:
        """What is shown, and whether it can be applied."""
        self._state.setText(text)
        self._apply.setEnabled(ready)

    def open(self, about: QRect) -> None:
        """Show it in the corner of what it lies over where it hides least of what it is `about`."""
        self.adjustSize()
        width = min(max(self.width(), _WIDE), self._over.width() - 2 * _GAP)
        self.resize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        right, low = (
            max(_GAP, room - size - _GAP)
            for room, size in (
                (self._over.width(), self.width()),
                (self._over.height(), self.height()),
            )
        )
        corners = [QPoint(x, y) for y in (_GAP, low) for x in (_GAP, right)]
        self.move(min(corners, key=lambda corner: self._hidden(about, corner)))
        self.show()
        self.raise_()
        next(iter(self._sliders.values())).setFocus()

    def _hidden(self, about: QRect, corner: QPoint) -> int:
        """How many pixels of a rectangle it would hide there."""
        there = about.intersected(QRect(corner, self.size()))
        return max(0, there.width()) * max(0, there.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter applies, Escape closes; no key goes on to the window."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.applied.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape on the canvas closes it as well."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self.closed.emit()
            return True
        return False

    def _slider(self, knob: Knob) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        slider, number = QSlider(Qt.Orientation.Horizontal), QLabel()
        slider.setRange(round(knob.low / knob.step), round(knob.high / knob.step))
        slider.setMinimumWidth(60)
        slider.setAccessibleName(knob.name)
        number.setMinimumWidth(self.fontMetrics().horizontalAdvance(f"00.00 {knob.unit}"))
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        digits = 0 if knob.step >= 1 else 2

        def tell(step: int) -> None:
            number.setText(f"{step * knob.step:.{digits}f} {knob.unit}".strip())

        slider.setValue(round(knob.value / knob.step))
        tell(slider.value())
        slider.valueChanged.connect(tell)
        slider.valueChanged.connect(lambda _step: self.changed.emit())
        line.addWidget(slider, 1)
        line.addWidget(number)
        self._sliders[knob.id] = slider
        return row
