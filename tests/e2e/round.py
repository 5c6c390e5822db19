"""The round of a first session, in the real program with the real engine.

`python -m tests.e2e.round FOLDER COCO_FILE` prints as JSON what was there at the end.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from app.__main__ import main
from app.editor.panels.transfer import ExportDialog
from app.window.window import MainWindow
from core.document.geometry.measure import bounds
from tests.e2e.script import CTRL, SHIFT, Script, Steps, choose_path, click, drag, key, takes

Key = Qt.Key


def round_trip(window: MainWindow, folder: Path, coco: Path, found: dict[str, object]) -> Steps:
    """Open, suggest, accept two, drag a vertex, draw, undo, redo, next, back, export, close."""
    workspace, suggesting = window.services.workspace, window.services.suggesting

    def instances() -> tuple[object, ...]:
        return () if workspace.document is None else workspace.document.instances

    window.activateWindow()
    yield lambda: window.isActiveWindow()
    key(Key.Key_U, CTRL)
    yield from choose_path(str(folder))
    yield lambda: workspace.staged is not None
    first = workspace.path
    window.services.viewport.setFocus()

    key(Key.Key_I)
    yield lambda: len(suggesting.shown) >= 2
    found["suggested"] = len(suggesting.shown)
    key(Key.Key_Tab)
    key(Key.Key_Y)
    yield lambda: len(instances()) == 1
    key(Key.Key_Y)
    yield lambda: len(instances()) == 2

    window.services.viewport.setFocus()
    key(Key.Key_G)  # suggestions out of sight, so that clicks meet instances only
    instance = workspace.document.instances[-1]
    box = bounds(instance)
    click(window, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    yield lambda: window.services.viewport.selection
    (chosen,) = window.services.viewport.selection
    before = workspace.document.get(chosen)
    vertex = before.polygons[0].outer[0]
    drag(window, vertex, (vertex[0] + 4, vertex[1] + 4))
    yield lambda: workspace.document.get(chosen) != before
    found["moved"] = workspace.document.get(chosen).source.value

    key(Key.Key_P)
    for point in ((3, 3), (30, 4), (20, 25)):
        click(window, *point)
    key(Key.Key_Return)
    yield lambda: len(instances()) == 3
    key(Key.Key_Z, CTRL)
    yield lambda: len(instances()) == 2
    key(Key.Key_Z, CTRL | SHIFT)
    yield lambda: len(instances()) == 3
    whole = workspace.document.instances

    window.services.viewport.setFocus()
    key(Key.Key_D)
    yield lambda: workspace.path != first and workspace.staged is not None
    key(Key.Key_A)
    yield lambda: workspace.path == first and workspace.staged is not None
    found["came_back"] = workspace.document.instances == whole

    key(Key.Key_E, CTRL | SHIFT)
    yield lambda: isinstance(QApplication.activeWindow(), ExportDialog)
    asked = QApplication.activeWindow()
    asked.formats.setCurrentText("COCO")
    (buttons,) = asked.findChildren(QDialogButtonBox)
    (take,) = [each for each in buttons.buttons() if takes(buttons, each)]
    QTest.mouseClick(take, Qt.MouseButton.LeftButton)
    yield from choose_path(str(coco))
    yield lambda: coco.exists()
    found["instances"] = len(instances())
    found["spared"] = gc.get_freeze_count()
    found["notices"] = window.services.notices.texts()
    window.close()


if __name__ == "__main__":
    script: list[Script] = []
    found: dict[str, object] = {}

    def ready(window: MainWindow) -> None:
        steps = round_trip(window, Path(sys.argv[1]), Path(sys.argv[2]), found)
        script.append(Script(window, steps))

    found["code"] = main([], ready=ready)
    found["problem"] = script[0].problem
    found["platform"] = QApplication.platformName()
    found["threads"] = [each.name for each in threading.enumerate() if not each.daemon]
    print(json.dumps(found))
