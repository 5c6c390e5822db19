"""Before a run: what would be learned from, what new labels start from, how long it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.words import count_text, duration_text, sentence_text
from app.learning.names import basis_text
from app.learning.panel.options import OptionsBox
from app.learning.survey import Found
from app.widgets.form import clear_rows
from app.widgets.scroll_page import ScrollPage, say, wrapped
from core.learning.choices import LearningChoices
from core.learning.gather import FEW_IMAGES
from core.learning.pace import Expected
from core.learning.schedule import steps_for
from core.learning.split import FEW
from core.learning.takeover import NewLabel

FRESH = ""  # a label that starts afresh
LEAVE = None  # the trainer decides from what the model sees


@dataclass(frozen=True, slots=True)
class SetupState:
    """What the page shows. `blocked` says why no run can start now."""

    project: bool
    looking: bool
    found: Found | None
    reason: str
    choices: LearningChoices
    classes: tuple[str, ...]
    expected: Expected | None
    blocked: str


class SetupPage(QWidget):
    """`chosen` carries LearningChoices; `start_wanted` those to start with."""

    chosen = Signal(object)
    start_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._state: SetupState | None = None
        self._combos: dict[str, QComboBox] = {}
        self._shown_labels: tuple[object, ...] = ()
        self._news = wrapped()
        self._data = wrapped()
        for label in (self._news, self._data):
            label.setTextFormat(Qt.TextFormat.RichText)
        self._warning = wrapped()
        self._warning.setObjectName("few")
        self._problems = wrapped()
        self._leave_out = QCheckBox(self.tr("Leave out accepted, unchanged"))
        self._leave_out.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._leave_out.setToolTip(
            self.tr(
                "Suggestions that were accepted and never opened then count neither as examples "
                "nor as background"
            )
        )
        self._leave_out.toggled.connect(self._on_leave_out)
        self._labels_head = wrapped(self.tr("New labels start from what the model knows as"))
        self._labels = QFormLayout()
        self._labels.setContentsMargins(12, 0, 0, 0)
        self._labels.setVerticalSpacing(4)
        self._labels.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.options = OptionsBox()
        self.options.changed.connect(self.chosen)
        self._time = wrapped()
        self._time.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.start = QPushButton(self.tr("Start learning"))
        self.start.setIcon(icon("learn"))
        self.start.setMinimumHeight(32)
        self.start.clicked.connect(self._on_start)
        page = ScrollPage(self.tr("What would be learned from"))
        column = page.column
        for widget in (self._news, self._data, self._leave_out, self._warning, self._problems):
            column.addWidget(widget)
        column.addWidget(self._labels_head)
        column.addLayout(self._labels)
        column.addWidget(self.options)
        column.addStretch(1)
        # Below the part that scrolls, so that it stays where it is, whatever stands above.
        foot = QVBoxLayout()
        foot.setContentsMargins(10, 4, 10, 10)
        foot.addWidget(self._time)
        foot.addWidget(self.start)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(page, 1)
        whole.addLayout(foot)

    def show_state(self, state: SetupState) -> None:
        """Show how things stand."""
        self._state = state
        found = state.found
        say(self._news, self._news_text(state))
        say(self._data, "" if found is None else self._data_text(found))
        self._leave_out.setVisible(found is not None and bool(_accepted(state)))
        with QSignalBlocker(self._leave_out):
            self._leave_out.setChecked(state.choices.leave_out_accepted)
        say(self._warning, self._warning_text(found))
        said = () if found is None else (*found.gathered.problems, *found.gathered.notes)
        problems = [sentence_text(each) for each in said if each.id != FEW_IMAGES.id]
        say(self._problems, "\n".join(problems[:5]))
        self._show_labels(state)
        self.options.setVisible(found is not None)
        self.options.show_choices(state.choices, _usual_steps(found))
        say(self._time, self._time_text(state))
        self.start.setVisible(state.project)
        self.start.setEnabled(found is not None and not state.blocked)
        self.start.setToolTip(state.blocked or self.tr("Fine-tune the model in the background"))

    @property
    def answers(self) -> dict[str, str | None]:
        """What each new label shall start from, as the page shows it."""
        return {label: combo.currentData() for label, combo in self._combos.items()}

    @property
    def texts(self) -> str:
        """All that the page says, for those who cannot see it."""
        labels = (self._news, self._data, self._warning, self._problems, self._time)
        return "\n".join(label.text() for label in labels if not label.isHidden())

    def combo(self, label: str) -> QComboBox:
        """The choice for a new label."""
        return self._combos[label]

    def _news_text(self, state: SetupState) -> str:
        if not state.project:
            return self.tr("Open a folder of images first.")
        if state.found is None and state.looking and not state.reason:
            return self.tr("Looking at the labels…")
        if state.found is None:
            return self.tr(
                "<b>Teach the model with your labels.</b><br>Correct the suggestions of an image, "
                "outline what is missing, and mark the image as done. Five to ten such images are "
                "a good start."
            ) + (f"<br><br>{escape(state.reason)}" if state.reason else "")
        return ""

    def _data_text(self, found: Found) -> str:
        """What would be learned from, line by line."""
        gathered, source = found.gathered, found.gathered.provenance
        whole = sum(image.regions is None for image in gathered.images)
        partly = len(gathered.images) - whole
        lines = [self.tr("<b>%n image(s)</b> marked as done", "", whole)]
        if partly:
            lines.append(self.tr("%n image(s) in part, inside done regions", "", partly))
        total = source.drawn + source.edited + source.prompted + source.accepted
        lines.append(
            self.tr("<b>%n instance(s)</b>", "", total)
            + self.tr(
                ": {drawn} drawn, {edited} edited, {prompted} prompted, {accepted} accepted"
            ).format(
                drawn=count_text(source.drawn),
                edited=count_text(source.edited),
                prompted=count_text(source.prompted),
                accepted=count_text(source.accepted),
            )
        )
        if source.left_out:
            lines.append(self.tr("%n area(s) left out", "", source.left_out))
        held = gathered.held_out
        lines.append(
            self.tr("%n image(s) held out to measure with", "", held)
            if held
            else self.tr("Nothing is held out, so nothing can be measured")
        )
        return "<br>".join(lines)

    def _warning_text(self, found: Found | None) -> str:
        if found is None or len(found.gathered.images) >= FEW:
            return ""
        return "⚠ " + self.tr(
            "With fewer than {enough} images, what is measured before and after cannot be trusted "
            "yet."
        ).format(enough=FEW)

    def _time_text(self, state: SetupState) -> str:
        if state.found is None:
            return ""
        if state.blocked:
            return state.blocked
        steps = state.choices.steps or _usual_steps(state.found) or 0
        if state.expected is None:
            text = self.tr("{steps} steps. The first ones will tell how long that takes.")
            return text.format(steps=count_text(steps))
        return self.tr("{steps} steps, about {time}: {basis}.").format(
            steps=count_text(steps),
            time=duration_text(state.expected.seconds),
            basis=basis_text(state.expected.basis),
        )

    def _show_labels(self, state: SetupState) -> None:
        new = () if state.found is None else state.found.new
        shown = (new, state.classes, state.choices.reuse)
        self._labels_head.setVisible(bool(new))
        if shown == self._shown_labels:
            return
        self._shown_labels = shown
        clear_rows(self._labels)
        self._combos = {}
        for each in new:
            combo = self._label_combo(each, state)
            self._combos[each.label] = combo
            name = QLabel(each.label)
            name.setTextFormat(Qt.TextFormat.PlainText)
            name.setToolTip(each.label)
            self._labels.addRow(name, combo)

    def _label_combo(self, new: NewLabel, state: SetupState) -> QComboBox:
        combo = QComboBox()
        combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        combo.setMinimumWidth(90)
        combo.setAccessibleName(self.tr("What {label} starts from").format(label=new.label))
        combo.addItem(self.tr("what it sees in them"), LEAVE)
        for name in state.classes:
            combo.addItem(name, name)
        combo.addItem(self.tr("nothing: start afresh"), FRESH)
        answer = dict(state.choices.reuse).get(new.label, new.likely)
        place = 0 if answer is None else combo.findData(answer)
        combo.setCurrentIndex(max(0, place))
        if new.came:
            tip = self.tr("{came} of {all} were suggested as {name}")
            combo.setToolTip(tip.format(came=new.came, all=new.instances, name=new.likely))
        combo.currentIndexChanged.connect(lambda: self._on_answer(new.label, combo.currentData()))
        return combo

    def _on_answer(self, label: str, kind: str | None) -> None:
        if self._state is not None:
            self.chosen.emit(self._state.choices.with_reuse(label, kind))

    def _on_leave_out(self, on: bool) -> None:
        if self._state is not None:
            self.chosen.emit(replace(self._state.choices, leave_out_accepted=on))

    def _on_start(self) -> None:
        if self._state is not None and self.start.isEnabled():
            self.start_wanted.emit(self.choices_to_start)

    @property
    def choices_to_start(self) -> LearningChoices:
        """The choices with the answers as shown: what was not changed counts as answered."""
        choices = LearningChoices() if self._state is None else self._state.choices
        for label, kind in self.answers.items():
            choices = choices.with_reuse(label, kind)
        return choices


def _accepted(state: SetupState) -> bool:
    found = state.found
    return state.choices.leave_out_accepted or (
        found is not None and found.gathered.provenance.accepted > 0
    )


def _usual_steps(found: Found | None) -> int | None:
    if found is None:
        return None
    return steps_for(len(found.gathered.images) - found.gathered.held_out)
