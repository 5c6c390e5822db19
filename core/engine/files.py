"""Predicting and encoding an image file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from core.engine.encodings import Encoding, encode
from core.engine.jobs import is_memory_short
from core.engine.predict import Prediction, Predictor
from core.lens.settings import StageSettings
from core.sentences import MasklensError, Sentence, say
from core.storage.images import read_image

OUT_OF_MEMORY: Final = say(
    "process.out_of_memory",
    "Memory ran out. Close other programs, or choose a smaller model or image.",
)


MOST_WORKERS: Final = 4
"""Images in work at a time: each takes the memory of one prediction."""


@dataclass(frozen=True, slots=True)
class FilePrediction:
    """What came out for an image file, notes about reading it, and how long it was in work."""

    prediction: Prediction
    notes: tuple[Sentence, ...]
    seconds: float


class MemoryShortError(MasklensError):
    """There is not enough memory for this image."""


def predict_files(
    predictor: Predictor,
    paths: Iterable[Path],
    settings: StageSettings,
    workers: int | None = None,
) -> Generator[Future[FilePrediction], None, None]:
    """The predictions for image files, in their order, each as a future that is done or will be.

    Several images are in work at a time, each on one core: while one is decoded or its outlines
    are traced, which torch cannot spread over cores, the network looks at others. The numbers are
    those of one after the other. `workers` is how many at a time; by default one for each core on
    a CPU, at most `MOST_WORKERS`, else one.
    """
    before = torch.get_num_threads()
    count = workers or (min(before, MOST_WORKERS) if predictor.device.type == "cpu" else 1)
    torch.set_num_threads(max(1, before // count))
    waiting: deque[Future[FilePrediction]] = deque()
    try:
        with ThreadPoolExecutor(count, thread_name_prefix="masklens-predict") as pool:
            try:
                for path in paths:
                    waiting.append(pool.submit(_timed, predictor, path, settings))
                    if len(waiting) > count:
                        yield waiting.popleft()
                while waiting:
                    yield waiting.popleft()
            except BaseException:  # also when the caller wants no more
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(before)


def _timed(predictor: Predictor, path: Path, settings: StageSettings) -> FilePrediction:
    start = time.perf_counter()
    prediction, notes = predict_file(predictor, path, settings)
    return FilePrediction(prediction, notes, time.perf_counter() - start)


def predict_file(
    predictor: Predictor, path: Path, settings: StageSettings
) -> tuple[Prediction, tuple[Sentence, ...]]:
    """The prediction for an image file, and notes about reading the file.

    Raises ImageError when the file cannot be read, MemoryShortError when memory runs out.
    """
    with memory_watched():
        image = read_image(path)
        return predictor.predict(image.pixels, settings), image.notes


def encode_file(
    predictor: Predictor, path: Path, settings: StageSettings
) -> tuple[Encoding, tuple[Sentence, ...]]:
    """The encoding of an image file for prompts, and notes about reading the file.

    Raises ImageError when the file cannot be read, MemoryShortError when memory runs out.
    """
    with memory_watched():
        image = read_image(path)
        return encode(predictor, image.pixels, settings=settings), image.notes


@contextmanager
def memory_watched() -> Iterator[None]:
    """Raise MemoryShortError where memory runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_memory_short(error):
            raise
        raise MemoryShortError(OUT_OF_MEMORY) from error
