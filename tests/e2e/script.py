"""Works the real program: a script of steps that waits between them while the program runs."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Generator

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
)

from app.window.window import MainWindow

PATIENCE = 400.0  # importing torch on a busy machine takes minutes
Steps = Generator[Callable[[], object], None, None]
NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Script:
    """Runs steps on the event loop: each yields what must hold before the next one."""

    def __init__(self, window: MainWindow, steps: Steps) -> None:
        self.problem = ""
        self._window = window
        self._steps = steps
        self._holds: Callable[[], object] = lambda: True
        self._since = time.monotonic()
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._look)
        self._timer.start(20)

    def _look(self) -> None:
        try:
            if self._holds():
                self._holds = next(self._steps)
                self._since = time.monotonic()
            elif time.monotonic() - self._since > PATIENCE:
                raise TimeoutError(
                    f"waited in vain; notices: {self._window.services.notices.texts()}"
                )
        except StopIteration:
            self._timer.stop()
        except Exception:  # noqa: BLE001  # whatever it is, the test must hear of it
            self._timer.stop()
            line = self._steps.gi_frame.f_lineno if self._steps.gi_frame else 0
            self.problem = f"line {line}\n{traceback.format_exc()}"
            QApplication.exit(9)


def key(key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
    """Press and let go of a key where the keyboard is."""
    target = QApplication.focusWidget() or QApplication.activeWindow()
    assert target is not None
    QTest.keyClick(target, key, held)


def place(window: MainWindow, x: float, y: float) -> QPoint:
    """Where an image point is on the canvas."""
    (centre_x, centre_y), scale = window.services.viewport.view()
    middle = window.services.viewport.rect().center()
    return QPoint(
        round(middle.x() + (x - centre_x) * scale), round(middle.y() + (y - centre_y) * scale)
    )


def click(window: MainWindow, x: float, y: float) -> None:
    """Click an image point."""
    at = place(window, x, y)
    QTest.mouseMove(window.services.viewport, at)
    QTest.mouseClick(window.services.viewport, Qt.MouseButton.LeftButton, NONE, at)


def drag(window: MainWindow, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one image point to another."""
    left, canvas = Qt.MouseButton.LeftButton, window.services.viewport
    QTest.mouseMove(canvas, place(window, *start))
    QTest.mousePress(canvas, left, NONE, place(window, *start))
    for share in (0.3, 0.7, 1.0):
        x = start[0] + share * (end[0] - start[0])
        y = start[1] + share * (end[1] - start[1])
        QTest.mouseMove(canvas, place(window, x, y))
    QTest.mouseRelease(canvas, left, NONE, place(window, *end))


def dialog() -> QFileDialog | None:
    """The file dialog that is open."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QFileDialog) and widget.isVisible():
            return widget
    return None


def choose_path(path: str) -> Steps:
    """Type a path into the file dialog that is opening and click the button that takes it."""
    yield lambda: (found := dialog()) is not None and found.isActiveWindow()
    found = dialog()
    assert found is not None
    (field,) = [each for each in found.findChildren(QLineEdit) if each.isVisible()]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, path)
    yield after(0.5)  # the dialog completes names a little later than they are typed
    (buttons,) = found.findChildren(QDialogButtonBox)
    (take,) = [each for each in buttons.buttons() if takes(buttons, each)]
    QTest.mouseClick(take, Qt.MouseButton.LeftButton)
    yield lambda: dialog() is None


def after(seconds: float) -> Callable[[], object]:
    """Holds when some time has passed."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def takes(buttons: QDialogButtonBox, button: QAbstractButton) -> bool:
    """Whether a button is the one that takes what a dialog asks for."""
    return buttons.buttonRole(button) == QDialogButtonBox.ButtonRole.AcceptRole
