"""All runs of a project at a glance."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from core.learning.errors import LearningError
from core.learning.events import Failed, Planned, StateChanged, Stepped
from core.learning.folder import RunFolder
from core.learning.report import Report, read_report
from core.learning.spec import RunSpec
from core.learning.state import RunState
from core.sentences import Sentence
from core.storage import inside


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
    lasted: float | None
    """Seconds from the first event to the last, of a run that went through in one go."""
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
    if state.final and inside.is_file(run.report_file):
        with contextlib.suppress(LearningError):
            report = read_report(run.report_file)
    return RunSummary(
        run=run,
        spec=spec,
        state=state,
        alive=run.is_alive(),
        began=told[0].time if told else None,
        lasted=told[-1].time - told[0].time if _in_one_go(states) else None,
        planned=plans[-1] if plans else None,
        step=steps[-1] if steps else 0,
        failure=failures[-1] if failures and state is RunState.FAILED else None,
        report=report,
    )


def _in_one_go(states: list[RunState]) -> bool:
    return states[-1:] == [RunState.DONE] and states.count(RunState.PREPARING) == 1
