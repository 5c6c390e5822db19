"""Times of the canvas with many polygons, beside labelme's canvas where it is installed.

    python -m tests.bench.bench_canvas [--labelme PYTHON] [--count N ...] [--rounds N]

A 4000 by 3000 image, polygons of 40 vertices, seen as a whole, at 100 % and at 800 %. PYTHON is an
interpreter that can import labelme; its canvas is timed in a process of its own, with the same
polygons, the same size of window and the same platform plugin. All figures are milliseconds of
processor time, so that a busy machine does not blur them: the median and the 95th percentile of the
repetitions. All of it happens in one thread, so on an idle machine it is the time one waits. What
misses its aim is marked.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.canvas.pyramid import ImagePyramid
from app.canvas.viewport import Viewport
from core.document.edits import Add, Edit
from core.document.instance import Instance, Polygon
from core.document.limits import MOST_POINTS_TOGETHER
from core.project.project import Project
from core.session import ImageSession

Figures = dict[str, dict[str, float]]
SIZE = (4000, 3000)
WINDOW = (1200, 900)
VERTICES = 40
ROUNDS = 40
SPECK = 12.0
"""Logical pixels across from which on an instance can be taken and dragged."""
SCALES = {"fit": 0.3, "100 %": 1.0, "800 %": 8.0}
AIMS = {"hover": 8.0, "drag": 8.0, "pan": 16.0, "zoom": 16.0, "undo": 10.0, "open": 1000.0}
"""The most milliseconds at the 95th percentile."""


def polygons(count: int) -> list[list[tuple[float, float]]]:
    """Roundish polygons of a size that lets them fill the image without too much overlap."""
    rng = np.random.default_rng(7)
    size = np.array(SIZE)
    radius = 0.42 * np.sqrt(size.prod() / count)
    angles = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    made = []
    for _ in range(count):
        centre = rng.uniform(1.3 * radius, size - 1.3 * radius)
        radii = radius * rng.uniform(0.7, 1.2, VERTICES)
        ring = centre + radii[:, None] * np.stack((np.cos(angles), np.sin(angles)), axis=1)
        made.append([(round(float(x), 2), round(float(y), 2)) for x, y in ring])
    return made


def timed(action: Callable[[int], object], rounds: int) -> dict[str, float]:
    """Median and 95th percentile of some rounds, in milliseconds."""
    took = []
    for k in range(rounds):
        start = time.process_time()
        action(k)
        took.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(took)), "p95": float(np.percentile(took, 95))}


def labelled(folder: Path, count: int) -> Path:
    """An image with a label file of that many polygons in a folder of its own.

    Without one where the file would be refused for its points.
    """
    pixels = np.random.default_rng(1).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
    Image.fromarray(pixels).save(folder / "image.bmp")
    if count * VERTICES > MOST_POINTS_TOGETHER:
        return folder
    shapes = [
        {"label": "cell", "points": ring, "group_id": None, "shape_type": "polygon", "flags": {}}
        for ring in polygons(count)
    ]
    content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "image.bmp",
               "imageData": None, "imageHeight": SIZE[1], "imageWidth": SIZE[0]}  # fmt: skip
    (folder / "image.json").write_text(json.dumps(content))
    return folder


class Stage:
    """Our viewport with many polygons, shown."""

    def __init__(self, folder: Path, count: int, rounds: int) -> None:
        self.application = QApplication.instance() or QApplication([])
        self.rounds = rounds
        pixels = np.random.default_rng(1).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
        self.viewport = Viewport()
        self.viewport.edit_requested.connect(self._apply)
        self.viewport.resize(*WINDOW)
        self.viewport.show_image(ImagePyramid.build(pixels))
        self.viewport.show()
        QTest.qWaitForWindowExposed(self.viewport)
        self.viewport.fit()
        self.settle()
        project = Project(folder)
        project.lock()
        began = time.process_time()
        self.session = ImageSession.open(project, next(iter(project.images())), SIZE)
        self.document = self.session.document
        self.opened = bool(self.document.shapes)
        if not self.opened:
            self._draw(count)
        self.viewport.show_document(self.document)
        self.settle()
        self.opening = 1000 * (time.process_time() - began)

    def _draw(self, count: int) -> None:
        """Put the polygons in by one edit: no label file may hold so many points."""
        shapes = tuple(
            Instance(str(number), "cell", (Polygon(tuple(ring)),))
            for number, ring in enumerate(polygons(count))
        )
        self.session.do(Add(shapes), "draw")

    def _apply(self, edit: Edit, name: str) -> None:
        changed = self.session.do(edit, name)
        assert changed is not None
        self.viewport.document_changed(changed)

    def settle(self) -> None:
        """Wait until every tile is there."""
        self.viewport.repaint()
        while self.viewport._work.isActive():
            QTest.qWait(1)
        self.viewport.repaint()

    def look(self, scale: float, at: tuple[float, float] = (SIZE[0] / 2, SIZE[1] / 2)) -> None:
        """Look at a place of the image."""
        self.viewport.set_view(at, scale)
        self.settle()

    def mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        """Deliver a mouse event, without the frame that it asks for."""
        nothing = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.viewport, QMouseEvent(kind, at, at, button, button, nothing))

    def frame(self) -> None:
        """Paint what has changed, as the event loop would."""
        QApplication.sendPostedEvents(self.viewport, QEvent.Type.UpdateRequest)

    def timed(self, action: Callable[[int], object]) -> dict[str, float]:
        """Median and 95th percentile of the rounds."""
        return timed(action, self.rounds)


def ours(count: int, rounds: int) -> Figures:
    """The figures of our viewport."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(labelled(Path(folder), count), count, rounds)
        gc.collect()
        viewport = stage.viewport
        figures: Figures = {}
        for name, scale in SCALES.items():
            stage.look(scale)
            figures[f"repaint, {name}"] = stage.timed(lambda _: viewport.repaint())
            spots = np.random.default_rng(3).uniform(120, 780, (rounds, 2)).tolist()
            figures[f"hover, {name}"] = stage.timed(
                lambda k, spots=spots: hover(stage, QPointF(*spots[k]))
            )
            figures[f"pan, {name}"] = stage.timed(lambda k: pan(stage, 23 if k % 20 < 10 else -23))
            stage.look(scale)
            figures[f"zoom, {name}"] = stage.timed(
                lambda k: zoom(stage, 1.09 if k % 10 < 5 else 1 / 1.09)
            )
            if count * (SPECK / scale) ** 2 < np.prod(SIZE):
                figures[f"drag, {name}"], figures[f"undo, {name}"] = vertex_drag(stage, scale)
        if stage.opened:
            figures["open"] = {"median": stage.opening, "p95": stage.opening}
        viewport.close()
        stage.session.project.unlock()
    return figures


def hover(stage: Stage, at: QPointF) -> None:
    """Move the pointer, and show what it says."""
    stage.mouse(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
    stage.frame()


def zoom(stage: Stage, factor: float) -> None:
    """One step of a zoom and its frame."""
    stage.viewport.zoom_by(factor)
    stage.frame()


def pan(stage: Stage, by: float) -> None:
    """One step of a pan and its frame."""
    stage.viewport._navigator.pan(by, 11)
    stage.frame()


def vertex_drag(stage: Stage, scale: float) -> tuple[dict[str, float], dict[str, float]]:
    """Drag a vertex about, let it go, and undo that again and again.

    Where outlines are small, the whole instance is dragged.
    """
    viewport = stage.viewport
    instance = stage.document.instances[len(stage.document.instances) // 2]
    ring = instance.polygons[0].outer
    large = scale * np.ptp(ring, axis=0).min() > 2 * SPECK
    x, y = ring[0] if large else np.mean(ring, axis=0).tolist()
    stage.look(scale, (x, y))
    viewport.set_selection([instance.id])
    stage.settle()
    at = QPointF(*viewport._navigator.view.to_logical(x, y))
    left = Qt.MouseButton.LeftButton
    stage.mouse(QEvent.Type.MouseButtonPress, at, left)

    def step(k: int) -> None:
        stage.mouse(QEvent.Type.MouseMove, at + QPointF(5 + k % 9, k % 7), left)
        stage.frame()

    dragged = stage.timed(step)
    stage.mouse(QEvent.Type.MouseButtonRelease, at + QPointF(9, 5), left)
    if stage.document.get(instance.id) is instance:
        raise RuntimeError(f"the drag made no edit at {scale}")
    stage.settle()

    def undo(_: int) -> None:
        changed = stage.session.undo()
        assert changed is not None
        viewport.document_changed(changed)
        stage.frame()

    took = []
    for _ in range(max(3, stage.rounds // 4)):
        took.append(timed(undo, 1)["median"])
        stage.settle()
        changed = stage.session.redo()
        assert changed is not None
        viewport.document_changed(changed)
        stage.settle()
    undo(0)
    viewport.set_selection([])
    stage.settle()
    return dragged, {"median": float(np.median(took)), "p95": float(np.percentile(took, 95))}


def report(table: dict[int, Figures], *, marked: bool) -> str:
    """The figures as a Markdown table, one column a count; what misses its aim in bold."""
    counts = list(table)
    rows = ["| | " + " | ".join(f"{count:,} polygons" for count in counts) + " |"]
    rows.append("|---" * (len(counts) + 1) + "|")
    for name in table[counts[0]]:
        aim = AIMS.get(name.split(",")[0])
        cells = []
        for c in counts:
            found = table[c].get(name)
            if found is None:
                cells.append("")
                continue
            text = f"{found['median']:.1f} ({found['p95']:.1f})"
            cells.append(f"**{text}**" if marked and aim and found["p95"] > aim else text)
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, nargs="*", default=[1000, 5000, 10000, 50000])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--labelme", help="an interpreter that can import labelme")
    parser.add_argument("--labelme-count", type=int, nargs="+", default=[1000, 5000, 10000])
    options = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.count:
        found = {}
        for count in options.count:
            found[count] = ours(count, options.rounds)
            print(f"{count}: measured", flush=True)
        print("masklens, ms: median (95th percentile)\n" + report(found, marked=True), flush=True)
    if options.labelme:
        theirs: dict[int, Figures] = {}
        for count in options.labelme_count:
            script = Path(__file__).with_name("labelme_canvas.py")
            done = subprocess.run(
                [options.labelme, str(script)],
                input=json.dumps({
                    "polygons": polygons(count), "size": SIZE, "window": WINDOW, "scales": SCALES,
                }),
                stdout=subprocess.PIPE,  # what goes wrong there is seen here
                text=True,
                check=True,
            )  # fmt: skip
            theirs[count] = json.loads(done.stdout.splitlines()[-1])
        print("\nlabelme, ms: median (95th percentile)\n" + report(theirs, marked=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
