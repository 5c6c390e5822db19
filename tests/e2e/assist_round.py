"""A round with the tools that help, in the real program with the real engine.

`python -m tests.e2e.assist_round FOLDER` prints as JSON what was there at the end.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.__main__ import main
from app.window.window import MainWindow
from core.document.geometry.measure import area, bounds
from tests.e2e.script import NONE, SHIFT, Script, Steps, after, choose_path, drag, key, place

Key = Qt.Key


def round_trip(window: MainWindow, folder: Path, found: dict[str, object]) -> Steps:
    """Box, stretch, tighten, click, sweep, and all of it undone."""
    services = window.services
    workspace, canvas = services.workspace, services.viewport

    def instances() -> tuple[object, ...]:
        return () if workspace.document is None else workspace.document.instances

    window.activateWindow()
    yield lambda: window.isActiveWindow()
    key(Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    yield from choose_path(str(folder))
    yield lambda: workspace.staged is not None
    yield lambda: services.prompting.ready
    canvas.setFocus()

    key(Key.Key_B)
    found["hint"] = window.status.texts()["hint"]
    drag(window, (20, 20), (90, 90))
    yield lambda: len(instances()) == 1
    (boxed,) = workspace.document.instances
    found["boxed"] = boxed.source.value

    key(Key.Key_S)
    outer = boxed.polygons[0].outer
    refused: list[str] = []
    canvas.refused.connect(lambda sentence: refused.append(sentence.id))
    drag(window, (150, 20), (150, 100))  # beside the outline all the way
    yield lambda: refused
    found["refused"] = refused[0]
    drag(window, outer[0], outer[len(outer) // 2])
    yield lambda: workspace.document.get(boxed.id) != boxed
    found["stretched"] = workspace.document.get(boxed.id).source.value
    found["areas"] = [area(boxed), area(workspace.document.get(boxed.id))]

    before = workspace.document.get(boxed.id)
    key(Key.Key_N)
    yield lambda: canvas._renderer.tried
    services.tuning.panel.setFocus()
    key(Key.Key_Return)
    yield lambda: services.tuning.panel is None
    found["tightened"] = workspace.document.get(boxed.id) != before

    canvas.setFocus()
    key(Key.Key_Q)
    QTest.mouseMove(canvas, place(window, 130, 60))
    yield after(0.3)
    QTest.mouseMove(canvas, place(window, 132, 60))
    yield lambda: canvas._renderer.preview.changed
    count = len(instances())
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, NONE, place(window, 132, 60))
    yield lambda: len(instances()) == count + 1

    services.suggesting.set_threshold(0.05)
    key(Key.Key_I)
    yield lambda: services.suggesting.shown
    count, shown = len(instances()), services.suggesting.shown
    target = QApplication.focusWidget() or canvas
    QTest.keyPress(target, Key.Key_Z)
    yield lambda: canvas.tool == "sweep"
    middle = bounds(shown[0]).centre
    drag(window, middle, (middle[0] + 2, middle[1]))
    QTest.keyRelease(QApplication.focusWidget() or canvas, Key.Key_Z)
    yield lambda: canvas.tool == "click"
    found["swept"] = len(instances()) - count

    made = workspace.document.instances
    while workspace.session.history.can_undo:
        key(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        yield after(0.05)
    found["undone"] = len(instances())
    while workspace.session.history.can_redo:
        key(Key.Key_Z, Qt.KeyboardModifier.ControlModifier | SHIFT)
        yield after(0.05)
    found["made_again"] = workspace.document.instances == made
    found["notices"] = services.notices.texts()
    window.close()


if __name__ == "__main__":
    script: list[Script] = []
    found: dict[str, object] = {}

    def ready(window: MainWindow) -> None:
        script.append(Script(window, round_trip(window, Path(sys.argv[1]), found)))

    found["code"] = main([], ready=ready)
    found["problem"] = script[0].problem
    found["platform"] = QApplication.platformName()
    found["spared"] = gc.get_freeze_count()
    print(json.dumps(found))
