"""Asking the model: for the open image, or for the whole folder in the background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Jobs, JobState
from app.base.walk import Over, Walk
from app.base.words import sentence_text
from app.editor.suggesting import Hearing, Suggesting, suggestion_set
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, EngineState, Question
from core.document.status import ImageStatus
from core.project.project import ImageEntry, Project
from core.protocol import Prediction, Priority, Progress

AHEAD: Final = 3  # images under way at a time: the engine is never idle, a cancel is quick
CURRENT: Final = "suggest:current"
FOLDER: Final = "suggest:folder:"
PATIENCE: Final = 1500  # ms; most answers come sooner, and the canvas should not jump for them
NAMED: Final = 3  # failed images that the report names


class PreAnnotator(QObject):
    """`said` carries news for a notice, `failed` a key, a sentence and details.

    `landed` carries an image that was asked for alone, how many suggestions are shown for it and
    how many are below the score.
    """

    said = Signal(str)
    failed = Signal(str, str, str)
    landed = Signal(object, int, int)
    changed = Signal()

    def __init__(
        self, client: EngineClient, workspace: Workspace, suggesting: Suggesting, jobs: Jobs
    ) -> None:
        super().__init__(client)
        self._client = client
        self._workspace = workspace
        self._suggesting = suggesting
        self._jobs = jobs
        self._current: Question | None = None
        self._folder: Walk[ImageEntry] | None = None
        self._going: Path | None = None  # the image that is about to be shown
        workspace.going.connect(self._on_going)
        workspace.project_changed.connect(self.cancel)
        client.state_changed.connect(self._on_engine)

    @property
    def folder_running(self) -> bool:
        """Whether the folder is being gone through."""
        return self._folder is not None

    def suggest(self) -> None:
        """Ask for suggestions for the open image; the newest request counts."""
        staged, project = self._workspace.staged, self._workspace.project
        if staged is None or project is None:
            return
        path = staged.entry.path
        title = self.tr("Suggesting for {image}").format(image=path.name)
        job = self._jobs.start(title, lambda: question.cancel(), patience=PATIENCE)

        def progress(message: Progress) -> None:
            if message.total:
                job.progress(message.done, message.total)

        def arrive(prediction: Prediction, hearing: Hearing, *, early: bool = False) -> None:
            found = suggestion_set(prediction.model, prediction.instances)
            self._suggesting.arrive(project, path, found, hearing, early=early)

        def landed(shown: int, below: int) -> None:
            job.end(JobState.DONE, self._suggesting.counted(shown, below))
            self.landed.emit(path, shown, below)

        def lost(text: str) -> None:
            job.end(JobState.CANCELLED, text)
            if text:
                self.failed.emit(f"suggest:{path}", text, "")

        question = self._current = self._client.predict(
            path,
            CURRENT,
            pixels=staged.picture.decoded.pixels if self._client.elsewhere else None,
            surest_from=self._suggesting.threshold,
            surest=lambda prediction: arrive(prediction, Hearing(), early=True),
            done=lambda prediction: arrive(prediction, Hearing(landed, lost)),
            failed=lambda sentence: lost(sentence_text(sentence)),
            progress=progress,
            cancelled=lambda: job.end(JobState.CANCELLED, self.tr("cancelled")),
        )

    def suggest_folder(self) -> None:
        """Ask for suggestions for every image that is not done, in the background.

        The image on the screen comes first, then those behind it, and on from the beginning.
        """
        project = self._workspace.project
        if project is None or self._folder is not None:
            return
        images = [
            image
            for image in self._round()
            if self._workspace.status(image.path) is not ImageStatus.DONE
        ]
        if not images:
            self.said.emit(self.tr("All images are done."))
            return
        self._walk(project, images, self.tr("Suggesting for the folder"))

    def _on_going(self, path: Path | None) -> None:
        self._going = path

    def _round(self) -> tuple[ImageEntry, ...]:
        images, path = self._workspace.images, self._going or self._workspace.path
        places = [place for place, image in enumerate(images) if image.path == path]
        first = places[0] if places else 0
        return images[first:] + images[:first]

    def refresh(self, images: Sequence[ImageEntry]) -> None:
        """Ask anew for these images, and for what a walk under way has still to do."""
        project, folder = self._workspace.project, self._folder
        if project is None:
            return
        wanted = {image.path: image for image in (*images, *(folder.todo if folder else ()))}
        if folder is not None:
            self.cancel()
        if wanted:
            self._walk(project, list(wanted.values()), self.tr("Suggesting anew"))

    def cancel(self) -> None:
        """Give everything up that was asked for; what came stays."""
        if self._folder is not None:
            self._folder.stop()
        if self._current is not None:
            self._current.cancel()

    def _on_engine(self, state: EngineState) -> None:
        """What is asked of an engine that was given up would wait for ever."""
        folder = self._folder
        if state is not EngineState.DEAD or folder is None:
            return
        left = folder.total - folder.done
        folder.stop()
        text = self.tr(
            "The engine does not run any more, so %n image(s) got no suggestions. Start it again, "
            "then ask again.",
            "",
            left,
        )
        self.failed.emit("suggest-folder", text, "")

    def _walk(self, project: Project, images: list[ImageEntry], title: str) -> None:
        count = [0, 0]

        def ask(image: ImageEntry, over: Over) -> Question:
            def done(prediction: Prediction) -> None:
                found = suggestion_set(prediction.model, prediction.instances)
                self._suggesting.arrive(project, image.path, found, Hearing(landed, over))

            def landed(shown: int, below: int) -> None:
                count[0], count[1] = count[0] + shown, count[1] + below
                over("")

            return self._client.predict(
                image.path,
                f"{FOLDER}{image.relative}",
                Priority.BATCH,
                done=done,
                failed=lambda sentence: over(sentence_text(sentence)),
                cancelled=lambda: over(""),
            )

        def ended(walk: Walk[ImageEntry]) -> None:
            self._folder = None
            self._tell(walk, self._suggesting.counted(*count))
            self.changed.emit()

        self._folder = Walk(self._jobs, title, ask, ended, ahead=AHEAD)
        self.changed.emit()
        self._folder.start(images)

    def _tell(self, walk: Walk[ImageEntry], found: str) -> None:
        parts = [
            found,
            self.tr("%n image(s)", "", walk.done - len(walk.failures)),
        ]
        if walk.failures:
            names = ", ".join(image.name for image, _ in walk.failures[:NAMED])
            more = "…" if len(walk.failures) > NAMED else ""
            parts.append(self.tr("failed: {names}").format(names=names + more))
        if walk.stopped:
            walk.job.end(JobState.CANCELLED, " · ".join((self.tr("stopped"), *parts)))
            return
        walk.job.end(JobState.DONE, " · ".join(parts))
        if walk.failures:
            reasons = "\n".join(f"{image.name}: {reason}" for image, reason in walk.failures)
            text = self.tr("%n image(s) got no suggestions.", "", len(walk.failures))
            self.failed.emit("suggest-folder", text, reasons)
