"""Messages about predictions: an image goes, suggestions come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.arrays import Shape
from core.lens.settings import StageSettings
from core.protocol.messages.base import Answer, Request
from core.sentences import Sentence

Pixels = Annotated[NDArray[np.uint8], Shape(np.uint8, None, None, 3)]
"""An upright RGB image, H×W×3."""
Boxes = Annotated[NDArray[np.float32], Shape(np.float32, None, 4)]
"""x0, y0, x1, y1 in image pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Predict(Request):
    """Propose the instances of one image. Answered by Progress (stages), then Prediction.

    With `surest_from`, a score, those of a file with at least this score may be answered before
    all others have a mask, as Surest.

    The image is named by `path` where both sides see the same files, or travels as `pixels`;
    exactly one of the two is given. `settings` replaces the model's own. Raises ValueError.
    """

    TYPE: ClassVar = "predict"
    path: str | None = None
    pixels: Pixels | None = None
    settings: StageSettings | None = None
    surest_from: float | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.pixels is None):
            raise ValueError("an image is given by its path or by its pixels")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction(Answer):
    """What the model proposes for one image.

    Row i of `boxes`, `labels` (label indices) and `scores` is one detection of the network;
    `instances` are those with an outline, as suggestions with label name, score and model
    revision. `milliseconds` are pairs of stage and time. `notes` are about reading the image.
    """

    TYPE: ClassVar = "prediction"
    model: str
    """The model revision."""
    width: int
    height: int
    instances: tuple[Instance, ...]
    boxes: Boxes
    labels: Annotated[NDArray[np.int64], Shape(np.int64, None)]
    scores: Annotated[NDArray[np.float32], Shape(np.float32, None)]
    milliseconds: tuple[tuple[str, float], ...] = ()
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Surest(Prediction):
    """The detections with the highest scores; a Prediction follows that has the same, and more."""

    TYPE: ClassVar = "surest"
    FINAL: ClassVar = False


MESSAGES: Final = (Predict, Prediction, Surest)
