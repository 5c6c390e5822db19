"""A viewport on a small image, wired to a document as the window does it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from app.canvas.pyramid import ImagePyramid
from app.canvas.viewport import Viewport
from core.document.document import Document
from core.document.history import History
from core.document.instance import Instance, Polygon, Source

SQUARE = ((20.0, 20.0), (80.0, 20.0), (80.0, 80.0), (20.0, 80.0))
SCALE = 4.0
RED, BLUE = "#ff0000", "#0000ff"


def instance(id: str, ring=SQUARE, label: str = "cell", **fields) -> Instance:
    return Instance(id, label, (Polygon(tuple(ring)),), **fields)


def suggestion(id: str, ring, score: float = 0.8, label: str = "cell") -> Instance:
    return instance(id, ring, label, source=Source.SUGGESTED, score=score)


@dataclass
class Bench:
    """The viewport, the document behind it, and fingers for both mouse and keys."""

    viewport: Viewport
    document: Document
    history: History
    edits: list[tuple[object, str]] = field(default_factory=list)

    def apply(self, edit, name) -> None:
        self.edits.append((edit, name))
        self.viewport.document_changed(self.history.do(edit, name))

    def at(self, x: float, y: float) -> QPoint:
        left, top = self.viewport._navigator.view.to_logical(x, y)
        return QPoint(round(left), round(top))

    def on(self, x: float, y: float) -> QPoint:
        """Where an image point is in the array of `pixels`, whatever the pixel ratio."""
        left, top = self.viewport._navigator.view.to_device(x, y)
        return QPoint(round(left), round(top))

    def click(self, x, y, button=Qt.LeftButton, held=Qt.NoModifier) -> None:
        QTest.mouseMove(self.viewport, self.at(x, y))
        QTest.mouseClick(self.viewport, button, held, self.at(x, y))

    def drag(self, *points, button=Qt.LeftButton, held=Qt.NoModifier) -> None:
        QTest.mouseMove(self.viewport, self.at(*points[0]))
        QTest.mousePress(self.viewport, button, held, self.at(*points[0]))
        for point in points[1:]:
            QTest.mouseMove(self.viewport, self.at(*point))
        QTest.mouseRelease(self.viewport, button, held, self.at(*points[-1]))

    def key(self, key, held=Qt.NoModifier) -> None:
        QTest.keyClick(self.viewport, key, held)

    def settle(self) -> None:
        self.viewport.repaint()
        for _ in range(1000):
            if not self.viewport._work.isActive():
                break
            QTest.qWait(1)
        self.viewport.repaint()

    def colour(self, x: float, y: float):
        """The colour shown at an image point."""
        self.settle()
        return self.viewport.grab().toImage().pixelColor(self.on(x, y))

    def pixels(self) -> np.ndarray:
        """The whole picture as H×W×3."""
        self.settle()
        return self.frame()

    def frame(self) -> np.ndarray:
        """The next frame as H×W×3, whether or not all tiles are there."""
        image = self.viewport.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def make_bench(qtbot):
    def make(*instances: Instance, size=(120, 100), pixels=None) -> Bench:
        width, height = size
        if pixels is None:
            pixels = np.full((height, width, 3), 200, np.uint8)
        viewport = Viewport()
        qtbot.addWidget(viewport)
        viewport.resize(600, 480)
        document = Document(width, height, instances)
        bench = Bench(viewport, document, History(document))
        viewport.edit_requested.connect(bench.apply)
        viewport.show_image(ImagePyramid.build(pixels))
        viewport.show_document(document)
        viewport.set_colours({"cell": RED, "other": BLUE})
        viewport.set_active_label("cell")
        with qtbot.waitExposed(viewport):
            viewport.show()
        viewport.setFocus()
        viewport.set_view((width / 2, height / 2), SCALE)
        bench.settle()
        return bench

    return make
