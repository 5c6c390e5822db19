"""What becomes of a run that has ended: its report is shown, its model used, its files deleted."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.editor.services import Services
from app.learning.chain import ModelChain
from app.learning.names import run_name, state_text
from app.learning.panel.panel import LearningPanel
from app.learning.questions import Questions
from app.learning.runs import Runs
from app.learning.watch import RunWatch
from app.widgets.banners import Kind
from core.learning.history import RunSummary
from core.learning.state import RunState


class Judging(QObject):
    """`changed` follows another report; `raised` asks for the panel to be brought to the front."""

    changed = Signal()
    raised = Signal()

    def __init__(
        self,
        services: Services,
        panel: LearningPanel,
        runs: Runs,
        chain: ModelChain,
        questions: Questions,
    ) -> None:
        super().__init__(services.workspace)
        self._services = services
        self._panel = panel
        self._runs = runs
        self._chain = chain
        self._questions = questions
        self.summary: RunSummary | None = None
        """The run whose report is shown."""
        runs.ended.connect(self._on_ended)
        runs.finished_away.connect(self._on_finished_away)
        panel.runs.use_wanted.connect(self._use)
        panel.runs.report_wanted.connect(self._show)
        panel.runs.delete_wanted.connect(self._delete)
        panel.report.image_wanted.connect(services.workspace.go)

    @property
    def usable(self) -> bool:
        """Whether the model of the report can be taken into use."""
        return (
            self.summary is not None
            and not self._chain.busy
            and not self._chain.is_current(self.summary.run)
        )

    def clear(self) -> None:
        """Show no report."""
        self.summary = None
        self._panel.report.clear()
        self.changed.emit()

    def bring(self) -> None:
        """Bring the report to the front."""
        self.raised.emit()
        self._panel.show_report_page()

    def use(self) -> None:
        """Take the model of the report into use."""
        if self.summary is not None:
            self._use(self.summary)

    def refresh(self) -> None:
        """Say whose report is shown, and how things stand with its model."""
        if self.summary is None:
            self._panel.show_report_of("", "", usable=False)
            return
        if self._chain.is_current(self.summary.run):
            text = self.tr("In use")
        elif self._chain.busy:
            text = self.tr("Trying it…")
        else:
            text = self.tr("Use this model")
        name = self.tr("Run of {when}").format(when=run_name(self.summary.run.id))
        self._panel.show_report_of(name, text, usable=self.usable)

    def _on_ended(self, watch: RunWatch) -> None:
        if watch.progress.state is RunState.FAILED:
            return  # it stays in sight, and can go on
        runs = self._runs.summaries
        summary = next((one for one in runs if one.run == watch.run), None)
        if summary is not None and summary.report is not None:
            self._runs.forget()
            self._take(summary)
            self._tell(self.tr("The model has learned: see whether it is better."))
        elif watch.progress.state is RunState.STOPPED:
            self._runs.forget()
            self._services.notices.say(self.tr("The run was stopped before its first step."))

    def _on_finished_away(self, summary: RunSummary) -> None:
        self._take(summary)
        text = self.tr("A run has come to its end while the window was closed: {state}.")
        self._tell(text.format(state=state_text(summary.state)))

    def _tell(self, text: str) -> None:
        self._panel.show_report_page()
        self._services.notices.say(text, Kind.INFO, [(self.tr("Report"), self.bring)])

    def _take(self, summary: RunSummary) -> None:
        if summary.report is not None:
            self.summary = summary
            self._panel.report.show_report(summary.report, summary.run)
            self.changed.emit()

    def _show(self, summary: RunSummary) -> None:
        self._take(summary)
        self.bring()

    def _use(self, summary: RunSummary) -> None:
        self._chain.use(summary.run, self._image_to_try(summary))

    def _image_to_try(self, summary: RunSummary) -> Path | None:
        """An image with instances for the canary: a held-out one, else the open one."""
        workspace = self._services.workspace
        if workspace.project is None:
            return None
        for image in () if summary.report is None else summary.report.images:
            path = workspace.project.root / image.key
            if image.instances and workspace.entry(path) is not None:
                return path
        staged = workspace.staged
        if staged is not None and staged.session.document.instances:
            return staged.entry.path
        return None

    def _delete(self, summary: RunSummary) -> None:
        def drop() -> None:
            if self.summary is not None and self.summary.run == summary.run:
                self.clear()
            self._runs.drop(summary.run)

        name = run_name(summary.run.id)
        self._questions.before_delete(name, self._chain.knows(summary.run), drop)
