"""The knobs: settings of the stages as sliders with numbers, and the way back."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
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
from app.base.words import setting_text
from core.lens import settings as known
from core.lens.settings import CHOICES, StageSettings, Value

COUNTS: Final = {
    "rpn_pre_nms_top_n": 6000,
    "rpn_post_nms_top_n": 4000,
    "detections_per_image": 1000,
    "proposer_tiles": 16,
}
"""Knobs that count from 1, and the end of their slider; a number may be larger."""
SHORT: Final = {"roi_canonical": 512, "roi_sampling": 8}
"""Knobs that count from 0 in even steps, and the end of their slider."""
SIZES: Final = {"rpn_min_size": 64.0, "box_min_size": 64.0}
"""Knobs for a side in pixels of the network's input, and the end of their slider."""
STEPS: Final = 200
MOST: Final = 10_000_000


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
        self._boxes: dict[str, QComboBox] = {}
        self._resets: dict[str, QToolButton] = {}
        self._idle: frozenset[str] = frozenset()
        names = {
            "fpn": self.tr("Feature pyramid"),
            "anchor_scale": self.tr("Anchors: size times"),
            "anchor_stretch": self.tr("Anchors: height by width times"),
            "rpn_levels": self.tr("RPN: cuts of the levels"),
            "rpn_pre_nms_top_n": self.tr("RPN: top-k of a level"),
            "rpn_score": self.tr("RPN: objectness from"),
            "rpn_min_size": self.tr("RPN: side from, network px"),
            "rpn_nms": self.tr("RPN: NMS above IoU"),
            "rpn_post_nms_top_n": self.tr("Proposals at most"),
            "roi_level": self.tr("RoI level: rounded"),
            "roi_canonical": self.tr("RoI side of P4, network px; 0: the model's"),
            "roi_pool": self.tr("RoIs read by"),
            "roi_aligned": self.tr("RoIAlign: aligned to the cells"),
            "roi_sampling": self.tr("Points along a cell; 0: as many as cells"),
            "proposer_tiles": self.tr("Proposer: tiles beside the whole"),
            "score": self.tr("Score above"),
            "box_min_size": self.tr("Side from, network px"),
            "suppression": self.tr("Last suppression"),
            "nms": self.tr("Last NMS above IoU"),
            "detections_per_image": self.tr("Detections at most"),
            "mask_activation": self.tr("Classes of a mask"),
            "mask": self.tr("Mask from"),
        }
        self._words = {
            "fpn": (
                self.tr("on: coarse maps added to fine"),
                *(self.tr("off: {map} alone").format(map=one) for one in CHOICES["fpn"][1:]),
            ),
            "rpn_levels": (self.tr("for each level apart"), self.tr("for all together")),
            "roi_level": (self.tr("down (FPN paper)"), self.tr("to the nearest (matterport)")),
            "roi_pool": (
                self.tr("RoIAlign"),
                self.tr("RoIPool"),
                self.tr("RoIWarp"),
                self.tr("crop and resize"),
            ),
            "roi_aligned": (self.tr("no (torchvision)"), self.tr("yes (detectron2)")),
            "suppression": (self.tr("NMS"), self.tr("Soft-NMS")),
            "mask_activation": (self.tr("each on its own (sigmoid)"), self.tr("compete (softmax)")),
        }
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setVerticalSpacing(1)
        for place, (name, title) in enumerate(names.items()):
            if name in self._words:
                self._add_choice(grid, 2 * place, name, title)
            else:
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
        slider, field = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        slider.setRange(0, STEPS)
        slider.setAccessibleName(title)
        field.setAccessibleName(title)
        field.setKeyboardTracking(False)
        if name in known.COUNTS:
            field.setDecimals(0)
            field.setRange(*known.COUNTS[name])
        elif name in SIZES:
            field.setDecimals(3)
            field.setRange(0, MOST)
        else:
            field.setDecimals(3)
            field.setRange(*known.FACTORS.get(name, (0, 1)))
            field.setSingleStep(0.05)
        slider.valueChanged.connect(lambda step: self._set(name, _value(name, step)))
        field.valueChanged.connect(lambda value: self._set(name, value))
        grid.addWidget(slider, row + 1, 0, 1, 2)
        grid.addWidget(field, row + 1, 2)
        self._sliders[name], self._fields[name] = slider, field
        self._head(grid, row, name, title)

    def _add_choice(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        box = QComboBox()
        box.setAccessibleName(title)
        values = known.CHOICES.get(name, (0, 1))
        for value, words in zip(values, self._words[name], strict=True):
            box.addItem(words, value)
        box.activated.connect(lambda place: self._set(name, box.itemData(place)))
        grid.addWidget(box, row + 1, 0, 1, 3)
        self._boxes[name] = box
        self._head(grid, row, name, title)

    def _head(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        """The title of a knob, and the way back to the model's own."""
        label, reset = QLabel(title), QToolButton()
        label.setToolTip(name)  # as the command line calls it
        reset.setIcon(icon("undo"))
        reset.setAutoRaise(True)
        reset.clicked.connect(lambda: self._reset(name))
        grid.addWidget(label, row, 0, 1, 2)
        grid.addWidget(reset, row, 2, Qt.AlignmentFlag.AlignRight)
        grid.setRowMinimumHeight(row, 28)
        self._titles[name], self._resets[name] = label, reset

    def show_those_of(self, *, proposer: bool) -> None:
        """Show only knobs that turn something, with a proposer or without."""
        self._idle = frozenset(known.RPN_SETTINGS if proposer else known.PROPOSER_SETTINGS)
        for name in self._titles:
            for widgets in (self._titles, self._sliders, self._fields, self._boxes):
                if name in widgets:
                    widgets[name].setVisible(name not in self._idle)
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
            reset = self._resets[name]
            if name in self._boxes:
                box = self._boxes[name]
                box.setCurrentIndex(box.findData(value))
            else:
                slider, field = self._sliders[name], self._fields[name]
                with QSignalBlocker(slider), QSignalBlocker(field):
                    slider.setValue(_step(name, value))
                    field.setValue(value)
            off = value != usual
            font = title.font()
            font.setBold(off)
            title.setFont(font)
            reset.setVisible(off and name not in self._idle)
            text = self.tr("Back to the model's own: {value}").format(value=setting_text(usual))
            reset.setToolTip(text)
            reset.setAccessibleName(text)

    @property
    def resets(self) -> dict[str, QToolButton]:
        """The buttons that give one knob back, by setting."""
        return self._resets

    def field(self, name: str) -> QDoubleSpinBox:
        """The number of a knob."""
        return self._fields[name]

    def choice(self, name: str) -> QComboBox:
        """The choices of a knob that has some."""
        return self._boxes[name]

    def _set(self, name: str, value: Value) -> None:
        if self._settings is None:
            return
        exact = value
        if not isinstance(value, str):
            exact = round(value) if name in known.COUNTS else round(value, 4)
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
    if name in SHORT:
        return round(SHORT[name] * step / STEPS)
    if name in known.FACTORS:
        least, most = known.FACTORS[name]
        return float(least * (most / least) ** (step / STEPS))
    if name in COUNTS:
        return float(max(1, round(COUNTS[name] ** (step / STEPS))))
    if name in SIZES:
        return float(SIZES[name] * (step / STEPS) ** 2)
    return step / STEPS


def _step(name: str, value: float) -> int:
    if name in SHORT:
        return round(STEPS * min(value / SHORT[name], 1.0))
    if name in known.FACTORS:
        least, most = known.FACTORS[name]
        return round(STEPS * math.log(value / least) / math.log(most / least))
    if name in COUNTS:
        return round(STEPS * math.log(max(value, 1)) / math.log(COUNTS[name]))
    if name in SIZES:
        return round(STEPS * math.sqrt(max(value, 0) / SIZES[name]))
    return round(STEPS * value)
