"""What a model proposed, from the store and from label files, through a session."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from core.document.edits import (
    Add,
    Batch,
    EditError,
    Remove,
    Reshape,
)
from core.document.instance import Polygon, Source
from core.document.status import ImageStatus
from core.formats import labelme
from core.session import store_suggestions
from tests.core.document.strategies import square
from tests.core.session.helpers import (
    SIZE,
    accept,
    draw,
    entry,
    ids,
    labelme_file,
    make_project,
    open_session,
    reject,
    save,
    suggest,
)

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


def test_suggestions_that_were_saved_are_newer_than_those_of_the_label_file(project):
    image = predicted_file(project, "old")
    before = image.label_file.read_bytes()
    session = open_session(project)
    session.set_suggestions(suggest("new", model="m2"))
    save(session)
    assert image.label_file.read_bytes() == before
    assert [each.id for each in open_session(project).pending] == ["new"]
