"""Renaming a label in all images of the folder, one after the other, in the background."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Job, Jobs, JobState
from app.base.words import error_text
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.regions import labelled
from core.session import rename_label
from core.storage.project import ImageEntry, Project


class _Walk:
    """One renaming on its way through the images."""

    def __init__(self, old: str, new: str, images: tuple[ImageEntry, ...], job: Job) -> None:
        self.old = old
        self.new = new
        self.todo = deque(images)
        self.total = len(images)
        self.job = job
        self.images = 0
        self.failures: list[str] = []
        self.stopped = False


class Renamer(QObject):
    """Follows `Labelling.renamed`. `said` carries the report; `failed` key, sentence, details.

    The open image is changed by an edit that can be undone; any other in its file.
    """

    said = Signal(str)
    failed = Signal(str, str, str)

    def __init__(self, workspace: Workspace, labelling: Labelling, jobs: Jobs) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._jobs = jobs
        self._walks: deque[_Walk] = deque()
        self._written: dict[Path, str] = {}  # files changed here, and the label they had
        labelling.renamed.connect(self._start)
        workspace.project_changed.connect(self._forget)
        workspace.image_changed.connect(self._look_at_image)

    def _start(self, old: str, new: str) -> None:
        project = self._workspace.project
        if project is None or not project.locked:
            return
        title = self.tr("Renaming “{old}” to “{new}”").format(old=old, new=new)
        job = self._jobs.start(title, lambda: self._stop(walk))
        walk = _Walk(old, new, self._workspace.images, job)
        walk.images += self._labelling.relabel_open(old, new)
        self._walks.append(walk)
        if len(self._walks) == 1:
            self._next(project)

    def _stop(self, walk: _Walk) -> None:
        walk.stopped = True

    def _forget(self) -> None:
        for walk in self._walks:
            walk.job.end(JobState.CANCELLED, self.tr("stopped"))
        self._walks.clear()
        self._written.clear()

    def _next(self, project: Project) -> None:
        while self._walks:
            walk = self._walks[0]
            if walk.stopped or not walk.todo:
                self._end(self._walks.popleft())
                continue
            entry = walk.todo.popleft()
            walk.job.progress(walk.total - len(walk.todo), walk.total)
            if entry.path == self._workspace.path:
                walk.images += self._labelling.relabel_open(walk.old, walk.new)
                continue
            self._rename(project, walk, entry)
            return

    def _rename(self, project: Project, walk: _Walk, entry: ImageEntry) -> None:
        self._workspace.tasks.run(
            lambda _context: rename_label(project, entry, walk.old, walk.new),
            done=lambda count: self._on_done(project, walk, entry, count),
            failed=lambda error: self._on_failed(project, walk, entry, error),
        )

    def _on_done(self, project: Project, walk: _Walk, entry: ImageEntry, count: int) -> None:
        if project is not self._workspace.project:
            return
        if count:
            walk.images += 1
            self._written[entry.path] = walk.old
            self._look_at_image()
        self._next(project)

    def _on_failed(
        self, project: Project, walk: _Walk, entry: ImageEntry, error: Exception
    ) -> None:
        if project is self._workspace.project:
            walk.failures.append(f"{entry.relative}: {error_text(error)}")
            self._next(project)

    def _look_at_image(self) -> None:
        """Read an image anew that a person opened just before its file was changed."""
        staged = self._workspace.staged
        if staged is None:
            return
        old = self._written.pop(staged.entry.path, None)
        if old is not None and any(
            each.label == old for each in labelled(staged.session.document.shapes)
        ):
            self._workspace.reload()

    def _end(self, walk: _Walk) -> None:
        text = self.tr("“{old}” is now “{new}” in %n image(s)", "", walk.images)
        text = text.format(old=walk.old, new=walk.new)
        if walk.stopped:
            walk.job.end(JobState.CANCELLED, self.tr("stopped") + " · " + text)
        else:
            walk.job.end(JobState.DONE, text)
        if walk.failures:
            count = len(walk.failures)
            sentence = self.tr("“{old}” could not be renamed in %n image(s).", "", count)
            self._labelling.learn([walk.old])  # it is still in use there
            self.failed.emit("rename", sentence.format(old=walk.old), "\n".join(walk.failures))
        elif not walk.stopped:
            self._labelling.forget(walk.old)
            self.said.emit(text)
