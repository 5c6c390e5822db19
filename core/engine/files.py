"""Predicting an image file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.engine.jobs import is_memory_short
from core.engine.predict import Prediction, Predictor
from core.lens.settings import StageSettings
from core.sentences import MasklensError, Sentence, say
from core.storage.images import read_image

OUT_OF_MEMORY: Final = say(
    "process.out_of_memory",
    "Memory ran out. Close other programs, or choose a smaller model or image.",
)


class MemoryShortError(MasklensError):
    """There is not enough memory for this image."""


def predict_file(
    predictor: Predictor, path: Path, settings: StageSettings
) -> tuple[Prediction, tuple[Sentence, ...]]:
    """The prediction for an image file, and notes about reading the file.

    Raises ImageError when the file cannot be read, MemoryShortError when memory runs out.
    """
    try:
        image = read_image(path)
        return predictor.predict(image.pixels, settings), image.notes
    except (MemoryError, RuntimeError) as error:
        if not is_memory_short(error):
            raise
        raise MemoryShortError(OUT_OF_MEMORY) from error
