"""What the training view costs: the replay in the engine, and each of its places in the window.

`python -m tests.bench.bench_lens_training MODEL IMAGE`; the labels lie beside the image as labelme
JSON. Processor time of one thread, so that a busy machine hardly changes it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.canvas.layers.base import LayerView
from app.canvas.layers.boxes import BoxLayer
from app.lens.panel.table import StageTable
from core.document.geometry.measure import Rect
from core.engine.lens_rerun import Rerunner
from core.engine.lens_training import replay
from core.engine.predict import Predictor
from core.engine.weights import load_model
from core.formats import labelme
from core.lens.trace import to_numpy
from core.lens.views.training import PLACES
from core.lens.views.training.replayed import Replayed, TrainingLook, replayed
from core.protocol import encode
from core.protocol.messages.lens_training import LensTrained
from core.storage.images import read_image


def spent(work: Callable[[], object]) -> float:
    """Milliseconds of this thread."""
    start = time.thread_time()
    work()
    return 1000 * (time.thread_time() - start)


def main(model: str, image: str) -> None:
    torch.set_num_threads(1)
    predictor = Predictor(load_model(model), device="cpu", precision="float32")
    instances = labelme.read(Path(image).with_suffix(".json")).instances
    found = predictor.predict(read_image(Path(image)).pixels, keep_trace=True)
    assert found.trace is not None
    traced = Rerunner(predictor, found.trace)
    taken = [spent(lambda n=n: replay(predictor, traced, instances, n)) for n in range(3)]
    view = replay(predictor, traced, instances)
    trace = to_numpy(found.trace)
    size = sum(map(len, map(bytes, encode(LensTrained(0, view)))))
    print(f"{len(trace.anchors.boxes)} anchors, {len(view.ids)} instances, {len(view.rois)} RoIs")
    print(f"replay: {sorted(taken)[1] / 1000:.2f} s of one thread; message of {size / 1e6:.2f} MB")
    print(f"off the window's thread: {spent(lambda: replayed(trace, view, instances)):.0f} ms")
    show(replayed(trace, view, instances))


def show(found: Replayed) -> None:
    table = StageTable()
    table.resize(340, 400)
    height, width = found.trace.input.image_size
    picture = QImage(1400, 900, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(QColor("black"))
    room = (picture.width(), picture.height())
    view = LayerView(Rect(0, 0, width, height), 900 / height, 1.0, room)
    for place, seen in PLACES.items():
        rows = seen.table(found)
        parts = {
            "table": spent(lambda rows=rows: table.set_rows(rows, None)),
            "rows": spent(lambda seen=seen: seen.table(found)),
            "words": spent(lambda seen=seen: seen.sentence(found)),
            "sort": max(
                spent(lambda n=n: table.model.sort(n, Qt.SortOrder.DescendingOrder))
                for n in range(len(rows.columns))
            ),
        }
        for name in {"train_anchors", "train_rois"} & seen.draw.keys():
            layer = BoxLayer(lambda _n: None, lambda _n: None, str)
            look = TrainingLook(found, place)
            parts[f"fill {name}"] = spent(
                lambda layer=layer, draw=seen.draw[name], look=look: layer.show(draw(look))
            )
            painter = QPainter(picture)
            painter.scale(view.scale, view.scale)
            parts[f"paint {name}"] = spent(lambda layer=layer, p=painter: layer.paint(p, view))
            painter.end()
        said = ", ".join(f"{name} {value:.1f}" for name, value in parts.items())
        print(f"{place}: {said} ms")


if __name__ == "__main__":
    application = QApplication([])
    main(*sys.argv[1:3])
