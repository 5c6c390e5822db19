"""Two states of the labels side by side: what differs, and the edits from one to the other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Add, Relabel, Remove, Reshape, SetDone
from core.document.history import History
from core.document.instance import ImageDetails, Instance, Polygon, Ring, Shape, Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.project.project import Project
from core.session import ImageSession
from core.session.difference import Kind, compare, merge
from core.storage.versions import read_version, versions
from tests.core.session.helpers import make_project

SIZE = (64, 48)


def square(id: str, x: float, label: str = "a") -> Instance:
    ring = ((x, 10.0), (x + 9, 10.0), (x + 9, 19.0), (x, 19.0))
    return Instance(id, label, (Polygon(ring),), Source.DRAWN)


def file(*shapes: Instance, done: bool = False) -> LabelFile:
    return LabelFile("a.png", *SIZE, shapes, done)


def outlines(shapes: Iterable[Shape]) -> list[tuple[str, tuple[Ring, ...]]]:
    return sorted((s.label, tuple(p.outer for p in s.polygons)) for s in shapes)


SHAPES = st.lists(
    st.builds(square, st.sampled_from("abcdef"), st.integers(0, 8).map(lambda k: 10.0 * k)),
    unique_by=(lambda each: each.id, lambda each: each.polygons),
    max_size=6,
)


@given(SHAPES, SHAPES, st.booleans(), st.booleans())
def test_taking_all_gives_the_other_state_and_undo_the_present_one(
    now: list[Instance], other: list[Instance], done: bool, other_done: bool
) -> None:
    document = Document(*SIZE, now, done)
    history = History(document)
    theirs = replace(file(*other, done=other_done), details=ImageDetails(description="x" * done))
    compared = compare(document.shapes, done, theirs, details=document.details)
    ids = {each.id for each in compared.differences}
    edit = merge(document, compared, ids, take_done=True, name="take")
    assert (edit is None) == compared.same
    if edit is not None:
        history.do(edit, "take")
    assert outlines(document.shapes) == outlines(other)
    assert document.done == other_done
    assert document.details == theirs.details
    again = compare(document.shapes, document.done, theirs, details=document.details)
    assert again.same
    if edit is not None:
        history.undo()
    assert document.held == (tuple(now), done, ImageDetails())


@given(SHAPES, SHAPES, st.sets(st.sampled_from("abcdef")))
def test_only_what_was_chosen_is_taken(
    now: list[Instance], other: list[Instance], taken: set[str]
) -> None:
    document = Document(*SIZE, now)
    compared = compare(document.shapes, False, file(*other))
    edit = merge(document, compared, taken, take_done=True, name="take")
    if edit is not None:
        document.apply(edit)
    left = {each.id for each in compared.differences} - taken
    after = compare(document.shapes, False, file(*other))
    assert {each.id for each in after.differences} == left


def test_who_changed_what_is_told_by_the_common_beginning() -> None:
    base = file(square("a", 0), square("b", 20), square("c", 40))
    mine = (square("a", 0, "mine"), square("b", 20), square("c", 40, "both"))
    theirs = file(square("a", 0), square("b", 20, "theirs"), square("c", 42))
    found = {each.id: each for each in compare(mine, False, theirs, base).differences}
    assert {id: (each.ours, each.both) for id, each in found.items()} == {
        "a": (True, False),
        "b": (False, False),
        "c": (False, True),
    }
    assert all(each.kind is Kind.CHANGED for each in found.values())


def test_a_program_that_drops_our_ids_has_the_same_instances() -> None:
    mine = (square("m1", 0), square("m2", 20))
    theirs = file(square("t1", 0), square("t2", 21), square("t3", 60))
    compared = compare(mine, False, theirs)
    kinds = {each.id: each.kind for each in compared.differences}
    assert kinds == {"m2": Kind.CHANGED, "t3": Kind.ADDED}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def opened(project: Project) -> ImageSession:
    return ImageSession.open(project, project.images()[0])


def save(session: ImageSession) -> None:
    snapshot = session.snapshot()
    assert snapshot is not None
    outcome = snapshot.write()
    assert outcome.ok, outcome
    assert outcome.note is None
    session.saved(outcome)


def foreign_change(session: ImageSession) -> None:
    """As another program does it: without our keys, one instance moved, one added, a key more."""
    path = session.image.label_file
    value = json.loads(path.read_bytes())
    value.pop("masklens", None)
    value["theirs"] = 7
    for one in value["shapes"]:
        one.pop("masklens", None)
    value["shapes"][0]["points"][0][0] += 2
    points = [[50, 1], [60, 1], [50, 9]]
    value["shapes"].append({**value["shapes"][0], "label": "new", "points": points})
    path.write_text(json.dumps(value))


def test_another_programs_change_is_merged_saved_and_undone(project: Project) -> None:
    session = opened(project)
    session.do(Add((square("a", 0), square("b", 20))), "draw")
    save(session)
    session.do(Relabel.to("mine", ["b"]), "label")
    foreign_change(session)
    snapshot = session.snapshot()
    assert snapshot is not None
    session.saved(snapshot.write())
    assert session.conflict is not None
    theirs, sha256 = session.theirs()
    document = session.document
    compared = compare(document.shapes, document.done, theirs, session.base)
    found = {each.id: each for each in compared.differences}
    assert found["b"].ours
    assert {each.kind for each in found.values()} == {Kind.CHANGED, Kind.ADDED}
    taken = {id for id, each in found.items() if not each.ours}
    edit = merge(document, compared, taken, take_done=True, name="merge")
    session.go_on_from(compared, sha256, edit, "merge")
    assert session.conflict is None
    assert sorted(each.label for each in document.shapes) == ["a", "mine", "new"]
    # A crash at this moment loses nothing: the journal goes on from their file.
    again = opened(project)
    assert again.recovery is not None
    assert again.recovery.possible
    again.recover("recovered")
    assert outlines(again.document.shapes) == outlines(document.shapes)
    save(session)
    written = json.loads(session.image.label_file.read_bytes())
    assert written["theirs"] == 7
    assert len(written["shapes"]) == 3
    session.undo()
    assert sorted(each.label for each in document.shapes) == ["a", "mine"]
    save(session)
    assert len(json.loads(session.image.label_file.read_bytes())["shapes"]) == 2


def test_taking_all_of_it_is_clean_and_leaves_no_journal(project: Project) -> None:
    session = opened(project)
    session.do(Add((square("a", 0),)), "draw")
    save(session)
    foreign_change(session)
    theirs, sha256 = session.theirs()
    compared = compare(session.document.shapes, False, theirs, session.base)
    ids = {each.id for each in compared.differences}
    edit = merge(session.document, compared, ids, take_done=True, name="take")
    session.go_on_from(compared, sha256, edit, "take")
    assert session.is_clean
    assert session.snapshot() is None
    assert not project.journal_path(session.image).exists()
    session.undo()
    assert not session.is_clean
    assert len(session.document.shapes) == 1


def test_each_save_keeps_what_it_replaces_and_what_it_writes(project: Project) -> None:
    session = opened(project)
    path = session.image.label_file
    path.write_bytes(labelme.dumps(file(square("old", 60))))
    before = path.read_bytes()
    session = opened(project)
    session.do(Add((square("a", 0),)), "draw")
    save(session)
    folder = project.versions_dir(session.image)
    assert [read_version(each) for each in versions(folder)] == [path.read_bytes(), before]
    assert [each.foreign for each in versions(folder)] == [False, True]
    session.do(Remove(("old",)), "delete")
    save(session)
    assert read_version(versions(folder)[0]) == path.read_bytes()
    # A label file that somebody deletes is still among them.
    path.unlink()
    assert len(labelme.parse(read_version(versions(folder)[0]), path).shapes) == 1


def test_a_version_that_cannot_be_kept_does_not_stop_a_save(project: Project) -> None:
    session = opened(project)
    folder = project.versions_dir(session.image)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"in the way")
    session.do(Add((square("a", 0),)), "draw")
    session.do(Reshape("a", square("a", 30).polygons), "move")
    session.do(SetDone(True), "done")
    snapshot = session.snapshot()
    assert snapshot is not None
    outcome = snapshot.write()
    assert outcome.ok
    assert outcome.note is not None
    session.saved(outcome)
    assert session.is_clean
    assert len(labelme.read(session.image.label_file).shapes) == 1
