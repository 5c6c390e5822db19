"""Renaming a label in all images of the folder, also into one that exists: one act, one undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.base.jobs import JobState
from app.base.tasks import Context
from app.base.walk import Walk
from app.base.words import error_text
from app.editor.folder_edits import FolderEdits, failure_text
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.regions import labelled
from core.project.project import ImageEntry
from core.session import renaming


class Renamer(QObject):
    """Follows `Labelling`. `said` carries the report; `failed` key, sentence, details.

    `asked` carries the question before two labels become one, the caption of the button, and what
    the button does.
    """

    said = Signal(str)
    failed = Signal(str, str, str)
    asked = Signal(str, str, object)

    def __init__(self, workspace: Workspace, labelling: Labelling, edits: FolderEdits) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._edits = edits
        labelling.renamed.connect(self._rename)
        labelling.merge_wanted.connect(self._count)

    def _count(self, old: str, new: str) -> None:
        """Ask once whether two labels shall become one, with what that changes."""
        workspace, project = self._workspace, self._workspace.project
        if project is None:
            return
        here, document, images = workspace.path, workspace.document, workspace.images
        shapes = () if document is None else labelled(document.shapes)
        own = sum(each.label == old for each in shapes)

        def count(context: Context) -> tuple[int, int]:
            found = [own] if own else []
            for image in images:
                context.check()
                if image.path != here or document is None:  # of the open one the document counts
                    found.append(project.summary(image).count(old))
            return sum(found), sum(map(bool, found))

        def ask(found: tuple[int, int]) -> None:
            if project is not workspace.project:
                return
            instances, files = found
            text = self.tr(
                "“{new}” exists. Make “{old}” the same label? What changes: {instances} in "
                "{files}; colour and keypoints of “{new}” stay. Undo brings “{old}” back."
            ).format(
                old=old,
                new=new,
                instances=self.tr("%n instance(s)", "", instances),
                files=self.tr("%n file(s)", "", files),
            )

            def merge() -> None:
                if project is workspace.project and {old, new} <= {*self._labelling.names}:
                    self._merge(old, new)

            self.asked.emit(text, self.tr("Merge the labels"), merge)

        workspace.tasks.run(
            count,
            done=ask,
            failed=lambda error: self.failed.emit("rename", error_text(error), ""),
        )

    def _merge(self, old: str, new: str) -> None:
        title = self.tr("Merging “{old}” into “{new}”").format(old=old, new=new)
        name = self.tr("merge “{old}” into “{new}”").format(old=old, new=new)
        self._change(old, new, title, name, self._labelling.merge_on_list(old, new))

    def _rename(self, old: str, new: str) -> None:
        title = self.tr("Renaming “{old}” to “{new}”").format(old=old, new=new)
        name = self.tr("rename “{old}” to “{new}”").format(old=old, new=new)

        def turned(undone: bool) -> None:
            self._labelling.rename_on_list(*((new, old) if undone else (old, new)))

        self._change(old, new, title, name, turned)

    def _change(
        self, old: str, new: str, title: str, name: str, turned: Callable[[bool], object]
    ) -> None:
        def told(walk: Walk[ImageEntry], images: int) -> None:
            self._tell(walk, old, new, images)

        project = self._workspace.project
        if project is None:
            return
        labels = project.summary

        def wanted(image: ImageEntry) -> bool:
            return bool(labels(image).count(old))

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
