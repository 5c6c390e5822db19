"""The queue of the engine: urgent first, newest of a purpose only, nothing lost."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine import worker as worker_module
from core.engine.jobs import Job, JobQueue, JobStopped
from core.engine.worker import Worker
from core.protocol import CancelReason, ListModels, Models, Priority, Request


def ask(id: int, purpose: str = "", priority: Priority = Priority.NOW) -> Request:
    return ListModels(id, purpose, priority)


def drain(queue: JobQueue) -> list[int]:
    order = []
    while queue.state().waiting:
        job = queue.take()
        order.append(job.request.id)
        queue.finish(job)
    return order


@given(st.lists(st.sampled_from(Priority)))
def test_urgent_first_and_in_order_of_asking(priorities: list[Priority]) -> None:
    queue = JobQueue()
    for id, priority in enumerate(priorities):
        queue.put(ask(id, priority=priority))
    assert drain(queue) == sorted(range(len(priorities)), key=lambda id: priorities[id])


@given(st.lists(st.sampled_from(["", "current", "folder:a"])))
def test_only_the_newest_of_each_purpose_is_done(purposes: list[str]) -> None:
    queue, dropped = JobQueue(), []
    for id, purpose in enumerate(purposes):
        dropped += [request.id for request in queue.put(ask(id, purpose))]
    last = {purpose: id for id, purpose in enumerate(purposes)}
    kept = [id for id, purpose in enumerate(purposes) if not purpose or last[purpose] == id]
    assert drain(queue) == kept
    assert sorted([*kept, *dropped]) == list(range(len(purposes)))


def test_a_newer_request_stops_the_one_in_work() -> None:
    queue = JobQueue()
    queue.put(ask(1, "current"))
    job = queue.take()
    queue.put(ask(2, "current"))
    with pytest.raises(JobStopped):
        job.check()
    assert queue.finish_stopped(job) is CancelReason.SUPERSEDED
    assert drain(queue) == [2]


def test_batch_work_makes_room_and_is_done_later() -> None:
    queue = JobQueue()
    for id in (1, 2):
        queue.put(ask(id, f"folder:{id}", Priority.BATCH))
    job = queue.take()
    queue.put(ask(3, "current"))
    assert job.should_stop()
    assert queue.finish_stopped(job) is None
    assert not job.should_stop()
    assert drain(queue) == [3, 1, 2]


def test_equal_urgency_does_not_interrupt() -> None:
    queue = JobQueue()
    queue.put(ask(1, "a"))
    job = queue.take()
    queue.put(ask(2, "b"))
    assert not job.should_stop()


def test_what_was_interrupted_can_still_be_superseded_and_cancelled() -> None:
    queue = JobQueue()
    queue.put(ask(1, "folder", Priority.BATCH))
    job = queue.take()
    queue.put(ask(2, "current"))
    queue.finish_stopped(job)
    assert [one.id for one in queue.put(ask(3, "folder", Priority.BATCH))] == [1]
    assert queue.cancel(3)
    assert drain(queue) == [2]


def test_cancelling() -> None:
    queue = JobQueue()
    queue.put(ask(1))
    queue.put(ask(2))
    job = queue.take()
    assert not queue.cancel(1)  # in work: it stops by itself
    assert queue.cancel(2)
    assert not queue.cancel(99)
    assert queue.finish_stopped(job) is CancelReason.ASKED
    assert queue.state().waiting == 0


def test_a_waiting_thread_gets_what_comes_later() -> None:
    queue, got = JobQueue(), []
    thread = threading.Thread(target=lambda: got.append(queue.take().request.id))
    thread.start()
    queue.put(ask(5))
    thread.join(5)
    assert got == [5]
    assert queue.state().in_work == 5


def test_leaving_waits_for_work_to_stop_but_not_for_ever() -> None:
    queue = JobQueue()
    queue.put(ask(1))
    job = queue.take()
    queue.cancel_all()
    queue.wait_until_idle(0.01)
    assert queue.state().in_work == 1
    assert job.should_stop()
    queue.finish_stopped(job)
    queue.wait_until_idle(5)
    assert queue.state().in_work is None


def test_time_that_nobody_needs_is_used_after_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "IDLE_SECONDS", 0.01)
    worker = Worker(SimpleNamespace(send=lambda _: None))
    done: list[object] = []
    queue, left = JobQueue(), [True, False, False]

    def use_time() -> bool:
        done.append("piece")
        if len(left) < 3:
            queue.put(ask(len(done)))
        return left.pop(0)

    def answer(job: Job, _say: object) -> Models:
        done.append(job.request.id)
        if job.request.id == 5:
            raise SystemExit
        return Models(job.request.id, (), (), ())

    queue.put(ask(1))
    with pytest.raises(SystemExit):
        worker._work(queue, answer, use_time)
    assert done == [1, "piece", "piece", 3, "piece", 5]
