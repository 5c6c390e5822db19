"""Times of the canvas with many polygons, beside labelme's canvas where it is installed.

    python -m tests.bench.bench_canvas [--labelme PYTHON] [--count N ...]

PYTHON is an interpreter that can import labelme; its canvas is timed in a process of its own, with
the same polygons, the same size of window and the same platform plugin. All figures are
milliseconds of processor time, so that a busy machine does not blur them: the median and the worst
of the repetitions. All of it happens in one thread, so on an idle machine it is the time one waits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.canvas.pyramid import ImagePyramid
from app.canvas.viewport import Viewport
from core.document.document import Document
from core.document.edits import Edit
from core.document.history import History
from core.document.instance import Instance, Polygon

Figures = dict[str, dict[str, float]]
SIDE = 2000
WINDOW = (1200, 900)
VERTICES = 20
ROUNDS = 30


def polygons(count: int) -> list[list[tuple[float, float]]]:
    """Roundish polygons of a size that lets them fill the image without too much overlap."""
    rng = np.random.default_rng(7)
    radius = 0.42 * SIDE / np.sqrt(count)
    angles = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    made = []
    for _ in range(count):
        centre = rng.uniform(1.3 * radius, SIDE - 1.3 * radius, 2)
        radii = radius * rng.uniform(0.7, 1.2, VERTICES)
        ring = centre + radii[:, None] * np.stack((np.cos(angles), np.sin(angles)), axis=1)
        made.append([(float(x), float(y)) for x, y in ring])
    return made


def timed(action: Callable[[int], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and worst of some rounds, in milliseconds."""
    took = []
    for k in range(rounds):
        start = time.process_time()
        action(k)
        took.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(took)), "worst": max(took)}


class Stage:
    """Our viewport with many polygons, shown."""

    def __init__(self, count: int) -> None:
        self.application = QApplication.instance() or QApplication([])
        pixels = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        self.document = Document(
            SIDE,
            SIDE,
            [Instance(str(k), "cell", (Polygon(tuple(r)),)) for k, r in enumerate(polygons(count))],
        )
        self.history = History(self.document)
        self.viewport = Viewport()
        self.viewport.edit_requested.connect(self._apply)
        self.viewport.resize(*WINDOW)
        self.viewport.show_image(ImagePyramid.build(pixels))
        began = time.process_time()
        self.viewport.show_document(self.document)
        self.opening = 1000 * (time.process_time() - began)
        self.viewport.show()
        QTest.qWaitForWindowExposed(self.viewport)
        self.viewport.fit()
        self.settle()

    def _apply(self, edit: Edit, name: str) -> None:
        self.viewport.document_changed(self.history.do(edit, name))

    def settle(self) -> None:
        """Wait until every tile is there."""
        self.viewport.repaint()
        while self.viewport._work.isActive():
            QTest.qWait(1)
        self.viewport.repaint()

    def look(self, scale: float) -> None:
        """Look at the middle of the image."""
        self.viewport.set_view((SIDE / 2, SIDE / 2), scale)
        self.settle()

    def mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        """Deliver a mouse event, without the frame that it asks for."""
        nothing = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.viewport, QMouseEvent(kind, at, at, button, button, nothing))


def ours(count: int) -> Figures:
    """The figures of our viewport."""
    stage = Stage(count)
    viewport = stage.viewport
    figures: Figures = {"instances shown": {"median": stage.opening, "worst": stage.opening}}
    figures["full repaint, from tiles"] = timed(lambda _: viewport.repaint())
    figures["all tiles made anew, in slices"] = timed(lambda _: remake(stage), 5)
    figures["zoom frame"] = timed(lambda k: zoom(stage, 1.09 if k % 10 < 5 else 1 / 1.09))
    stage.look(1.0)
    figures["pan frame"] = timed(lambda k: pan(stage, 23 if k % 20 < 10 else -23))
    stage.look(8.0)
    figures["repaint at 800 %"] = timed(lambda _: viewport.repaint())
    stage.look(0.5)
    spots = np.random.default_rng(3).uniform(120, 780, (ROUNDS, 2)).tolist()
    stage.mouse(QEvent.Type.MouseMove, QPointF(*spots[0]), Qt.MouseButton.NoButton)
    figures["hover, event"] = timed(
        lambda k: stage.mouse(QEvent.Type.MouseMove, QPointF(*spots[k]), Qt.MouseButton.NoButton)
    )
    figures.update(vertex_drag(stage))
    viewport.close()
    return figures


def remake(stage: Stage) -> None:
    """Make all tiles in sight again, slice after slice, and show them."""
    renderer = stage.viewport._renderer
    renderer._base.invalidate()
    while not renderer.make(stage.viewport._navigator.view):
        pass
    stage.viewport.repaint()


def zoom(stage: Stage, factor: float) -> None:
    """One step of a zoom and its frame."""
    stage.viewport.zoom_by(factor)
    stage.viewport.repaint()


def pan(stage: Stage, by: float) -> None:
    """One step of a pan and its frame."""
    stage.viewport._navigator.pan(by, 11)
    stage.viewport.repaint()


def vertex_drag(stage: Stage) -> Figures:
    """Drag a vertex about, and let it go."""
    viewport = stage.viewport
    instance = stage.document.instances[len(stage.document.instances) // 2]
    x, y = instance.polygons[0].outer[0]
    viewport.set_view((x, y), 2.0)
    viewport.set_selection([instance.id])
    stage.settle()
    at = QPointF(*viewport._navigator.view.to_logical(x, y))
    left = Qt.MouseButton.LeftButton
    stage.mouse(QEvent.Type.MouseButtonPress, at, left)

    def step(k: int) -> None:
        stage.mouse(QEvent.Type.MouseMove, at + QPointF(5 + k % 9, k % 7), left)
        viewport.repaint()

    def let_go(_: int) -> None:
        stage.mouse(QEvent.Type.MouseButtonRelease, at + QPointF(9, 5), left)
        viewport.repaint()

    figures = {"vertex drag frame": timed(step), "vertex let go, with its edit": timed(let_go, 1)}
    if stage.document.get(instance.id) is instance:
        raise RuntimeError("the drag made no edit")
    return figures


def report(table: dict[int, Figures]) -> str:
    """The figures as a Markdown table, one column a count."""
    counts = list(table)
    rows = ["| | " + " | ".join(f"{count} polygons" for count in counts) + " |"]
    rows.append("|---" * (len(counts) + 1) + "|")
    for name in table[counts[0]]:
        cells = [
            f"{table[c][name]['median']:.1f} (worst {table[c][name]['worst']:.1f})" for c in counts
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--labelme", help="an interpreter that can import labelme")
    options = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    print("masklens, ms\n" + report({count: ours(count) for count in options.count}))
    if options.labelme:
        theirs = {}
        for count in options.count:
            script = Path(__file__).with_name("labelme_canvas.py")
            done = subprocess.run(
                [options.labelme, str(script)],
                input=json.dumps({"polygons": polygons(count), "side": SIDE, "window": WINDOW}),
                capture_output=True,
                text=True,
                check=True,
            )
            theirs[count] = json.loads(done.stdout.splitlines()[-1])
        print("\nlabelme, ms\n" + report(theirs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
