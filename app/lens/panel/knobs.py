"""The knobs: settings of the stages as sliders with numbers, and the way back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
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
from app.widgets.form import Choice, Form, Number
from core.lens.settings import (
    CHOICES,
    COUNTS,
    FACTORS,
    PROPOSER_SETTINGS,
    StageSettings,
    Value,
)

STEPS: Final = 200
MOST: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Scale:
    """What the places of a slider mean, up to `end`; a number may be larger.

    Counts grow by equal factors from `low` on, sizes with the square.
    """

    end: float = 1
    counts: bool = False
    low: int = 0

    def value(self, step: int) -> float:
        """The value at a place."""
        share = step / STEPS
        if self.counts:
            away = 1 - self.low
            return float(round((self.end + away) ** share) - away)
        return self.end * share**2 if self.end > 1 else share

    def step(self, value: float) -> int:
        """The place of a value."""
        if self.counts:
            away = 1 - self.low
            return round(STEPS * math.log(max(value + away, 1)) / math.log(self.end + away))
        share = max(value, 0) / self.end
        return round(STEPS * (math.sqrt(share) if self.end > 1 else share))


SCALES: Final = {
    "rpn_pre_nms_top_n": Scale(6000, counts=True, low=1),
    "rpn_post_nms_top_n": Scale(4000, counts=True, low=1),
    "detections_per_image": Scale(1000, counts=True, low=1),
    "proposer_tiles": Scale(16, counts=True),
    "roi_canonical": Scale(512, counts=True),
    "roi_sampling": Scale(8, counts=True),
    "anchor_scale": Scale(4),
    "anchor_stretch": Scale(4),
    "rpn_min_size": Scale(64),
    "box_min_size": Scale(64),
}
"""Of the knobs that are no share; sizes are sides in pixels of the network's input, and factors
grow like them."""


class KnobsPage(QScrollArea):
    """`changed` carries StageSettings."""

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._settings: StageSettings | None = None
        self._own: StageSettings | None = None
        self._titles: dict[str, QLabel] = {}
        self.sliders: dict[str, QSlider] = {}
        self.resets: dict[str, QToolButton] = {}
        """The buttons that give one knob back, by setting."""
        self._idle: frozenset[str] = frozenset()
        names = {
            "fpn": self.tr("Feature pyramid"),
            "anchor_scale": self.tr("Anchors: size times"),
            "anchor_stretch": self.tr("Anchors: height by width times"),
            "rpn_levels": self.tr("RPN: cuts of the levels"),
            "rpn_pre_nms_top_n": self.tr("RPN: top-k"),
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
            "roi_classes": self.tr("A proposal stands for"),
            "score": self.tr("Score above"),
            "box_min_size": self.tr("Side from, network px"),
            "suppression": self.tr("Last suppression"),
            "nms": self.tr("Last NMS above IoU"),
            "detections_per_image": self.tr("Detections at most"),
            "mask_activation": self.tr("Classes of a mask"),
            "mask_colours": self.tr("Masks led by the image's colours"),
            "mask": self.tr("Mask from"),
        }
        words = {
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
            "roi_classes": (
                self.tr("every class (paper)"),
                self.tr("the best class (matterport)"),
            ),
            "suppression": (self.tr("NMS"), self.tr("Soft-NMS")),
            "mask_activation": (self.tr("each on its own (sigmoid)"), self.tr("compete (softmax)")),
            "mask_colours": (self.tr("no (torchvision)"), self.tr("yes (photos)")),
        }
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setVerticalSpacing(1)
        self.form = Form((_field(name, title, words) for name, title in names.items()), self)
        self.form.changed.connect(self._set)
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
        self._column = column
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        usual = StageSettings()
        self.show_settings(usual, usual)  # a model's own come with its first trace
        self.hide_idle(PROPOSER_SETTINGS)
        self.show_settings(None, None)

    def _add(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        label, field = QLabel(title), self.form[name]
        label.setToolTip(name)  # as the command line calls it
        label.setWordWrap(True)
        label.setMinimumHeight(28)
        reset = QToolButton()
        reset.setIcon(icon("undo"))
        reset.setAutoRaise(True)
        reset.clicked.connect(lambda: self._reset(name))
        grid.addWidget(label, row, 0, 1, 2)
        grid.addWidget(reset, row, 2, Qt.AlignmentFlag.AlignRight)
        if isinstance(self.form.fields[name], Choice):
            field.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            grid.addWidget(field, row + 1, 0, 1, 3)
        else:
            self.sliders[name] = self._slider(name, title)
            grid.addWidget(self.sliders[name], row + 1, 0)
            grid.addWidget(field, row + 1, 1, 1, 2)
        self._titles[name], self.resets[name] = label, reset

    def _slider(self, name: str, title: str) -> QSlider:
        slider, scale = QSlider(Qt.Orientation.Horizontal), SCALES.get(name, Scale())
        slider.setRange(0, STEPS)
        slider.setAccessibleName(title)
        slider.valueChanged.connect(lambda step: self._set(name, scale.value(step)))
        return slider

    def put_first(self, widget: QWidget) -> None:
        """Show something above the knobs."""
        self._column.insertWidget(0, widget)

    def hide_idle(self, names: Iterable[str]) -> None:
        """Show only knobs that turn something: all but these."""
        self._idle = frozenset(names)
        for name in self._titles:
            for widget in (self._titles[name], self.sliders.get(name), self.form[name]):
                if widget is not None:
                    widget.setVisible(name not in self._idle)
        self.show_settings(self._settings, self._own)

    def show_settings(self, settings: StageSettings | None, own: StageSettings | None) -> None:
        """Show the settings in force and which are off the model's own."""
        self._settings, self._own = settings, own
        self._body.setEnabled(settings is not None)
        self._all.setVisible(settings is not None and settings != own)
        if settings is None or own is None:
            for reset in self.resets.values():
                reset.hide()
            return
        self.form.show_values({name: getattr(settings, name) for name in self._titles})
        aside = settings.idle()
        for name, title in self._titles.items():
            for part in (title, self.sliders.get(name), self.form[name]):
                if part is not None:
                    part.setEnabled(name not in aside)
            value, usual = getattr(settings, name), getattr(own, name)
            slider, reset = self.sliders.get(name), self.resets[name]
            if slider is not None:
                with QSignalBlocker(slider):
                    slider.setValue(SCALES.get(name, Scale()).step(value))
            off = value != usual
            font = title.font()
            font.setBold(off)
            title.setFont(font)
            reset.setVisible(off and name not in self._idle)
            text = self.tr("Back to the model's own: {value}").format(value=setting_text(usual))
            reset.setToolTip(text)
            reset.setAccessibleName(text)

    def _set(self, name: str, value: Value) -> None:
        if self._settings is None:
            return
        exact = value
        if not isinstance(value, str):
            exact = round(value) if name in COUNTS else round(value, 4)
            low, high = FACTORS.get(name, (exact, exact))
            exact = min(max(exact, low), high)
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


def _field(name: str, title: str, words: Mapping[str, tuple[str, ...]]) -> Choice | Number:
    if name in words:
        return Choice(name, title, tuple(zip(words[name], CHOICES[name], strict=True)))
    scale = SCALES.get(name, Scale())
    if name in COUNTS:
        return Number(name, title, scale.low, COUNTS[name][1])
    if name in FACTORS:
        return Number(name, title, *FACTORS[name], step=0.05, decimals=3)
    high = MOST if scale.end > 1 else 1
    return Number(name, title, 0, high, step=1 if scale.end > 1 else 0.05, decimals=3)
