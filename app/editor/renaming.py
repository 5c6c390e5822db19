"""Renaming a label in all images of the folder: one act, undone as one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.base.jobs import JobState
from app.base.walk import Walk
from app.editor.folder_edits import FolderEdits, failure_text
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.project.project import ImageEntry
from core.session import renaming


class Renamer(QObject):
    """Follows `Labelling.renamed`. `said` carries the report; `failed` key, sentence, details."""

    said = Signal(str)
    failed = Signal(str, str, str)

    def __init__(self, workspace: Workspace, labelling: Labelling, edits: FolderEdits) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._edits = edits
        labelling.renamed.connect(self._rename)

    def _rename(self, old: str, new: str) -> None:
        title = self.tr("Renaming “{old}” to “{new}”").format(old=old, new=new)
        name = self.tr("rename “{old}” to “{new}”").format(old=old, new=new)

        def told(walk: Walk[ImageEntry], images: int) -> None:
            self._tell(walk, old, new, images)

        project = self._workspace.project
        if project is None:
            return
        labels = project.summary

        def wanted(image: ImageEntry) -> bool:
            return old in dict(labels(image).labels)

        def turned(undone: bool) -> None:
            self._labelling.rename_on_list(*((new, old) if undone else (old, new)))

        aside = self.tr("a shape of this label cannot be read, and keeps it")

        def remains(image: ImageEntry) -> str:
            return aside if wanted(image) else ""

        images = self._workspace.images
        self._edits.make(title, name, images, renaming(old, new), told, wanted, turned, remains)

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
            self.failed.emit("rename", sentence.format(old=old), failure_text(walk))
        elif not walk.stopped:
            self._labelling.forget(old)
            self.said.emit(text)
