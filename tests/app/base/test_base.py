"""Settings, tasks, jobs, words and the watchdog, without a window."""

from __future__ import annotations

import json
import threading
import time
import weakref
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.base.jobs import Jobs, JobState
from app.base.settings import KEYS, OPACITY, RECENT, RECENT_COUNT, THEME, Settings
from app.base.tasks import Context, Tasks, Writer
from app.base.watchdog import StallWatchdog
from app.base.words import bytes_text, duration_text, error_text
from core.document.instance import Instance, Polygon
from core.sentences import MasklensError, say
from tests.leaks import no_leaks

__all__ = ["no_leaks"]


def square(id: str, x: float, y: float, side: float) -> Instance:
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return Instance(id, "a", (Polygon(ring),))


# Settings


def test_settings_survive_and_keep_what_they_do_not_know(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "deep" / "settings.json"
    settings = Settings(path)
    settings.set(OPACITY, 0.5)
    settings.close()
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "of_the_future": [1], "theme": "purple"}))
    again = Settings(path)
    assert again.get(OPACITY) == 0.5
    assert again.get(THEME) == "system"
    again.set(OPACITY, 0.6)
    again.close()
    assert json.loads(path.read_text())["of_the_future"] == [1]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_broken_settings_are_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert Settings(path).get(OPACITY) == OPACITY.default


def test_settings_refuse_and_tell(tmp_path: Path, qtbot: QtBot) -> None:
    settings = Settings(tmp_path / "settings.json")
    with pytest.raises(ValueError, match="opacity"):
        settings.set(OPACITY, 7.0)
    with qtbot.waitSignal(settings.changed) as heard:
        settings.set(KEYS, {"next_image": ["N"]})
    assert heard.args == ["keys"]
    settings.set(KEYS, {"next_image": ["N"]})
    settings.close()


def test_recent_folders_are_few_and_the_last_is_first(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    for number in range(RECENT_COUNT + 5):
        settings.remember_folder(Path(f"/x/{number}"))
    settings.remember_folder(Path("/x/9"))
    settings.close()
    recent = settings.get(RECENT)
    assert recent[0] == str(Path("/x/9"))
    assert len(recent) == RECENT_COUNT == len(set(recent))


# Tasks


def test_results_come_on_this_thread(qtbot: QtBot, no_leaks: None) -> None:
    tasks = Tasks()
    threads: list[int] = []
    tasks.run(
        lambda _context: threading.get_ident(),
        done=lambda there: threads.extend([there, threading.get_ident()]),
        failed=lambda error: pytest.fail(str(error)),
    )
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] != threads[1] == threading.get_ident()
    tasks.close()


def test_failures_and_progress(qtbot: QtBot, no_leaks: None) -> None:
    tasks = Tasks()
    errors: list[Exception] = []
    steps: list[tuple[int, int]] = []

    def work(context: Context) -> None:
        context.progress(1, 2)
        context.progress(2, 2)
        raise ValueError("no")

    tasks.run(
        work,
        done=lambda _none: pytest.fail("it failed"),
        failed=errors.append,
        progressed=lambda done, total: steps.append((done, total)),
    )
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "no"
    assert steps[-1] == (2, 2)
    tasks.close()


def test_a_cancelled_task_answers_once(qtbot: QtBot, no_leaks: None) -> None:
    tasks = Tasks(1)
    began = threading.Event()
    answers: list[str] = []

    def work(context: Context) -> None:
        began.set()
        while True:
            context.check()
            time.sleep(0.005)

    task = tasks.run(
        work,
        done=lambda _none: answers.append("done"),
        failed=lambda _error: answers.append("failed"),
        cancelled=lambda: answers.append("cancelled"),
    )
    began.wait(5)
    task.cancel()
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == ["cancelled"]
    assert not tasks.busy
    tasks.close()


# Jobs


def test_of_what_waits_the_newest_is_written_alone(qtbot: QtBot, no_leaks: None) -> None:
    tasks, go, written = Tasks(), threading.Event(), list[int]()
    failures: list[Exception] = []
    writer = Writer(tasks, failures.append)
    writer.write(lambda: (go.wait(9), written.append(0)))
    for value in range(1, 4):
        writer.write(lambda value=value: written.append(value))
    go.set()
    qtbot.waitUntil(lambda: written == [0, 3] and not tasks.busy)

    def fail() -> None:
        raise OSError("full")

    writer.write(fail)
    writer.write(lambda: written.append(4))
    qtbot.waitUntil(lambda: written == [0, 3, 4] and not tasks.busy)
    assert [str(each) for each in failures] == ["full"]
    go.clear()
    writer.write(lambda: (go.wait(9), written.append(5)))
    writer.write(lambda: written.append(6))
    writer.forget()
    go.set()
    qtbot.waitUntil(lambda: not tasks.busy and written[-1] == 5)
    tasks.close()


def test_a_job_estimates_and_ends_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.base.jobs.time.monotonic", lambda: now[0])
    jobs = Jobs()
    job = jobs.start("work")
    assert job.seconds_left() is None
    job.progress(0, 10)
    now[0] += 4
    job.progress(2, 10)
    assert job.seconds_left() is None, "what went before the first step may be start-up"
    now[0] += 4
    job.progress(4, 10)
    assert job.seconds_left() == 12
    job.end(JobState.DONE, "well")
    job.end(JobState.FAILED, "badly")
    assert (job.state, job.outcome) == (JobState.DONE, "well")


# Words and the watchdog


def test_words() -> None:
    assert duration_text(0.2) == "1 s"
    assert duration_text(90) == "2 min"
    assert "1" in duration_text(5400)
    assert "MB" in bytes_text(170_000_000)
    assert "gone.jpg" in error_text(FileNotFoundError(2, "No such file", "gone.jpg"))
    assert "x.jpg" in error_text(
        MasklensError(say("storage.full", "{path}: the disk is full.", path="x.jpg"))
    )


def test_the_watchdog_says_where_the_window_hangs(qtbot: QtBot, no_leaks: None) -> None:
    stacks: list[str] = []
    dog = StallWatchdog(limit=0.05, told=stacks.append)
    qtbot.wait(60)

    class Painter:
        """What must not live longer than the function that made it."""

    def dawdle() -> weakref.ref[Painter]:
        painter = Painter()
        time.sleep(0.4)
        return weakref.ref(painter)

    painter = dawdle()
    qtbot.wait(60)
    assert painter() is None
    dog.close()
    assert any("dawdle" in stack for stack in stacks)
    assert dog.longest > 0.2
