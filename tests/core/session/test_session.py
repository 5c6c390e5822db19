from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.document.edits import (
    EditError,
    Remove,
    SetDone,
)
from core.document.status import ImageStatus
from core.formats import labelme
from core.project.project import Project
from core.session import ImageSession, SessionError, label_io
from core.session.label_io import LabelsChanged, check_unchanged, digest, read_labels
from core.storage.images import ImageError
from tests.core.session.helpers import (
    SIZE,
    draw,
    entry,
    ids,
    labelme_file,
    make_project,
    open_session,
    save,
)

# Saving


def test_what_is_saved_is_there_when_the_image_is_opened_again(project):
    session = open_session(project)
    assert session.is_clean
    assert session.snapshot() is None
    draw(session, "one")
    session.do(SetDone(True), "Done")
    assert not session.is_clean
    save(session)
    assert session.is_clean
    again = open_session(project)
    assert again.document.instances == session.document.instances
    assert again.document.done
    assert again.recovery is None
    assert again.notes == ()
    assert not project.journal_path(session.image).exists()
    assert project.status(session.image) is ImageStatus.DONE


def test_opening_and_looking_writes_no_label_file(project):
    session = open_session(project)
    draw(session, "one")
    session.undo()
    assert session.is_clean
    assert session.snapshot() is None
    assert not session.image.label_file.exists()


def test_a_finished_image_without_instances_is_kept(project):
    session = open_session(project)
    session.do(SetDone(True), "Done")
    save(session)
    assert open_session(project).document.done


def test_edits_during_a_save_are_kept_for_the_next_one(project):
    session = open_session(project)
    draw(session, "one")
    snapshot = session.snapshot()
    assert session.saving
    assert session.snapshot() is None
    draw(session, "two")
    outcome = snapshot.write()
    draw(session, "three")
    session.saved(outcome)
    assert not session.is_clean
    left = open_session(project)
    assert ids(left) == ["one"]
    assert len(left.recovery.edits) == 2
    session.undo()
    session.undo()
    assert session.is_clean
    session.redo()
    save(session)
    assert ids(open_session(project)) == ["one", "two"]


def test_undoing_past_a_save_is_saved_too(project):
    session = open_session(project)
    draw(session, "one")
    save(session)
    session.undo()
    save(session)
    assert ids(open_session(project)) == []


def test_a_file_of_another_program_keeps_what_we_do_not_know(project):
    image = entry(project)
    labelme_file(image.label_file, curator="Ada", imageData="AAAA")
    session = open_session(project)
    assert [each.label for each in session.document.instances] == ["dog"]
    draw(session, "one")
    save(session)
    value = json.loads(image.label_file.read_bytes())
    assert (value["curator"], value["imageData"], len(value["shapes"])) == ("Ada", "AAAA", 2)


def test_an_edit_that_does_not_fit_leaves_no_trace(project):
    session = open_session(project)
    with pytest.raises(EditError):
        session.do(Remove(("nobody",)), "Delete")
    assert session.is_clean
    assert not project.journal_path(session.image).exists()


# Somebody else writes


@pytest.mark.parametrize("existed", [False, True])
def test_a_file_changed_by_somebody_else_is_never_overwritten(project, existed):
    image = entry(project)
    if existed:
        labelme_file(image.label_file)
    session = open_session(project)
    draw(session, "one")
    theirs = labelme_file(image.label_file, label="theirs")
    assert session.changed_on_disk()
    outcome = session.snapshot().write()
    session.saved(outcome)
    assert outcome.conflict
    assert session.conflict == outcome.problem
    assert str(image.label_file) in dict(outcome.problem.args)["path"]
    assert image.label_file.read_bytes() == theirs
    assert session.snapshot() is None
    # The edits are still in the journal, and one can go on.
    draw(session, "two")
    assert len(session._journal.read()) == 2


def test_a_change_at_the_last_moment_is_noticed(project, monkeypatch):
    image = entry(project)
    session = open_session(project)
    draw(session, "one")
    snapshot = session.snapshot()
    announce = snapshot.journal.announce_save
    theirs = []

    def slow(*args):
        announce(*args)
        theirs.append(labelme_file(image.label_file, label="theirs"))

    monkeypatch.setattr(snapshot.journal, "announce_save", slow)
    assert snapshot.write().conflict
    assert image.label_file.read_bytes() == theirs[0]


def in_conflict(project):
    image = entry(project)
    session = open_session(project)
    draw(session, "one")
    theirs = labelme_file(image.label_file, label="theirs")
    session.saved(session.snapshot().write())
    return session, theirs


def test_after_a_conflict_mine_can_go_beside(project):
    session, theirs = in_conflict(project)
    snapshot = session.snapshot_of_all()
    with pytest.raises(SessionError):
        draw(session, "two")
    outcome = snapshot.write_beside()
    session.saved(outcome)
    assert outcome.ok
    assert outcome.beside.name == "a.json.mine"
    assert session.image.label_file.read_bytes() == theirs
    assert [each.id for each in labelme.read(outcome.beside).instances] == ["one"]
    with pytest.raises(SessionError):
        draw(session, "two")
    again = open_session(project)
    assert again.recovery is None
    assert [each.label for each in again.document.instances] == ["theirs"]


def test_after_a_conflict_mine_can_replace_theirs_which_is_kept(project):
    session, theirs = in_conflict(project)
    outcome = session.snapshot_of_all().write_over()
    session.saved(outcome)
    assert outcome.ok
    assert session.conflict is None
    assert session.image.label_file.with_name("a.json.theirs").read_bytes() == theirs
    draw(session, "two")
    save(session)
    assert ids(open_session(project)) == ["one", "two"]


def test_after_a_conflict_reloading_keeps_the_edits_aside(project):
    _, theirs = in_conflict(project)
    again = open_session(project)
    assert [each.label for each in again.document.instances] == ["theirs"]
    assert not again.recovery.possible
    assert again.recovery.sentence.id == "recovery.other_base"
    draw(again, "new")
    assert again.recovery is None
    (aside,) = project.aside_dir.iterdir()
    assert b'"one"' in aside.read_bytes()
    save(again)
    assert len(open_session(project).document.instances) == 2
    assert theirs != again.image.label_file.read_bytes()


def test_a_label_file_taken_away_is_written_again(project):
    session = open_session(project)
    draw(session, "one")
    save(session)
    session.image.label_file.unlink()
    draw(session, "two")
    save(session)
    assert ids(open_session(project)) == ["one", "two"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"not json", b"[]", b'{"images": [], "annotations": []}', b"\xff\xfe\x00"],
)
def test_corrupt_and_foreign_files_are_shown_as_such_and_never_overwritten(project, content):
    image = entry(project)
    image.label_file.write_bytes(content)
    session = open_session(project)
    assert session.read_only is not None
    assert "a.json" in str(dict(session.read_only.args)["path"])
    for act in (lambda: draw(session, "one"), session.undo, session.redo):
        with pytest.raises(SessionError):
            act()
    assert session.snapshot() is None
    assert image.label_file.read_bytes() == content
    assert project.status(image) is ImageStatus.CORRECTED


def test_a_label_file_that_a_document_refuses_is_not_written_over(project, monkeypatch):
    """The format sees to ids and outlines; what it overlooks must not cost the file."""
    image = entry(project)
    labelme_file(image.label_file)
    content = image.label_file.read_bytes()
    parse = labelme.parse

    def twice(data, path):
        found = parse(data, path)
        return replace(found, shapes=(*found.shapes, *found.shapes))

    monkeypatch.setattr(label_io.labelme, "parse", twice)
    session = open_session(project)
    assert session.read_only is not None
    assert session.read_only.id == "edits.id_twice"
    assert session.document.instances == ()
    assert session.snapshot() is None
    assert image.label_file.read_bytes() == content


def test_content_and_hash_are_of_the_same_bytes_whoever_writes_meanwhile(project, monkeypatch):
    path = entry(project).label_file
    labelme_file(path, label="first")
    first, parse = path.read_bytes(), labelme.parse

    def meanwhile(data, where):
        labelme_file(path, label="second")
        return parse(data, where)

    monkeypatch.setattr(label_io.labelme, "parse", meanwhile)
    found = read_labels(path)
    assert [each.label for each in found.content.instances] == ["first"]
    assert found.sha256 == digest(first)
    with pytest.raises(LabelsChanged):
        check_unchanged(path, found.sha256)


def test_a_label_file_for_another_size_is_told(project):
    image = entry(project)
    labelme_file(image.label_file, imageWidth=640)
    session = open_session(project)
    assert session.mismatch is not None
    assert (session.mismatch.made, session.mismatch.real) == ((640, SIZE[1]), SIZE)
    assert (session.document.width, session.document.height) == SIZE
    with pytest.raises(SessionError, match="another size"):
        draw(session, "one")


def test_a_second_masklens_can_only_look(project):
    first = open_session(project)
    draw(first, "one")
    second = ImageSession.open(Project(project.root), first.image)
    assert second.read_only is not None
    assert second.recovery is None
    with pytest.raises(SessionError):
        draw(second, "two")
    # The journal of the first is untouched.
    assert len(first._journal.read()) == 1


def test_a_link_out_of_the_folder_is_not_written_through(tmp_path):
    outside = tmp_path / "outside.json"
    before = labelme_file(outside)
    project = make_project(tmp_path / "project")
    entry(project).label_file.symlink_to(outside)
    session = open_session(project)
    assert session.read_only.id == "project.link_leaves"
    assert len(session.document.instances) == 1
    assert outside.read_bytes() == before


def test_a_link_inside_the_folder_stays_a_link(tmp_path):
    project = make_project(tmp_path)
    (tmp_path / "labels").mkdir()
    labelme_file(tmp_path / "labels" / "a.json")
    image = entry(project)
    image.label_file.symlink_to(tmp_path / "labels" / "a.json")
    session = open_session(project)
    draw(session, "one")
    save(session)
    assert image.label_file.is_symlink()
    assert len(labelme.read(tmp_path / "labels" / "a.json").instances) == 2


def test_an_image_that_cannot_be_read_has_no_session(project):
    entry(project).path.write_bytes(b"nothing")
    with pytest.raises(ImageError):
        open_session(project)
