"""The knobs: settings of the stages as sliders with numbers, and the way back."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from core.lens.settings import StageSettings

COUNTS: Final = {
    "rpn_pre_nms_top_n": 6000,
    "rpn_post_nms_top_n": 4000,
    "detections_per_image": 1000,
    "proposer_tiles": 16,
}
"""Knobs that count, and the end of their slider; a number may be larger."""
SIZES: Final = {"rpn_min_size": 64.0, "box_min_size": 64.0}
"""Knobs for a side in pixels of the network's input, and the end of their slider."""
STEPS: Final = 200
MOST: Final = 10_000_000
MOST_TILES: Final = 64
OF_PROPOSER: Final = frozenset({"proposer_tiles"})
"""Knobs that turn something only when a proposer gives the boxes; those of the RPN do not then."""


class KnobsPage(QScrollArea):
    """`changed` carries StageSettings."""

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._settings: StageSettings | None = None
        self._own: StageSettings | None = None
        self._titles: dict[str, QLabel] = {}
        self._sliders: dict[str, QSlider] = {}
        self._fields: dict[str, QDoubleSpinBox] = {}
        self._resets: dict[str, QToolButton] = {}
        self._idle: frozenset[str] = frozenset()
        names = {
            "rpn_pre_nms_top_n": self.tr("RPN: top-k of a level"),
            "rpn_score": self.tr("RPN: objectness from"),
            "rpn_min_size": self.tr("RPN: side from, network px"),
            "rpn_nms": self.tr("RPN: NMS above IoU"),
            "rpn_post_nms_top_n": self.tr("Proposals at most"),
            "proposer_tiles": self.tr("Proposer: tiles beside the whole"),
            "score": self.tr("Score above"),
            "box_min_size": self.tr("Side from, network px"),
            "nms": self.tr("Last NMS above IoU"),
            "detections_per_image": self.tr("Detections at most"),
            "mask": self.tr("Mask from"),
        }
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setVerticalSpacing(1)
        for place, (name, title) in enumerate(names.items()):
            self._add(grid, 2 * place, name, title)
        self._all = QPushButton(self.tr("All as the model has them"))
        self._all.setIcon(icon("undo"))
        self._all.clicked.connect(self._reset_all)
        body = self._body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(grid)
        column.addWidget(self._all)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.show_those_of(proposer=False)

    def _add(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        label, slider, field = QLabel(title), QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        label.setToolTip(name)  # as the command line calls it
        slider.setRange(0, STEPS)
        slider.setAccessibleName(title)
        field.setAccessibleName(title)
        field.setKeyboardTracking(False)
        if name in COUNTS:
            field.setDecimals(0)
            field.setRange(1, MOST_TILES if name in OF_PROPOSER else MOST)
        elif name in SIZES:
            field.setDecimals(3)
            field.setRange(0, MOST)
        else:
            field.setDecimals(3)
            field.setRange(0, 1)
            field.setSingleStep(0.05)
        reset = QToolButton()
        reset.setIcon(icon("undo"))
        reset.setAutoRaise(True)
        reset.clicked.connect(lambda: self._reset(name))
        slider.valueChanged.connect(lambda step: self._set(name, _value(name, step)))
        field.valueChanged.connect(lambda value: self._set(name, value))
        grid.addWidget(label, row, 0, 1, 2)
        grid.addWidget(reset, row, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(slider, row + 1, 0, 1, 2)
        grid.addWidget(field, row + 1, 2)
        grid.setRowMinimumHeight(row, 28)
        self._titles[name], self._sliders[name] = label, slider
        self._fields[name], self._resets[name] = field, reset

    def show_those_of(self, *, proposer: bool) -> None:
        """Show only knobs that turn something, with a proposer or without."""
        rpn = frozenset(name for name in self._titles if name.startswith("rpn_"))
        self._idle = rpn if proposer else OF_PROPOSER
        for name in self._titles:
            for widget in (self._titles[name], self._sliders[name], self._fields[name]):
                widget.setVisible(name not in self._idle)
        self.show_settings(self._settings, self._own)

    def show_settings(self, settings: StageSettings | None, own: StageSettings | None) -> None:
        """Show the settings in force and which are off the model's own."""
        self._settings, self._own = settings, own
        self._body.setEnabled(settings is not None)
        self._all.setVisible(settings is not None and settings != own)
        if settings is None or own is None:
            return
        for name, title in self._titles.items():
            value, usual = getattr(settings, name), getattr(own, name)
            slider, field, reset = self._sliders[name], self._fields[name], self._resets[name]
            with QSignalBlocker(slider), QSignalBlocker(field):
                slider.setValue(_step(name, value))
                field.setValue(value)
            off = value != usual
            font = title.font()
            font.setBold(off)
            title.setFont(font)
            reset.setVisible(off and name not in self._idle)
            text = self.tr("Back to the model's own: {value}").format(value=f"{usual:g}")
            reset.setToolTip(text)
            reset.setAccessibleName(text)

    @property
    def resets(self) -> dict[str, QToolButton]:
        """The buttons that give one knob back, by setting."""
        return self._resets

    def field(self, name: str) -> QDoubleSpinBox:
        """The number of a knob."""
        return self._fields[name]

    def _set(self, name: str, value: float) -> None:
        if self._settings is None:
            return
        exact = round(value) if name in COUNTS else round(value, 4)
        self._change(self._settings.with_(**{name: exact}))

    def _reset(self, name: str) -> None:
        if self._settings is not None and self._own is not None:
            self._change(self._settings.with_(**{name: getattr(self._own, name)}))

    def _reset_all(self) -> None:
        if self._own is not None:
            self._change(self._own)

    def _change(self, settings: StageSettings) -> None:
        if settings != self._settings:
            self.show_settings(settings, self._own)
            self.changed.emit(settings)


def _value(name: str, step: int) -> float:
    """What a place of a slider means: counts grow by equal factors, sizes with the square."""
    if name in COUNTS:
        return float(max(1, round(COUNTS[name] ** (step / STEPS))))
    if name in SIZES:
        return float(SIZES[name] * (step / STEPS) ** 2)
    return step / STEPS


def _step(name: str, value: float) -> int:
    if name in COUNTS:
        return round(STEPS * math.log(max(value, 1)) / math.log(COUNTS[name]))
    if name in SIZES:
        return round(STEPS * math.sqrt(max(value, 0) / SIZES[name]))
    return round(STEPS * value)
