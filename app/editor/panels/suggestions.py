"""Below the list: from which score on suggestions are shown, and what to do with them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.action_set import ActionSet
from app.widgets.section import small_button

STEPS = 100
ANSWERS = ("accept", "accept_all", "reject", "clear_suggestions")


class SuggestionsPanel(QWidget):
    """`threshold_changed` carries the score, `following_chosen` whether it is chosen by the
    program."""

    threshold_changed = Signal(float)
    following_chosen = Signal(bool)

    def __init__(self, actions: ActionSet) -> None:
        super().__init__()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(5, STEPS)
        self._slider.setPageStep(5)
        self._slider.setMinimumWidth(48)
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
        self._lay_out(actions)
        self._slider.valueChanged.connect(lambda step: self._value.setValue(step / STEPS))
        self._value.valueChanged.connect(self._on_value)
        self._follow.toggled.connect(self.following_chosen)

    def set_threshold(self, score: float) -> None:
        """Show a score that was set elsewhere."""
        with QSignalBlocker(self._value), QSignalBlocker(self._slider):
            self._value.setValue(score)
            self._slider.setValue(round(score * STEPS))

    def focus_slider(self) -> None:
        """Give the slider the keyboard."""
        self._slider.setFocus()

    def set_following(self, on: bool) -> None:
        """Show whether the score is chosen."""
        with QSignalBlocker(self._follow):
            self._follow.setChecked(on)

    def _on_value(self, score: float) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(score * STEPS))
        self.threshold_changed.emit(score)

    def _lay_out(self, actions: ActionSet) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 10)
        column.setSpacing(6)
        score = QHBoxLayout()
        label = QLabel(self.tr("Score from"))
        label.setBuddy(self._value)
        score.addWidget(label)
        score.addWidget(self._slider, 1)
        score.addWidget(self._value)
        score.addWidget(self._follow)
        score.addWidget(small_button(actions["show_suggestions"]))
        column.addLayout(score)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        for place, id in enumerate(ANSWERS):
            button = QToolButton()
            button.setDefaultAction(actions[id])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setMinimumHeight(28)
            button.setAccessibleName(actions[id].text())
            buttons.addWidget(button, place // 2, place % 2)
        column.addLayout(buttons)
