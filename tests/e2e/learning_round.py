"""The learning round in the real program: correct, mark as done, learn, judge, swap, go back.

`python -m tests.e2e.learning_round FOLDER` prints as JSON what was there at the end.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.__main__ import main
from app.base.watchdog import StallWatchdog
from app.learning.watch import Phase
from app.window.window import MainWindow
from core.learning.schedule import ScheduleChoices
from core.learning.state import RunState
from tests.e2e.script import SHIFT, Script, Steps, after, click, key

Key = Qt.Key
STEPS = 12


def round_trip(window: MainWindow, found: dict[str, object]) -> Steps:
    """Two images are corrected and finished by hand; the others were finished before."""
    parts, learning = window.services, window.features["learning"]
    workspace, suggesting = parts.workspace, parts.suggesting

    def models() -> tuple[str, ...]:
        document = workspace.document
        return () if document is None else tuple(i.model or "" for i in document.instances)

    window.activateWindow()
    yield lambda: window.isActiveWindow() and workspace.staged is not None
    window.services.viewport.setFocus()
    key(Key.Key_I)
    yield lambda: suggesting.shown
    found["first_model"] = suggesting.shown[0].model
    key(Key.Key_Y, SHIFT)
    yield models
    key(Key.Key_M)
    yield lambda: workspace.document.done

    key(Key.Key_F)  # the panel
    yield lambda: learning.survey.found is not None and parts.models.model is not None
    choices = learning.choices.value
    learning.choices.set(replace(choices, steps=STEPS, device="cpu", schedule=QUICK))
    yield after(0.7)
    yield lambda: not learning.survey.looking and learning.panel.setup.start.isEnabled()
    found["said"] = learning.panel.setup.texts
    key(Key.Key_F, SHIFT)
    yield lambda: learning.runs.watch is not None
    watchdog = StallWatchdog(window)

    window.services.viewport.setFocus()
    key(Key.Key_D)
    yield lambda: workspace.staged is not None and workspace.staged.entry.name == "2.png"
    drawn = 0
    while learning.runs.watch is not None and learning.runs.watch.active:
        key(Key.Key_P)
        x, y = 10 + 14 * (drawn % 8), 10 + 14 * (drawn // 8 % 6)
        for point in ((x, y), (x + 9, y + 1), (x + 4, y + 9)):
            click(window, *point)
        key(Key.Key_Return)
        drawn += 1
        yield after(0.4)
    found["drawn"] = drawn
    found["instances"] = len(models())
    watchdog.close()
    found["longest_stall"] = watchdog.longest
    watch = learning.runs.watch
    assert watch is None or watch.phase is Phase.ENDED, learning.panel.live.texts
    yield lambda: learning.judging.summary is not None
    summary = learning.judging.summary
    found["state"] = str(RunState(summary.state))
    found["steps"] = summary.report.steps
    found["pictured"] = summary.run.events().read() != []
    window.services.actions["model_use"].trigger()
    yield lambda: learning.chain.previous is not None
    new = parts.models.model.revision

    key(Key.Key_V)
    window.services.viewport.setFocus()
    key(Key.Key_D)
    yield lambda: workspace.staged is not None and workspace.staged.entry.name == "3.png"
    key(Key.Key_I)
    yield lambda: suggesting.pending and suggesting.pending[0].model == new
    found["second_model"] = new
    window.services.actions["model_back"].trigger()
    yield lambda: learning.chain.previous is None
    found["third_model"] = parts.models.model.revision
    # What nobody has worked on is suggested anew by the model that is in use again.
    yield lambda: suggesting.pending and suggesting.pending[0].model == found["third_model"]
    found["notices"] = window.services.notices.texts()
    window.close()


QUICK = ScheduleChoices(side=96, batch=1)

if __name__ == "__main__":
    script: list[Script] = []
    found: dict[str, object] = {}

    def ready(window: MainWindow) -> None:
        script.append(Script(window, round_trip(window, found)))

    found["code"] = main([sys.argv[1]], ready=ready)
    found["problem"] = script[0].problem
    found["platform"] = QApplication.platformName()
    found["threads"] = [each.name for each in threading.enumerate() if not each.daemon]
    print(json.dumps(found))
