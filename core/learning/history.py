"""All runs of a project at a glance: for a list of them, and to guess how long the next takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from core.learning.errors import LearningError
from core.learning.events import Failed, Planned, StateChanged, Stepped
from core.learning.folder import RunFolder
from core.learning.report import Report, read_report
from core.learning.spec import RunSpec
from core.learning.state import RunState
from core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: what was asked for, how far it came, what came of it."""

    run: RunFolder
    spec: RunSpec
    state: RunState
    alive: bool
    """Whether a trainer works on it right now. A run that is neither alive nor in a final state
    was cut off and can go on."""
    began: float | None
    """Seconds since 1970."""
    planned: Planned | None
    step: int
    failure: Sentence | None
    report: Report | None

    @property
    def left_over(self) -> bool:
        """Whether the run was cut off and can go on."""
        return not self.alive and not self.state.final


def summarise(run: RunFolder) -> RunSummary:
    """Read a run. Raises LearningError when its folder is damaged."""
    spec = run.spec()
    told = run.events().read()
    states = [one.event.state for one in told if isinstance(one.event, StateChanged)]
    plans = [one.event for one in told if isinstance(one.event, Planned)]
    steps = [one.event.step for one in told if isinstance(one.event, Stepped)]
    failures = [one.event.sentence for one in told if isinstance(one.event, Failed)]
    state = states[-1] if states else RunState.PREPARING
    report = None
    if state.final and run.report_file.is_file():
        with contextlib.suppress(LearningError):
            report = read_report(run.report_file)
    return RunSummary(
        run=run,
        spec=spec,
        state=state,
        alive=run.is_alive(),
        began=told[0].time if told else None,
        planned=plans[-1] if plans else None,
        step=steps[-1] if steps else 0,
        failure=failures[-1] if failures and state is RunState.FAILED else None,
        report=report,
    )


def expected_seconds(runs: Iterable[RunSummary], model: str, steps: int) -> float | None:
    """How long so many steps took in the latest run from the same model, else from any.

    None when there is nothing to go by; a run measures a trial step before it begins.
    """
    known = [
        (one.spec.model == model, one.planned)
        for one in runs
        if one.planned is not None and one.planned.seconds > 0
    ]
    if not known:
        return None
    same = [planned for is_same, planned in known if is_same]
    latest = (same or [planned for _, planned in known])[-1]
    return latest.seconds / latest.steps * steps
