"""From a move of the mouse to the painted outline, in a window of its own with the real engine.

`python -m tests.bench.bench_prompts IMAGE [MODEL] [--moves N] [--click]` drags a box over the
image, or points at places all over it, one move after the other; each waits until the canvas has
painted the answer. Milliseconds by the clock, of the processor (window and engine together), and
what the engine says it took; without a screen when `QT_QPA_PLATFORM=offscreen` is set.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.base.paths import Paths
from app.base.settings import MODEL, Settings
from app.base.theme import Theme
from app.engine.client import EngineClient
from app.window.assembly import make_window
from app.window.window import MainWindow
from core.protocol import Answer
from core.protocol.messages.prompts import Prompted
from tests.e2e.script import NONE, place

PATIENCE = 600.0
NO_FRAME = 0.05
"""Seconds after an answer from which on no frame is coming."""
TICKS = os.sysconf("SC_CLK_TCK")


class Painted(QObject):
    """Notes when the canvas has painted."""

    at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A frame is painted when the event has been handled, which is about now."""
        if event.type() == QEvent.Type.Paint:
            self.at = time.perf_counter()
        return False


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_prompts")
    parser.add_argument("image", type=Path)
    parser.add_argument("model", nargs="?", default="photos")
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--click", action="store_true", help="point instead of dragging a box")
    given = parser.parse_args()
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(*(Path(folder) / name for name in ("config", "logs", "data")))
        settings = Settings(paths.config / "settings.json")
        settings.set(MODEL, given.model)
        client = EngineClient(application)
        window = make_window(paths, settings, Theme(application), application, client)
        window.resize(1400, 900)
        window.show()
        try:
            _measure(window, given.image, given.moves, given.click)
        finally:
            client.shutdown()
            window.services.tasks.close()
            window.services.workspace.abandon()
            settings.close()


def _measure(window: MainWindow, image: Path, moves: int, click: bool) -> None:
    services, canvas = window.services, window.services.viewport
    services.models.start()
    services.opener.open_paths([image])
    _wait(lambda: services.prompting.ready)
    asked, answered = list[float](), list[float]()

    def hear(answer: Answer) -> None:
        if isinstance(answer, Prompted):
            answered.append(time.perf_counter())
            asked.append(answer.prompt_milliseconds)

    services.client.answered.connect(hear)
    services.actions["tool_click" if click else "tool_box"].trigger()
    painted = Painted()
    canvas.installEventFilter(painted)
    document = services.workspace.document
    assert document is not None
    corner = (0.3 * document.width, 0.3 * document.height)
    QTest.mouseMove(canvas, place(window, *corner))
    if not click:
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, NONE, place(window, *corner))
    clock, spent = list[float](), list[float]()
    ways = _places if click else _ways
    for x, y in ways(moves, document.width, document.height):
        count, before, start = len(asked), _processor(services.client), time.perf_counter()
        QTest.mouseMove(canvas, place(window, x, y))
        _wait(lambda count=count: len(asked) > count)
        # The frame may have been painted before the wait for the answer ended. Where a pointer has
        # nothing under it there is nothing to paint.
        _wait(lambda: painted.at > answered[-1] or _nothing_shown(click, answered[-1]))
        clock.append((max(painted.at, answered[-1]) - start) * 1000)
        spent.append(_processor(services.client) - before)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    for name, values in (("to the frame", clock), ("processor", spent), ("engine", asked)):
        middle, high = np.quantile(values, (0.5, 0.95))
        print(f"{name:14}{middle:8.1f} ms, 95 % {high:8.1f} ms")


def _ways(moves: int, width: int, height: int) -> Iterator[tuple[float, float]]:
    for k in range(moves):
        share = 0.5 + 0.4 * abs(((k * 0.37) % 2) - 1)
        yield share * width, (1.3 - share) * height


def _places(moves: int, width: int, height: int) -> Iterator[tuple[float, float]]:
    """Places that cover the image evenly, none near the one before."""
    for k in range(1, moves + 1):
        yield (k * 0.618034 % 1) * width, (k * 0.754878 % 1) * height


def _nothing_shown(click: bool, answered: float) -> bool:
    return click and time.perf_counter() - answered > NO_FRAME


def _processor(client: EngineClient) -> float:
    """Milliseconds of processor time that this process and the engine have taken."""
    fields = Path(f"/proc/{client.engine_pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS + time.process_time() * 1000


def _wait(holds: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("the window did not get there")
        QTest.qWait(1)


if __name__ == "__main__":
    main()
