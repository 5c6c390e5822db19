from __future__ import annotations

import pytest

from core.learning.errors import LearningError
from core.learning.events import StateChanged
from core.learning.folder import create_run, earlier_sides, list_runs, new_run_path
from core.learning.journal import EventWriter
from core.learning.report import ImageChange, Report, read_report, write_report
from core.learning.state import Command, RunState
from core.storage.lock import FolderLock
from tests.core.learning.making import gathered, make_run, small_spec


def tell(run, state):
    writer = EventWriter(run.events_file)
    writer.tell(StateChanged(state))
    writer.close()


def test_a_run_is_what_was_put_in(tmp_path):
    run = make_run(tmp_path, tmp_path / "base.pt")
    assert run.spec() == small_spec(tmp_path / "base.pt")
    assert run.labels().numbers(held_out=True) == [3]
    assert run.labels().objects(held_out=False) == 12
    assert run.state() is RunState.PREPARING


def test_a_folder_holds_one_run(tmp_path):
    make_run(tmp_path, tmp_path / "base.pt")
    with pytest.raises(LearningError, match="holds a run already"):
        make_run(tmp_path, tmp_path / "base.pt")


def test_alive_left_over_and_final(tmp_path):
    run = make_run(tmp_path, tmp_path / "base.pt")
    lock = FolderLock.acquire(run.path / "lock")
    tell(run, RunState.RUNNING)
    assert run.is_alive()
    assert not run.is_left_over()
    with pytest.raises(LearningError, match="still at work"):
        run.drop()
    lock.release()
    assert not run.is_alive()
    assert run.is_left_over()
    tell(run, RunState.DONE)
    assert not run.is_left_over()
    run.drop()
    assert not run.path.exists()


def test_dropping_a_run_leaves_other_files_alone(tmp_path):
    run = make_run(tmp_path, tmp_path / "base.pt")
    (run.path / "notes.txt").write_text("mine")
    run.drop()
    assert [path.name for path in run.path.iterdir()] == ["notes.txt"]
    assert list_runs(tmp_path) == []


def test_commands_pass_through_the_folder(tmp_path):
    run = make_run(tmp_path, tmp_path / "base.pt")
    assert run.asked() is None
    run.ask(Command.STOP)
    assert run.asked() is Command.STOP
    run.forget_command()
    assert run.asked() is None
    (run.path / "command").write_text("explode")
    assert run.asked() is None


def test_runs_of_a_project_are_found_again(tmp_path):
    runs = tmp_path / "runs"
    assert list_runs(runs) == []
    runs.mkdir()
    run = create_run(new_run_path(runs), small_spec(tmp_path / "b"), gathered(tmp_path / "i"))
    (runs / "half-made").mkdir()
    assert list_runs(runs) == [run]
    assert earlier_sides([run])["003.png"] is True


def test_a_report_survives_the_disk(tmp_path):
    change = ImageChange("a.png", 4, 0.5, 0.75, 2, 1, ("1",), ("2", "3"))
    report = Report(
        10, 2.5, "base@1", "model@2", ("a",), (("a", "b"),), True, None, {"x": 1}, (change,)
    )
    path = tmp_path / "report.json"
    write_report(path, report)
    assert read_report(path) == report
    path.write_text("{}")
    with pytest.raises(LearningError):
        read_report(path)
