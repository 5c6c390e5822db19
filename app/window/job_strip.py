"""The job strip: a row for each piece of work, with progress, estimate, cancel and how it ended."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon, pixmap
from app.base.jobs import Job, Jobs, JobState
from app.base.words import count_text, duration_text
from app.widgets.banners import Kind, kind_colour
from app.widgets.elided import ElidedLabel

LINGER: Final = 6000  # ms that the row of good work stays


class JobStrip(QWidget):
    """Rows of jobs, oldest first; hidden while there is nothing to tell."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setVisible(False)
        jobs.added.connect(self._add)

    def _add(self, job: Job) -> None:
        row = JobRow(job)
        self._column.addWidget(row)
        row.hide()
        QTimer.singleShot(job.patience, row, row.appear)

    def shown(self) -> list[str]:
        """The texts of all rows on show."""
        rows = self.findChildren(JobRow)
        return [row.text() for row in rows if not row.isHidden()]

    def sync(self) -> None:
        """Show the strip exactly when it has a row."""
        self.setVisible(any(not row.isHidden() for row in self.findChildren(JobRow)))


class JobRow(QWidget):
    """One job."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._sign = QLabel()
        self._sign.hide()
        self._title = ElidedLabel(job.title)
        self._title.setToolTip(job.title)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setMinimumWidth(60)
        self._bar.setMaximumWidth(140)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(job.title)
        self._detail = ElidedLabel()
        self._detail.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._button = QToolButton()
        self._button.setAutoRaise(True)
        self._button.setIconSize(QSize(16, 16))
        self._button.setIcon(icon("close"))
        self._button.setAccessibleName(self.tr("Cancel: {job}").format(job=job.title))
        self._button.setToolTip(self.tr("Cancel"))
        self._button.clicked.connect(self._on_button)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        for widget in (self._sign, self._title, self._bar, self._detail, self._button):
            row.addWidget(widget)
        row.addStretch(1)
        job.changed.connect(self._refresh)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._refresh)
        self._clock.start()
        self._refresh()

    def appear(self) -> None:
        """Come into view, unless the work was over at once and well."""
        if self._job.state in (JobState.DONE, JobState.CANCELLED):
            self.deleteLater()
            return
        self._set_shown(True)

    def text(self) -> str:
        """What the row says."""
        return f"{self._title.text()} {self._detail.text()}".strip()

    def _refresh(self) -> None:
        job = self._job
        if job.running:
            self._bar.setRange(0, job.total)
            self._bar.setValue(job.done)
            self._detail.setText(self._progress_text())
            self._detail.setVisible(bool(self._detail.text()))
            self._button.setVisible(job.can_cancel)
            return
        self._clock.stop()
        self._bar.hide()
        kind = Kind.ERROR if job.state is JobState.FAILED else Kind.INFO
        name = "error" if job.state is JobState.FAILED else "done"
        if job.state is not JobState.CANCELLED:
            ratio = self.devicePixelRatioF()
            self._sign.setPixmap(pixmap(name, 16, kind_colour(kind), ratio))
            self._sign.show()
        self._detail.show()
        self._detail.setText(job.outcome)
        self._detail.setToolTip(job.outcome)
        self._button.setVisible(True)
        self._button.setToolTip(self.tr("Close"))
        self._button.setAccessibleName(self.tr("Close: {job}").format(job=job.title))
        if job.state is not JobState.FAILED:
            QTimer.singleShot(LINGER, self, self._leave)

    def _progress_text(self) -> str:
        job = self._job
        if job.total <= 0:
            return ""
        text = self.tr("{done} of {total}").format(
            done=count_text(job.done), total=count_text(job.total)
        )
        left = job.seconds_left()
        if left is None:
            return text
        return text + " · " + self.tr("about {time} left").format(time=duration_text(left))

    def _on_button(self) -> None:
        if self._job.running:
            self._job.cancel()
        else:
            self._leave()

    def _leave(self) -> None:
        self._set_shown(False)
        self.deleteLater()

    def _set_shown(self, shown: bool) -> None:
        self.setVisible(shown)
        strip = self.parentWidget()
        if isinstance(strip, JobStrip):
            strip.sync()
