"""Frame times with all anchors of 800×1344 on the canvas, and how soon a knob answers.

`python -m tests.bench.bench_lens_canvas [MODEL IMAGE [PRECISION]]`: without arguments only the
canvas. Paints into a widget's backing store; what a screen adds is not measured. A ResNet-50 and
an image of 800×1344 come from `python -m tests.bench.bench_lens --save DIR`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.boxes import BoxLayer
from app.canvas.pyramid import ImagePyramid
from app.canvas.viewport import Viewport
from core.lens.colours import PROPOSAL
from core.lens.trace import Anchors
from core.lens.views.marks import AnchorsShown, BoxesShown, Group

HEIGHT, WIDTH = 800, 1344
SIDES = (32, 64, 128, 256, 512)
STRIDES = (4, 8, 16, 32, 61)


def all_anchors() -> Anchors:
    grids = ((200, 336), (100, 168), (50, 84), (25, 42), (13, 21))
    boxes = []
    for (rows, columns), stride, side in zip(grids, STRIDES, SIDES, strict=True):
        ratios = np.array([0.5, 1.0, 2.0]) ** 0.5
        cell = np.stack([-side / ratios, -side * ratios, side / ratios, side * ratios], 1) / 2
        y, x = np.meshgrid(np.arange(rows) * stride, np.arange(columns) * stride, indexing="ij")
        place = np.stack([x, y, x, y], -1).reshape(-1, 1, 4)
        boxes.append((place + cell).reshape(-1, 4))
    strides = tuple((stride, stride) for stride in STRIDES)
    return Anchors(np.concatenate(boxes).astype(np.float32), grids, strides, 3)


def frames(canvas: Viewport, moves: Callable[[int], None], count: int = 200) -> str:
    taken: list[float] = []
    spent_on_it: list[float] = []
    for number in range(count):
        moves(number)
        start, start_cpu = time.perf_counter(), time.process_time()
        canvas.repaint()
        taken.append(1000 * (time.perf_counter() - start))
        spent_on_it.append(1000 * (time.process_time() - start_cpu))
    middle, late = np.percentile(taken, [50, 99])
    own, own_late = np.percentile(spent_on_it, [50, 99])
    times = f"median {middle:.1f} ms, p99 {late:.1f} ms"
    return f"{times}; processor time: median {own:.1f} ms, p99 {own_late:.1f} ms"


def bench_canvas() -> None:
    canvas = Viewport()
    canvas.resize(1400, 900)
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    canvas.show_image(ImagePyramid.build(noise))
    canvas.show()
    QApplication.processEvents()
    while not canvas._renderer.make(canvas._navigator.view, 0.05):
        pass
    anchors = all_anchors()
    rng = np.random.default_rng(0)
    strength = rng.random(len(anchors.boxes), dtype=np.float32)
    looks = rng.integers(0, 255, (len(anchors.boxes), 4), dtype=np.uint8)
    layer = AnchorLayer(lambda _n: None, lambda _n: None, str)
    start = time.perf_counter()
    layer.show(AnchorsShown(anchors, (1.0, 1.0), strength, looks, (), False, None, None))
    ready = 1000 * (time.perf_counter() - start)
    print(f"{len(anchors.boxes)} anchors: made ready in {ready:.0f} ms")
    middle = (WIDTH / 2, HEIGHT / 2)

    def pan(scale: float) -> Callable[[int], None]:
        return lambda n: canvas.set_view((middle[0] + n % 100, middle[1] + n % 60), scale)

    def zoom(n: int) -> None:
        canvas.set_view(middle, 0.5 * 1.015 ** (n % 200))

    for name, move in (("pan, far", pan(0.6)), ("pan, near", pan(1.6)), ("zoom 0.5 to 10", zoom)):
        print(f"image only, {name}: {frames(canvas, move)}")
    layer.visible = True
    canvas.add_layer(layer)
    for name, move in (("pan, far", pan(0.6)), ("pan, near", pan(1.6)), ("zoom 0.5 to 10", zoom)):
        print(f"all anchors, {name}: {frames(canvas, move)}")
    layer.hover(*middle, 4.0)
    start = time.perf_counter()
    for n in range(1000):
        layer.hover(middle[0] + n % 300, middle[1], 4.0)
    print(f"hover over anchors: {time.perf_counter() - start:.3f} ms")
    layer.visible = False
    boxes = BoxLayer(lambda _n: None, lambda _n: None, str)
    chosen = rng.choice(len(anchors.boxes), 1000, replace=False)
    group = Group(anchors.boxes[chosen].astype(np.float64), chosen, PROPOSAL)
    boxes.show(BoxesShown((group,), 1000))
    boxes.visible = True
    canvas.add_layer(boxes)
    print(f"1000 proposals, pan: {frames(canvas, pan(1.0))}")


def spent(process: int) -> float:
    """Milliseconds of processor time that a process has used; Linux."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_knobs(model: str, image: str, precision: str) -> None:
    from PySide6.QtCore import QEventLoop

    from app.engine.client import EngineClient
    from core.lens.hollow import with_fixed
    from core.protocol.messages.lens import LensOpened, LensSet, OpenLens, SetLens

    client, loop, got = EngineClient(), QEventLoop(), []

    def take(answer: object) -> None:
        got.append(answer)
        loop.quit()

    hear = {"done": take, "failed": lambda sentence: sys.exit(str(sentence))}
    client.start()
    client.load_model(model, precision=precision, **hear)
    loop.exec()
    client.ask(OpenLens(0, "open", path=image), **hear)
    loop.exec()
    opened = got[-1]
    assert isinstance(opened, LensOpened)
    own, worker = opened.own, client.engine_pid
    trace = opened.trace
    print(f"{len(trace.anchors.boxes)} anchors, {len(trace.candidates.boxes)} candidates")
    rounds = (
        ("after the heads", [own.with_(score=0.01 + 0.02 * n) for n in range(20)]),
        ("RPN NMS", [own.with_(rpn_nms=0.60 + 0.01 * n) for n in range(9)]),
    )
    for name, several in rounds:
        for masks in (False, True):
            taken, engine, window = [], [], []
            for settings in several:
                start, before, own_before = time.perf_counter(), spent(worker), time.process_time()
                client.ask(SetLens(0, "set", path=image, settings=settings, masks=masks), **hear)
                loop.exec()
                assert isinstance(got[-1], LensSet)
                with_fixed(got[-1].trace, trace)
                taken.append(1000 * (time.perf_counter() - start))
                window.append(1000 * (time.process_time() - own_before))
                engine.append(spent(worker) - before)
            what = "with masks" if masks else "boxes"
            print(
                f"{name}, {what}: median {np.median(taken):.0f} ms, least {min(taken):.0f} ms, "
                f"most {max(taken):.0f} ms; processor time: engine {np.median(engine):.0f} ms, "
                f"window {np.median(window):.1f} ms"
            )
    client.shutdown()


if __name__ == "__main__":
    application = QApplication([])
    bench_canvas()
    if len(sys.argv) >= 3:
        bench_knobs(sys.argv[1], sys.argv[2], *(sys.argv[3:] or ["float32"]))
