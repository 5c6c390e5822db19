"""What each stage of one prediction holds, in the order of the network.

The fields hold torch tensors inside the engine and numpy arrays outside; `to_numpy` carries a
trace over. All boxes are x0, y0, x1, y1. Two frames occur: pixels of the *resized* image that
the network sees, and pixels of the upright *image*. A trace describes one image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import IntEnum
from typing import Annotated, Any, Final, TypeVar

import numpy as np

from core.document.instance import Polygon
from core.document.skeleton import Skeleton
from core.lens.arrays import Array, Boxes, Fates, Floats, Ints, Map, Shape, Table
from core.lens.cells import Cells
from core.lens.settings import StageSettings

STAGES: Final[tuple[str, ...]] = (
    "input",
    "backbone",
    "pyramid",
    "anchors",
    "rpn",
    "decoded",
    "proposals",
    "roi_levels",
    "box_head",
    "candidates",
    "detections",
    "mask_logits",
    "polygons",
)
PROPOSER_STAGES: Final[tuple[str, ...]] = (
    "input",
    "backbone",
    "pyramid",
    "proposer",
    "candidates",
    "detections",
    "mask_logits",
    "polygons",
)
"""The stages when a proposer gives the boxes."""
KEYPOINTS: Final = "keypoints"
"""The last stage of a network that has a keypoint head."""


def stages_of(proposer: bool, keypoints: bool) -> tuple[str, ...]:
    """The stages of a prediction in their order."""
    return (*(PROPOSER_STAGES if proposer else STAGES), *((KEYPOINTS,) if keypoints else ()))


BACKBONE_LEVELS: Final = ("C2", "C3", "C4", "C5")
ANY_CLASS: Final = -1
"""The mask of a thing of no class that the model knows: the largest logit of all at each place."""
PYRAMID_LEVELS: Final = ("P2", "P3", "P4", "P5", "P6")


class Fate(IntEnum):
    """Why a box did not go on, in the order in which the cuts are made for anchors."""

    KEPT = 0
    BELOW_TOP_K = 1
    """Objectness outside the best `rpn_pre_nms_top_n` of its level (anchors only)."""
    TOO_SMALL = 2
    """A side is below `rpn_min_size` or `box_min_size` after clipping."""
    LOW_SCORE = 3
    """Objectness below `rpn_score`; class probability not above `score`."""
    SUPPRESSED = 4
    """Overlaps a stronger box of its level, or of its class, by more than the NMS threshold."""
    OVER_LIMIT = 5
    """Survived NMS but came after `rpn_post_nms_top_n` or `detections_per_image` others."""
    NOT_BEST = 6
    """Another class, or the background, is more probable for the proposal (`roi_classes`)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The image as the network sees it: normalised, resized, padded at the right and bottom."""

    tensor: Annotated[Array, Shape(np.float32, 3, None, None)]
    """float32 3×H×W, H and W multiples of 32; zeros (the mean colour) in the padding."""
    size: tuple[int, int]
    """Height and width of the resized image without the padding."""
    image_size: tuple[int, int]
    """Height and width of the image."""

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width with the padding."""
        return int(self.tensor.shape[-2]), int(self.tensor.shape[-1])

    @property
    def scale(self) -> tuple[float, float]:
        """Resized pixels for one pixel of the image, across and down (they differ slightly)."""
        return self.size[1] / self.image_size[1], self.size[0] / self.image_size[0]


@dataclass(frozen=True, slots=True)
class Backbone:
    """C2 to C5: float C×H×W each, at strides of about 4, 8, 16 and 32."""

    maps: tuple[Map, ...]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """P2 to P6: float C×H×W each, all with the same C."""

    maps: tuple[Map, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where an anchor sits: level 0 is P2; `shape` counts sizes within ratios."""

    level: int
    row: int
    column: int
    shape: int


@dataclass(frozen=True, slots=True)
class Anchors:
    """Every anchor of the image, in the order level, row, column, shape."""

    boxes: Boxes
    """float32 A×4, resized pixels; they may leave the image."""
    grids: tuple[tuple[int, int], ...]
    """Rows and columns of each level."""
    strides: tuple[tuple[int, int], ...]
    """Resized pixels from cell to cell, down and across: padded size // grid, so P6 may have 61."""
    per_cell: int

    @property
    def level_counts(self) -> tuple[int, ...]:
        """Anchors of each level."""
        return tuple(rows * columns * self.per_cell for rows, columns in self.grids)

    def cell(self, index: int) -> Cell:
        """Where anchor `index` sits. Raises IndexError when there is no such anchor."""
        rest = index
        for level, count in enumerate(self.level_counts):
            if 0 <= rest < count:
                place, shape = divmod(rest, self.per_cell)
                row, column = divmod(place, self.grids[level][1])
                return Cell(level, row, column, shape)
            rest -= count
        raise IndexError(index)

    def cell_index(self, level: int, row: int, column: int, shape: int = 0) -> int:
        """The number of the anchor at a place: the inverse of `cell`."""
        place = row * self.grids[level][1] + column
        return sum(self.level_counts[:level]) + place * self.per_cell + shape


@dataclass(frozen=True, slots=True)
class Rpn:
    """What the RPN says of each anchor."""

    logits: Floats
    """float32 A: objectness before the sigmoid."""
    deltas: Boxes
    """float32 A×4: dx, dy, dw, dh in units of the anchor (weights 1, 1, 1, 1)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Each anchor moved by its deltas, and why it did not become a proposal."""

    boxes: Boxes
    """float32 A×4, resized pixels, not clipped to the image."""
    fate: Fates
    """int8 A, values of `Fate`."""
    suppressor: Ints | None
    """int64 A: the anchor that suppressed it, or -1; None when nobody asked."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """The boxes that the RPN hands on, strongest first."""

    boxes: Boxes
    """float32 R×4, resized pixels, clipped to the image."""
    score: Floats
    """float32 R: objectness, 0 to 1."""
    anchor_index: Ints
    """int64 R."""


@dataclass(frozen=True, slots=True)
class RoiLevels:
    """From which level each proposal is pooled (FPN paper, equation 1)."""

    level: Ints
    """int64 R: 0 for P2 to 3 for P5."""
    scales: tuple[float, ...]
    """Cells of the map for one resized pixel, by level."""
    canonical_size: int
    """A box of this side is pooled from P4."""


@dataclass(frozen=True, slots=True)
class BoxHead:
    """What the box head says of each proposal; class 0 is the background."""

    logits: Table
    """float32 R×K."""
    deltas: Table
    """float32 R×4K: dx, dy, dw, dh for each class (weights 10, 10, 5, 5)."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """Every box that a proposer saw, before any cut; N in all."""

    name: str
    """The proposer."""
    boxes: Boxes
    """float32 N×4, pixels of the image, clipped to it."""
    label: Ints
    """int64 N, from 1."""
    score: Floats
    """float32 N, 0 to 1."""
    tile: Ints
    """int64 N: 0 when seen in the whole image, else the number of the tile from 1."""
    tiles: tuple[tuple[int, int, int, int], ...]
    """x0, y0, x1, y1 of each tile in pixels of the image."""
    cells: Cells | None = None
    """Of a one-stage detector."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Each proposal as each class but the background: row `proposal * (K - 1) + label - 1`.

    Each box of a proposer is one candidate, with the proposer's label.
    """

    boxes: Boxes
    """float32 M×4, resized pixels, clipped to the image."""
    label: Ints
    """int64 M, 1 to K - 1."""
    score: Floats
    """float32 M: class probability."""
    proposal_index: Ints
    """int64 M."""
    fate: Fates
    """int8 M, values of `Fate`."""
    suppressor: Ints | None
    """int64 M: the candidate that suppressed it, or -1; None when nobody asked."""


@dataclass(frozen=True, slots=True)
class Detections:
    """What survives the last NMS, strongest first."""

    boxes: Boxes
    """float32 D×4, pixels of the image."""
    resized_boxes: Boxes
    """float32 D×4, resized pixels: what the masks are pooled from."""
    label: Ints
    """int64 D."""
    score: Floats
    """float32 D."""
    candidate_index: Ints
    """int64 D."""
    proposal_index: Ints
    """int64 D."""
    anchor_index: Ints
    """int64 D."""


@dataclass(frozen=True, slots=True)
class MaskLogits:
    """The mask head's answer for each detection."""

    level: Ints
    """int64 D: 0 for P2 to 3 for P5, from the refined box, so it may differ from the proposal's."""
    logits: Annotated[Array, Shape(np.float32, None, None, None, None)] | None
    """float32 D×K×28×28, every class; None when only the answer was kept."""
    probabilities: Map
    """float32 D×28×28: the sigmoid for the detection's own class, or for its channel."""
    channel: Ints | None = None
    """int64 D, where a proposer named the detection: the class whose mask it takes, or `ANY_CLASS`;
    None: its own."""


@dataclass(frozen=True, slots=True)
class KeypointMaps:
    """Where the keypoint head sees each keypoint of each detection (Keypoint R-CNN)."""

    places: Annotated[Array, Shape(np.float32, None, None, 3)]
    """float32 D×K×3: x, y in pixels of the image, and the logit there."""
    logits: Annotated[Array, Shape(np.float32, None, None, None, None)] | None
    """float32 D×K×56×56 over the box; None when only the places were kept."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """The outline of each detection in pixels of the image; empty where the mask is."""

    outlines: tuple[tuple[Polygon, ...], ...]
    led: Map | None = field(default=None, compare=False)
    """float32 D×S×S, where the colours of the image led the masks: the probabilities that were
    cut; None: those of the mask head."""
    led_boxes: Boxes | None = field(default=None, compare=False)
    """float32 D×4, pixels of the image: where these lie, the boxes of the detections with a
    margin."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All stages of one prediction; the field names are those of `STAGES`."""

    input: Prepared
    backbone: Backbone
    pyramid: Pyramid
    anchors: Anchors
    rpn: Rpn
    decoded: Decoded
    proposals: Proposals
    roi_levels: RoiLevels
    box_head: BoxHead
    candidates: Candidates
    detections: Detections
    mask_logits: MaskLogits
    polygons: Polygons
    settings: StageSettings
    class_names: tuple[str, ...]
    """Name of label index i + 1."""
    model: str
    """The model revision."""
    milliseconds: Mapping[str, float]
    """Time of each stage."""
    proposer: Proposed | None = None
    """What a proposer saw, when one gave the boxes. Then the stages from the anchors to the box
    head hold nothing, but for `proposals`: its boxes in resized pixels, with no anchor (-1)."""
    keypoints: KeypointMaps | None = None
    """Of a network that has the head."""
    skeleton: Skeleton | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that ran."""
        return stages_of(self.proposer is not None, self.keypoints is not None)


T = TypeVar("T")


def to_numpy(value: T) -> T:
    """A copy of a stage or trace in which every tensor is a numpy array."""
    return _carry(value)  # type: ignore[no-any-return]


def numpy_of(value: Array) -> Array:
    """A tensor as a numpy array on the host, of half precision as float32; else as it is."""
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    # numpy has no bfloat16; torch is not imported here, so the type is known by its name.
    half = str(tensor.dtype) in ("torch.bfloat16", "torch.float16")
    return (tensor.float() if half else tensor).numpy()


def _carry(value: Any) -> Any:
    if hasattr(value, "detach"):
        return numpy_of(value)
    if is_dataclass(value) and not isinstance(value, type | StageSettings | Polygon | Skeleton):
        return type(value)(**{f.name: _carry(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, tuple):
        return tuple(_carry(item) for item in value)
    return value
