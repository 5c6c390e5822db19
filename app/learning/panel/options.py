"""Settings of a run that a person may override; folded away, since the amount of data decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from msgspec import structs
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.learning.choices import LearningChoices
from core.learning.schedule import ALL, HEADS, LAST_STAGES, ScheduleChoices

Phases = tuple[tuple[int, float], ...]
ONLY_HEADS: Final[Phases] = ((HEADS, 1.0),)
LAST: Final[Phases] = ((HEADS, 0.3), (LAST_STAGES, 0.7))
EVERYTHING: Final[Phases] = ((HEADS, 0.1), (LAST_STAGES, 0.3), (ALL, 0.6))
SIDES: Final = (256, 384, 512, 640, 800)


class OptionsBox(QWidget):
    """`changed` carries LearningChoices."""

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._choices = LearningChoices()
        self._fold = QToolButton()
        self._fold.setText(self.tr("Settings"))
        self._fold.setCheckable(True)
        self._fold.setAutoRaise(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolTip(self.tr("Steps, device and schedule of the run"))
        self._make_fields()
        self._reset = QPushButton(self.tr("All as usual"))
        self._reset.clicked.connect(self._on_reset)
        self._body = QWidget()
        form = QFormLayout(self._body)
        form.setContentsMargins(12, 2, 0, 4)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for title, field in self._rows:
            field.setAccessibleName(title)
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            field.setMinimumWidth(90)
            form.addRow(title, field)
        form.addRow("", self._reset)
        self._body.hide()
        self._fold.toggled.connect(self._on_fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._fold)
        column.addWidget(self._body)
        self.show_choices(self._choices, None)

    def _make_fields(self) -> None:
        usual = self.tr("as usual")
        self.steps = _spin(0, 50_000, 50)
        self.phases = _combo(
            (self.tr("by the amount of data"), None),
            (self.tr("the heads"), ONLY_HEADS),
            (self.tr("heads, then the last stages"), LAST),
            (self.tr("heads, last stages, then all"), EVERYTHING),
        )
        self.rotate = _combo((usual, None), (self.tr("on"), True), (self.tr("off"), False))
        self.rotate.setToolTip(self.tr("For images without an up and a down"))
        self.copy_paste = _spin(-1, 100, 10, usual, " %")
        self.copy_paste.setToolTip(
            self.tr("Share of the samples that get instances of other images pasted in")
        )
        self.batch = _spin(0, 64, 1, usual)
        self.side = _combo((usual, None), *((f"{side} px", side) for side in SIDES))
        self.rate = QDoubleSpinBox()
        self.rate.setDecimals(5)
        self.rate.setRange(0, 0.1)
        self.rate.setSingleStep(0.0001)
        self.rate.setSpecialValueText(usual)
        self.device = _combo(
            (self.tr("as in the settings"), "auto"),
            (self.tr("processor"), "cpu"),
            ("CUDA", "cuda"),
            ("Apple GPU", "mps"),
        )
        self.hold_out = _spin(0, 50, 5, self.tr("none"), " %")
        self._rows: tuple[tuple[str, QWidget], ...] = (
            (self.tr("Steps"), self.steps),
            (self.tr("What learns"), self.phases),
            (self.tr("Quarter turns"), self.rotate),
            (self.tr("Copy and paste"), self.copy_paste),
            (self.tr("Images a step"), self.batch),
            (self.tr("Samples up to"), self.side),
            (self.tr("Learning rate"), self.rate),
            (self.tr("Device"), self.device),
            (self.tr("Held out"), self.hold_out),
        )
        for spin in (self.steps, self.copy_paste, self.batch, self.hold_out, self.rate):
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self._on_change)
        for combo in (self.phases, self.rotate, self.side, self.device):
            combo.currentIndexChanged.connect(self._on_change)

    @property
    def is_open(self) -> bool:
        """Whether the settings are unfolded."""
        return self._fold.isChecked()

    def unfold(self, on: bool = True) -> None:
        """Show or hide the settings."""
        self._fold.setChecked(on)

    def show_choices(self, choices: LearningChoices, usual_steps: int | None) -> None:
        """Show choices; `usual_steps` is what the amount of data would decide."""
        self._choices = choices
        schedule = choices.schedule
        fields = [field for _, field in self._rows]
        blockers = [QSignalBlocker(field) for field in fields]
        text = self.tr("by the amount of data")
        self.steps.setSpecialValueText(f"{text} ({usual_steps})" if usual_steps else text)
        self.steps.setValue(choices.steps or 0)
        _select(self.phases, schedule.phases)
        _select(self.rotate, schedule.rotate)
        pasted = schedule.copy_paste
        self.copy_paste.setValue(-1 if pasted is None else round(100 * pasted))
        self.batch.setValue(schedule.batch or 0)
        _select(self.side, schedule.side)
        self.rate.setValue(schedule.learning_rate or 0)
        _select(self.device, choices.device)
        self.hold_out.setValue(round(100 * choices.hold_out))
        del blockers
        own = self._is_own(choices)
        self._reset.setVisible(own)
        self._fold.setText(self.tr("Settings (changed)") if own else self.tr("Settings"))

    def _is_own(self, choices: LearningChoices) -> bool:
        usual = LearningChoices()
        return any(
            getattr(choices, name) != getattr(usual, name)
            for name in ("steps", "device", "schedule", "hold_out")
        )

    def _on_fold(self, on: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._body.setVisible(on)

    def _on_change(self) -> None:
        pasted = self.copy_paste.value()
        schedule = structs.replace(
            self._choices.schedule,
            phases=self.phases.currentData(),
            rotate=self.rotate.currentData(),
            copy_paste=None if pasted < 0 else pasted / 100,
            batch=self.batch.value() or None,
            side=self.side.currentData(),
            learning_rate=self.rate.value() or None,
        )
        self.changed.emit(
            replace(
                self._choices,
                steps=self.steps.value() or None,
                device=self.device.currentData(),
                hold_out=self.hold_out.value() / 100,
                schedule=schedule,
            )
        )

    def _on_reset(self) -> None:
        usual = LearningChoices()
        self.changed.emit(
            replace(
                self._choices,
                steps=usual.steps,
                device=usual.device,
                hold_out=usual.hold_out,
                schedule=ScheduleChoices(),
            )
        )


def _spin(low: int, high: int, step: int, special: str = "", suffix: str = "") -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setSpecialValueText(special)
    spin.setSuffix(suffix)
    return spin


def _combo(*items: tuple[str, Any]) -> QComboBox:
    combo = QComboBox()
    for text, value in items:
        combo.addItem(text, value)
    return combo


def _select(combo: QComboBox, value: Any) -> None:
    """Choose a value; one that is not in the list is shown as it is."""
    places = [k for k in range(combo.count()) if _data(combo, k) == value]
    if not places:
        combo.addItem(str(value), value)
        places = [combo.count() - 1]
    combo.setCurrentIndex(places[0])


def _data(combo: QComboBox, place: int) -> Any:
    value = combo.itemData(place)
    # Qt hands tuples back as lists.
    return tuple(map(tuple, value)) if isinstance(value, list) else value
