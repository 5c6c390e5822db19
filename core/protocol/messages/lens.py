"""Messages about the lens: the stages of an image go to the window as arrays and pictures.

Every request names its image; the engine keeps the last ones traced and traces others anew, so that
nothing breaks when it was restarted in between. Feature maps never travel, only pictures of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.document.instance import Instance
from core.lens.pictures import Picture, PictureKind
from core.lens.report import ImageReport
from core.lens.settings import StageSettings
from core.lens.trace import Trace
from core.protocol.messages.base import Answer, Request


@dataclass(frozen=True, slots=True, eq=False)
class LensRequest(Request):
    """A question about one image file under some settings; None stands for the model's own."""

    path: str = ""
    settings: StageSettings | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenLens(LensRequest):
    """Trace an image. Answered by Progress (stages), then LensOpened."""

    TYPE: ClassVar = "open_lens"


@dataclass(frozen=True, slots=True, eq=False)
class LensOpened(Answer):
    """The trace of an image, `without_maps`."""

    TYPE: ClassVar = "lens_opened"
    trace: Trace
    own: StageSettings
    """The settings of the model."""
    matching: tuple[float, float]
    """IoU from which an anchor is positive in training, and below which it is negative."""
    idle: tuple[str, ...] = ()
    """The settings that the model never looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class SetLens(LensRequest):
    """Run again what follows from the settings. Boxes come quickly, masks when asked for."""

    TYPE: ClassVar = "set_lens"
    masks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LensSet(Answer):
    """The trace under other settings, `without_fixed`."""

    TYPE: ClassVar = "lens_set"
    trace: Trace
    masks: bool
    """Whether masks and outlines are there."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawLens(LensRequest):
    """Draw a picture: of a map (`level` counts C2 to C5, then P2 to P6) or of mask logits."""

    TYPE: ClassVar = "draw_lens"
    kind: PictureKind = PictureKind.INPUT
    level: int = 0
    channel: int = 0
    detection: int = 0
    label: int = 0
    """Label index of the mask logits."""
    step: str = ""
    """How far a map of the pyramid has come: `lateral`, `sum`, or all the way."""


@dataclass(frozen=True, slots=True, eq=False)
class LensDrawn(Answer):
    """What was drawn."""

    TYPE: ClassVar = "lens_drawn"
    picture: Picture


@dataclass(frozen=True, slots=True, eq=False)
class JudgeLens(LensRequest):
    """Say what became of a person's instances; `only` these when ids are given.

    `keep` leaves the traced image in memory for more questions.
    """

    TYPE: ClassVar = "judge_lens"
    instances: tuple[Instance, ...] = ()
    only: tuple[str, ...] = ()
    keep: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class LensJudged(Answer):
    """The verdicts; false positives only when all instances were asked for."""

    TYPE: ClassVar = "lens_judged"
    report: ImageReport


MESSAGES: Final = (
    OpenLens,
    LensOpened,
    SetLens,
    LensSet,
    DrawLens,
    LensDrawn,
    JudgeLens,
    LensJudged,
)
