"""Messages about prompts: a box, points, an outline to mend or examples go, outlines come back.

Every message names its image by `path` and `version`. Without a version the engine reads the file
and takes its time and size for one. With a version the pixels came with an `Encode` of that
version, as they do when the engine sees other files than the window. What the engine keeps of an
image may be dropped at any time: a prompt then encodes the file again, or the answer is
`PixelsWanted`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens.arrays import Shape
from core.lens.detail import Detail
from core.protocol.messages.base import Answer, Request
from core.protocol.messages.predictions import Boxes, Pixels
from core.sentences import Sentence

KEPT_BYTES: Final = 1 << 30
"""Room for encodings unless a request says otherwise."""

Points = Annotated[NDArray[np.float32], Shape(np.float32, None, 2)]
"""x, y in image pixels."""
Ints = Annotated[NDArray[np.int64], Shape(np.int64, None)]
Floats = Annotated[NDArray[np.float32], Shape(np.float32, None)]
Truths = Annotated[NDArray[np.bool_], Shape(np.bool_, None)]


class PromptKind(StrEnum):
    """What a prompt consists of."""

    BOX = "box"
    """`boxes`: one instance a box."""
    POINTS = "points"
    """`points` and `inside`, and `present` when an outline is mended: one instance for all."""
    TIGHTEN = "tighten"
    """`present`: each outline drawn anew where it lies."""
    ALIKE = "alike"
    """`present`: examples. `turned_down`: what is unlike them. `there`: what is there anyway."""


class PromptOrigin(StrEnum):
    """Where the outline of an answer comes from."""

    AGREED = "agreed"
    """What the mask of the box, the image's colours and the click-correct head say together."""
    DRAWN = "drawn"
    """The box as the person drew it."""
    REFINED = "refined"
    """That box as the box head puts it right, or the proposer's box that it fits."""
    DETECTION = "detection"
    CANDIDATE = "candidate"
    PROPOSAL = "proposal"
    DECODED = "decoded"
    MENDED = "mended"
    """An outline put right at the points."""
    TIGHTENED = "tightened"


@dataclass(frozen=True, slots=True, eq=False)
class ImageRequest(Request):
    """A request about one image.

    `keep_bytes` is the room for all encodings together from now on; the newest is always kept.
    """

    path: str = ""
    version: str = ""
    keep_bytes: int = KEPT_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class Encode(ImageRequest):
    """Make an image ready for prompts. Answered by Progress (stages), then Encoded.

    `pixels` need a `version`, and a `version` needs pixels. Raises ValueError.
    """

    TYPE: ClassVar = "encode"
    pixels: Pixels | None = None

    def __post_init__(self) -> None:
        if (self.pixels is None) != (self.version == ""):
            raise ValueError("pixels and their version go together")


@dataclass(frozen=True, slots=True, eq=False)
class Encoded(Answer):
    """The image is ready. `was_kept` when nothing had to be done."""

    TYPE: ClassVar = "encoded"
    path: str
    version: str
    model: str
    """The model revision."""
    width: int
    height: int
    was_kept: bool
    milliseconds: tuple[tuple[str, float], ...]
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Prompt(ImageRequest):
    """Draw what a person points at. Answered by Prompted, or by PixelsWanted.

    With `model` only that revision answers; another one in use makes the request fail. `most` is
    the number of answers for each box, for points and for examples. `line` is the likeness that
    counts as alike, 0 to 1; None leaves it to the examples. Raises ValueError when the fields do
    not fit the kind.
    """

    TYPE: ClassVar = "prompt"
    kind: PromptKind = PromptKind.BOX
    model: str = ""
    boxes: Boxes = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    points: Points = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    inside: Truths = field(default_factory=lambda: np.zeros(0, np.bool_))
    present: tuple[Instance, ...] = ()
    turned_down: tuple[Instance, ...] = ()
    there: tuple[Instance, ...] = ()
    line: float | None = None
    most: int = 6
    detail: Detail = field(default_factory=Detail)

    def __post_init__(self) -> None:
        if len(self.points) != len(self.inside):
            raise ValueError("each point is inside or outside")
        if not (np.isfinite(self.boxes).all() and np.isfinite(self.points).all()):
            raise ValueError("a coordinate is not finite")
        if self.line is not None and not 0 <= self.line <= 1:
            raise ValueError("the line lies between 0 and 1")
        needed = {
            PromptKind.BOX: len(self.boxes),
            PromptKind.POINTS: len(self.points),
            PromptKind.TIGHTEN: len(self.present),
            PromptKind.ALIKE: len(self.present),
        }[self.kind]
        if not needed or self.most < 1:
            raise ValueError("a prompt of this kind points at nothing")
        if self.kind is PromptKind.POINTS and len(self.present) > 1:
            raise ValueError("points mend one outline")


@dataclass(frozen=True, slots=True, eq=False)
class Prompted(Answer):
    """What the model draws there. Row i of the columns is about `instances[i]`.

    The instances have the source `prompted` and outlines in image pixels. A label is empty, and
    the score None, where the model has none for it. Those that belong to one prompt stand together:
    of a box what is shown first and then its single masks, of points by size, of examples
    the likest first; what comes out empty is missing.
    """

    TYPE: ClassVar = "prompted"
    kind: PromptKind
    path: str
    version: str
    model: str
    width: int
    height: int
    instances: tuple[Instance, ...]
    prompt: Ints
    """Which box or outline of the request it answers; 0 for points and examples."""
    origin: tuple[PromptOrigin, ...]
    steadiness: Floats
    """0 to 1: how little the mask changes with its threshold."""
    likeness: Floats
    """Of examples: how near, 0 to 1; else 0."""
    boxes: Boxes
    """The box that the mask was drawn in, in image pixels."""
    first: Ints
    """For each prompt the row to show first, or -1 when it has none."""
    line: float
    """Of examples: the likeness from which on something counts as alike."""
    encode_milliseconds: float
    """0 when the image had been encoded before."""
    prompt_milliseconds: float


@dataclass(frozen=True, slots=True)
class PixelsWanted(Answer):
    """The engine does not have this version of the image: send an Encode with its pixels first."""

    TYPE: ClassVar = "pixels_wanted"
    path: str
    version: str


MESSAGES: Final = (Encode, Encoded, Prompt, Prompted, PixelsWanted)
