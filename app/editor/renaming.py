"""Renaming a label in all images of the folder, one after the other, in the background."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Jobs, JobState
from app.base.walk import Over, Walk
from app.base.words import error_text
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.regions import labelled
from core.session import rename_label
from core.storage.project import ImageEntry


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
        self._walks: list[Walk[ImageEntry]] = []  # the first one goes, the others wait
        self._written: dict[Path, str] = {}  # files changed here, and the label they had
        labelling.renamed.connect(self._rename)
        workspace.project_changed.connect(self._forget)
        workspace.image_changed.connect(self._look_at_image)

    def _rename(self, old: str, new: str) -> None:
        project = self._workspace.project
        if project is None or not project.locked:
            return
        changed = set()

        def note(image: ImageEntry, over: Over, found: int) -> None:
            if found:
                changed.add(image)
                self._written[image.path] = old
                self._look_at_image()
            over("")

        def step(image: ImageEntry, over: Over) -> None:
            if image.path == self._workspace.path:
                if self._labelling.relabel_open(old, new):
                    changed.add(image)
                over("")
                return
            self._workspace.tasks.run(
                lambda _context: rename_label(project, image, old, new),
                done=lambda found: note(image, over, found),
                failed=lambda error: over(error_text(error)),
            )

        def ended(walk: Walk[ImageEntry]) -> None:
            if walk not in self._walks:
                walk.job.end(JobState.CANCELLED, self.tr("stopped"))  # another folder is open
                return
            self._walks.remove(walk)
            self._tell(walk, old, new, len(changed))
            self._next()

        title = self.tr("Renaming “{old}” to “{new}”").format(old=old, new=new)
        if self._labelling.relabel_open(old, new) and self._workspace.staged is not None:
            changed.add(self._workspace.staged.entry)
        self._walks.append(Walk(self._jobs, title, step, ended))
        if len(self._walks) == 1:
            self._next()

    def _next(self) -> None:
        if self._walks:
            self._walks[0].start(self._workspace.images)

    def _forget(self) -> None:
        walks, self._walks = self._walks, []
        self._written.clear()
        for walk in walks:
            walk.stop()

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

    def _tell(self, walk: Walk[ImageEntry], old: str, new: str, images: int) -> None:
        text = self.tr("“{old}” is now “{new}” in %n image(s)", "", images)
        text = text.format(old=old, new=new)
        if walk.stopped:
            walk.job.end(JobState.CANCELLED, self.tr("stopped") + " · " + text)
        else:
            walk.job.end(JobState.DONE, text)
        if walk.failures:
            sentence = self.tr(
                "“{old}” could not be renamed in %n image(s).", "", len(walk.failures)
            )
            self._labelling.learn([old])  # it is still in use there
            details = "\n".join(f"{image.relative}: {why}" for image, why in walk.failures)
            self.failed.emit("rename", sentence.format(old=old), details)
        elif not walk.stopped:
            self._labelling.forget(old)
            self.said.emit(text)
