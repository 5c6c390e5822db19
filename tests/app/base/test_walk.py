"""A walk over many items: how many at a time, what is told, and how it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from app.base.jobs import Jobs, JobState
from app.base.walk import Cancellable, Over, Walk


class Work:
    """Steps that end when the test says so; those of `lasting` cannot be given up."""

    def __init__(self, lasting: bool = False) -> None:
        self.lasting = lasting
        self.open: dict[str, Over] = {}
        self.cancelled: list[str] = []
        self.ended: list[Walk[str]] = []

    def step(self, item: str, over: Over) -> Cancellable | None:
        self.open[item] = over
        return None if self.lasting else _Handle(lambda: self.cancelled.append(item))

    def end(self, walk: Walk[str]) -> None:
        self.ended.append(walk)
        walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, "")


class _Handle:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


@pytest.fixture
def jobs(qtbot: QtBot) -> Jobs:
    return Jobs()


def test_a_few_at_a_time_in_their_order(jobs: Jobs) -> None:
    work = Work()
    walk = Walk(jobs, "walk", work.step, work.end, ahead=2)
    walk.start("abcd")
    assert list(work.open) == ["a", "b"]
    work.open["b"]("")
    assert list(work.open) == ["a", "b", "c"]
    assert (walk.job.done, walk.job.total, walk.todo) == (1, 4, ("d",))
    for item in "ac":
        work.open[item]("")
    work.open["c"]("")  # said twice, counted once
    assert walk.done == 3
    work.open["d"]("no light")
    assert work.ended == [walk]
    assert walk.failures == [("d", "no light")]
    assert walk.job.state is JobState.DONE


def test_nothing_to_do_is_over_at_once(jobs: Jobs) -> None:
    work = Work()
    Walk(jobs, "walk", work.step, work.end).start(())
    assert len(work.ended) == 1


def test_steps_that_are_over_at_once_go_no_deeper(jobs: Jobs) -> None:
    seen = []

    def step(item: int, over: Over) -> None:
        seen.append(item)
        over("")

    work = Work()
    Walk(jobs, "walk", step, work.end).start(range(5000))
    assert seen == list(range(5000))
    assert len(work.ended) == 1


def test_stopping_gives_up_what_can_be_given_up(jobs: Jobs) -> None:
    work = Work()
    walk = Walk(jobs, "walk", work.step, work.end, ahead=2)
    walk.start("abc")
    walk.job.cancel()
    assert work.cancelled == ["a", "b"]
    assert work.ended == [walk]
    assert (walk.done, walk.total, walk.job.state) == (0, 0, JobState.CANCELLED)
    work.open["a"]("too late")
    assert walk.failures == []
    walk.stop()
    assert len(work.ended) == 1


def test_stopping_waits_for_what_cannot_be_given_up(jobs: Jobs) -> None:
    work = Work(lasting=True)
    walk = Walk(jobs, "walk", work.step, work.end)
    walk.start("ab")
    walk.stop()
    assert work.ended == []
    work.open["a"]("")
    assert work.ended == [walk]
    assert (walk.done, list(work.open)) == (1, ["a"])


def test_stopped_before_it_began(jobs: Jobs) -> None:
    work = Work()
    walk = Walk(jobs, "walk", work.step, work.end)
    walk.stop()
    walk.start("ab")
    assert work.ended == [walk]
    assert not work.open
