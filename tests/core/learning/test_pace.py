from __future__ import annotations

from pathlib import Path

import pytest

from core.learning.folder import RunFolder
from core.learning.history import RunSummary
from core.learning.pace import PREPARING_S, STEP_IN_PREDICTIONS, Basis, Pace, expect, pace_of
from core.learning.report import Report
from core.learning.spec import RunSpec
from core.learning.state import RunState


def run(model: str, steps: int, seconds: float, lasted: float | None) -> RunSummary:
    report = Report(steps, seconds, "a@1", "b@2", ("cell",), (), True, None, None, ())
    return RunSummary(
        run=RunFolder(Path("run")),
        spec=RunSpec(model, "somewhere"),
        state=RunState.DONE,
        alive=False,
        began=0.0,
        lasted=lasted,
        planned=None,
        step=steps,
        failure=None,
        report=report,
    )


def test_the_pace_tells_steps_from_all_the_rest():
    assert pace_of(run("starter", 100, 200.0, 230.0)) == Pace(2.0, 30.0)
    assert pace_of(run("starter", 100, 200.0, None)) is None
    assert pace_of(run("starter", 100, 200.0, 190.0)) == Pace(2.0, 0.0)  # a clock set back


def test_the_best_ground_is_taken():
    runs = [run("starter", 100, 200.0, 230.0), run("other", 10, 50.0, 60.0)]
    machine = Pace(1.0, 5.0)
    assert expect(runs, "starter", 50).seconds == pytest.approx(130.0)
    assert expect(runs, "starter", 50).basis is Basis.SAME_MODEL
    assert expect(runs, "third", 50).seconds == pytest.approx(260.0)
    assert expect(runs, "third", 50).basis is Basis.OTHER_MODEL
    assert expect([], "starter", 50, machine=machine).seconds == 55.0
    rough = expect([], "starter", 50, prediction=0.5)
    assert rough.seconds == PREPARING_S + 50 * 0.5 * STEP_IN_PREDICTIONS
    assert expect([], "starter", 50) is None
