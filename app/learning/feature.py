"""The corner of the window that teaches the model: its parts, its panel, what its actions do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget

from app.base.jobs import Job, JobState
from app.base.settings import LEARNING_PACE
from app.learning.chain import ModelChain
from app.learning.choices import Choices
from app.learning.gains_feature import GainsCorner
from app.learning.judging import Judging
from app.learning.names import model_name, run_name
from app.learning.panel.live import LivePage
from app.learning.panel.panel import LearningPanel
from app.learning.panel.report_view import ReportView
from app.learning.panel.runs import RunsPage
from app.learning.panel.setup import SetupPage, SetupState
from app.learning.pinned import Pinned
from app.learning.questions import Questions
from app.learning.runs import Runs
from app.learning.survey import Survey
from app.learning.watch import Phase, RunWatch
from app.widgets.banners import Kind
from core.learning.choices import LearningChoices
from core.learning.folder import RunFolder
from core.learning.history import RunSummary
from core.learning.memory import Memory
from core.learning.pace import Expected, Pace, expect
from core.learning.schedule import steps_for
from core.learning.state import Command, RunState

if TYPE_CHECKING:
    from app.window.window import MainWindow

JOB_AFTER = 0  # ms until the strip shows a run


class LearningCorner(QObject):
    """Made once by the window, before its docks."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        parts = window.parts
        self.memory = Memory()
        self.choices = Choices(parts.workspace)
        self.survey = Survey(parts.workspace, self.choices, parts.models, self.memory)
        self.runs = Runs(parts.workspace, self.choices, parts.settings, self.memory)
        self.chain = ModelChain(
            parts.workspace, self.choices, parts.models, parts.annotator, parts.settings
        )
        self.pinned = Pinned(parts.tasks, self)
        self._questions = Questions(window)
        setup, live = SetupPage(), LivePage(self.pinned)
        runs = RunsPage(parts.models.name_of)
        self.panel = LearningPanel(setup, live, ReportView(parts.tasks), runs, window.actions_)
        self.judging = Judging(window, self.panel, self.runs, self.chain, self._questions)
        self.gains = GainsCorner(window, self.panel.report)
        self._dock: QDockWidget | None = None
        self._job: Job | None = None
        self._predictions: list[float] = []
        self._wire_pages()
        self._wire_parts()

    def connect_dock(self, dock: QDockWidget) -> None:
        """Look only while the panel is seen; say what happens once there are notices."""
        self._dock = dock
        notices = self._window.notices
        dock.visibilityChanged.connect(self._on_visible)
        self.runs.failed.connect(notices.fail)
        self.runs.said.connect(notices.say)
        self.chain.said.connect(notices.say)
        self.runs.asks.connect(self._ask_to_go_on)
        self.chain.asks.connect(self._ask_for_model)
        self.chain.failed.connect(lambda text: notices.fail("learning", text))
        self.choices.failed.connect(lambda text: notices.fail("learning", text, warning=True))
        self._show_setup()
        self._show_model()

    def acts(self) -> dict[str, Callable[[bool], object]]:
        """What the actions of learning do, by their ids."""
        return {
            "learning": self._show,
            "learn_page": lambda _on: self._next_page(),
            "learn_start": lambda _on: self._start_by_key(),
            "learn_stop": lambda _on: self.runs.ask(Command.STOP),
            "learn_cancel": lambda _on: self._cancel(),
            "learn_pin": lambda _on: self._pin(),
            "learn_report": lambda _on: self.judging.bring(),
            "model_use": lambda _on: self.judging.use(),
            "model_back": lambda _on: self.chain.back(),
            **self.gains.acts(),
        }

    def facts(self) -> set[str]:
        """What holds of learning, by the names in the table of actions."""
        watch = self.runs.watch
        found = {
            "run_free": not self.runs.active,
            "run_active": watch is not None and watch.active,
            "run_report": self.judging.summary is not None,
            "run_model": self.judging.usable,
            "model_before": self.chain.previous is not None and not self.chain.busy,
        }
        return {name for name, holds in found.items() if holds}

    def may_close(self, close: Callable[[], None]) -> bool:
        """Whether the window may close at once; else it asks, and `close` is called later."""
        watch = self.runs.watch
        if watch is None or not watch.active or watch.stopping:
            return True

        self._questions.before_leaving(lambda: self.runs.ask(Command.STOP, close), close)
        return False

    # Wiring

    def _wire_pages(self) -> None:
        setup, live, runs = self.panel.setup, self.panel.live, self.panel.runs
        setup.chosen.connect(self.choices.set)
        setup.start_wanted.connect(self._start)
        live.stop_wanted.connect(lambda: self.runs.ask(Command.STOP))
        live.cancel_wanted.connect(self._cancel)
        live.resume_wanted.connect(self._resume)
        live.closed.connect(self.runs.forget)
        runs.resume_wanted.connect(self._resume_run)
        self.judging.raised.connect(self._raise)
        self.judging.changed.connect(self._show_model)
        self.judging.changed.connect(lambda: self.gains.show_summary(self.judging.summary))

    def _wire_parts(self) -> None:
        parts = self._window.parts
        self.survey.changed.connect(self._show_setup)
        self.choices.changed.connect(self._show_setup)
        self.choices.loaded.connect(self._on_project)
        self.runs.changed.connect(self._on_runs)
        self.runs.news.connect(self._on_news)
        self.chain.changed.connect(self._show_model)
        parts.models.changed.connect(self._show_model)
        parts.labelling.changed.connect(
            lambda: self.panel.live.picture.set_colours(parts.labelling.colours())
        )
        parts.client.prediction_ready.connect(
            lambda _id, _purpose, _path, message: self._time_prediction(message.milliseconds)
        )

    # The panel

    def _on_visible(self, visible: bool) -> None:
        self.survey.set_active(visible)
        self._window.actions_.set_checked("learning", visible)

    def _show(self, on: bool) -> None:
        if on:
            self._raise()
            self.panel.take_focus()
        else:
            self._window.docks[1].raise_()

    def _raise(self) -> None:
        assert self._dock is not None
        self._dock.show()
        self._dock.raise_()

    def _next_page(self) -> None:
        self._raise()
        self.panel.next_page()
        self.panel.take_focus()

    def _show_setup(self) -> None:
        parts, choices = self._window.parts, self.choices.value
        model, found = parts.models.model, self.survey.found
        blocked = ""
        if model is None:
            blocked = self.tr("The model is still being loaded.")
        elif self.runs.active:
            blocked = self.tr("A run is under way.")
        self.panel.setup.show_state(
            SetupState(
                project=parts.workspace.project is not None,
                looking=self.survey.looking or not self.choices.ready,
                found=found,
                reason=self.survey.reason,
                choices=choices,
                classes=() if model is None else model.labels,
                expected=self._expected(),
                blocked=blocked,
            )
        )

    def _expected(self) -> Expected | None:
        model, found = self._window.parts.models.model, self.survey.found
        if model is None or found is None:
            return None
        learned = len(found.gathered.images) - found.gathered.held_out
        steps = self.choices.value.steps or steps_for(learned)
        machine = self._window.parts.settings.get(LEARNING_PACE)
        return expect(
            self.runs.summaries,
            model.spec,
            steps,
            machine=Pace(machine[1], machine[0]) if machine else None,
            prediction=min(self._predictions[1:], default=None),  # the first one warms up
        )

    def _time_prediction(self, milliseconds: tuple[tuple[str, float], ...]) -> None:
        if milliseconds:
            seconds = sum(took for _, took in milliseconds) / 1000
            self._predictions = [*self._predictions[-9:], seconds]

    def _show_model(self) -> None:
        if self._dock is None:
            return
        previous = self.chain.previous
        name = "" if previous is None else self.chain.name(previous)
        self.panel.show_model(self._window.parts.models.name, name)
        self._show_runs()
        self.judging.refresh()
        self._show_setup()
        self._window.reactions.refresh()

    def _show_runs(self) -> None:
        current = self.choices.value.current
        run = None if current is None else current.run
        self.panel.runs.show_runs(self.runs.summaries, run, not self.runs.active)

    # A run

    def _on_project(self) -> None:
        self.judging.clear()
        self.panel.show_learn()

    def _on_runs(self) -> None:
        parts = self._window.parts
        parts.models.set_names(
            {str(one.run.model_file): model_name(one.run.id) for one in self.runs.summaries}
        )
        self.panel.show_live(self.runs.watch is not None)
        self._on_news()
        self._show_model()

    def _on_news(self) -> None:
        watch = self.runs.watch
        self.panel.live.show_watch(watch)
        self._show_job(watch)

    def _show_job(self, watch: RunWatch | None) -> None:
        """A row in the strip while a run goes, so that it is seen from everywhere."""
        if watch is not None and watch.active:
            self._window.notices.succeed("learning")
            if self._job is None:
                self._job = self._window.parts.jobs.start(self.tr("Learning"), patience=JOB_AFTER)
            if watch.progress.state is RunState.RUNNING and watch.progress.total:
                left = watch.progress.seconds_left(time.time())
                self._job.progress(watch.progress.step, watch.progress.total, left)
            else:
                self._job.progress(0, 0)
        elif self._job is not None:
            ended = watch is not None and watch.phase is Phase.ENDED
            self._job.end(JobState.DONE if ended else JobState.CANCELLED, self._outcome())
            self._job = None

    def _outcome(self) -> str:
        watch = self.runs.watch
        if watch is None:
            return self.tr("no longer followed")
        if watch.phase is Phase.DROPPED:
            return self.tr("dropped")
        return self.tr("cut off") if watch.phase is Phase.CUT_OFF else self.tr("over")

    def _start_by_key(self) -> None:
        setup = self.panel.setup
        self._raise()
        self.panel.show_learn()
        if setup.start.isEnabled() and self.survey.found is not None:
            self._start(setup.choices_to_start)
        else:
            text = setup.start.toolTip() if self.survey.found is not None else self.survey.reason
            self._window.notices.say(text or self.tr("Looking at the labels…"))

    def _start(self, choices: LearningChoices) -> None:
        self.choices.set(choices)
        model = self._window.parts.models.model
        spec = None if model is None else self.runs.spec(model.spec, model.labels)
        if spec is not None:
            self.runs.start(spec)

    def _cancel(self) -> None:
        watch = self.runs.watch
        if watch is None:
            return

        def drop() -> None:
            if watch.active:
                self.runs.ask(Command.CANCEL)
            else:
                self.runs.drop(watch.run)

        if watch.progress.step:
            self._questions.before_drop(watch.progress.step, drop)
        else:
            drop()

    def _resume(self) -> None:
        if self.runs.watch is not None:
            self.runs.resume(self.runs.watch.run)

    def _resume_run(self, summary: RunSummary) -> None:
        self.panel.show_learn()
        self.runs.resume(summary.run)

    def _ask_to_go_on(
        self, run: RunFolder, code: str | None, rest: tuple[list[str], Callable[[], None]]
    ) -> None:
        files, go = rest
        self._questions.before_reaching(run_name(run.id), code, files, go)

    def _ask_for_model(self, path: str, load: Callable[[], None] | None) -> None:
        """A folder may come from anybody, so it does not decide alone which file is loaded."""
        banners = self._window.central.banners
        banners.drop("model")
        if load is not None:
            text = self.tr("This folder asks for the model in the file {path}.").format(path=path)
            banners.show_banner("model", Kind.INFO, text, [(self.tr("Load it"), load)])

    def _pin(self) -> None:
        staged = self._window.parts.workspace.staged
        if staged is None:
            return
        key = staged.entry.relative
        self.runs.pin(key)
        text = self.tr("{image} is shown while the model learns, once it is marked as done.")
        if staged.session.document.done:
            text = self.tr("{image} is shown while the model learns.")
        self._window.notices.say(text.format(image=key))
