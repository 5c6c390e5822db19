"""Giving the instances of an image that is not open another label."""

from __future__ import annotations

from core.document.edits import Relabel
from core.document.regions import labelled
from core.session.session import ImageSession, SessionError
from core.storage.journal import Journal
from core.storage.project import ImageEntry, Project
from core.storage.summary import summarise


def rename_label(project: Project, image: ImageEntry, old: str, new: str) -> int:
    """Rename a label in the label file of an image; returns of how many instances.

    It is done as a person would do it by hand: all else in the file stays, and suggestions keep
    the labels of their model. Raises ImageError, SessionError or StorageError when the labels
    cannot be changed: the file is then as it was.
    """
    if old not in dict(summarise(image.label_file).labels):
        return 0
    session = ImageSession.open(project, image)
    if session.read_only is not None:
        raise SessionError(session.read_only)
    ids = [each.id for each in labelled(session.document.shapes) if each.label == old]
    if not ids:
        return 0
    session.do(Relabel.to(new, ids), "")
    snapshot = session.snapshot()
    assert snapshot is not None  # an edit was just made
    outcome = snapshot.write()
    if outcome.problem is not None:
        # What was not written shall not be offered for recovery: nobody has made this edit by hand.
        Journal(project.journal_path(image)).reset()
        raise SessionError(outcome.problem)
    return len(ids)
