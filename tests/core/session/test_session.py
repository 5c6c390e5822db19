from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from core.document.edits import (
    Add,
    Batch,
    Edit,
    EditError,
    Remove,
    Reshape,
    SetDone,
    SetRejected,
)
from core.document.instance import Polygon, Source
from core.document.status import ImageStatus
from core.formats import labelme
from core.session import ImageSession, SessionError, store_suggestions
from core.storage.images import ImageError
from core.storage.project import Project
from core.storage.suggestions import SuggestionSet
from tests.core.document.strategies import blob, square
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


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)


def suggest(*names: str, model: str = "m1") -> SuggestionSet:
    found = tuple(
        replace(blob(name, 20, 20, 5), source=Source.SUGGESTED, score=0.8, model=model)
        for name in names
    )
    return SuggestionSet(model, (("score", 0.5),), found)


def accept(suggestions) -> Edit:
    return Add(tuple(replace(each, source=Source.ACCEPTED) for each in suggestions))


def reject(*names: str) -> Edit:
    return SetRejected(names, rejected=True)


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


def test_a_label_file_for_another_size_is_told(project):
    image = entry(project)
    labelme_file(image.label_file, imageWidth=640)
    session = open_session(project)
    assert [note.id for note in session.notes] == ["session.size_differs"]
    assert (session.document.width, session.document.height) == SIZE


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


# Suggestions


def test_suggestions_are_kept_in_their_own_file_and_leave_the_label_file_alone(project):
    session = open_session(project)
    session.set_suggestions(suggest("s1", "s2"))
    assert [each.id for each in session.pending] == ["s1", "s2"]
    assert not session.is_clean
    save(session)
    assert not session.image.label_file.exists()
    assert project.status(session.image) is ImageStatus.SUGGESTED
    again = open_session(project)
    assert again.suggestions.model == "m1"
    assert [each.id for each in again.pending] == ["s1", "s2"]
    assert again.is_clean


def test_accepting_and_rejecting_empty_the_waiting_list_and_undo_fills_it(project):
    session = open_session(project)
    session.set_suggestions(suggest("s1", "s2"))
    session.do(accept(session.pending[:1]), "Accept")
    session.do(reject("s2"), "Reject")
    assert session.pending == ()
    session.undo()
    assert [each.id for each in session.pending] == ["s2"]
    session.redo()
    save(session)
    again = open_session(project)
    assert again.pending == ()
    assert again.document.get("s1").source is Source.ACCEPTED
    again.do(Batch((Remove(("s1",)), reject("s1"))), "Delete")
    save(again)
    last = open_session(project)
    assert last.pending == ()
    assert last.document.instances == ()
    assert project.status(last.image) is ImageStatus.UNTOUCHED


def test_rejecting_alone_makes_no_label_file(project):
    store_suggestions(project, entry(project), suggest("s1"))
    session = open_session(project)
    session.do(reject("s1"), "Reject")
    save(session)
    assert session.is_clean
    assert not session.image.label_file.exists()
    assert open_session(project).pending == ()
    assert not project.journal_path(session.image).exists()


def test_an_accepted_suggestion_with_another_outline_is_edited(project):
    session = open_session(project)
    session.set_suggestions(suggest("s1"))
    session.do(accept(session.pending), "Accept")
    session.do(Reshape("s1", (Polygon(square(1, 1, 9)),)), "Move vertex")
    save(session)
    taken = open_session(project).document.get("s1")
    assert (taken.source, taken.score, taken.model) == (Source.EDITED, 0.8, "m1")


def predicted_file(project, *names):
    image = entry(project)
    content = labelme.LabelFile(image.name, *SIZE, suggest(*names).instances)
    image.label_file.write_bytes(labelme.dumps(content))
    return image


def test_suggestions_in_a_label_file_open_as_suggestions_and_move_to_the_store(project):
    image = predicted_file(project, "s1", "s2")
    assert project.status(image) is ImageStatus.SUGGESTED
    session = open_session(project)
    assert session.document.instances == ()
    assert [each.id for each in session.pending] == ["s1", "s2"]
    assert session.is_clean
    session.do(accept(session.pending[:1]), "Accept")
    save(session)
    assert [each.id for each in labelme.read(image.label_file).instances] == ["s1"]
    again = open_session(project)
    assert ids(again) == ["s1"]
    assert [each.id for each in again.pending] == ["s2"]
    assert project.status(image) is ImageStatus.CORRECTED


def test_newer_suggestions_take_the_place_of_those_in_the_label_file(project):
    image = predicted_file(project, "old")
    store_suggestions(project, image, suggest("new", model="m2"))
    session = open_session(project)
    assert [each.id for each in session.pending] == ["new"]


def test_a_newer_prediction_in_the_label_file_takes_the_place_of_the_store(project):
    store_suggestions(project, entry(project), suggest("old"))
    predicted_file(project, "new")
    session = open_session(project)
    assert [each.id for each in session.pending] == ["new"]


def test_rejected_suggestions_stay_rejected_when_new_ones_come(project):
    image = entry(project)
    store_suggestions(project, image, replace(suggest("s1", "s2"), rejected=frozenset({"s1"})))
    store_suggestions(project, image, suggest("s1", "s3"))
    assert [each.id for each in open_session(project).pending] == ["s3"]


def test_a_broken_store_is_told_and_harms_no_label(project):
    image = entry(project)
    labelme_file(image.label_file)
    path = project.suggestions_path(image)
    path.parent.mkdir(parents=True)
    path.write_text('{"masklens_suggestions": 1, "model": 7}')
    session = open_session(project)
    assert session.notes[0].id == "suggestions.broken"
    assert len(session.document.instances) == 1
    assert session.pending == ()
    assert [each.name for each in (path.parent / "aside").iterdir()] == ["a.png.json.1"]
    path.write_text("{")
    store_suggestions(project, image, suggest("s1"))
    assert [each.id for each in open_session(project).pending] == ["s1"]
    assert len(list((path.parent / "aside").iterdir())) == 2


def test_a_save_that_broke_can_be_tried_again(project):
    session = open_session(project)
    draw(session, "one")
    session.snapshot()
    assert session.snapshot() is None
    session.save_broke()
    save(session)
    assert ids(open_session(project)) == ["one"]


def test_names_that_are_no_unicode(tmp_path):
    name = os.fsdecode(b"n\xff\n.png")
    project = make_project(tmp_path, name)
    session = open_session(project, name)
    draw(session, "one")
    save(session)
    draw(session, "two")
    again = open_session(project, name)
    again.recover("Recovered")
    assert ids(again) == ["one", "two"]


def test_a_persons_instance_with_the_id_of_a_suggestion_does_not_change(project):
    session = open_session(project)
    draw(session, "s1")
    mine = session.document.get("s1")
    session.set_suggestions(suggest("s1"))
    assert session.pending == ()
    with pytest.raises(EditError):
        session.do(Add(suggest("s1").instances), "Accept")
    assert session.document.get("s1") == mine
