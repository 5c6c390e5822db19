from __future__ import annotations

from core.learning.events import (
    Failed,
    Measured,
    Noted,
    Pictured,
    Planned,
    StateChanged,
    Stepped,
    Validated,
)
from core.learning.journal import Told
from core.learning.progress import Progress
from core.learning.state import RunState
from core.sentences import say


def progress_of(*events):
    progress = Progress()
    progress.take(Told(event, 100.0 + n) for n, event in enumerate(events))
    return progress


def step(number, left=10.0):
    return Stepped(number, {"loss_mask": 1.0}, 1e-3, left)


PLAN = Planned(20, 2, 64, 30.0, "cpu", "float32", 5, 1)


def test_it_holds_what_was_told():
    seen = progress_of(
        StateChanged(RunState.PREPARING),
        PLAN,
        Measured(False, {"mask": {"AP": 0.2}}),
        StateChanged(RunState.RUNNING),
        step(1),
        step(2),
        Validated(2, True, 0.1, 0.2, True),
        Pictured(2, "a.png", ()),
        Noted(say("learning.went_on", "Going on from step {step}.", step=1)),
    )
    assert (seen.state, seen.step, seen.total) == (RunState.RUNNING, 2, 20)
    assert [one.step for one in seen.validations] == [2]
    assert seen.picture.key == "a.png"
    assert seen.before == {"mask": {"AP": 0.2}}
    assert len(seen.notes) == 1


def test_the_time_left_passes_between_two_events():
    seen = progress_of(PLAN)
    assert seen.seconds_left(110.0) == 20.0
    seen.take([Told(step(3, left=8.0), 120.0)])
    assert seen.seconds_left(125.0) == 3.0
    assert seen.seconds_left(150.0) == 0.0
    seen.take([Told(StateChanged(RunState.DONE), 130.0)])
    assert seen.seconds_left(131.0) is None


def test_a_run_that_went_on_forgets_what_it_told_of_later_steps():
    late = Validated(6, True, 0.1, 0.2, True)
    seen = progress_of(PLAN, step(2), step(4), step(6), late, step(5), step(7))
    assert [one.step for one in seen.steps] == [2, 4, 5, 7]
    assert seen.validations == []


def test_a_failure_is_over_when_the_run_goes_on():
    seen = progress_of(
        Failed(say("learning.no_memory", "There is not enough memory.")),
        StateChanged(RunState.FAILED),
    )
    assert seen.failure is not None
    seen.take([Told(step(3), 150.0), Told(StateChanged(RunState.PREPARING), 200.0)])
    assert seen.failure is None
    assert seen.seconds_left(201.0) is None


def test_a_run_that_is_told_to_stop_or_falls_silent_tells_no_time() -> None:
    progress = Progress()
    plan = Planned(100, 2, 64, 50.0, "cpu", "float32", 2, 1)
    told = [StateChanged(RunState.RUNNING), plan, Stepped(10, {}, 1e-3, 90.0)]
    progress.take(Told(event, 1000.0) for event in told)
    assert progress.seconds_left(1010.0) == 80.0
    assert progress.seconds_left(1059.0) == 31.0
    assert progress.seconds_left(1061.0) is None  # a minute without a word
    # Where a step takes a minute, a minute of silence is nothing.
    progress.take([Told(Stepped(20, {}, 1e-3, 80 * 60.0), 2000.0)])
    assert progress.seconds_left(2300.0) == 80 * 60.0 - 300
    progress.take([Told(StateChanged(RunState.STOPPING), 2001.0)])
    assert progress.seconds_left(2002.0) is None
