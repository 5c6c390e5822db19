"""A run as it goes: how far, the curves, what it sees in the pinned image; and stop or drop it."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QCoreApplication, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
)

from app.base.icons import icon
from app.base.words import count_text, duration_text, sentence_text
from app.learning.names import run_name, state_text
from app.learning.panel.curves import Curves, Line
from app.learning.panel.picture import PictureView
from app.learning.pinned import Pinned
from app.learning.watch import Phase, RunWatch
from app.widgets.scroll_page import ScrollPage, say, wrapped
from core.learning.progress import Progress
from core.learning.report import Kind
from core.learning.state import RunState

LOSSES: Final = (
    "loss_classifier",
    "loss_box_reg",
    "loss_mask",
    "loss_objectness",
    "loss_rpn_box_reg",
    "loss_clicks",
    "loss_keypoint",
)
NOTES: Final = 6


class LivePage(ScrollPage):
    """Buttons ask: `stop_wanted`, `cancel_wanted`, `resume_wanted`, `closed`."""

    stop_wanted = Signal()
    cancel_wanted = Signal()
    resume_wanted = Signal()
    closed = Signal()

    def __init__(self, pinned: Pinned) -> None:
        super().__init__(QCoreApplication.translate("LivePage", "The run as it goes"))
        self._watch: RunWatch | None = None
        self._pinned = pinned
        self._state = wrapped()
        font = self._state.font()
        font.setBold(True)
        self._state.setFont(font)
        self._detail = wrapped()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName(self.tr("Steps of the run"))
        self._make_buttons()
        self._losses = Curves(self.tr("Losses"), 130, 2)
        self._ap = Curves(self.tr("Average precision, held-out images"), 90, 2)
        self._rate = QLabel()
        self._rate.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._picture_head = wrapped()
        self.picture = PictureView()
        self._notes = wrapped()
        self._notes.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = self.column
        column.setSpacing(6)
        column.addWidget(self._state)
        column.addWidget(self._bar)
        column.addWidget(self._detail)
        column.addLayout(self._buttons)
        for widget in (self._losses, self._rate, self._ap, self._picture_head, self.picture):
            column.addWidget(widget)
        column.addWidget(self._notes)
        column.addStretch(1)
        pinned.changed.connect(self._show_picture)
        self._clock = QTimer(self)  # the time left also passes between two events
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_head)

    def _make_buttons(self) -> None:
        self.stop = QPushButton(self.tr("Stop, keep best"))
        self.stop.setIcon(icon("stop"))
        self.stop.setToolTip(self.tr("End the run now and measure the best model it had"))
        self.stop.clicked.connect(self.stop_wanted)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("End the run and throw away what it learned"))
        self.cancel.clicked.connect(self.cancel_wanted)
        self.resume = QPushButton(self.tr("Go on"))
        self.resume.setIcon(icon("learn"))
        self.resume.setToolTip(self.tr("Go on from the last checkpoint"))
        self.resume.clicked.connect(self.resume_wanted)
        self.close_ = QPushButton(self.tr("Close"))
        self.close_.clicked.connect(self.closed)
        self._buttons = QGridLayout()
        self._buttons.setSpacing(6)
        for place, button in enumerate((self.stop, self.resume, self.cancel, self.close_)):
            button.setMinimumHeight(28)
            self._buttons.addWidget(button, 0, place)

    def show_watch(self, watch: RunWatch | None) -> None:
        """Show another run, or how the same one has come on."""
        self._watch = watch
        if watch is None:
            self._clock.stop()
            self._pinned.want(None)
            return
        progress = watch.progress
        if watch.active:
            self._clock.start()
        else:
            self._clock.stop()
        self._show_head()
        self._show_buttons(watch)
        self._show_curves(progress)
        if progress.picture is not None:
            self._pinned.want(watch.run, progress.picture.key)
        else:
            self._pinned.want(None)
        self._show_picture()
        notes = [sentence_text(note) for note in progress.notes[-NOTES:]]
        say(self._notes, "\n".join(notes))

    @property
    def texts(self) -> str:
        """What is said about the run."""
        return f"{self._state.text()}\n{self._detail.text()}"

    def _show_head(self) -> None:
        watch = self._watch
        if watch is None:
            return
        progress = watch.progress
        self._state.setText(self._state_text(watch))
        self._bar.setVisible(watch.active)
        # Before and after the steps there is no telling how far it is.
        counting = progress.state is RunState.RUNNING and progress.total > 0
        self._bar.setRange(0, progress.total if counting else 0)
        self._bar.setValue(progress.step)
        say(self._detail, self._detail_text(watch))

    def _state_text(self, watch: RunWatch) -> str:
        progress = watch.progress
        if watch.phase is Phase.CUT_OFF:
            return self.tr("The run of {when} was cut off").format(when=run_name(watch.run.id))
        if watch.phase is Phase.STARTING or not progress.heard:
            return self.tr("Starting")
        if watch.active and watch.dropping:
            return self.tr("Being dropped")
        if watch.active and watch.stopping and progress.state is RunState.RUNNING:
            return self.tr("Stopping after this step")
        return state_text(progress.state)

    def _detail_text(self, watch: RunWatch) -> str:
        progress = watch.progress
        if watch.phase is Phase.CUT_OFF:
            return self.tr(
                "Its process ended before its time, after step {step}. It can go on from its last "
                "checkpoint; labels and models in use are as they were."
            ).format(step=count_text(progress.step))
        if progress.failure is not None:
            return sentence_text(progress.failure)
        parts = []
        if progress.state is RunState.RUNNING and progress.total:
            parts.append(
                self.tr("Step {step} of {total}").format(
                    step=count_text(progress.step), total=count_text(progress.total)
                )
            )
        left = progress.seconds_left(time.time()) if watch.active else None
        if left is not None and progress.state in (RunState.PREPARING, RunState.RUNNING):
            parts.append(self.tr("about {time} left").format(time=duration_text(left)))
            if not progress.steps:
                parts.append(self.tr("measured on a trial step"))
        if not parts and progress.state is RunState.PREPARING and watch.active:
            return self.tr("Loading the model, trying a step, measuring the model as it is")
        return " · ".join(parts)

    def _show_buttons(self, watch: RunWatch) -> None:
        progress, over = watch.progress, not watch.active
        failed = over and progress.state is RunState.FAILED
        self.stop.setVisible(watch.active)
        self.stop.setEnabled(not watch.stopping and progress.state is not RunState.STOPPING)
        self.cancel.setVisible(watch.active or watch.phase is Phase.CUT_OFF or failed)
        self.cancel.setEnabled(not watch.dropping)
        self.cancel.setText(self.tr("Cancel") if watch.active else self.tr("Drop"))
        self.resume.setVisible(watch.phase is Phase.CUT_OFF or failed)
        self.close_.setVisible(over)

    def _show_curves(self, progress: Progress) -> None:
        names = (
            self.tr("class"),
            self.tr("box"),
            self.tr("mask"),
            self.tr("objectness"),
            self.tr("proposal box"),
            self.tr("clicks"),
            self.tr("keypoints"),
        )
        total = max(progress.total, progress.step, 1)
        lines = [
            Line(
                title,
                tuple((one.step, one.losses[name]) for one in progress.steps if name in one.losses),
                place,
                rough=True,
            )
            for place, (name, title) in enumerate(zip(LOSSES, names, strict=True))
        ]
        self._losses.setVisible(bool(progress.steps))
        # A model without a head that mends at clicks has no such loss.
        self._losses.show_lines([line for line in lines if line.points], total)
        rate = progress.steps[-1].rate if progress.steps else 0.0
        self._rate.setText(self.tr("Learning rate {rate}").format(rate=f"{rate:.2e}"))
        self._rate.setVisible(bool(progress.steps))
        last = progress.validations[-1:]
        kind = last[0].judged_by if last else Kind.MASK
        before = _ap_before(progress, kind)
        points = tuple((one.step, one.figures.get(kind, 0.0)) for one in progress.validations)
        ap = [Line(self.tr("now"), points, 2, marked=True)]
        if before is not None:
            ap.append(Line(self.tr("before"), ((0, before), (total, before)), 0, dashed=True))
        self._ap.setVisible(bool(points) or before is not None)
        self._ap.show_lines(ap, total)

    def _show_picture(self) -> None:
        watch, image = self._watch, self._pinned.image
        picture = None if watch is None else watch.progress.picture
        fits = picture is not None and image is not None and image.key == picture.key
        self.picture.setVisible(fits)
        self._picture_head.setVisible(fits)
        if picture is None or image is None or not fits:
            return
        seen = image.outlines([each for each in picture.instances if (each.score or 0) >= 0.5])
        self.picture.show_image(image, seen)
        head = self.tr("{image} after step {step}")
        text = head.format(image=image.key, step=count_text(picture.step))
        self._picture_head.setText(text)
        found = self.tr("%n instance(s) seen", "", len(seen))
        self.picture.setAccessibleName(f"{text}: {found}")


def _ap_before(progress: Progress, kind: Kind) -> float | None:
    """The AP of the model before, of what is taught."""
    part = None if progress.before is None else progress.before.get(kind)
    value = part.get("AP") if isinstance(part, dict) else None
    return float(value) if isinstance(value, int | float) else None
