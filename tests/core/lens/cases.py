"""Random models looking at random pictures, and instances near the boxes of every stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from core.document.instance import Instance, Polygon
from core.engine.lens_rerun import Rerunner
from core.engine.predict import Predictor
from core.lens.trace import Trace, to_numpy
from tests.core.engine.networks import SMALL, loaded, picture

SETTINGS = (
    {},
    {"score": 0.4, "nms": 0.3},
    {"rpn_pre_nms_top_n": 60, "rpn_nms": 0.5},
    {"rpn_post_nms_top_n": 15, "score": 0.3},
    {"detections_per_image": 4, "score": 0.1},
    {"rpn_min_size": 14.0, "box_min_size": 16.0},
    {"rpn_score": 0.55, "score": 0.5},
    {"mask": 0.62, "nms": 0.6, "mask_colours": "yes"},
    {"rpn_nms": 0.2, "score": 0.25},
)


@dataclass(frozen=True)
class Case:
    predictor: Predictor
    pixels: np.ndarray
    trace: Trace
    """With arrays."""
    rerunner: Rerunner
    instances: tuple[Instance, ...]


@cache
def case(seed: int, count: int = 60) -> Case:
    predictor = Predictor(loaded(SMALL, seed % 5), device="cpu", precision="float32")
    rng = np.random.default_rng(seed)
    pixels = picture(int(rng.integers(60, 120)), int(rng.integers(60, 150)), seed)
    settings = SMALL.settings.with_(**SETTINGS[seed % len(SETTINGS)])
    trace = predictor.predict(pixels, settings, keep_trace=True).trace
    values = to_numpy(trace)
    return Case(
        predictor,
        pixels,
        values,
        Rerunner(predictor, trace),
        tuple(instances_near(values, rng, count)),
    )


def instances_near(trace: Trace, rng: np.random.Generator, count: int) -> list[Instance]:
    """Outlines around shaken boxes: anchors, decoded boxes and candidates of each fate, chance."""
    high, wide = trace.input.image_size
    scale = np.array(trace.input.scale * 2)
    pools = [trace.anchors.boxes, rng.uniform(-5, max(high, wide) + 5, (50, 4)) * scale]
    pools += [trace.decoded.boxes[trace.decoded.fate == fate] for fate in range(6)]
    pools += [trace.candidates.boxes[trace.candidates.fate == fate] for fate in range(6)]
    pools = [pool for pool in pools if len(pool)]
    made = []
    while len(made) < count:
        pool = pools[rng.integers(len(pools))]
        box = pool[rng.integers(len(pool))] / scale + rng.normal(0, rng.choice([0, 1, 4]), 4)
        x0, x1 = sorted(box[0::2])
        y0, y1 = sorted(box[1::2])
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        label = ("cat", "dog", "bird", "roof")[rng.integers(4)]
        outline = (_rectangle, _ellipse, _corner)[rng.integers(3)](x0, y0, x1, y1)
        made.append(Instance(f"{len(made)}", label, (Polygon(outline),)))
    return made


def _rectangle(x0, y0, x1, y1):
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _ellipse(x0, y0, x1, y1):
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    across, down = (x0 + x1) / 2, (y0 + y1) / 2
    half = (x1 - x0) / 2, (y1 - y0) / 2
    return tuple((across + half[0] * np.cos(a), down + half[1] * np.sin(a)) for a in angles)


def _corner(x0, y0, x1, y1):
    """An L: it has the box but little of its area."""
    across, down = x0 + 0.3 * (x1 - x0), y0 + 0.3 * (y1 - y0)
    return ((x0, y0), (x1, y0), (x1, down), (across, down), (across, y1), (x0, y1))
