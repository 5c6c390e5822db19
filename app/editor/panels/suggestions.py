"""The suggestions panel: how many are shown, the score slider, and what to do with them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
)

from app.base.action_set import ActionSet
from app.base.words import count_text
from app.widgets.section import Section

STEPS = 100


class SuggestionsPanel(Section):
    """`threshold_changed` carries the score, `following_chosen` whether it is chosen by the
    program, `unknown_chosen` what becomes of unknown labels."""

    threshold_changed = Signal(float)
    following_chosen = Signal(bool)
    unknown_chosen = Signal(str)

    def __init__(self, actions: ActionSet) -> None:
        super().__init__()
        self._title.setText(self.tr("Suggestions"))
        self.add_button(actions["show_suggestions"])
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(5, STEPS)
        self._slider.setPageStep(5)
        self._slider.setAccessibleName(self.tr("Least score of the suggestions that are shown"))
        self._slider.setToolTip(self._slider.accessibleName())
        self._value = QDoubleSpinBox()
        self._value.setRange(0.05, 1.0)
        self._value.setSingleStep(0.05)
        self._value.setDecimals(2)
        self._value.setAccessibleName(self._slider.accessibleName())
        self._follow = QToolButton()
        self._follow.setCheckable(True)
        self._follow.setText(self.tr("Auto"))
        self._follow.setAccessibleName(self.tr("Choose the score"))
        self._follow.setToolTip(
            self.tr(
                "The score from which half of the suggestions should be right, after the figures "
                "of the model and after what you accept and reject"
            )
        )
        self._unknown = QComboBox()
        self._unknown.addItem(self.tr("active label"), "active")
        self._unknown.addItem(self.tr("added as new"), "add")
        self._unknown.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._unknown.setAccessibleName(self.tr("Accepted suggestions of unknown labels"))
        self._lay_out(actions)
        self._slider.valueChanged.connect(lambda step: self._value.setValue(step / STEPS))
        self._value.valueChanged.connect(self._on_value)
        self._follow.toggled.connect(self.following_chosen)
        self._unknown.currentIndexChanged.connect(
            lambda: self.unknown_chosen.emit(self._unknown.currentData())
        )

    def set_threshold(self, score: float) -> None:
        """Show a score that was set elsewhere."""
        with QSignalBlocker(self._value), QSignalBlocker(self._slider):
            self._value.setValue(score)
            self._slider.setValue(round(score * STEPS))

    def focus_slider(self) -> None:
        """Give the slider the keyboard."""
        self._slider.setFocus()

    def set_unknown(self, choice: str) -> None:
        """Show what becomes of unknown labels."""
        with QSignalBlocker(self._unknown):
            self._unknown.setCurrentIndex(self._unknown.findData(choice))

    def set_following(self, on: bool) -> None:
        """Show whether the score is chosen."""
        with QSignalBlocker(self._follow):
            self._follow.setChecked(on)

    def set_counts(self, shown: int, below: int) -> None:
        """How many suggestions are shown, and how many score too low to be."""
        if shown == below == 0:
            self.set_note(self.tr("none"))
            return
        note = count_text(shown)
        if below:
            note += " · " + self.tr("%n more below the score", "", below)
        self.set_note(note)

    def _on_value(self, score: float) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(score * STEPS))
        self.threshold_changed.emit(score)

    def _lay_out(self, actions: ActionSet) -> None:
        self.body.setContentsMargins(10, 0, 10, 10)
        self.body.setSpacing(6)
        score = QHBoxLayout()
        label = QLabel(self.tr("Score from"))
        label.setBuddy(self._value)
        score.addWidget(label)
        score.addWidget(self._slider, 1)
        score.addWidget(self._value)
        score.addWidget(self._follow)
        self.body.addLayout(score)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        for place, id in enumerate(("accept", "accept_all", "reject", "clear_suggestions")):
            button = QToolButton()
            button.setDefaultAction(actions[id])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setMinimumHeight(28)
            button.setAccessibleName(actions[id].text())
            buttons.addWidget(button, place // 2, place % 2)
        self.body.addLayout(buttons)
        unknown = QHBoxLayout()
        unknown.addWidget(QLabel(self.tr("Unknown labels become")))
        unknown.addWidget(self._unknown, 1)
        self.body.addLayout(unknown)
