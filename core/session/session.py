"""One open image: what a person does goes through the history and at once into the journal."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.document.document import Changed, Document
from core.document.edits import Edit
from core.document.history import History
from core.document.instance import NO_DETAILS, Held, Instance
from core.document.limits import why_too_large_after
from core.formats.label_file import LabelFile
from core.project.project import ImageEntry, Project
from core.project.suggestions import SuggestionSet
from core.sentences import Sentence, say
from core.session.difference import Compared, beyond
from core.session.label_io import MISMATCH, LabelsChanged, check_unchanged
from core.session.opening import Left, Opened, SessionError, gather, read_theirs
from core.session.recovery import FIRST, NOTHING, Recovery, examine
from core.session.save import SaveOutcome, Snapshot
from core.session.suggest import split
from core.storage.atomic import StorageError, copy_aside, move_aside
from core.storage.journal import Journal, JournalHeader, read_journal

LOCKED: Final = say("session.locked", "“{label}” is locked. Unlock it first.")
_NEVER: Final = -1  # a state that the history never has


class ImageSession:
    """An image under work. Make it with `open`; use it from one thread.

    Edits go through `do`, `undo` and `redo`, each of which is on disk in the journal when it
    returns. To save: take a `snapshot`, call its `write` on any thread, hand the outcome to
    `saved`. Do not open the same image again while a save is under way.

    `read_only` says why nothing may be changed (another masklens, a label file that is corrupt or
    not one, a link out of the folder); None when all may be. `notes` are things worth telling.
    `mismatch` says that the labels were made for another size; it must be answered with
    `core.session.fit.answer` before the first edit, and the image opened anew.
    `recovery` offers edits that a crash left behind; while they can be made again, answer with
    `recover` or `set_aside_recovery` before the first edit.
    """

    def __init__(self, project: Project, image: ImageEntry, opened: Opened) -> None:
        self.project = project
        self.image = image
        self.read_only = opened.read_only
        self.notes = tuple(opened.notes)
        self.conflict: Sentence | None = None
        self.journal_problem: Sentence | None = None
        self.recovery: Recovery | None = None
        self.mismatch = opened.mismatch
        self._label_path = opened.label_path
        self._label_file = opened.labels.content
        self._sha256 = opened.labels.sha256
        self._suggestions = opened.suggestions
        self._stored = opened.suggestions
        self._only_in_file = opened.suggestions_only_in_file
        self._saving = False
        self._left_over = False
        self.deleted_outside = False
        """What `is_deleted` said last: these labels are then in no label file."""
        own, _ = split(self._label_file.shapes if self._label_file else ())
        done = self._label_file is not None and self._label_file.done
        details = self._label_file.details if self._label_file else NO_DETAILS
        self._saved_labels: Held = (own, done, details)
        self._size, rejected = opened.size, opened.suggestions.rejected
        self.document = Document(*opened.size, own, done, rejected, details, checked=True)
        self.history = History(self.document, self._record)
        self._recording = True
        self._journal = Journal(project.journal_path(image))
        self._journal.start(self._header())
        if self.read_only is None:
            self._look_for_left_edits()

    @staticmethod
    def open(
        project: Project, image: ImageEntry, size: tuple[int, int] | None = None
    ) -> ImageSession:
        """Open an image: label file, suggestions, journal. Reads files, so not on the GUI thread.

        `size` is the upright (width, height) of the image where it is known already. Raises
        ImageError when it is not and the image cannot be read; all else that is wrong ends in a
        session that can be looked at, with `read_only` or `notes` saying what it is.
        """
        return ImageSession(project, image, gather(project, image, size))

    # Edits

    def do(self, edit: Edit, name: str, at: int | None = None, *, joined: bool = False) -> Changed:
        """Make an edit; `name` is for the undo menu, `at` and `joined` as in `History.do`.

        Raises EditError when it does not fit, SessionError when it may not be changed, and
        StorageError when a journal left by a crash can neither be used nor set aside; in each
        case nothing has changed.
        """
        self._check_editable()
        if (reason := why_too_large_after(edit, self._size)) is not None:
            raise SessionError(reason)
        if at is None and (locked := self.document.locked_by(edit)) is not None:
            raise SessionError(LOCKED.given(label=locked.label))
        return self.history.do(edit, name, at, joined=joined)

    def undo(self) -> Changed | None:
        """Take the last edit back; None when there is none. Raises SessionError."""
        self._check_editable()
        return self.history.undo()

    def redo(self) -> Changed | None:
        """Make again what was undone last; None when there is none. Raises SessionError."""
        self._check_editable()
        return self.history.redo()

    def _check_editable(self) -> None:
        if self.read_only is not None:
            raise SessionError(self.read_only)
        if self.recovery is not None and self.recovery.possible:
            raise SessionError(FIRST.given(image=self.image.name))
        if self.mismatch is not None:
            raise SessionError(MISMATCH.given(image=self.image.name))
        if self._left_over:
            self._move_journal_aside()

    def _record(self, edit: Edit) -> None:
        """Journal an edit. The document has it already, so a full disk must not undo it."""
        if not self._recording:
            return
        try:
            self._journal.append(edit)
        except StorageError as error:
            self.journal_problem = error.sentence
        else:
            self.journal_problem = None

    def left(self) -> Left | None:
        """What is kept of the work when the image is left; None while something is unsaved."""
        if self.read_only is not None or not self.is_clean or not self.history.steps:
            return None
        history = History(self.document)
        history.continue_from(self.history)
        return Left(history, self._sha256)

    def continue_from(self, left: Left) -> bool:
        """Be able to undo what was done before the image was left; False when it has changed."""
        same = left.sha256 == self._sha256 and left.history.document.rejected == (
            self.document.rejected
        )
        if self.read_only is None and self.recovery is None and same:
            self.history.continue_from(left.history)
            return True
        return False

    @property
    def sha256(self) -> str | None:
        """The hash of the label file that the work stands on; None without one."""
        return self._sha256

    # Suggestions

    @property
    def suggestions(self) -> SuggestionSet:
        """What a model proposes, all of it, and what was rejected."""
        return replace(self._suggestions, rejected=self.document.rejected)

    @property
    def pending(self) -> tuple[Instance, ...]:
        """The suggestions that wait for an answer: neither accepted nor rejected."""
        return self.suggestions.pending(self.document)

    def set_suggestions(self, suggestions: SuggestionSet) -> None:
        """Put new suggestions in the place of the old, until the next save in memory only."""
        self._suggestions = suggestions

    # Recovery

    def recover(self, name: str) -> Changed:
        """Make the left edits again, each one undoable under `name`.

        They stay in the journal until the next save. Raises SessionError when there are none, and
        StorageError when the journal cannot be written; then nothing has changed.
        """
        if self.recovery is None or not self.recovery.possible or self.read_only is not None:
            raise SessionError(NOTHING.given(image=self.image.name))
        edits = self.recovery.edits
        if self.recovery.lost:
            copy_aside(self._journal.path, self.project.aside_dir)
        self._journal.start(self._header(), edits)
        self.recovery = None
        self._left_over = False
        changed = Changed()
        self._recording = False
        try:
            for edit in edits:
                changed = changed | self.history.do(edit, name)
        finally:
            self._recording = True
        return changed

    def set_aside_recovery(self) -> Path | None:
        """Turn the left edits down; their journal moves to `.masklens/journals/aside/`.

        Returns where it lies now. Raises StorageError when it cannot be moved.
        """
        self.recovery = None
        return self._move_journal_aside()

    def _look_for_left_edits(self) -> None:
        try:
            content = read_journal(self._journal.path)
        except StorageError as error:
            self.recovery = Recovery((), error.sentence)
        else:
            if content is None:
                return
            self.recovery = examine(content, self.document, self.image.name, self._sha256)
        self._left_over = self.recovery is not None
        if not self._left_over:
            # Nothing in it that the label file lacks; if it stays, the first edit replaces it.
            with contextlib.suppress(StorageError):
                self._journal.reset()

    def _move_journal_aside(self) -> Path | None:
        moved = move_aside(self._journal.path, self.project.aside_dir)
        self._left_over = False
        self.recovery = None
        return moved

    # Saving

    @property
    def is_clean(self) -> bool:
        """Whether the files hold everything."""
        return (
            self.history.is_clean and self.suggestions == self._stored and not self.deleted_outside
        )

    @property
    def saving(self) -> bool:
        """Whether a snapshot is out that has not come back through `saved`."""
        return self._saving

    def snapshot(self) -> Snapshot | None:
        """What is to be written; None when nothing is, while a save is out, or in conflict."""
        if self.read_only is not None or self._saving or self.conflict:
            return None
        if self.is_clean:
            self._drop_needless_journal()
            return None
        self._saving = True
        return self._capture()

    def _drop_needless_journal(self) -> None:
        """Edits that were all taken back are nothing to recover."""
        if self._journal.count and not self._left_over:
            with contextlib.suppress(StorageError):
                self._journal.reset()

    def snapshot_of_all(self) -> Snapshot | None:
        """For `write_beside` and `write_over`, after a conflict: all labels, whoever wrote last.

        No edit is taken until `saved`. None while a save is under way.
        """
        if self._saving:
            return None
        self._saving = True
        self.read_only = say(
            "session.saving",
            "{image} is being saved; it can be changed again in a moment.",
            image=self.image.name,
        )
        return replace(self._capture(), label_file=self._labels_now())

    def saved(self, outcome: SaveOutcome) -> None:
        """Take note of how a save went; on the thread that owns the session.

        After labels went beside, the session stays closed for edits: open the image anew.
        """
        self._saving = False
        snapshot = outcome.snapshot
        if self.conflict is not None and outcome.beside is None:
            self.read_only = None
        if outcome.conflict:
            self.conflict = outcome.problem
        if not outcome.ok or outcome.beside is not None:
            return
        self.conflict = None
        self.deleted_outside = False
        self._sha256 = outcome.sha256
        self.history.mark_clean(snapshot.state)
        if snapshot.label_file is not None:
            self._label_file = snapshot.label_file
            self._saved_labels = snapshot.label_file.held
        if snapshot.suggestions is not None:
            self._stored = snapshot.suggestions
            self._only_in_file = False

    def save_broke(self) -> None:
        """Take note that a save ended without an outcome, by a fault of the program."""
        self._saving = False

    def changed_on_disk(self) -> bool:
        """Whether somebody else has written the label file since; reads the file."""
        try:
            check_unchanged(self._label_path, self._sha256)
        except LabelsChanged:
            return True
        return False

    def theirs(self) -> tuple[LabelFile, str]:
        """What another program wrote to the label file, and its hash; reads the file.

        Raises MasklensError when it cannot be worked with.
        """
        return read_theirs(self._label_path, self.image, self._size)

    @property
    def base(self) -> LabelFile:
        """The labels as the file had them when they were read or saved last."""
        shapes, done, details = self._saved_labels
        file = self._label_file or self._labels_now()
        return replace(file, shapes=shapes, done=done, details=details)

    def go_on_from(self, compared: Compared, sha256: str, edit: Edit | None, name: str) -> Changed:
        """Make what another program wrote the file that the work goes on from.

        `edit` takes over what is wanted of it, and can be undone under `name`. The next save then
        replaces that file, of which a version is kept. Raises as `do`.
        """
        self._check_editable()
        self._recording = False
        try:
            changed = self.history.do(edit, name) if edit is not None else Changed()
        finally:
            self._recording = True
        self.conflict = None
        self._label_file, self._sha256 = compared.other, sha256
        self._saved_labels = compared.other.held
        same = self.document.held == self._saved_labels
        self.history.mark_clean(None if same else _NEVER)
        edits = beyond(compared, self.document, self._stored.rejected)
        try:
            self._journal.start(self._header(), edits)
            if not edits:
                self._journal.reset()
        except StorageError as error:
            self.journal_problem = error.sentence
        return changed

    def is_deleted(self) -> bool:
        """Whether somebody has deleted the label file, with labels in it; looks at the disk."""
        held = self._saved_labels != ((), False, NO_DETAILS)
        return held and self._sha256 is not None and not self._label_path.exists()

    def edits_are_kept(self) -> bool:
        """Whether all that no label file holds is in the journal; looks at the disk."""
        return self.journal_problem is None and self._journal.is_whole()

    def labels(self) -> LabelFile:
        """The labels as they are now, for a file of another place."""
        return self._labels_now()

    def _capture(self) -> Snapshot:
        suggestions = self.suggestions
        labels_changed = self.document.held != self._saved_labels or self.deleted_outside
        # The label file is about to lose its suggestions: the store must have them first.
        store_lacks = suggestions != self._stored or (labels_changed and self._only_in_file)
        return Snapshot(
            label_path=self._label_path,
            label_file=self._labels_now() if labels_changed else None,
            base_sha256=self._sha256,
            suggestions_path=self.project.suggestions_path(self.image),
            suggestions=suggestions if store_lacks else None,
            journal=self._journal,
            edits=self._journal.count,
            state=self.history.state,
            versions=self.project.versions_dir(self.image),
        )

    def _labels_now(self) -> LabelFile:
        base = self._label_file or LabelFile(self.image.named_from_labels, None, None)
        width, height = self.document.width, self.document.height
        if self.mismatch is not None:  # a size that nobody has answered for stays
            width, height = self.mismatch.made
        return replace(
            base,
            width=width,
            height=height,
            shapes=self.document.shapes,
            done=self.document.done,
            details=self.document.details,
        )

    def _header(self) -> JournalHeader:
        return JournalHeader(
            self.image.name, self.document.width, self.document.height, self._sha256
        )
