"""Changing the labels of an image that is not open, as a person would do it by hand; and taking
its label file away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.document.document import Document
from core.document.edits import Edit, Relabel
from core.document.regions import labelled
from core.project.project import ImageEntry, Project
from core.sentences import say
from core.session.opening import SessionError
from core.session.session import ImageSession
from core.storage import inside
from core.storage.atomic import StorageError, explain, make_folder, move_aside
from core.storage.journal import Journal

_THERE_AGAIN: Final = say(
    "session.there_again",
    "{path} was written anew since it was deleted; the deleted one stays in {aside}.",
)
MakeEdit = Callable[[Document], Edit | None]
"""The edit that a document needs; None when it needs none."""


@dataclass(frozen=True, slots=True)
class Made:
    """An edit that was made in a label file, the one that takes it back, and the file's hash."""

    edit: Edit
    inverse: Edit
    sha256: str | None


def change_labels(project: Project, image: ImageEntry, make: MakeEdit) -> Made | None:
    """Make an edit in the label file of an image; None when it needs none.

    All else in the file stays. Raises ImageError, EditError, SessionError or StorageError when the
    labels cannot be changed: the file is then as it was.
    """
    session = ImageSession.open(project, image)
    if session.read_only is not None:
        raise SessionError(session.read_only)
    edit = make(session.document)
    if edit is None:
        return None
    session.do(edit, "")
    inverse = session.history.inverse
    snapshot = session.snapshot()
    assert snapshot is not None  # an edit was just made
    assert inverse is not None
    outcome = snapshot.write()
    if outcome.problem is not None:
        # What was not written shall not be offered for recovery: nobody has made this edit by hand.
        Journal(project.journal_path(image)).reset()
        raise SessionError(outcome.problem)
    return Made(edit, inverse, outcome.sha256)


def delete_labels(project: Project, image: ImageEntry) -> Path | None:
    """Take the label file of an image away; where it lies from now on, None when there was none.

    Raises SessionError or StorageError when that may not be.
    """
    session = ImageSession.open(project, image)
    if session.read_only is not None:
        raise SessionError(session.read_only)
    make_folder(project.deleted_dir)
    return move_aside(image.label_file, project.deleted_dir)


def undelete_labels(image: ImageEntry, aside: Path) -> None:
    """Bring a label file back. Raises SessionError when another is in its place, StorageError."""
    if image.label_file.exists():
        raise SessionError(_THERE_AGAIN.given(path=str(image.label_file), aside=str(aside)))
    try:
        inside.rename(aside, image.label_file)
    except OSError as error:
        raise StorageError(explain(error, aside)) from error


def renaming(old: str, new: str) -> MakeEdit:
    """Gives the instances of one label another."""

    def make(document: Document) -> Edit | None:
        ids = [each.id for each in labelled(document.shapes) if each.label == old]
        return Relabel.to(new, ids) if ids else None

    return make
