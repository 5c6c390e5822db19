"""The runs of the open project: find, start, follow, stop, go on, drop, and the list of all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.base.settings import DEVICE, LEARNING_PACE, Settings
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.workspace import Workspace
from app.learning.choices import Choices
from app.learning.names import run_name
from app.learning.watch import Phase, RunWatch
from core.learning.choices import LearningChoices
from core.learning.errors import LearningError
from core.learning.folder import (
    RunFolder,
    create_run,
    earlier_sides,
    list_runs,
    new_run_path,
)
from core.learning.frozen import FOLDER_GONE
from core.learning.gather import gather_project
from core.learning.history import RunSummary, summarise
from core.learning.launch import start_run
from core.learning.memory import Memory
from core.learning.pace import pace_of
from core.learning.reach import code_of, files_of, reach_of
from core.learning.spec import RunSpec
from core.learning.state import Command, RunState
from core.project.project import Project

Launch = Callable[[RunFolder, Collection[str]], None]


class Runs(QObject):
    """`changed`: the list or the run that is followed is another one. `news`: it told something.

    `ended` carries the watch of a run that came to its end, `finished_away` the summary of one
    that did so while no window looked. `failed` carries a key, a sentence and details.
    """

    changed = Signal()
    news = Signal()
    ended = Signal(object)
    finished_away = Signal(object)
    failed = Signal(str, str, str)
    said = Signal(str)
    asks = Signal(object, object, object)
    """Whether a run may go on: the run, the code that it names or None, (files, what to do)."""

    def __init__(
        self,
        workspace: Workspace,
        choices: Choices,
        settings: Settings,
        memory: Memory,
        *,
        launch: Launch = start_run,
        every: int | None = None,
    ) -> None:
        """`launch` starts a trainer; `every` is how many ms pass between two looks at a run."""
        super().__init__(workspace)
        self._workspace = workspace
        self._choices = choices
        self._settings = settings
        self._memory = memory
        self.launch = launch
        """Starts the trainer of a run; called on a worker thread."""
        self._watching: dict[str, Any] = {} if every is None else {"every": every}
        self._known: dict[Path, RunSummary] = {}
        self.summaries: tuple[RunSummary, ...] = ()
        """All runs of the project, the oldest first."""
        self.watch: RunWatch | None = None
        """The run that goes on, was cut off, or has just ended."""
        self.beginning = False
        """Whether labels are being frozen for a new run."""
        choices.loaded.connect(self._on_project)

    @property
    def active(self) -> bool:
        """Whether a run is under way, or about to be."""
        return self.beginning or (self.watch is not None and self.watch.active)

    def spec(self, model: str, known: tuple[str, ...]) -> RunSpec | None:
        """What would be asked for now; `known` are the classes of the model."""
        project = self._workspace.project
        if project is None:
            return None
        choices = self._choices.value
        device = choices.device if choices.device != "auto" else self._settings.get(DEVICE)
        reuse = tuple(
            (label, kind)
            for label, kind in choices.reuse
            if label not in known and (not kind or kind in known)
        )
        return RunSpec(
            model=model,
            dataset=str(project.root),
            steps=choices.steps,
            hold_out=choices.hold_out,
            reuse=reuse,
            leave_out_accepted=choices.leave_out_accepted,
            schedule=choices.schedule,
            device=device,
            pinned=choices.pinned,
        )

    def start(self, spec: RunSpec) -> None:
        """Save what is open, freeze the labels, start the trainer."""
        project = self._workspace.project
        if project is None or self.active:
            return
        self.beginning = True
        self.changed.emit()

        def begin(ok: bool) -> None:
            if not ok:
                self._not_begun(self.tr("The labels of this image could not be saved."))
                return
            memory, launch = self._memory, self.launch
            self._workspace.tasks.run(
                lambda context: _freeze(project, spec, memory, launch, context),
                done=lambda run: self._begun(project, run),
                failed=lambda error: self._not_begun(error_text(error)),
                cancelled=lambda: self._not_begun(""),
            )

        self._workspace.saver.flush(begin)

    def resume(self, run: RunFolder) -> None:
        """Go on with a run that was cut off or has failed, from its last checkpoint.

        What its request names outside the project is asked for before (`asks`): files once, code
        each time.
        """
        project = self._workspace.project
        if project is None or self.active:
            return
        self.beginning = True
        self.changed.emit()

        def found(reach: tuple[str | None, tuple[str, ...]]) -> None:
            code, files = reach
            new = [path for path in files if not self._settings.knows_model(path)]
            allowed = [*([] if code is None else [code]), *files]
            if code is None and not new:
                self._resume(project, run, allowed)
                return

            def go() -> None:
                for path in (*new, str(run.model_file)):
                    self._settings.remember_model(path)
                if not self.active:
                    self._resume(project, run, allowed)

            self._not_begun("")
            self.asks.emit(run, code, (new, go))

        self._workspace.tasks.run(
            lambda _context: _reach(run),
            done=found,
            failed=lambda error: self._not_begun(error_text(error)),
        )

    def _resume(self, project: Project, run: RunFolder, allowed: Collection[str]) -> None:
        if project is not self._workspace.project:
            return
        self.beginning = True
        self.changed.emit()
        launch, reader = self.launch, run.events()

        def again(_context: Context) -> Any:
            told = reader.read()
            launch(run, allowed)
            return told

        def begun(told: Any) -> None:
            self.beginning = False
            if project is self._workspace.project:
                self._known.pop(run.path, None)
                self._follow(RunWatch(
                    self._workspace.tasks, run, self,
                    launched=True, told=told, reader=reader, **self._watching,
                ))  # fmt: skip

        self._workspace.tasks.run(
            again, done=begun, failed=lambda error: self._not_begun(error_text(error))
        )

    def ask(self, command: Command, then: Callable[[], None] = lambda: None) -> None:
        """Tell the run that goes on to stop and keep the best, or to drop itself; `then` follows
        when that is on the disk."""
        watch = self.watch
        if watch is None or not watch.active:
            return
        watch.stopping = True
        watch.dropping = command is Command.CANCEL
        self._quietly(lambda: watch.run.ask(command), then)
        self.news.emit()

    def pin(self, key: str) -> None:
        """Show the predictions of this image while a run goes, of this one and of later ones."""
        self._choices.set(replace(self._choices.value, pinned=key))
        watch = self.watch
        if watch is not None and watch.active:
            self._quietly(lambda: watch.run.pin(key))

    def drop(self, run: RunFolder) -> None:
        """Delete the files of a run that is not at work."""
        if self.watch is not None and self.watch.run == run and not self.watch.active:
            self.forget()
        self._choices.set(self._choices.value.without_run(run.id))

        def gone(_none: None) -> None:
            self._known.pop(run.path, None)
            self.refresh()

        self._workspace.tasks.run(
            lambda _context: run.drop(),
            done=gone,
            failed=lambda error: self.failed.emit("learning", error_text(error), ""),
        )

    def forget(self) -> None:
        """Follow no run any more; what was started goes on by itself."""
        if self.watch is not None:
            self.watch.close()
            self.watch.deleteLater()
            self.watch = None
            self.changed.emit()

    def refresh(self, then: Callable[[], None] | None = None) -> None:
        """Look at all runs again."""
        project = self._workspace.project
        if project is None:
            return
        known = dict(self._known)

        def done(found: list[RunSummary]) -> None:
            if project is not self._workspace.project:
                return
            self.summaries = tuple(found)
            self._known = {one.run.path: one for one in found if one.state.final and not one.alive}
            self.changed.emit()
            if then is not None:
                then()

        self._workspace.tasks.run(
            lambda context: _summaries(project, known, context),
            done=done,
            failed=lambda error: self.failed.emit("learning", error_text(error), ""),
        )

    # What happens

    def _on_project(self) -> None:
        self.forget()
        self.beginning = False
        self._known, self.summaries = {}, ()
        self.changed.emit()
        if self._workspace.project is not None:
            self.refresh(self._take_up)

    def _take_up(self) -> None:
        """Find again what went on, or was cut off, or came to its end, without a window."""
        if self.watch is not None or not self.summaries:
            return
        alive = [one for one in self.summaries if one.alive]
        last = self.summaries[-1]
        if alive or last.left_over:
            run = alive[-1].run if alive else last.run
            self._follow(RunWatch(self._workspace.tasks, run, self, **self._watching))
        elif last.report is not None and last.run.id > self._choices.value.told:
            self._mark_told(last.run)
            self.finished_away.emit(last)

    def _begun(self, project: Project, run: RunFolder) -> None:
        self.beginning = False
        self._settings.remember_model(str(run.model_file))
        if project is self._workspace.project:
            self._follow(
                RunWatch(self._workspace.tasks, run, self, launched=True, **self._watching)
            )

    def _not_begun(self, text: str) -> None:
        self.beginning = False
        self.changed.emit()
        if text:
            self.failed.emit("learning", text, "")

    def _follow(self, watch: RunWatch) -> None:
        self.forget()
        self.watch = watch
        watch.changed.connect(self.news)
        watch.over.connect(self._on_over)
        self.changed.emit()
        watch.start()

    def _on_over(self) -> None:
        watch = self.watch
        if watch is None:
            return
        if watch.phase is Phase.DROPPED:
            self.forget()
            self.said.emit(self.tr("The run was dropped."))
        elif watch.phase is Phase.GONE:
            text = sentence_text(FOLDER_GONE.given(path=str(watch.run.path)))
            self.forget()
            self.failed.emit("learning", text, "")
        elif watch.phase is Phase.CUT_OFF:
            self._tell_cut_off(watch)
        elif watch.phase is Phase.ENDED:
            self._mark_told(watch.run)
            if watch.progress.failure is not None and watch.progress.state is RunState.FAILED:
                self.failed.emit("learning", sentence_text(watch.progress.failure), "")
        self.changed.emit()
        self.refresh(lambda: self._on_end(watch))

    def _tell_cut_off(self, watch: RunWatch) -> None:
        """What the trainer's process printed last may say why."""
        text = self.tr("The run of {when} was cut off; it can go on from its checkpoint.").format(
            when=run_name(watch.run.id)
        )
        self._workspace.tasks.run(
            lambda _context: watch.run.last_words(),
            done=lambda lines: self.failed.emit("learning", text, lines),
            failed=lambda _error: self.failed.emit("learning", text, ""),
        )

    def _on_end(self, watch: RunWatch) -> None:
        if watch is not self.watch or watch.phase is not Phase.ENDED:
            return
        for summary in self.summaries:
            pace = pace_of(summary) if summary.run == watch.run else None
            if pace is not None:
                self._settings.set(LEARNING_PACE, [pace.rest, pace.step])
        self.ended.emit(watch)

    def _mark_told(self, run: RunFolder) -> None:
        value: LearningChoices = self._choices.value
        if run.id > value.told:
            self._choices.set(replace(value, told=run.id))

    def _quietly(self, act: Callable[[], None], then: Callable[[], None] = lambda: None) -> None:
        self._workspace.tasks.run(
            lambda _context: act(),
            done=lambda _none: then(),
            failed=lambda error: self.failed.emit("learning", error_text(error), ""),
        )


def _freeze(
    project: Project, spec: RunSpec, memory: Memory, launch: Launch, context: Context
) -> RunFolder:
    """Make the folder of a run and start its trainer."""
    project.check_writable()
    gathered = gather_project(
        project,
        share=spec.hold_out,
        leave_out_accepted=spec.leave_out_accepted,
        earlier=earlier_sides(list_runs(project.runs_dir), memory),
        on_image=lambda _done, _total: context.check(),
        memory=memory,
    )
    run = create_run(new_run_path(project.runs_dir), spec, gathered)
    launch(run, reach_of(run, spec))  # the request is ours
    return run


def _reach(run: RunFolder) -> tuple[str | None, tuple[str, ...]]:
    """The code and the files outside the project that the request of a run names."""
    spec = run.spec()
    return code_of(spec), files_of(run, spec)


def _summaries(
    project: Project, known: dict[Path, RunSummary], context: Context
) -> list[RunSummary]:
    found = []
    for run in list_runs(project.runs_dir):
        context.check()
        with contextlib.suppress(LearningError):
            found.append(known.get(run.path) or summarise(run))
    return found
