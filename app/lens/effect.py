"""What the knobs do to AP on the done images of the folder: measured in the engine, as a job."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Jobs, JobState
from app.base.tasks import Context, Task
from app.base.walk import Over, Walk
from app.base.words import error_text, sentence_text
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from app.lens.lens import Lens
from app.lens.reasons import AHEAD, Labelled, labels_of
from core.document.regions import comparable
from core.document.status import ImageStatus
from core.lens.settings import StageSettings
from core.project.project import ImageEntry
from core.protocol import Priority
from core.protocol.messages.lens_effect import AskEffect, LensCounted, LensEffect, MeasureLens
from core.sentences import Sentence

PURPOSE: Final = "lens:effect:"


@dataclass(slots=True)
class _Measuring:
    """One walk through the done images, for some settings."""

    name: str
    settings: StageSettings
    counted: int = 0


class Effect(QObject):
    """`changed` when the figures, the problem, or whether it is measuring are others."""

    changed = Signal()

    def __init__(self, client: EngineClient, workspace: Workspace, lens: Lens, jobs: Jobs) -> None:
        super().__init__(lens)
        self._client, self._workspace, self._lens, self._jobs = client, workspace, lens, jobs
        self._names = count(1)
        self._measuring: _Measuring | None = None
        self._walk: Walk[Labelled] | None = None
        self._reading: Task[list[Labelled]] | None = None
        self._asked: Question | None = None
        self.found: LensEffect | None = None
        """The figures under the settings in force."""
        self.problem = ""
        """Why there are none."""
        self.failed = 0
        """Images that could not be measured."""
        lens.settings_changed.connect(self._forget)
        workspace.project_changed.connect(self._forget)
        workspace.status_changed.connect(lambda _statuses: self.changed.emit())

    @property
    def running(self) -> bool:
        """Whether it is measuring."""
        return self._measuring is not None

    @property
    def done_images(self) -> int:
        """How many images a person has marked as done."""
        return len(self._done())

    @property
    def off(self) -> bool:
        """Whether a setting is off the model's own, so that there is something to measure."""
        settings = self._lens.settings
        return settings is not None and settings != self._lens.own

    def measure(self) -> None:
        """Measure the settings in force on the done images, in the background."""
        settings, images = self._lens.settings, self._done()
        if self.running or settings is None or not self.off or not images:
            return
        document, open_path = self._workspace.document, self._workspace.path
        here = () if document is None else comparable(document.shapes)
        self.found, self.problem, self.failed = None, "", 0
        measuring = self._measuring = _Measuring(f"{next(self._names)}", settings)

        def read(context: Context) -> list[Labelled]:
            found = []
            for image in images:
                context.check()
                found.append((image, here if image.path == open_path else labels_of(image)))
            return found

        def failed(error: Exception) -> None:
            self.problem = error_text(error)
            walk.stop()

        walk = self._walk = Walk(
            self._jobs,
            self.tr("Measuring on the done images"),
            lambda labelled, over: self._step(measuring, labelled, over),
            lambda walk: self._walked(measuring, walk),
            ahead=AHEAD,
        )
        self._reading = self._workspace.tasks.run(read, done=walk.start, failed=failed)
        self.changed.emit()

    def cancel(self) -> None:
        """Measure no further."""
        if self._reading is not None:
            self._reading.cancel()
        if self._asked is not None:
            self._asked.cancel()
        if self._walk is not None:
            self._walk.stop()

    def _done(self) -> list[ImageEntry]:
        status = self._workspace.status
        images = self._workspace.images
        return [each for each in images if status(each.path) is ImageStatus.DONE]

    def _step(self, measuring: _Measuring, labelled: Labelled, over: Over) -> Question:
        image, instances = labelled
        request = MeasureLens(
            0,
            f"{PURPOSE}{image.relative}",
            Priority.BATCH,
            path=str(image.path),
            settings=measuring.settings,
            instances=instances,
            measuring=measuring.name,
        )

        def done(_answer: LensCounted) -> None:
            measuring.counted += 1
            over("")

        def failed(sentence: Sentence) -> None:
            self.failed += 1
            over(sentence_text(sentence))

        return self._client.ask(request, done=done, failed=failed, cancelled=lambda: over(""))

    def _walked(self, measuring: _Measuring, walk: Walk[Labelled]) -> None:
        self._walk = self._reading = None
        if walk.stopped or not measuring.counted:
            self._end(walk, self.problem)
            return

        def done(answer: LensEffect) -> None:
            self.found = answer
            self._end(walk, "")

        request = AskEffect(
            0, PURPOSE, Priority.BATCH, measuring=measuring.name, images=measuring.counted
        )
        self._asked = self._client.ask(
            request,
            done=done,
            failed=lambda sentence: self._end(walk, sentence_text(sentence)),
            cancelled=lambda: self._end(walk, ""),
        )

    def _end(self, walk: Walk[Labelled], problem: str) -> None:
        self._measuring = self._asked = None
        self.problem = problem
        if self.found is not None:
            text = self.tr("%n image(s) measured", "", self.found.images)
            walk.job.end(JobState.DONE, text)
        elif problem or walk.failures:
            self.problem = problem or walk.failures[0][1]
            walk.job.end(JobState.FAILED, self.problem)
        else:
            walk.job.end(JobState.CANCELLED, self.tr("stopped"))
        self.changed.emit()

    def _forget(self) -> None:
        """Figures of other settings or another folder say nothing of these."""
        measuring, settings = self._measuring, self._lens.settings
        if measuring is None or measuring.settings != settings:
            self.cancel()
            self.found, self.problem = None, ""
        self.changed.emit()
