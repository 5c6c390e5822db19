"""Teaching the model: what is learned from, the runs, and what becomes of their models."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from app.base.actions import LEARN, Action
from app.base.feature import Feature, FocusArea
from app.base.jobs import Job, JobState
from app.base.settings import LEARNING_PACE
from app.editor.services import Services, engine, image, project
from app.learning.chain import ModelChain
from app.learning.choices import Choices
from app.learning.gains_section import GainsSection
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
from core.protocol import Answer, Prediction

JOB_AFTER = 0  # ms until the strip shows a run


class LearningFeature(Feature):
    """Looks at the labels only while the panel is seen."""

    NAME = "learning"

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.title = self.tr("Learning")
        workspace, models = services.workspace, services.models
        self.memory = Memory()
        self.choices = Choices(workspace)
        self.survey = Survey(workspace, self.choices, models, self.memory)
        self.runs = Runs(workspace, self.choices, services.settings, self.memory)
        self.chain = ModelChain(
            workspace, self.choices, models, services.annotator, services.settings
        )
        self.pinned = Pinned(services.tasks, self)
        setup, live, runs = SetupPage(), LivePage(self.pinned), RunsPage(models.name_of)
        report = ReportView(services.tasks)
        self.panel: LearningPanel = LearningPanel(setup, live, report, runs, services.actions)
        self._questions = Questions(self.panel)
        self.judging = Judging(services, self.panel, self.runs, self.chain, self._questions)
        self.gains = GainsSection(services, report)
        self._job: Job | None = None
        self._predictions: list[float] = []
        self._wire_pages()
        self._wire_services()
        self._show_setup()
        self._show_model()

    # The window

    def set_in_sight(self, in_sight: bool) -> None:
        """Look, or look no more."""
        self.survey.set_active(in_sight)
        super().set_in_sight(in_sight)

    def focus_areas(self) -> Sequence[FocusArea]:
        """The page in front."""
        return ((self.panel, self.panel.take_focus),)

    def end(self, then: Callable[[], None], *, asked: bool) -> None:
        """Ask what becomes of a run that goes; unasked it goes on in the background."""
        watch = self.runs.watch
        if not asked or watch is None or not watch.active or watch.stopping:
            then()
        else:
            self._questions.before_leaving(lambda: self.runs.ask(Command.STOP, then), then)

    # What holds

    def run_free(self) -> bool:
        """No run is under way."""
        return not self.runs.active

    def run_active(self) -> bool:
        """A run is under way."""
        return self.runs.watch is not None and self.runs.watch.active

    def has_report(self) -> bool:
        """A report is shown."""
        return self.judging.summary is not None

    def can_go_back(self) -> bool:
        """There is a model to go back to."""
        return self.chain.previous is not None and not self.chain.busy

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

    def _wire_services(self) -> None:
        services, notices = self.services, self.services.notices
        self.runs.failed.connect(notices.fail)
        self.runs.said.connect(notices.say)
        self.chain.said.connect(notices.say)
        self.runs.asks.connect(self._ask_to_go_on)
        self.chain.asks.connect(self._ask_for_model)
        self.chain.failed.connect(lambda text: notices.fail("learning", text))
        self.choices.failed.connect(lambda text: notices.fail("learning", text, warning=True))
        self.survey.changed.connect(self._show_setup)
        self.choices.changed.connect(self._show_setup)
        self.choices.loaded.connect(self._on_project)
        self.runs.changed.connect(self._on_runs)
        self.runs.news.connect(self._on_news)
        self.chain.changed.connect(self._show_model)
        services.models.changed.connect(self._show_model)
        services.labelling.changed.connect(
            lambda: self.panel.live.picture.set_colours(services.labelling.colours())
        )
        services.client.answered.connect(self._time_prediction)

    # The panel

    def _show(self, on: bool) -> None:
        if on:
            self._raise()
            self.panel.take_focus()
        else:
            self.front.emit(False)

    def _raise(self) -> None:
        self.front.emit(True)

    def _next_page(self) -> None:
        self._raise()
        self.panel.next_page()
        self.panel.take_focus()

    def _show_setup(self) -> None:
        services, choices = self.services, self.choices.value
        model, found = services.models.model, self.survey.found
        blocked = ""
        if model is None:
            blocked = self.tr("The model is still being loaded.")
        elif self.runs.active:
            blocked = self.tr("A run is under way.")
        self.panel.setup.show_state(
            SetupState(
                project=services.workspace.project is not None,
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
        model, found = self.services.models.model, self.survey.found
        if model is None or found is None:
            return None
        learned = len(found.gathered.images) - found.gathered.held_out
        steps = self.choices.value.steps or steps_for(learned)
        machine = self.services.settings.get(LEARNING_PACE)
        return expect(
            self.runs.summaries,
            model.spec,
            steps,
            machine=Pace(machine[1], machine[0]) if len(machine) == 2 else None,
            prediction=min(self._predictions[1:], default=None),  # the first one warms up
        )

    def _time_prediction(self, answer: Answer) -> None:
        if isinstance(answer, Prediction) and answer.milliseconds:
            seconds = sum(took for _, took in answer.milliseconds) / 1000
            self._predictions = [*self._predictions[-9:], seconds]

    def _show_model(self) -> None:
        previous = self.chain.previous
        name = "" if previous is None else self.chain.name(previous)
        self.panel.show_model(self.services.models.name, name)
        self._show_runs()
        self.judging.refresh()
        self._show_setup()
        self.changed.emit()

    def _show_runs(self) -> None:
        current = self.choices.value.current
        run = None if current is None else current.run
        self.panel.runs.show_runs(self.runs.summaries, run, not self.runs.active)

    # A run

    def _on_project(self) -> None:
        self.judging.clear()
        self.panel.show_learn()

    def _on_runs(self) -> None:
        self.services.models.set_names(
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
            self.services.notices.succeed("learning")
            if self._job is None:
                self._job = self.services.jobs.start(self.tr("Learning"), patience=JOB_AFTER)
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
            self.services.notices.say(text or self.tr("Looking at the labels…"))

    def _start(self, choices: LearningChoices) -> None:
        self.choices.set(choices)
        model = self.services.models.model
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
        banners = self.services.central.banners
        banners.drop("model")
        if load is not None:
            text = self.tr("This folder asks for the model in the file {path}.").format(path=path)
            banners.show_banner("model", Kind.INFO, text, [(self.tr("Load it"), load)])

    def _pin(self) -> None:
        staged = self.services.workspace.staged
        if staged is None:
            return
        key = staged.entry.relative
        self.runs.pin(key)
        text = self.tr("{image} is shown while the model learns, once it is marked as done.")
        if staged.session.document.done:
            text = self.tr("{image} is shown while the model learns.")
        self.services.notices.say(text.format(image=key))

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[LearningFeature], ...]] = (
        Action("learning", LEARN, "Teach the model", ("F",), "learn", (project,), turn=_show,
               checked=lambda self: self.in_sight,
               tip="Show what the model would learn from, and how it is getting on"),
        Action("learn_page", LEARN, "Next page of learning", ("Ctrl+Shift+L",), "", (project,),
               do=_next_page, tip="Learn, report, runs"),
        Action("learn_start", LEARN, "Start learning", ("Shift+F",), "learn",
               (project, engine, run_free), do=_start_by_key, rule=True,
               tip="Fine-tune the model in the background on the images marked as done"),
        Action("learn_stop", LEARN, "Stop learning, keep the best", (), "stop", (run_active,),
               do=lambda self: self.runs.ask(Command.STOP)),
        Action("learn_cancel", LEARN, "Cancel learning", (), "", (run_active,), do=_cancel,
               tip="End the run and throw away what it learned"),
        Action("learn_pin", LEARN, "Show this image while learning", (), "image", (image,),
               do=_pin,
               tip="Show now and then what the model sees in this image while it learns"),
        Action("learn_report", LEARN, "Before and after", (), "", (has_report,),
               do=lambda self: self.judging.bring(), rule=True,
               tip="Show the report of the latest run"),
        Action("learn_gains", LEARN, "Show what was gained and lost", ("Shift+G",), "eye",
               (image, has_report), turn=lambda self, on: self.gains.set_wanted(on),
               checked=lambda self: self.gains.wanted,
               tip="Outline on the image what the new model finds and the old one did not, and "
                   "the reverse, while the report is shown"),
        Action("model_use", LEARN, "Use this model", (), "model",
               (project, lambda self: self.judging.usable), do=lambda self: self.judging.use(),
               tip="Make suggestions with the model of the report from now on, if it passes a try"),
        Action("model_back", LEARN, "Back to the previous model", ("Ctrl+Shift+B",), "undo",
               (project, can_go_back), do=lambda self: self.chain.back(),
               tip="Make suggestions with the model used before this one"),
    )
