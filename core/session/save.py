"""Saving: a frozen picture of the work, encoded and written on any thread.

The order makes a crash at any point harmless: suggestions first; then the journal learns which
hash the label file is about to have; then the label file is renamed into place; then the journal
lets go of the edits that the file holds.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from core.formats import labelme
from core.formats.label_file import LabelFile
from core.project.suggestions import SuggestionSet, save_suggestions
from core.sentences import MasklensError, Sentence
from core.session.label_io import LabelsChanged, check_unchanged, digest, hash_of, read_bytes
from core.storage.atomic import StorageError, make_folder, write_atomic
from core.storage.journal import Journal
from core.storage.versions import keep


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a session at one moment, with all that writing it needs.

    `label_file` is None when the labels are as the file has them, `suggestions` when the store is
    up to date. `edits` is how many journalled edits the snapshot holds, `state` the number of the
    history's state, `base_sha256` the hash of the label file the work began from; `versions` is
    the folder in which earlier versions are kept.
    """

    label_path: Path
    label_file: LabelFile | None
    base_sha256: str | None
    suggestions_path: Path
    suggestions: SuggestionSet | None
    journal: Journal
    edits: int
    state: int
    versions: Path | None = None

    def write(self) -> SaveOutcome:
        """Write what has changed. Takes as long as the disk does; never raises for its faults."""
        try:
            if self.suggestions is not None:
                stamped = replace(self.suggestions, seen_label_file=self.base_sha256)
                save_suggestions(self.suggestions_path, stamped)
            sha256, note = self._write_labels()
        except LabelsChanged as error:
            return SaveOutcome(self, self.base_sha256, error.sentence, conflict=True)
        except MasklensError as error:
            return SaveOutcome(self, self.base_sha256, error.sentence)
        return SaveOutcome(self, sha256, None, note=self._let_go(sha256) or note)

    def write_beside(self) -> SaveOutcome:
        """Write the labels to a new file beside the label file, which stays as it is.

        The new file has the name of the label file with `.mine` or `.mine-2` behind it, so that
        no tool takes it for a second label file of the image.
        """
        if self.label_file is None:
            raise ValueError("the snapshot holds no labels")
        try:
            path = free_name(self.label_path, "mine")
            write_atomic(path, labelme.dumps(self.label_file))
        except MasklensError as error:
            return SaveOutcome(self, self.base_sha256, error.sentence)
        return SaveOutcome(self, None, None, note=self._let_go(self.base_sha256), beside=path)

    def write_over(self) -> SaveOutcome:
        """Write in place of what somebody else wrote, which is kept beside under `.theirs`."""
        try:
            theirs = read_bytes(self.label_path)
            if theirs is None:
                return self.write()
            write_atomic(free_name(self.label_path, "theirs"), theirs)
        except MasklensError as error:
            return SaveOutcome(self, self.base_sha256, error.sentence)
        return replace(self, base_sha256=digest(theirs)).write()

    def _write_labels(self) -> tuple[str | None, Sentence | None]:
        if self.label_file is None:
            return self.base_sha256, None
        data = labelme.dumps(self.label_file)
        sha256 = digest(data)
        # Asked twice: here to spare the journal a save that will not be, then before the rename.
        if hash_of(self.label_path) == sha256:
            return sha256, None  # a save that was taken for failed has come that far
        check_unchanged(self.label_path, self.base_sha256)
        note = self._keep_version(read_bytes(self.label_path), foreign=True)
        self.journal.announce_save(sha256, self.edits)
        make_folder(self.label_path.parent)
        write_atomic(
            self.label_path,
            data,
            check=lambda: check_unchanged(self.label_path, self.base_sha256),
        )
        return sha256, note or self._keep_version(data)

    def _keep_version(self, data: bytes | None, *, foreign: bool = False) -> Sentence | None:
        """Keep what is about to be replaced, or was just written. Failing does no harm."""
        if self.versions is None or data is None:
            return None
        try:
            keep(self.versions, data, time.time(), foreign=foreign)
        except StorageError as error:
            return error.sentence
        return None

    def _let_go(self, sha256: str | None) -> Sentence | None:
        """Take the saved edits out of the journal. Failing does no harm: it knows the new hash."""
        try:
            self.journal.saved(sha256, self.edits)
        except StorageError as error:
            return error.sentence
        return None


@dataclass(frozen=True, slots=True)
class SaveOutcome:
    """How a save went; hand it to `ImageSession.saved`.

    `problem` is None when all was written. With `conflict` somebody else has changed the label
    file and nothing was overwritten. `note` tells of something that went wrong without harm.
    `beside` is the file that `write_beside` made.
    """

    snapshot: Snapshot
    sha256: str | None
    problem: Sentence | None
    conflict: bool = False
    note: Sentence | None = None
    beside: Path | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None


def free_name(label_path: Path, whose: str) -> Path:
    """A name beside a label file that nothing has yet, which no tool takes for a label file."""
    for number in itertools.count(1):
        suffix = whose if number == 1 else f"{whose}-{number}"
        path = label_path.with_name(f"{label_path.name}.{suffix}")
        if not os.path.lexists(path):
            return path
    raise AssertionError("there is always a free number")
