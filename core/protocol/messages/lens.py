"""Messages about the lens: the stages of an image go to the window as tables and pictures.

Every request names its image; the engine keeps the last ones traced and traces others anew, so that
nothing breaks when it was restarted in between. Feature maps never travel, only pictures of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.false_positives import Kind
from core.lens.life import Cut
from core.lens.pictures import PictureKind
from core.lens.settings import StageSettings
from core.lens.verdict import Evidence, Remedy
from core.protocol.messages.base import Answer, Request
from core.protocol.shape import Shape
from core.sentences import Sentence

Boxes = Annotated[NDArray[np.float32], Shape(None, 4)]
"""x0, y0, x1, y1 in pixels of the resized image, unless said otherwise."""
Floats = Annotated[NDArray[np.float32], Shape(None)]
Table = Annotated[NDArray[np.float32], Shape(None, None)]
Masks = Annotated[NDArray[np.float32], Shape(None, None, None)]
Ints = Annotated[NDArray[np.int64], Shape(None)]
Fates = Annotated[NDArray[np.int8], Shape(None)]
Picture = Annotated[NDArray[np.uint8], Shape(None, None, 4)]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class FixedTables:
    """What no setting changes: input, maps (their shapes), anchors, RPN and decoded boxes."""

    padded: Pair
    """Height and width, as all sizes here."""
    size: Pair
    image_size: Pair
    backbone: tuple[tuple[int, int, int], ...]
    pyramid: tuple[tuple[int, int, int], ...]
    anchors: Boxes
    grids: tuple[Pair, ...]
    strides: tuple[Pair, ...]
    per_cell: int
    logits: Floats
    deltas: Boxes
    decoded: Boxes
    class_names: tuple[str, ...]
    model: str
    own: StageSettings
    """The settings of the model."""
    matching: tuple[float, float]
    """IoU from which an anchor is positive in training, and below which it is negative."""


@dataclass(frozen=True, slots=True, eq=False)
class SetTables:
    """What follows from the settings; fields as in `core.lens.trace`."""

    settings: StageSettings
    fate: Fates
    suppressor: Ints
    proposals: Boxes
    objectness: Floats
    proposal_anchor: Ints
    roi_level: Ints
    roi_scales: tuple[float, ...]
    canonical_size: int
    head_logits: Table
    head_deltas: Table
    candidates: Boxes
    candidate_label: Ints
    candidate_score: Floats
    candidate_fate: Fates
    candidate_suppressor: Ints
    detections: Boxes
    """Pixels of the image."""
    resized_detections: Boxes
    detection_candidate: Ints
    has_masks: bool
    """Whether the two tables below are there."""
    mask_level: Ints
    probabilities: Masks
    outlines: tuple[Instance, ...]
    """The id is the number of the detection."""
    milliseconds: tuple[tuple[str, float], ...]
    proposer: str
    """Who gave the boxes; empty when it was the network."""
    tile: Ints
    """Of each box of the proposer, else empty."""
    tiles: tuple[tuple[int, int, int, int], ...]


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
    """All tables of a traced image."""

    TYPE: ClassVar = "lens_opened"
    fixed: FixedTables
    tables: SetTables


@dataclass(frozen=True, slots=True, eq=False)
class SetLens(LensRequest):
    """Run again what follows from the settings. Boxes come quickly, masks when asked for."""

    TYPE: ClassVar = "set_lens"
    masks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LensSet(Answer):
    """The tables under other settings."""

    TYPE: ClassVar = "lens_set"
    tables: SetTables


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
    """A picture, the part of the image that it covers, and what its scale runs from and to."""

    TYPE: ClassVar = "lens_drawn"
    pixels: Picture
    place: tuple[float, float, float, float]
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class JudgeLens(LensRequest):
    """Say what became of a person's instances; `only` these when ids are given.

    `keep` leaves the traced image in memory for more questions.
    """

    TYPE: ClassVar = "judge_lens"
    instances: tuple[Instance, ...] = ()
    only: tuple[str, ...] = ()
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one instance; `core.lens.verdict` explains the fields."""

    id: str
    cut: Cut | None
    alive: tuple[bool, ...]
    sentences: tuple[Sentence, ...]
    evidence: Evidence
    remedy: Remedy | None
    detection: int | None


@dataclass(frozen=True, slots=True)
class FalseDetection:
    """A detection that stands for no instance."""

    detection: int
    label: str
    score: float
    kind: Kind
    instance: str | None
    iou: float
    sentence: Sentence


@dataclass(frozen=True, slots=True, eq=False)
class LensJudged(Answer):
    """The verdicts, crowds left out; false positives only when all instances were asked for."""

    TYPE: ClassVar = "lens_judged"
    instances: tuple[Judged, ...]
    false_positives: tuple[FalseDetection, ...]
    settings: StageSettings


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
