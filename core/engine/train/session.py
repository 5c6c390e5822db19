"""A run from its folder to its report: prepare, learn, measure, and say what happens."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection
from typing import Final

from core.engine.train.checkpoint import load_checkpoint
from core.engine.train.failures import explain
from core.engine.train.finish import finish
from core.engine.train.learning import Learning
from core.engine.train.prepare import prepare
from core.engine.train.telling import Cancelled, Teller
from core.learning.errors import LearningError
from core.learning.events import Event, Noted, StateChanged
from core.learning.folder import RunFolder, lock_run
from core.learning.reach import check_reach
from core.learning.report import Report
from core.learning.state import RunState
from core.sentences import MasklensError, say
from core.storage import inside
from core.storage.atomic import sweep
from core.storage.lock import FolderLock

log = logging.getLogger(__name__)
# What torch, numpy and the system raise when something goes wrong on the way.
_EXPECTED: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def run_training(
    run: RunFolder,
    on_event: Callable[[Event], None] | None = None,
    *,
    lock: FolderLock | None = None,
    allowed: Collection[str] = (),
) -> Report | None:
    """Carry a run to its end, from the beginning or from its last checkpoint.

    `lock` is that of the folder where the process holds it already; it is given free at the end.
    `allowed` is what the request may reach for outside its project (`core.learning.reach`).
    Returns the report; None when the run was cancelled or stopped before its first step. Raises
    LearningError when the run cannot go on; its events then say so too, and the last checkpoint
    stays. An interrupt (KeyboardInterrupt) saves a checkpoint and passes through: the run can be
    taken up again.
    """
    lock = lock or lock_run(run)
    teller = Teller(run, on_event)
    dropped = False
    try:
        check_reach(run, run.spec(), allowed)
        return _go(run, teller)
    except Cancelled:
        teller.tell(StateChanged(RunState.STOPPED))
        dropped = True
        return None
    except _EXPECTED as error:
        log.exception("the run broke off")
        teller.fail(explain(error))
        raise LearningError(explain(error)) from error
    except MasklensError as error:
        teller.fail(error.sentence)
        raise LearningError(error.sentence) from error
    finally:
        teller.close()
        lock.release()
        if dropped:
            run.drop()


def _go(run: RunFolder, teller: Teller) -> Report | None:
    sweep(run.path)
    teller.tell(StateChanged(RunState.PREPARING))
    checkpoint = load_checkpoint(run.checkpoint_file)
    ready = prepare(run, teller, resumed=checkpoint is not None)
    learning = Learning(run, ready, teller)
    if checkpoint is not None:
        learning.take_up(checkpoint)
        teller.tell(
            Noted(say("learning.went_on", "Going on from step {step}.", step=learning.trainer.step))
        )
    teller.tell(StateChanged(RunState.RUNNING))
    stopped = learning.run()
    teller.tell(StateChanged(RunState.STOPPING))
    if stopped:
        steps, done = learning.trainer.plan.steps, learning.trainer.step
        teller.tell(
            Noted(
                say(
                    "learning.stopped_at",
                    "Stopped after {step} of {steps} steps.",
                    step=done,
                    steps=steps,
                )
            )
        )
    report = None if learning.trainer.step == 0 else finish(run, ready, learning, teller)
    for file in (run.checkpoint_file, run.start_file):
        with contextlib.suppress(FileNotFoundError):
            inside.remove(file)
    teller.tell(StateChanged(RunState.STOPPED if stopped else RunState.DONE))
    return report
