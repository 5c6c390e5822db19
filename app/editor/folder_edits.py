"""Acts over many images at once, undone as one; and undo and redo in the order of a person's acts.

The open image is changed through its history, any other in its file, off-thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Jobs, JobState
from app.base.tasks import Context
from app.base.walk import Over, Walk
from app.base.words import error_text
from app.editor.workspace import Workspace
from core.document.edits import Edit
from core.document.status import ImageStatus
from core.project.project import ImageEntry, Project
from core.session import Made, MakeEdit, change_labels, delete_labels, undelete_labels

EditOf = Callable[[Path], MakeEdit]
Ended = Callable[[Walk[ImageEntry]], None]
Told = Callable[[Walk[ImageEntry], int], None]
"""Hears of a walk that is over in how many images something was changed; ends its job."""


@dataclass(slots=True)
class FolderAct:
    """What a person did to many images in one act: by image, what takes it back or makes it again.

    `at` is when it was done, `moved` when it was done, undone or redone last; `turned` hears
    before it is undone (True) or made again (False). Of an act that deletes label files, `deleted`
    says where each lies now; empty while they are in their places.
    """

    name: str
    at: int
    moved: int
    edits: dict[Path, Edit] = field(default_factory=dict)
    turned: Callable[[bool], object] = lambda _undone: None
    deleted: dict[Path, Path] | None = None

    @property
    def images(self) -> list[Path]:
        """The images in which it has changed something."""
        return [*self.edits, *(self.deleted or ())]


class FolderEdits(QObject):
    """`changed` follows every act, `ended` one over the folder; `said` tells what was undone."""

    changed = Signal()
    said = Signal(str)
    failed = Signal(str, str, str)

    def __init__(self, workspace: Workspace, jobs: Jobs) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._jobs = jobs
        self._undo: list[FolderAct] = []
        self._redo: list[FolderAct] = []
        self._walks: list[tuple[Walk[ImageEntry], list[ImageEntry]]] = []  # the first one goes
        self._after: list[Callable[[], None]] = []  # what was asked for while an act was under way
        self._written: dict[Path, str | None] = {}  # files written here, and what they hold
        workspace.project_changed.connect(self._forget)
        workspace.image_changed.connect(self._look_at_image)
        workspace.edited.connect(self._redo.clear)

    @property
    def running(self) -> bool:
        """Whether an act over the folder is under way."""
        return bool(self._walks)

    # What undo and redo would do

    @property
    def undo_name(self) -> str:
        """What would be undone; empty when there is nothing."""
        act, session = self._act_to_undo(), self._workspace.session
        return act.name if act else "" if session is None else session.history.undo_name or ""

    @property
    def redo_name(self) -> str:
        """What would be done again; empty when there is nothing."""
        act, session = self._act_to_redo(), self._workspace.session
        return act.name if act else "" if session is None else session.history.redo_name or ""

    @property
    def can_undo(self) -> bool:
        """Whether there is an act to take back."""
        session = self._workspace.session
        by_image = session is not None and session.history.can_undo
        return self.running or by_image or self._act_to_undo() is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is an act to make again."""
        session = self._workspace.session
        by_image = session is not None and session.history.can_redo
        return by_image or self._act_to_redo() is not None

    def undo(self) -> None:
        """Take back the last act: of the open image, or over the folder where that came later."""
        if self.running:
            self._after.append(self.undo)
            return
        act, name = self._act_to_undo(), self.undo_name
        if act is not None:
            self._undo.pop()
            self._move(act, self._redo, self.tr("Undoing: {act}"), self.tr("Undone: {act}"))
        elif self._workspace.undo():
            self.said.emit(self._where(self.tr("Undone: {act}").format(act=name)))

    def redo(self) -> None:
        """Make again what was undone last."""
        if self.running:
            self._after.append(self.redo)
            return
        act, name = self._act_to_redo(), self.redo_name
        if act is not None:
            self._redo.pop()
            self._move(act, self._undo, self.tr("Doing again: {act}"), self.tr("Done again: {act}"))
        elif self._workspace.redo():
            self.said.emit(self._where(self.tr("Done again: {act}").format(act=name)))

    def _where(self, text: str) -> str:
        staged = self._workspace.staged
        return text if staged is None else f"{text} · {staged.entry.relative}"

    def _act_to_undo(self) -> FolderAct | None:
        session = self._workspace.session
        own = None if session is None else session.history.undo_at
        act = self._undo[-1] if self._undo else None
        return act if act is not None and (own is None or own <= act.at) else None

    def _act_to_redo(self) -> FolderAct | None:
        session = self._workspace.session
        own = None if session is None else session.history.undone_at
        act = self._redo[-1] if self._redo else None
        if act is None or session is None or own is None:
            return act
        return act if session.history.redo_at == act.at or own < act.moved else None

    # Acts

    def make(
        self,
        title: str,
        name: str,
        images: Iterable[ImageEntry],
        edit_of: MakeEdit,
        told: Told,
        wanted: Callable[[ImageEntry], bool] = lambda _image: True,
        turned: Callable[[bool], object] = lambda _undone: None,
        remains: Callable[[ImageEntry], str] = lambda _image: "",
    ) -> None:
        """Make one act of an edit in each image that needs one; `told` hears how it went.

        Images that are not `wanted` are not even read, and what `remains` to do in a file
        afterwards is told as a failure; both are asked on a worker's thread.
        """
        now = time.monotonic_ns()
        act = FolderAct(name, now, now, turned=turned)

        def ended(walk: Walk[ImageEntry]) -> None:
            if act.edits:
                self._undo.append(act)
                self._redo.clear()
            told(walk, len(act.edits))

        self._walk(title, act, list(images), lambda _path: edit_of, ended, wanted, remains)

    def delete(self, title: str, name: str, images: Iterable[ImageEntry], told: Told) -> None:
        """Delete the label files of images in one act, which undo takes back."""
        now = time.monotonic_ns()
        act = FolderAct(name, now, now, deleted={})

        def ended(walk: Walk[ImageEntry]) -> None:
            if act.deleted:
                self._undo.append(act)
                self._redo.clear()
            told(walk, len(act.images))

        self._walk(title, act, list(images), lambda _path: lambda _document: None, ended)

    def _move(self, act: FolderAct, to: list[FolderAct], title: str, text: str) -> None:
        """Undo or redo an act over the folder; what of it fails stays as it is, and is said."""
        edits = act.edits
        moved: dict[Path, Path] | None = None if act.deleted is None else {}
        act.turned(to is self._redo)
        back = FolderAct(act.name, act.at, time.monotonic_ns(), turned=act.turned, deleted=moved)
        entries = [
            entry for path in act.images if (entry := self._workspace.entry(path)) is not None
        ]

        def ended(walk: Walk[ImageEntry]) -> None:
            if back.images:
                to.append(back)
            count = self.tr("%n image(s)", "", len(back.images))
            said = f"{text.format(act=act.name)} · {count}"
            walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, said)
            self.said.emit(said)
            if walk.failures:
                sentence = self.tr("It stays in %n image(s) that changed since.", "",
                                   len(walk.failures))  # fmt: skip
                self.failed.emit("undo", sentence, failure_text(walk))

        def edit_of(path: Path) -> MakeEdit:
            return lambda _document: edits[path]

        aside = act.deleted if to is self._redo else None
        self._walk(title.format(act=act.name), back, entries, edit_of, ended, aside=aside)

    def _walk(
        self,
        title: str,
        act: FolderAct,
        images: list[ImageEntry],
        edit_of: EditOf,
        ended: Ended,
        wanted: Callable[[ImageEntry], bool] = lambda _image: True,
        remains: Callable[[ImageEntry], str] = lambda _image: "",
        aside: dict[Path, Path] | None = None,
    ) -> None:
        project = self._workspace.project
        if project is None or not project.locked:
            return

        def step(image: ImageEntry, over: Over) -> None:
            if act.deleted is not None:
                self._move_file(project, act.deleted, image, aside, over)
            elif image.path == self._workspace.path and self._workspace.session is not None:
                over(self._change_open(act, image, edit_of(image.path)))
            else:
                change = edit_of(image.path)
                self._change_file(project, act, image, change, over, wanted, remains)

        def end(walk: Walk[ImageEntry]) -> None:
            if all(walk is not each for each, _ in self._walks):
                walk.job.end(JobState.CANCELLED, self.tr("stopped"))  # another folder is open
                return
            del self._walks[0]
            ended(walk)
            self.changed.emit()
            self._next()

        self._walks.append((Walk(self._jobs, title, step, end), images))
        self.changed.emit()
        if len(self._walks) == 1:
            self._next()

    def _next(self) -> None:
        if self._walks:
            walk, images = self._walks[0]
            # The open image first: a person looks at it.
            here = self._workspace.path
            walk.start(sorted(images, key=lambda image: image.path != here))
        elif self._after:
            self._after.pop(0)()
            if not self._walks:  # else what was asked for has begun one
                self._next()

    def _change_open(self, act: FolderAct, image: ImageEntry, edit_of: MakeEdit) -> str:
        """Change the open image through its history; why not, empty when it went well."""
        workspace, session = self._workspace, self._workspace.session
        assert session is not None
        if session.history.undo_at == act.at:
            inverse = workspace.undo() and session.history.again
        elif session.history.redo_at == act.at:
            inverse = workspace.redo() and session.history.inverse
        else:
            edit = edit_of(session.document)
            if edit is None:
                return ""
            inverse = workspace.do(edit, act.name, act.at) and session.history.inverse
        if not inverse:
            return self.tr("its labels cannot be changed")
        act.edits[image.path] = inverse
        return ""

    def _change_file(
        self,
        project: Project,
        act: FolderAct,
        image: ImageEntry,
        edit_of: MakeEdit,
        over: Over,
        wanted: Callable[[ImageEntry], bool],
        remains: Callable[[ImageEntry], str],
    ) -> None:
        def work(_context: Context) -> tuple[Made | None, ImageStatus, str]:
            if not wanted(image):
                return None, project.status(image), ""
            made = change_labels(project, image, edit_of)
            return made, project.status(image), remains(image)

        def note(found: tuple[Made | None, ImageStatus, str]) -> None:
            made, status, left = found
            if made is not None:
                act.edits[image.path] = made.inverse
                self._written[image.path] = made.sha256
                self._workspace.left.follow(image.path, made, act.name, act.at)
                self._workspace.set_status(image.path, status)
                self._look_at_image()
            over(left)

        self._workspace.tasks.run(work, done=note, failed=lambda error: over(error_text(error)))

    def _move_file(
        self,
        project: Project,
        moved: dict[Path, Path],
        image: ImageEntry,
        aside: dict[Path, Path] | None,
        over: Over,
    ) -> None:
        """Delete a label file, or bring it back from where it lies `aside`."""

        def work(_context: Context) -> tuple[Path | None, ImageStatus]:
            if aside is None:
                return delete_labels(project, image), project.status(image)
            undelete_labels(image, aside[image.path])
            return image.label_file, project.status(image)

        def note(found: tuple[Path | None, ImageStatus]) -> None:
            lies, status = found
            if lies is not None:
                moved[image.path] = lies
                self._workspace.set_status(image.path, status)
                if image.path == self._workspace.path:
                    self._workspace.reload()
            over("")

        def begin(ok: bool) -> None:
            if not ok:
                over(self.tr("its labels could not be saved"))
                return
            self._workspace.tasks.run(work, done=note, failed=lambda error: over(error_text(error)))

        self._workspace.saver.flush(begin)

    def _look_at_image(self) -> None:
        """Read an image anew that a person opened just before its file was changed."""
        session = self._workspace.session
        if session is None or session.image.path not in self._written:
            return
        sha256 = self._written.pop(session.image.path)
        if session.sha256 != sha256 and session.is_clean:
            self._workspace.reload()

    def _forget(self) -> None:
        walks, self._walks = self._walks, []
        self._undo.clear()
        self._redo.clear()
        self._written.clear()
        self._after.clear()
        for walk, _ in walks:
            walk.stop()


def failure_text(walk: Walk[ImageEntry]) -> str:
    """One line an image that could not be changed."""
    return "\n".join(f"{image.relative}: {why}" for image, why in walk.failures)
