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
ROUNDS = 3


def timed(action):
    took = []
    for k in range(ROUNDS):
        start = time.process_time()
        action(k)
        took.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(took)), "p95": float(np.percentile(took, 95))}


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
    width, height = data["size"]
    application = QtWidgets.QApplication([])
    canvas = Canvas()
    area = QtWidgets.QScrollArea()
    area.setWidget(canvas)
    area.setWidgetResizable(True)
    area.resize(*data["window"])
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    image = QtGui.QImage(pixels.data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888)
    area.show()
    application.processEvents()
    start = time.process_time()
    canvas.load_pixmap(QtGui.QPixmap.fromImage(image))
    canvas.load_shapes(shapes_of(data["polygons"]))
    canvas.backup_shapes()
    canvas.set_editing(True)
    application.processEvents()
    opening = 1000 * (time.process_time() - start)

    def look(scale, x=width / 2, y=height / 2):
        canvas.scale = scale
        canvas.adjustSize()
        application.processEvents()
        offset = origin()
        for bar, place, room in (
            (area.horizontalScrollBar(), x + offset.x(), area.viewport().width()),
            (area.verticalScrollBar(), y + offset.y(), area.viewport().height()),
        ):
            bar.setValue(int(place * scale - room / 2))
        application.processEvents()

    def origin():
        if hasattr(canvas, "_compute_image_origin_offset"):
            return canvas._compute_image_origin_offset()
        return QtCore.QPointF(0, 0)

    def mouse(kind, at, button):
        event = QtGui.QMouseEvent(
            kind, at, at, button, button, QtCore.Qt.KeyboardModifier.NoModifier
        )
        QtWidgets.QApplication.sendEvent(canvas, event)

    move, press = QtCore.QEvent.Type.MouseMove, QtCore.QEvent.Type.MouseButtonPress
    release = QtCore.QEvent.Type.MouseButtonRelease
    none, left = QtCore.Qt.MouseButton.NoButton, QtCore.Qt.MouseButton.LeftButton

    def hover(at):
        corner = QtCore.QPointF(
            area.horizontalScrollBar().value(), area.verticalScrollBar().value()
        )
        mouse(move, corner + at, none)
        canvas.repaint()

    def pan(k):
        area.horizontalScrollBar().setValue(area.horizontalScrollBar().value() + (-1) ** k * 23)
        canvas.repaint()

    def zoom(scale, k):
        canvas.scale = scale * (1.09 if k % 2 else 1.0)
        canvas.adjustSize()
        canvas.repaint()

    figures = {}
    for name, scale in data["scales"].items():
        look(scale)
        figures[f"repaint, {name}"] = timed(lambda _: canvas.repaint())
        spots = np.random.default_rng(3).uniform(120, 780, (ROUNDS, 2)).tolist()
        figures[f"hover, {name}"] = timed(lambda k, spots=spots: hover(QtCore.QPointF(*spots[k])))
        figures[f"pan, {name}"] = timed(pan)
        look(scale)
        figures[f"zoom, {name}"] = timed(lambda k, scale=scale: zoom(scale, k))
        x, y = data["polygons"][len(data["polygons"]) // 2][0]
        look(scale, x, y)
        offset = origin()
        at = QtCore.QPointF((x + offset.x()) * scale, (y + offset.y()) * scale)
        mouse(move, at, none)
        mouse(press, at, left)

        def step(k, at=at):
            mouse(move, at + QtCore.QPointF(5 + k % 9, k % 7), left)
            canvas.repaint()

        figures[f"drag, {name}"] = timed(step)
        mouse(release, at, left)
        start = time.process_time()
        if getattr(canvas, "can_restore_shape", False):
            # As labelme's window does it: the list is shown anew, which puts it back on the stack
            # of copies. Without that the next release finds the stack empty and ends the process.
            canvas.restore_last_shape()
            canvas.load_shapes(canvas.shapes)
            canvas.repaint()
            took = 1000 * (time.process_time() - start)
            figures[f"undo, {name}"] = {"median": took, "p95": took}
    figures["open"] = {"median": opening, "p95": opening}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
