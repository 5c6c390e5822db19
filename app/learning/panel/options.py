"""Settings of a run that a person may override; folded away, since the amount of data decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from msgspec import structs
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.form import Choice, Form, Number
from core.learning.choices import LearningChoices
from core.learning.schedule import ALL, HEADS, LAST_STAGES, ScheduleChoices

Phases = tuple[tuple[int, float], ...]
ONLY_HEADS: Final[Phases] = ((HEADS, 1.0),)
LAST: Final[Phases] = ((HEADS, 0.3), (LAST_STAGES, 0.7))
EVERYTHING: Final[Phases] = ((HEADS, 0.1), (LAST_STAGES, 0.3), (ALL, 0.6))
SIDES: Final = (256, 384, 512, 640, 800)
SCHEDULED: Final = frozenset(ScheduleChoices.__struct_fields__)


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
        self.form = self._form()
        self.form.changed.connect(self._on_change)
        self._reset = QPushButton(self.tr("All as usual"))
        self._reset.clicked.connect(self._on_reset)
        self._body = QWidget()
        form = QFormLayout(self._body)
        form.setContentsMargins(12, 2, 0, 4)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.form.fill(form)
        for name in self.form.fields:
            self.form[name].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self.form[name].setMinimumWidth(90)
        form.addRow("", self._reset)
        self._body.hide()
        self._fold.toggled.connect(self._on_fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._fold)
        column.addWidget(self._body)
        self.show_choices(self._choices, None)

    def _form(self) -> Form:
        usual = self.tr("as usual")
        phases = (
            (self.tr("by the amount of data"), None),
            (self.tr("the heads"), ONLY_HEADS),
            (self.tr("heads, then the last stages"), LAST),
            (self.tr("heads, last stages, then all"), EVERYTHING),
        )
        devices = (
            (self.tr("as in the settings"), "auto"),
            (self.tr("processor"), "cpu"),
            ("CUDA", "cuda"),
            ("Apple GPU", "mps"),
        )
        turns = ((usual, None), (self.tr("on"), True), (self.tr("off"), False))
        sides = ((usual, None), *((f"{side} px", side) for side in SIDES))
        up_and_down = self.tr("For images without an up and a down")
        pasted = self.tr("Share of the samples that get instances of other images pasted in")
        rows = (
            Number("steps", self.tr("Steps"), 0, 50_000, 50, optional=True),
            Choice("phases", self.tr("What learns"), phases),
            Choice("rotate", self.tr("Quarter turns"), turns, up_and_down),
            Number("copy_paste", self.tr("Copy and paste"), -1, 100, 10, 0, " %", usual, pasted,
                   per=100, optional=True),
            Number("batch", self.tr("Images a step"), 0, 64, special=usual, optional=True),
            Choice("side", self.tr("Samples up to"), sides),
            Number("learning_rate", self.tr("Learning rate"), 0, 0.1, 0.0001, 5, special=usual,
                   optional=True),
            Choice("device", self.tr("Device"), devices),
            Number("hold_out", self.tr("Held out"), 0, 50, 5, 0, " %", self.tr("none"), per=100),
        )  # fmt: skip
        return Form(rows, self)

    def show_choices(self, choices: LearningChoices, usual_steps: int | None) -> None:
        """Show choices; `usual_steps` is what the amount of data would decide."""
        self._choices = choices
        text = self.tr("by the amount of data")
        special = f"{text} ({usual_steps})" if usual_steps else text
        self.form["steps"].setSpecialValueText(special)
        self.form.show_values(
            {
                name: getattr(choices.schedule if name in SCHEDULED else choices, name)
                for name in self.form.fields
            }
        )
        own = choices != self._usual(choices)
        self._reset.setVisible(own)
        self._fold.setText(self.tr("Settings (changed)") if own else self.tr("Settings"))

    def _usual(self, choices: LearningChoices) -> LearningChoices:
        """Choices with all fields of the form as usual."""
        usual = LearningChoices()
        own = {name: getattr(usual, name) for name in self.form.fields if name not in SCHEDULED}
        return replace(choices, schedule=usual.schedule, **own)

    def _on_fold(self, on: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._body.setVisible(on)

    def _on_change(self, name: str, value: Any) -> None:
        if name in SCHEDULED:
            name, value = "schedule", structs.replace(self._choices.schedule, **{name: value})
        self.changed.emit(replace(self._choices, **{name: value}))

    def _on_reset(self) -> None:
        self.changed.emit(self._usual(self._choices))
