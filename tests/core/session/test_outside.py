"""What others do to the files of an image, and what the session then says of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.document.edits import SetDone
from core.project.project import Project
from core.session import SessionError
from core.storage.atomic import StorageError, is_protected, write_atomic
from tests.core.session.helpers import (
    draw,
    entry,
    ids,
    labelme_file,
    make_image,
    make_project,
    open_session,
    reject,
    save,
    suggest,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def test_edits_that_were_all_taken_back_leave_no_journal(project: Project) -> None:
    session = open_session(project)
    draw(session, "one")
    session.undo()
    assert session.is_clean
    assert project.left_journals() == [session.image]
    assert session.snapshot() is None  # as when the image is left
    assert project.left_journals() == []
    session.redo()
    assert ids(session) == ["one"]
    assert project.left_journals() == [session.image]
    save(session)
    assert ids(open_session(project)) == ["one"]


def test_a_crash_after_everything_was_taken_back_offers_nothing(project: Project) -> None:
    session = open_session(project)
    draw(session, "one")
    session.do(SetDone(True), "Done")
    session.undo()
    session.undo()
    again = open_session(project)
    assert again.recovery is None
    assert project.left_journals() == []
    draw(again, "two")  # nothing stands in the way


def test_edits_before_the_first_save_survive_a_predicted_label_file(project: Project) -> None:
    crashed = open_session(project)
    for name in ("one", "two", "three"):
        draw(crashed, name)
    path = entry(project).label_file
    predicted = {"masklens": {"id": "s", "source": "suggested", "score": 0.9}}
    labelme_file(path)
    text = path.read_text().replace('"flags": {}}', f'"flags": {{}}, {str(predicted)[1:-1]}}}')
    path.write_text(text.replace("'", '"'))
    session = open_session(project)
    assert [each.id for each in session.pending] == ["s"]
    assert session.recovery is not None
    assert session.recovery.possible
    session.recover("Recovered")
    assert ids(session) == ["one", "two", "three"]
    save(session)
    assert ids(open_session(project)) == ["one", "two", "three"]


def test_edits_before_the_first_save_do_not_mix_with_labels_of_somebody(project: Project) -> None:
    draw(open_session(project), "one")
    labelme_file(entry(project).label_file)
    session = open_session(project)
    assert session.recovery is not None
    assert not session.recovery.possible


def test_a_write_protected_label_file_is_left_alone(project: Project) -> None:
    path = entry(project).label_file
    before = labelme_file(path)
    session = open_session(project)
    draw(session, "one")
    path.chmod(0o444)  # somebody protects it while the image is open
    snapshot = session.snapshot()
    assert snapshot is not None
    outcome = snapshot.write()
    session.saved(outcome)
    assert outcome.problem is not None
    assert outcome.problem.id == "storage.denied"
    assert path.read_bytes() == before
    again = open_session(project)
    assert again.read_only is not None
    assert again.read_only.id == "project.protected"
    with pytest.raises(SessionError):
        draw(again, "two")
    with pytest.raises(StorageError):
        write_atomic(path, b"other")
    path.chmod(0o644)
    assert open_session(project).read_only is None


def test_a_deleted_label_file_is_not_called_saved(project: Project) -> None:
    session = open_session(project)
    draw(session, "one")
    save(session)
    assert not session.is_deleted()
    session.image.label_file.unlink()
    assert session.is_deleted()
    session.deleted_outside = True
    assert not session.is_clean
    save(session)
    assert session.is_clean
    assert ids(open_session(project)) == ["one"]


def test_a_deleted_file_without_labels_is_no_loss(project: Project) -> None:
    session = open_session(project)
    assert not session.is_deleted()
    draw(session, "one")
    save(session)
    session.undo()
    save(session)
    session.image.label_file.unlink()
    assert not session.is_deleted()


def test_whether_the_edits_are_kept_is_looked_up_and_not_hoped(
    project: Project, tmp_path: Path, monkeypatch
) -> None:
    session = open_session(project)
    assert session.edits_are_kept()
    draw(session, "one")
    assert session.edits_are_kept()
    journals = project.folder / "journals"
    journals.rename(tmp_path / "elsewhere")
    assert not session.edits_are_kept()
    (tmp_path / "elsewhere").rename(journals)

    def full(handle: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    draw(session, "two")
    assert not session.edits_are_kept()
    assert [each.id for each in session.labels().shapes] == ["one", "two"]


def test_an_image_keeps_its_labels_when_the_other_of_its_stem_leaves(tmp_path: Path) -> None:
    project = make_project(tmp_path, "a.jpg", "a.png")
    for name in ("a.jpg", "a.png"):
        session = open_session(project, name)
        draw(session, f"of {name}")
        save(session)
    (tmp_path / "a.jpg").unlink()
    session = open_session(project, "a.png")
    assert ids(session) == ["of a.png"]
    assert session.notes == ()
    make_image(tmp_path / "a.jpg")
    assert ids(open_session(project, "a.jpg")) == ["of a.jpg"]


def test_labels_made_for_another_image_are_called_so(tmp_path: Path) -> None:
    project = make_project(tmp_path, "a.png")
    labelme_file(tmp_path / "a.json", image="a.jpg")
    session = open_session(project)
    assert [note.id for note in session.notes] == ["session.other_image"]
    labelme_file(tmp_path / "a.json", image="..\\photos\\a.png")
    assert open_session(project).notes == ()


def test_only_rejections_are_taken_back_too(project: Project) -> None:
    session = open_session(project)
    session.set_suggestions(suggest("s"))
    save(session)
    session.do(reject("s"), "Reject")
    session.undo()
    assert open_session(project).recovery is None


def test_what_counts_as_protected() -> None:
    assert is_protected(0o100444)
    assert not is_protected(0o100644)
    assert not is_protected(0o040555)  # a folder
