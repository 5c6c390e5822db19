"""How well prompts outline the instances of labelled images, beside floors that learn nothing.

Each instance is prompted for itself: by its true box, by a box whose edges are each off by up to a
tenth of its side, and by clicks. The first click goes into the middle of the instance, each further
one into the middle of the largest piece that is wrong (as in RITM, arXiv 2102.06583).
"""

from __future__ import annotations

import importlib.util
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import Rect, area, bounds, repair_ring
from core.document.geometry.boxes import ellipse
from core.document.instance import Instance, Point, Polygons
from core.engine.encodings import encode
from core.engine.helping import EngineHelper
from core.engine.predict import Predictor
from core.formats.dataset import DatasetItem
from core.formats.masks import trace
from core.learning.assist import jittered, next_click
from core.learning.effort import GOOD, overlaps
from core.storage.images import read_image

JITTER: Final = 0.1
CLICKS: Final = 3
CLICKS_AFTER_BOX: Final = 2
_GRABCUT_ROUNDS: Final = 5
_GRABCUT_MARGIN: Final = 0.5

Look = Callable[[Rect], Polygons]


@dataclass(slots=True)
class Figures:
    """The IoUs of one way of prompting, and how long each answer took where that was measured."""

    overlap: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def to_json(self) -> dict[str, float | None]:
        """Mean IoU, share of at least 0.8, and milliseconds a prompt."""
        return {
            "iou": float(np.mean(self.overlap)) if self.overlap else None,
            "share": float(np.mean(np.array(self.overlap) >= GOOD)) if self.overlap else None,
            "median_ms": _quantile(self.milliseconds, 0.5),
            "p95_ms": _quantile(self.milliseconds, 0.95),
        }


@dataclass(slots=True)
class Assisted:
    """All figures by the name of the way."""

    images: int = 0
    instances: int = 0
    ways: dict[str, Figures] = field(default_factory=dict)
    encode: list[float] = field(default_factory=list)
    """Milliseconds of encoding, an image each."""

    def add(self, way: str, overlap: float, milliseconds: float | None = None) -> None:
        """One more answer."""
        figures = self.ways.setdefault(way, Figures())
        figures.overlap.append(overlap)
        if milliseconds is not None:
            figures.milliseconds.append(milliseconds)

    def to_json(self) -> dict[str, object]:
        """The figures as plain values."""
        return {
            "images": self.images,
            "instances": self.instances,
            "prompts": {name: each.to_json() for name, each in self.ways.items()},
            "encode_ms": {
                "median": _quantile(self.encode, 0.5),
                "p95": _quantile(self.encode, 0.95),
            },
        }


def measure(
    predictor: Predictor,
    items: Iterable[DatasetItem],
    *,
    seed: int = 0,
    each: int | None = None,
    floors: bool = True,
    on_image: Callable[[DatasetItem], None] | None = None,
) -> Assisted:
    """Prompt the instances of images, at most `each` of an image, chosen by `seed`.

    Raises ImageError when an image cannot be read.
    """
    outcome = Assisted()
    for item in items:
        truths = _chosen(item, each, seed)
        if truths:
            if on_image is not None:
                on_image(item)
            _measure_image(predictor, item, truths, seed, floors, outcome)
    return outcome


def _chosen(item: DatasetItem, each: int | None, seed: int) -> list[tuple[int, Instance]]:
    own = [(k, one) for k, one in enumerate(item.instances) if not one.crowd and _wide(one)]
    if each is None or len(own) <= each:
        return own
    return sorted(random.Random(f"{seed} {item.file_name}").sample(own, each), key=lambda x: x[0])


def _wide(one: Instance) -> bool:
    box = bounds(one.polygons)
    return box.width >= 1 and box.height >= 1 and area(one.polygons) > 0


def _measure_image(
    predictor: Predictor,
    item: DatasetItem,
    truths: Sequence[tuple[int, Instance]],
    seed: int,
    floors: bool,
    outcome: Assisted,
) -> None:
    pixels = read_image(item.image_path).pixels
    start = time.perf_counter()
    helper = EngineHelper(encode(predictor, pixels))
    outcome.encode.append(_since(start))
    outcome.images += 1
    looks: dict[str, Look] = {}
    if floors:
        looks["ellipse"] = _ellipse
        if importlib.util.find_spec("cv2") is not None:
            looks["grabcut"] = partial(grabcut, pixels)
    for number, truth in truths:
        outcome.instances += 1
        rng = random.Random(f"{seed} {item.file_name} {number}")
        box = bounds(truth.polygons)
        off = jittered(box, JITTER, rng, (item.width, item.height))
        iou = partial(_iou, truth, item)
        for way, one in (("box", box), ("box_jittered", off)):
            found, taken = _timed(partial(_boxed, helper, one))
            outcome.add(way, iou(found), taken)
            for name, look in looks.items():
                outcome.add(name + way.removeprefix("box"), iou(look(one)))
        _clicks(helper, truth, found, iou, outcome)


def _boxed(helper: EngineHelper, box: Rect) -> Polygons:
    shown = helper.box(box)
    return shown[0] if shown else ()


def _timed(look: Callable[[], Polygons]) -> tuple[Polygons, float]:
    start = time.perf_counter()
    return look(), _since(start)


def _clicks(
    helper: EngineHelper,
    truth: Instance,
    boxed: Polygons,
    iou: Callable[[Polygons], float],
    outcome: Assisted,
) -> None:
    clicked = partial(_clicked, helper, truth)
    found: Polygons = ()
    points, inside = list[Point](), list[bool]()
    for count in range(1, CLICKS + 1):
        found, taken = clicked(found, points, inside)
        outcome.add(f"click_{count}", iou(found), taken)
    found, points, inside = boxed, [], []
    for _ in range(CLICKS_AFTER_BOX):
        found, taken = clicked(found, points, inside)
    outcome.add(f"box_jittered_click_{CLICKS_AFTER_BOX}", iou(found), taken)


def _clicked(
    helper: EngineHelper,
    truth: Instance,
    found: Polygons,
    points: list[Point],
    inside: list[bool],
) -> tuple[Polygons, float | None]:
    """The outline after one more click, which is appended to `points` and `inside`."""
    click = next_click(truth.polygons, found)
    if click is None:
        return found, None
    points.append(click[0])
    inside.append(click[1])
    better, taken = _timed(lambda: helper.click(points, inside, found))
    return better or found, taken


def _ellipse(box: Rect) -> Polygons:
    return repair_ring(ellipse(box))


def grabcut(pixels: NDArray[np.uint8], box: Rect) -> Polygons:
    """OpenCV's GrabCut begun with a box, which sees half a box more on each side."""
    cv2: Any = importlib.import_module("cv2")
    height, width = pixels.shape[:2]
    margin = _GRABCUT_MARGIN * max(box.width, box.height)
    left, top = max(int(box.x0 - margin), 0), max(int(box.y0 - margin), 0)
    right, bottom = min(int(box.x1 + margin) + 1, width), min(int(box.y1 + margin) + 1, height)
    crop = np.ascontiguousarray(pixels[top:bottom, left:right, ::-1])
    x0, y0 = round(box.x0) - left, round(box.y0) - top
    inner = (x0, y0, max(round(box.width), 1), max(round(box.height), 1))
    mask = np.zeros(crop.shape[:2], np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(
            crop, mask, inner, background, foreground, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_RECT
        )
    except cv2.error:  # too few pixels of one kind
        return _ellipse(box)
    return trace((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), left, top)


def _iou(truth: Instance, item: DatasetItem, found: Polygons) -> float:
    if not found:
        return 0.0
    one = Instance("found", truth.label, found)
    return float(overlaps([one], [truth], item.width, item.height)[0, 0])


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _quantile(values: Sequence[float], share: float) -> float | None:
    return float(np.quantile(values, share)) if values else None


__all__ = ["Assisted", "Figures", "grabcut", "measure"]
