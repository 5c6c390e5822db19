"""Messages about what settings of the lens do to the AP of a model on many labelled images.

Each image is a question of its own, so that others are answered in between; a last one asks for the
figures over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.document.instance import Instance
from core.protocol.messages.base import Answer, Request
from core.protocol.messages.lens import LensRequest


@dataclass(frozen=True, slots=True, eq=False)
class MeasureLens(LensRequest):
    """Count an image in, with the model's own settings and with these."""

    TYPE: ClassVar = "measure_lens"
    instances: tuple[Instance, ...] = ()
    """What a person labelled; the labels of the image are whole."""
    measuring: str = ""
    """What the images are counted under; another name begins anew."""


@dataclass(frozen=True, slots=True, eq=False)
class LensCounted(Answer):
    """The image was counted in."""

    TYPE: ClassVar = "lens_counted"


@dataclass(frozen=True, slots=True, eq=False)
class AskEffect(Request):
    """The figures over the images that were counted in."""

    TYPE: ClassVar = "ask_effect"
    measuring: str = ""
    images: int = 0
    """How many must have been counted in."""


@dataclass(frozen=True, slots=True)
class Precision:
    """COCO's AP, 0 to 1: over IoU 0.50 to 0.95, and at 0.50."""

    ap: float
    ap50: float


@dataclass(frozen=True, slots=True)
class EffectRow:
    """AP of one kind of answer before and after."""

    kind: str
    """`box`, `mask`, or `keypoints`, where the match is by OKS."""
    before: Precision
    after: Precision


@dataclass(frozen=True, slots=True, eq=False)
class LensEffect(Answer):
    """What the settings do; `instances` are those that count, on `images` images."""

    TYPE: ClassVar = "lens_effect"
    images: int
    instances: int
    rows: tuple[EffectRow, ...]


MESSAGES: Final = (MeasureLens, LensCounted, AskEffect, LensEffect)
