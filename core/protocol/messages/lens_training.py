"""Messages about the training view: one training step replayed on an image, not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.document.instance import Instance
from core.lens.training_view import TrainingView
from core.protocol.messages.base import Answer
from core.protocol.messages.lens import LensRequest


@dataclass(frozen=True, slots=True, eq=False)
class TrainLens(LensRequest):
    """Replay a training step on an image with a person's instances and a seed.

    Answered by Progress, then LensTrained. The settings of inference play no part.
    """

    TYPE: ClassVar = "train_lens"
    instances: tuple[Instance, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LensTrained(Answer):
    """The training view of an image."""

    TYPE: ClassVar = "lens_trained"
    view: TrainingView


MESSAGES: Final = (TrainLens, LensTrained)
