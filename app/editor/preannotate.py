"""Asking the model: for the open image, or for the whole folder in the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Job, Jobs, JobState
from app.base.words import sentence_text
from app.editor.suggesting import Suggesting, suggestion_set
from app.editor.workspace import Workspace
from app.engine.client import EngineClient
from core.document.status import ImageStatus
from core.protocol import Prediction, Priority, Progress
from core.sentences import Sentence
from core.storage.project import ImageEntry, Project

AHEAD: Final = 3  # images under way at a time: the engine is never idle, a cancel is quick
CURRENT: Final = "suggest:current"
FOLDER: Final = "suggest:folder:"
PATIENCE: Final = 1500  # ms; most answers come sooner, and the canvas should not jump for them
NAMED: Final = 3  # failed images that the report names


class _Folder:
    """A walk over the images of a folder."""

    def __init__(self, project: Project, images: list[ImageEntry], job: Job) -> None:
        self.project = project
        self.todo = deque(images)
        self.total = len(images)
        self.job = job
        self.asked: dict[int, Path] = {}
        self.failures: list[tuple[Path, str]] = []
        self.found = 0

    @property
    def answered(self) -> int:
        return self.total - len(self.todo) - len(self.asked)


class PreAnnotator(QObject):
    """`said` carries news for a notice, `failed` a key, a sentence and details."""

    said = Signal(str)
    failed = Signal(str, str, str)
    changed = Signal()

    def __init__(
        self, client: EngineClient, workspace: Workspace, suggesting: Suggesting, jobs: Jobs
    ) -> None:
        super().__init__(client)
        self._client = client
        self._workspace = workspace
        self._suggesting = suggesting
        self._jobs = jobs
        self._current: dict[int, tuple[Project, Path, Job]] = {}
        self._folder: _Folder | None = None
        client.progress.connect(self._on_progress)
        client.prediction_ready.connect(self._on_prediction)
        client.failed.connect(self._on_failed)
        client.cancelled.connect(self._on_cancelled)
        workspace.project_changed.connect(self.cancel)

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
        id = self._client.predict(path, CURRENT, Priority.NOW)
        job = self._jobs.start(title, lambda: self._client.cancel(id), patience=PATIENCE)
        self._current[id] = (project, path, job)

    def suggest_folder(self) -> None:
        """Ask for suggestions for every image that is not done, in the background."""
        project = self._workspace.project
        if project is None or self._folder is not None:
            return
        images = [
            image
            for image in self._workspace.images
            if self._workspace.status(image.path) is not ImageStatus.DONE
        ]
        if not images:
            self.said.emit(self.tr("All images are done."))
            return
        self._walk(project, images, self.tr("Suggesting for the folder"))

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
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.job.end(JobState.CANCELLED, self._outcome(folder, self.tr("stopped")))
            for id in list(folder.asked):
                self._client.cancel(id)
            self.changed.emit()
        for id in list(self._current):
            self._client.cancel(id)

    def _walk(self, project: Project, images: list[ImageEntry], title: str) -> None:
        job = self._jobs.start(title, self.cancel)
        self._folder = _Folder(project, images, job)
        job.progress(0, len(images))
        self.changed.emit()
        self._ask_more()

    def _ask_more(self) -> None:
        folder = self._folder
        if folder is None:
            return
        while folder.todo and len(folder.asked) < AHEAD:
            image = folder.todo.popleft()
            id = self._client.predict(image.path, f"{FOLDER}{image.relative}", Priority.BATCH)
            folder.asked[id] = image.path
        if not folder.asked:
            self._folder = None
            self._end(folder)
            self.changed.emit()

    def _end(self, folder: _Folder) -> None:
        if folder.failures:
            reasons = "\n".join(f"{path.name}: {reason}" for path, reason in folder.failures)
            text = self.tr("%n image(s) got no suggestions.", "", len(folder.failures))
            self.failed.emit("suggest-folder", text, reasons)
        folder.job.end(JobState.DONE, self._outcome(folder, ""))

    def _outcome(self, folder: _Folder, ending: str) -> str:
        good = folder.answered - len(folder.failures)
        found = self.tr("%n suggestion(s)", "", folder.found)
        parts = [ending] if ending else []
        parts += [found, self.tr("%n image(s)", "", good)]
        if folder.failures:
            names = ", ".join(path.name for path, _ in folder.failures[:NAMED])
            more = "…" if len(folder.failures) > NAMED else ""
            parts.append(self.tr("failed: {names}").format(names=names + more))
        return " · ".join(parts)

    def _on_progress(self, id: int, message: Progress) -> None:
        if id in self._current and message.total:
            self._current[id][2].progress(message.done, message.total)

    def _on_prediction(self, id: int, purpose: str, path: object, message: Prediction) -> None:
        found = suggestion_set(message.model, message.instances)
        if id in self._current:
            project, image, job = self._current.pop(id)
            job.end(JobState.DONE, self.tr("%n suggestion(s)", "", len(found.instances)))
            self._suggesting.arrive(project, image, found)
        elif self._folder is not None and id in self._folder.asked:
            folder = self._folder
            image = folder.asked.pop(id)
            folder.found += len(found.instances)
            self._suggesting.arrive(folder.project, image, found, told=False)
            folder.job.progress(folder.answered, folder.total)
            self._ask_more()

    def _on_failed(self, id: int, sentence: Sentence) -> None:
        text = sentence_text(sentence)
        if id in self._current:
            _, path, job = self._current.pop(id)
            job.end(JobState.CANCELLED, text)
            self.failed.emit(f"suggest:{path}", text, "")
        elif self._folder is not None and id in self._folder.asked:
            folder = self._folder
            folder.failures.append((folder.asked.pop(id), text))
            folder.job.progress(folder.answered, folder.total)
            self._ask_more()

    def _on_cancelled(self, id: int) -> None:
        if id in self._current:
            _, _, job = self._current.pop(id)
            job.end(JobState.CANCELLED, self.tr("cancelled"))
        elif self._folder is not None and id in self._folder.asked:
            folder = self._folder
            folder.asked.pop(id)
            self._ask_more()
