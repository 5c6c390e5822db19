"""Times of the lens: what a trace costs, and how soon a changed setting is answered.

    python -m tests.bench.bench_lens [--rounds N] [--precision float32|bf16]
    python -m tests.bench.bench_lens --save DIR   # only write model and image, for other benchmarks

An image of 800×1344 through a ResNet-50 with 90 classes. Its weights are random, the last layers
made louder, so that boxes and classes differ as they do for a trained network.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.engine.config import ModelConfig
from core.engine.lens_rerun import Rerunner
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel, save_model
from core.lens import views
from core.lens.settings import StageSettings
from core.lens.trace import Trace
from tests.bench.report import interleaved, machine, table
from tests.core.engine.networks import network, picture

CONFIG = ModelConfig(
    arch="resnet50",
    class_names=tuple(f"class {number}" for number in range(1, 91)),
    min_size=800,
    max_size=1344,
)


def trace_cost(predictor: Predictor, pixels: np.ndarray, rounds: int) -> tuple[float, float]:
    """A traced prediction by an untraced one: by wall time and by processor time."""
    taken = interleaved(
        {
            "untraced": lambda: predictor.predict(pixels),
            "traced": lambda: predictor.predict(pixels, keep_trace=True),
        },
        rounds,
    )
    plain, traced = taken["untraced"], taken["traced"]
    return traced.wall / plain.wall, traced.cpu / plain.cpu


def knobs(predictor: Predictor, trace: Trace) -> dict[str, Callable[[], object]]:
    """Each knob turned back and forth between two values."""
    own = trace.settings
    # One for each half, so that no knob pays for what another has left behind.
    after, before = Rerunner(predictor, trace), Rerunner(predictor, trace)
    before.warm()

    def turn(name: str, one: float, other: float, explain: bool = False) -> Callable[[], object]:
        positions = itertools.cycle([own.with_(**{name: one}), own.with_(**{name: other})])
        rerunner = before if name.startswith("rpn_") else after
        return lambda: rerunner.boxes(next(positions), explain=explain)

    return {
        "score, engine": turn("score", 0.01, 0.02),
        "score, engine, with suppressors": turn("score", 0.01, 0.02, explain=True),
        "nms, engine": turn("nms", 0.4, 0.6),
        "detections_per_image, engine": turn("detections_per_image", 50, 200),
        "rpn_nms, boxes": turn("rpn_nms", 0.6, 0.8),
        "rpn_pre_nms_top_n, boxes": turn("rpn_pre_nms_top_n", 500, 2000),
        "rpn_post_nms_top_n, boxes": turn("rpn_post_nms_top_n", 300, 600),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--loudness", type=float, default=0.5, help="of the class scores")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--save", type=Path, metavar="DIR")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    module = network(CONFIG)
    with torch.no_grad():
        # Anchors hardly move, so that as many proposals survive as in a trained network.
        module.rpn.head.bbox_pred.weight.mul_(0.01)
        module.roi_heads.box_predictor.cls_score.weight.mul_(given.loudness)
    if given.save is not None:
        given.save.mkdir(parents=True, exist_ok=True)
        save_model(given.save / "resnet50.pt", module, CONFIG)
        Image.fromarray(picture(800, 1344)).save(given.save / "picture.png")
        return
    loaded = LoadedModel(module, CONFIG, "bench", "bench@0", {})
    predictor = Predictor(loaded, device="cpu", precision=given.precision)
    pixels = picture(800, 1344)
    settings = StageSettings(score=0.01)
    trace = predictor.predict(pixels, settings, keep_trace=True).trace
    assert trace is not None
    print(machine())
    counts = views.counts(trace)
    print(", ".join(f"{counts[name]} {name}" for name in ("proposals", "candidates", "detections")))
    taken = interleaved(knobs(predictor, trace), given.rounds)
    rows = [(name, f"{t.wall * 1000:.0f}", f"{t.cpu * 1000:.0f}") for name, t in taken.items()]
    print(table(("knob", "ms", "ms of processor time"), rows))
    wall, cpu = trace_cost(predictor, pixels, max(given.rounds // 2, 2))
    print(f"traced / untraced: {wall:.2f} by time, {cpu:.2f} by processor time")


if __name__ == "__main__":
    main()
