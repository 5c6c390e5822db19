"""Predicting an image with its trace and judging its labels, settings tried for real."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.engine.files import memory_watched
from core.engine.lens_rerun import Rerunner
from core.engine.pipeline import Cancelled
from core.engine.predict import Predictor
from core.lens.report import ImageReport, report
from core.lens.settings import StageSettings
from core.lens.trace import Trace
from core.sentences import Sentence
from core.storage.images import read_image


@dataclass(frozen=True, slots=True)
class Explained:
    """One image under the lens."""

    trace: Trace
    """With tensors."""
    rerunner: Rerunner
    report: ImageReport


def explain(
    predictor: Predictor,
    pixels: NDArray[np.uint8],
    instances: Sequence[Instance],
    settings: StageSettings | None = None,
    *,
    cancelled: Cancelled | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Explained:
    """Trace an upright image, uint8 H×W×3, and judge its instances.

    Raises PredictionCancelled between stages once `cancelled` returns True.
    """
    trace = predictor.predict(pixels, settings, keep_trace=True, cancelled=cancelled).trace
    assert trace is not None
    rerunner = Rerunner(predictor, trace, pixels)
    reading = rerunner.reading(trace.settings)
    return Explained(trace, rerunner, report(reading, instances, rerunner.reading, progress))


def trace_file(
    predictor: Predictor,
    path: Path,
    instances: Sequence[Instance] = (),
    settings: StageSettings | None = None,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Explained, NDArray[np.uint8], tuple[Sentence, ...]]:
    """An image file under the lens, its pixels, and notes about reading the file.

    Raises ImageError when the file cannot be read, MemoryShortError when memory runs out.
    """
    with memory_watched():
        image = read_image(path)
        found = explain(predictor, image.pixels, instances, settings, progress=progress)
    return found, image.pixels, image.notes
