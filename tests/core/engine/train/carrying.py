"""Carrying out runs whose requests are the test's own, and so may reach for what they name."""

from __future__ import annotations

from collections.abc import Callable

from core.engine.train.session import run_training
from core.learning.events import Event
from core.learning.folder import RunFolder
from core.learning.launch import start_run
from core.learning.reach import reach_of
from core.learning.report import Report


def carry_out(run: RunFolder, on_event: Callable[[Event], None] | None = None) -> Report | None:
    """As `run_training`."""
    return run_training(run, on_event, allowed=reach_of(run, run.spec()))


def start(run: RunFolder) -> None:
    """As `start_run`."""
    start_run(run, reach_of(run, run.spec()))
