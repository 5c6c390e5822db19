"""The work at hand: which folder, which image, going from one to the next, and nothing lost.

An image is first staged off-thread, picture and labels both, and then switched to; until then, and
when something fails, what was there stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.settings import PARTS, Settings
from app.base.tasks import Task, Tasks
from app.base.words import error_text, sentence_text
from app.editor.project_opening import FolderScan, OpenedProject, Scanned, open_project
from app.editor.saving import Saver
from app.editor.staging import Pictures, Staged, stage, status_of, why_closed
from app.editor.turns import LeftEdits, Turns
from core.document.document import Changed, Document
from core.document.edits import Edit
from core.document.status import ImageStatus
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError
from core.session import ImageSession

log = logging.getLogger(__name__)


class Workspace(QObject):
    """Folder, image and session. All signals come on the thread of the window."""

    project_changed = Signal()
    image_changed = Signal()
    document_changed = Signal(object)  # Changed
    suggestions_changed = Signal()
    skeletons_found = Signal(object)  # keypoints by label, as a file has them
    labels_found = Signal(object)  # names of labels seen in files
    status_changed = Signal(object)  # {path: ImageStatus}
    image_failed = Signal(object, str)  # path, why it cannot be used; empty: it can
    going = Signal(object)  # path that is being staged, None when it is there
    edited = Signal()  # an edit was made, none of undo, redo or of an act over the folder
    given_up = Signal(int)  # so many commands were meant for an image that cannot be shown
    refused = Signal(str)  # an edit or a step could not be made; why

    def __init__(self, tasks: Tasks, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.saver = Saver(tasks, settings, self)
        self._settings = settings
        self.opened: OpenedProject | None = None
        self.staged: Staged | None = None
        self.failed_path: Path | None = None
        self.failure = ""
        self._place: dict[Path, int] = {}
        self._status: dict[Path, ImageStatus] = {}
        self.pictures = Pictures()
        self.left = LeftEdits()
        self._target: ImageEntry | None = None  # on its way
        self._turns = Turns(lambda: self.under_way)
        self.settled: Callable[[Edit], Edit] = lambda edit: edit
        self._staging: Task[Staged] | None = None
        self._scanning = FolderScan(tasks, self)
        self._opening: Task[OpenedProject] | None = None
        self.saver.saved.connect(self._restate)
        self._scanning.found.connect(self._on_scanned)
        self._scanning.failed.connect(self.refused)

    # What there is

    @property
    def project(self) -> Project | None:
        """The open project."""
        return None if self.opened is None else self.opened.project

    @property
    def images(self) -> tuple[ImageEntry, ...]:
        """The images of the project."""
        return () if self.opened is None else self.opened.images

    @property
    def session(self) -> ImageSession | None:
        """The session of the image that is shown."""
        return None if self.staged is None else self.staged.session

    @property
    def document(self) -> Document | None:
        """The document of the image that is shown."""
        return None if self.staged is None else self.staged.session.document

    @property
    def path(self) -> Path | None:
        """The image that is shown, or that failed to show."""
        return self.staged.entry.path if self.staged is not None else self.failed_path

    def entry(self, path: Path, by: int = 0) -> ImageEntry | None:
        """The entry of an image by its path, or of the one that comes `by` places after it."""
        there = path in self._place and 0 <= self._place[path] + by < len(self.images)
        return self.images[self._place[path] + by] if there else None

    def status(self, path: Path) -> ImageStatus | None:
        """The status as far as it is known yet."""
        return self._status.get(path)

    def open(
        self,
        root: Path,
        only: Sequence[Path] = (),
        *,
        then: Callable[[], None] | None = None,
        failed: Callable[[str], None],
    ) -> None:
        """Open a folder in place of the present one, which stays when that fails."""

        def switch(opened: OpenedProject) -> None:
            self._switch_project(opened)
            if then is not None:
                then()

        def begin(ok: bool) -> None:
            if not ok:
                failed(self.tr("The labels of the present image could not be saved."))
                return
            if self.project is not None and self.project.root == Path(root).absolute():
                self.abandon()  # gives the lock free, so that the same folder can be opened anew
            if self._opening is not None:
                self._opening.cancel()
            self._opening = self.tasks.run(
                lambda _context: open_project(root, only),
                done=switch,
                failed=lambda error: failed(error_text(error)),
            )

        self.saver.flush(begin)

    def close_project(self, then: Callable[[bool], None]) -> None:
        """Save and close the folder; `then` hears whether it was closed."""

        def end(ok: bool) -> None:
            if ok:
                self.abandon()
                self.project_changed.emit()
                self.image_changed.emit()
            then(ok)

        self.saver.flush(end)

    def _switch_project(self, opened: OpenedProject) -> None:
        self.abandon()
        self.opened = opened
        self._place = {image.path: place for place, image in enumerate(opened.images)}
        self.project_changed.emit()
        self.image_changed.emit()
        self._scanning.start(opened)

    def abandon(self) -> None:
        """Give the folder free without saving."""
        self._scanning.stop()
        self.pictures.look_ahead((), self.tasks)
        if self._staging is not None:
            self._staging.cancel()
        self._staging = self._target = None
        self._turns.drop()
        self.left.clear()
        self.saver.attach(None)
        if self.project is not None:
            self.project.unlock()
        self.opened = None
        self.staged = None
        self.failed_path, self.failure = None, ""
        self._place = {}
        self._status = {}

    def _on_scanned(self, found: Scanned) -> None:
        self._status.update(found.status)
        self.labels_found.emit(found.labels)
        self.status_changed.emit(found.status)
        for path, reason in found.reasons.items():
            self.image_failed.emit(path, sentence_text(reason))

    # Commands in their order

    @property
    def under_way(self) -> bool:
        """Whether another image than the one that is shown is on its way."""
        return self._target is not None and self._target.path != self.path

    @property
    def waiting(self) -> bool:
        """Whether commands wait for their turn."""
        return bool(self._turns)

    def in_turn(self, do: Callable[[], object], *, moves: bool = False) -> None:
        """Do something to the image that a person means; see `Turns.put`."""
        self._turns.put(do, moves)

    def _stay(self) -> None:
        """Nothing is on its way any more but what is shown."""
        self._target = None
        self.going.emit(None)
        self._turns.take()

    def _give_up(self) -> None:
        """What was to come can come no more: the image it was for is not reached."""
        count = self._turns.drop()
        self._stay()
        if count:
            self.given_up.emit(count)

    # The image

    def go(self, path: Path, *, anew: bool = False) -> None:
        """Show an image: save the present one, stage the other, then switch."""
        entry = self.entry(path)
        there = path == self.path and self._target is None
        if entry is None or (there and not anew):
            return
        if self._target is not None and self._target.path == path and not anew:
            return  # it is on its way
        if self._staging is not None:
            self._staging.cancel()
            self._staging = None
        self._target = entry
        if path == self.path and not anew:
            self._stay()
            return

        def begin(ok: bool) -> None:
            if self._target is not entry:
                return  # the person went on meanwhile
            if ok:
                self._stage(entry)
                return
            self._give_up()
            reason = self.saver.problem or self.tr("Decide first what becomes of your labels.")
            self.refused.emit(reason)

        self.going.emit(path)
        self.saver.flush(begin)

    def step(self, by: int, wanted: Callable[[ImageEntry], bool] = lambda _entry: True) -> bool:
        """Go on from where one is, or will be, to an image that is wanted; False without one."""
        if not self.images:
            return False
        path = self.path if self._target is None else self._target.path
        place = -1 if path is None else self._place.get(path, -1)
        if place < 0 and by < 0:
            place = len(self.images)
        places = range(place + by, len(self.images) if by > 0 else -1, by)
        for other in places:
            if wanted(self.images[other]):
                self.go(self.images[other].path)
                return True
        return False

    def reload(self) -> None:
        """Read the image and its labels again."""
        if self.path is not None:
            self.go(self.path, anew=True)

    def restage(self) -> None:
        """Read the open image anew without saving it first: its labels were settled."""
        if self.staged is not None:
            self._stage(self.staged.entry)

    def _stage(self, entry: ImageEntry) -> None:
        project = self.project
        if project is None:
            return
        if self._staging is not None:
            self._staging.cancel()
        state = None if self.session is None else self.session.history.state
        parts = self._settings.get(PARTS) == "show"
        self._staging = self.tasks.run(
            lambda context: stage(self.pictures, project, entry, context, parts=parts),
            done=lambda staged: self._switch_image(staged, state),
            failed=lambda error: self._on_failed_image(entry, error),
        )

    def _switch_image(self, staged: Staged, state: int | None) -> None:
        session = self.session
        if session is not None and self.saver.attached and session.read_only is None:
            path = staged.entry.path
            if path == session.image.path and session.history.state != state:
                self.go(path, anew=True)  # what was staged lacks the edits made meanwhile
                return
            if not session.is_clean:
                self.saver.flush(
                    lambda ok: self._switch_image(staged, state) if ok else self._give_up()
                )
                return
        if self._target is not None and self._target is not staged.entry:
            return  # the person went on while the present image was saved
        self.left.keep(session)
        self.left.give(staged.session)
        self._target = None
        self._staging = None
        self.staged = staged
        self.failed_path, self.failure = None, ""
        self.saver.attach(staged.session)
        self.going.emit(None)
        self.image_failed.emit(staged.entry.path, why_closed(staged.session))
        self.image_changed.emit()
        self._look_ahead()
        self._turns.take()

    def _on_failed_image(self, entry: ImageEntry, error: Exception) -> None:
        if not isinstance(error, MasklensError | OSError | MemoryError):
            log.error("an image could not be staged", exc_info=error)
        self.left.keep(self.session)
        self._target = None
        self._staging = None
        self.staged = None
        self.failed_path, self.failure = entry.path, error_text(error)
        self.saver.attach(None)
        self.going.emit(None)
        self.image_failed.emit(entry.path, self.failure)
        self.image_changed.emit()
        self._turns.take()

    def _look_ahead(self) -> None:
        """Decode the neighbours, so that the next step is there at once."""
        near = (self.entry(self.path, by) for by in (1, -1)) if self.path is not None else ()
        self.pictures.look_ahead([each.path for each in near if each is not None], self.tasks)

    # Edits

    def do(
        self,
        edit: Edit,
        name: str,
        at: int | None = None,
        *,
        joined: bool = False,
        as_is: bool = False,
    ) -> bool:
        """Make an edit, `settled` unless `as_is`; False, and `refused`, when it cannot be made.

        `at` is when the act over the folder was made that it is a part of; `joined`: see History.
        """
        session, settle = self.session, (lambda it: it) if as_is or at is not None else self.settled
        if session is None:
            return False
        made = self.change(lambda: session.do(settle(edit), name, at, joined=joined))
        if made and at is None:
            self.edited.emit()
        return made

    def undo(self) -> bool:
        """Take the last edit back."""
        return self.change(lambda: self.session.undo() if self.session else None)

    def redo(self) -> bool:
        """Make the edit again that was undone last."""
        return self.change(lambda: self.session.redo() if self.session else None)

    def change(self, change: Callable[[], Changed | None]) -> bool:
        """Change the document by what its session offers; False, and `refused`, when it cannot."""
        session = self.session
        try:
            changed = change()
        except MasklensError as error:
            self.refused.emit(error_text(error))
            return False
        if changed is None or session is None:
            return False
        if session.journal_problem is not None:
            self.refused.emit(error_text(MasklensError(session.journal_problem)))
        self.document_changed.emit(changed)
        if changed.ids or changed.rejected:
            self.suggestions_changed.emit()
        self.saver.touched()
        self._restate()
        return True

    def suggestions_replaced(self, hidden: Mapping[str, str]) -> None:
        """The session has new suggestions; those in `hidden` say what something says already."""
        if self.staged is not None:
            self.staged = replace(self.staged, covered=hidden)
            self.suggestions_changed.emit()
            self.saver.touched()
            self._restate()

    def set_status(self, path: Path, status: ImageStatus) -> None:
        """Note the status of an image."""
        if self._status.get(path) != status:
            self._status[path] = status
            self.status_changed.emit({path: status})

    def _restate(self) -> None:
        """The status of the open image, from the document rather than from the disk."""
        session = self.session
        if session is not None and session.read_only is None:
            self.set_status(session.image.path, status_of(session))
