"""Times labelme's canvas, in an interpreter that has labelme; called by bench_canvas.

Reads polygons from stdin as JSON and prints the figures as JSON. It imports nothing of ours.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

import numpy as np


def first_of(*names):
    """The first module of these that is there."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise SystemExit(f"none of {names} is there")


# labelme 6 is written for PyQt5, labelme 7 for PySide6.
QtCore = first_of("PyQt5.QtCore", "PySide6.QtCore")
QtGui = first_of("PyQt5.QtGui", "PySide6.QtGui")
QtWidgets = first_of("PyQt5.QtWidgets", "PySide6.QtWidgets")
Canvas = first_of("labelme.widgets.canvas", "labelme._widgets.canvas").Canvas
Shape = first_of("labelme.shape", "labelme._shape").Shape
ROUNDS = 7


def timed(action):
    took = []
    for k in range(ROUNDS):
        start = time.process_time()
        action(k)
        took.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(took)), "worst": max(took)}


def shapes_of(polygons):
    shapes = []
    for ring in polygons:
        shape = Shape(label="cell", shape_type="polygon")
        for x, y in ring:
            shape.add_point(QtCore.QPointF(x, y))
        shape.close()
        shapes.append(shape)
    return shapes


def main():
    data = json.load(sys.stdin)
    application = QtWidgets.QApplication([])
    canvas = Canvas()
    area = QtWidgets.QScrollArea()
    area.setWidget(canvas)
    area.setWidgetResizable(True)
    area.resize(*data["window"])
    pixels = np.random.default_rng(1).integers(0, 255, (data["side"], data["side"], 3), np.uint8)
    image = QtGui.QImage(
        pixels.data, data["side"], data["side"], 3 * data["side"], QtGui.QImage.Format.Format_RGB888
    )
    canvas.load_pixmap(QtGui.QPixmap.fromImage(image))
    canvas.load_shapes(shapes_of(data["polygons"]))
    canvas.set_editing(True)
    area.show()
    application.processEvents()

    def look(scale):
        canvas.scale = scale
        canvas.adjustSize()
        application.processEvents()

    def mouse(kind, at, button):
        event = QtGui.QMouseEvent(
            kind, at, at, button, button, QtCore.Qt.KeyboardModifier.NoModifier
        )
        QtWidgets.QApplication.sendEvent(canvas, event)

    figures = {}
    fit = data["window"][1] / data["side"]
    look(fit)
    figures["full repaint"] = timed(lambda _: canvas.repaint())

    def zoom(k):
        canvas.scale = fit * (1.09 if k % 2 else 1.0)
        canvas.adjustSize()
        canvas.repaint()

    figures["zoom frame"] = timed(zoom)
    look(1.0)

    def pan(k):
        area.horizontalScrollBar().setValue(300 + 23 * k)
        canvas.repaint()

    figures["pan frame"] = timed(pan)
    look(8.0)
    figures["repaint at 800 %"] = timed(lambda _: canvas.repaint())
    look(0.5)
    spots = np.random.default_rng(3).uniform(120, 780, (ROUNDS, 2)).tolist()
    move = QtCore.QEvent.Type.MouseMove
    none = QtCore.Qt.MouseButton.NoButton
    figures["hover, event"] = timed(lambda k: mouse(move, QtCore.QPointF(*spots[k]), none))
    look(2.0)
    figures.update(vertex_drag(canvas, data["polygons"], mouse))
    print(json.dumps(figures))


def vertex_drag(canvas, polygons, mouse):
    x, y = polygons[len(polygons) // 2][0]
    offset = (
        canvas._compute_image_origin_offset()
        if hasattr(canvas, "_compute_image_origin_offset")
        else QtCore.QPointF(0, 0)
    )
    at = QtCore.QPointF((x + offset.x()) * 2.0, (y + offset.y()) * 2.0)
    left = QtCore.Qt.MouseButton.LeftButton
    mouse(QtCore.QEvent.Type.MouseMove, at, QtCore.Qt.MouseButton.NoButton)
    mouse(QtCore.QEvent.Type.MouseButtonPress, at, left)

    def step(k):
        mouse(QtCore.QEvent.Type.MouseMove, at + QtCore.QPointF(5 + k % 9, k % 7), left)
        canvas.repaint()

    return {"vertex drag frame": timed(step)}


if __name__ == "__main__":
    main()
