from __future__ import annotations

import contextlib
import resource
from dataclasses import replace

import pytest

from core.document.edits import Add, Relabel, SetDone
from core.session import SessionError
from core.storage import atomic, journal
from core.storage.atomic import StorageError
from core.storage.journal import read_journal
from tests.core.document.strategies import blob
from tests.core.session.helpers import (
    draw,
    entry,
    ids,
    labelme_file,
    make_image,
    make_project,
    open_session,
    save,
)


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)


@contextlib.contextmanager
def full_disk(limit: int = 0):
    """No file can grow beyond `limit` bytes, as if the disk were full."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_left_edits_are_offered_and_made_again(project):
    crashed = open_session(project)
    draw(crashed, "one")
    draw(crashed, "two")
    crashed.do(Relabel.to("dog", ["one"]), "Relabel")
    crashed.undo()
    assert project.left_journals() == [crashed.image]

    session = open_session(project)
    assert session.recovery.possible
    assert len(session.recovery.edits) == 4
    assert dict(session.recovery.sentence.args)["count"] == 4
    assert ids(session) == []
    with pytest.raises(SessionError) as caught:
        draw(session, "three")
    assert caught.value.sentence.id == "recovery.first"
    changed = session.recover("Recovered")
    assert changed.ids == {"one", "two"}
    assert session.document.instances == crashed.document.instances
    assert not session.is_clean
    assert session.history.undo_name == "Recovered"
    # Still in the journal until they are saved.
    assert len(read_journal(project.journal_path(session.image)).edits) == 4
    draw(session, "three")
    save(session)
    assert ids(open_session(project)) == ["one", "two", "three"]
    assert project.left_journals() == []


def test_recovered_edits_can_be_undone_one_by_one(project):
    crashed = open_session(project)
    draw(crashed, "one")
    draw(crashed, "two")
    session = open_session(project)
    session.recover("Recovered")
    session.undo()
    assert ids(session) == ["one"]
    session.undo()
    assert session.is_clean


def test_a_crash_after_a_recovery_loses_nothing(project):
    draw(open_session(project), "one")
    second = open_session(project)
    second.recover("Recovered")
    draw(second, "two")
    third = open_session(project)
    third.recover("Recovered")
    assert ids(third) == ["one", "two"]


def test_left_edits_that_are_turned_down_are_kept_aside(project):
    crashed = open_session(project)
    draw(crashed, "one")
    before = project.journal_path(crashed.image).read_bytes()
    session = open_session(project)
    aside = session.set_aside_recovery()
    assert aside.read_bytes() == before
    assert session.recovery is None
    draw(session, "two")
    assert ids(session) == ["two"]
    with pytest.raises(SessionError):
        session.recover("Recovered")


def test_two_journals_set_aside_do_not_overwrite_each_other(project):
    for name in ("one", "two"):
        draw(open_session(project), name)
        open_session(project).set_aside_recovery()
    kept = [path.read_bytes() for path in sorted(project.aside_dir.iterdir())]
    assert len(kept) == 2
    assert b'"one"' in kept[0]
    assert b'"two"' in kept[1]


def test_a_crash_between_label_file_and_journal_is_understood(project, monkeypatch):
    session = open_session(project)
    draw(session, "one")
    snapshot = session.snapshot()
    draw(session, "two")
    # The process dies right after the label file has been renamed into place.
    monkeypatch.setattr(snapshot.journal, "saved", lambda *args: None)
    assert snapshot.write().ok
    again = open_session(project)
    assert ids(again) == ["one"]
    assert len(again.recovery.edits) == 1
    again.recover("Recovered")
    assert ids(again) == ["one", "two"]


def test_a_crash_between_announcement_and_label_file_is_understood(project, monkeypatch):
    session = open_session(project)
    draw(session, "one")
    monkeypatch.setattr("core.session.save.write_atomic", failing)
    outcome = session.snapshot().write()
    assert not outcome.ok
    again = open_session(project)
    assert ids(again) == []
    assert len(again.recovery.edits) == 1


def failing(path, *args, **kwargs):
    raise StorageError(atomic.explain(OSError(28, "No space left on device"), path))


def test_a_torn_last_line_costs_that_edit_alone(project):
    crashed = open_session(project)
    draw(crashed, "one")
    draw(crashed, "two")
    path = project.journal_path(crashed.image)
    path.write_bytes(path.read_bytes()[:-30])
    session = open_session(project)
    assert session.recovery.lost == 0
    session.recover("Recovered")
    assert ids(session) == ["one"]
    draw(session, "three")
    last = open_session(project)
    last.recover("Recovered")
    assert ids(last) == ["one", "three"]


def test_a_damaged_journal_gives_back_what_it_can_and_is_kept(project):
    crashed = open_session(project)
    for name in ("one", "two", "three", "four"):
        draw(crashed, name)
    path = project.journal_path(crashed.image)
    damaged = path.read_bytes().replace(b'"two"', b'"tvo"')
    path.write_bytes(damaged)
    session = open_session(project)
    assert session.recovery.sentence.id == "recovery.partly"
    assert (len(session.recovery.edits), session.recovery.lost) == (1, 2)
    session.recover("Recovered")
    assert ids(session) == ["one"]
    (aside,) = project.aside_dir.iterdir()
    assert aside.read_bytes() == damaged


@pytest.mark.parametrize("content", [b"", b"rubbish\n", b'00000000 {"masklens_journal": 1}\n'])
def test_a_journal_without_a_header_is_kept_aside(project, content):
    image = entry(project)
    path = project.journal_path(image)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    session = open_session(project)
    assert not session.recovery.possible
    draw(session, "one")
    (aside,) = project.aside_dir.iterdir()
    assert aside.read_bytes() == content


def test_a_journal_of_an_image_of_another_size_is_not_replayed(project):
    crashed = open_session(project)
    draw(crashed, "one")
    make_image(crashed.image.path, (10, 10))
    session = open_session(project)
    assert not session.recovery.possible
    assert session.recovery.sentence.id == "recovery.other_base"


def test_edits_that_no_longer_fit_are_told_and_the_rest_is_offered(project):
    session = open_session(project)
    draw(session, "one")
    header = read_journal(project.journal_path(session.image)).header
    odd = journal.Journal(project.journal_path(session.image))
    odd.start(header, [Add((blob("a", 5, 5, 2),)), Add((blob("a", 5, 5, 2),)), SetDone(True)])
    again = open_session(project)
    assert (len(again.recovery.edits), again.recovery.lost) == (1, 2)


def test_a_label_file_changed_after_the_crash_is_not_touched(project):
    crashed = open_session(project)
    draw(crashed, "one")
    theirs = labelme_file(crashed.image.label_file)
    session = open_session(project)
    assert not session.recovery.possible
    assert session.set_aside_recovery() is not None
    assert session.image.label_file.read_bytes() == theirs


# Full disks


def test_a_full_disk_during_a_save_leaves_the_old_file_and_all_edits(project):
    session = open_session(project)
    draw(session, "one")
    save(session)
    old = session.image.label_file.read_bytes()
    for k in range(20):
        draw(session, f"more{k}")
    with full_disk(len(old)):
        outcome = session.snapshot().write()
        session.saved(outcome)
    assert not outcome.ok
    assert not outcome.conflict
    assert outcome.problem.id == "storage.full"
    assert session.image.label_file.read_bytes() == old
    assert not list(project.root.glob("*masklens-tmp*"))
    save(session)
    assert len(open_session(project).document.instances) == 21


def test_a_full_disk_during_an_edit_keeps_the_edit_and_says_so(project):
    session = open_session(project)
    draw(session, "one")
    with full_disk():
        draw(session, "two")
        assert session.journal_problem.id == "storage.full"
        assert ids(session) == ["one", "two"]
    # What was written before is still good.
    assert len(read_journal(project.journal_path(session.image)).edits) == 1
    draw(session, "three")
    assert session.journal_problem is None
    again = open_session(project)
    again.recover("Recovered")
    assert ids(again) == ["one", "two", "three"]


def test_half_a_line_on_a_full_disk_does_not_spoil_later_edits(project):
    session = open_session(project)
    draw(session, "one")
    path = project.journal_path(session.image)
    with full_disk(path.stat().st_size + 40):
        draw(session, "two")
        assert session.journal_problem is not None
    assert len(read_journal(path).edits) == 1
    assert read_journal(path).unread == 1
    draw(session, "three")
    assert len(read_journal(path).edits) == 3
    assert read_journal(path).unread == 0


def test_a_folder_that_vanishes_is_told(project):
    session = open_session(project)
    draw(session, "one")
    moved = project.root.with_name("elsewhere")
    project.root.rename(moved)
    draw(session, "two")
    assert session.journal_problem is not None
    outcome = session.snapshot().write()
    session.saved(outcome)
    assert not outcome.ok
    assert ids(session) == ["one", "two"]
    project.root.rmdir() if project.root.exists() else None
    moved.rename(project.root)
    save(session)
    assert ids(open_session(project)) == ["one", "two"]


def test_the_journal_failing_after_a_save_does_no_harm(project, monkeypatch):
    session = open_session(project)
    draw(session, "one")
    snapshot = session.snapshot()
    draw(session, "two")
    monkeypatch.setattr("core.storage.journal.write_atomic", failing)
    outcome = snapshot.write()
    session.saved(outcome)
    assert outcome.ok
    assert outcome.note.id == "storage.full"
    monkeypatch.undo()
    again = open_session(project)
    assert ids(again) == ["one"]
    assert len(again.recovery.edits) == 1
    draw(session, "three")
    last = open_session(project)
    last.recover("Recovered")
    assert ids(last) == ["one", "two", "three"]


def test_a_journal_taken_away_while_open_comes_back_whole(project):
    session = open_session(project)
    draw(session, "one")
    project.journal_path(session.image).unlink()
    draw(session, "two")
    assert len(read_journal(project.journal_path(session.image)).edits) == 2


def test_an_image_renamed_in_the_meantime_does_not_get_the_edits(project):
    draw(open_session(project), "one")
    image = entry(project)
    image.path.rename(image.path.with_name("b.png"))
    assert open_session(project, "b.png").recovery is None
    assert replace(image, relative="b.png") not in project.left_journals()
