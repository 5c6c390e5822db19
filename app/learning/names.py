"""What runs, their states and models are called for people."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from core.learning.pace import Basis
from core.learning.state import RunState

_STAMP = "yyyyMMdd-HHmmss"


def run_name(id: str) -> str:
    """A run by the time at which it was started, such as `21 Nov 14:05`; else by its id."""
    when = QDateTime.fromString(id[: len("20260101-000000")], _STAMP)
    return QLocale().toString(when, "d MMM HH:mm") if when.isValid() else id


def model_name(run_id: str) -> str:
    """The model that came of a run."""
    text = QCoreApplication.translate("learning", "learned {when}")
    return text.format(when=run_name(run_id))


def state_text(state: RunState) -> str:
    """The state of a run in a word or two."""
    return {
        RunState.PREPARING: QCoreApplication.translate("learning", "Preparing"),
        RunState.RUNNING: QCoreApplication.translate("learning", "Learning"),
        RunState.STOPPING: QCoreApplication.translate("learning", "Measuring the new model"),
        RunState.DONE: QCoreApplication.translate("learning", "Done"),
        RunState.STOPPED: QCoreApplication.translate("learning", "Stopped"),
        RunState.FAILED: QCoreApplication.translate("learning", "Failed"),
    }[state]


def basis_text(basis: Basis) -> str:
    """What a guess of the time rests on."""
    return {
        Basis.SAME_MODEL: QCoreApplication.translate(
            "learning", "as the latest run from this model took here"
        ),
        Basis.OTHER_MODEL: QCoreApplication.translate(
            "learning", "as the latest run took here, from another model"
        ),
        Basis.MACHINE: QCoreApplication.translate(
            "learning", "as the latest run on this machine took"
        ),
        Basis.PREDICTION: QCoreApplication.translate(
            "learning", "roughly, from how long suggestions take; the first steps will tell"
        ),
    }[basis]
