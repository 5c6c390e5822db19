"""Predicting and encoding an image file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from core.engine.encodings import Encoding, encode
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
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MemoryShortError(OUT_OF_MEMORY) from error


def encode_file(
    predictor: Predictor, path: Path, settings: StageSettings
) -> tuple[Encoding, tuple[Sentence, ...]]:
    """The encoding of an image file for prompts, and notes about reading the file.

    Raises ImageError when the file cannot be read, MemoryShortError when memory runs out.
    """
    try:
        image = read_image(path)
        return encode(predictor, image.pixels, settings=settings), image.notes
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MemoryShortError(OUT_OF_MEMORY) from error
