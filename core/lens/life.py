"""How far an instance lives through the stages, and so at which cut it is lost.

`docs/lens.md` holds the table of definitions that this file follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import clip_to_image
from core.document.instance import Instance
from core.document.runs import RunLength, Runs, encode, mask_iou
from core.lens.boxes import Floats, box_of, iou, scaled
from core.lens.reading import Reading, best_foreground
from core.lens.settings import LED_MARGIN
from core.lens.trace import Fate

ALIVE_FROM: Final = 0.5
"""IoU from which a box or a mask speaks for an instance."""


class Cut(StrEnum):
    """The cuts in their order; each stands for the stage that it leaves behind."""

    PROPOSER = "proposer"
    """In place of all cuts up to the box head, when a proposer gave the boxes."""
    ANCHORS = "anchors"
    RPN_TOPK = "rpn_topk"
    RPN_SMALL = "rpn_small"
    RPN_NMS = "rpn_nms"
    PROPOSAL_LIMIT = "proposal_limit"
    BOX_HEAD = "box_head"
    CLASS = "class"
    SCORE = "score"
    NMS = "nms"
    DETECTION_LIMIT = "detection_limit"
    MASK = "mask"


CUTS: Final[tuple[Cut, ...]] = tuple(cut for cut in Cut if cut is not Cut.PROPOSER)
"""When the network finds the boxes."""
_BOX_HEAD: Final = CUTS.index(Cut.BOX_HEAD)
PROPOSER_CUTS: Final[tuple[Cut, ...]] = (Cut.PROPOSER, *CUTS[_BOX_HEAD + 1 :])
"""When a proposer gives the boxes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person's instance as the network meets it."""

    instance: Instance
    mask: Runs
    """Its pixels in the image."""
    box: Floats
    """float64 4, resized pixels, cut at the borders of the image."""
    label_known: bool
    """Whether the model has a class of this name; otherwise every class is right."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """IoU of the instance's box with every box, float64, and which candidates have its label."""

    anchors: Floats
    decoded: Floats
    boxes: Floats
    right: NDArray[np.bool_]
    """M: the candidate has the label of the instance."""
    wins: NDArray[np.bool_]
    """M: no other class but the background is more probable for the proposal."""
    masks: dict[int, float]
    """Mask IoU in pixels by detection, where the label is right and the boxes meet."""

    def near(self, name: str) -> NDArray[np.bool_]:
        """Where the overlap of a field is high enough to live."""
        values: Floats = getattr(self, name)
        return np.asarray(values >= ALIVE_FROM)


@dataclass(frozen=True, slots=True)
class Life:
    """Whether some box spoke for the instance behind each cut, and what follows from it."""

    alive: tuple[bool, ...]
    """One for each of `cuts`: alive at the stage behind that cut."""
    cuts: tuple[Cut, ...] = CUTS
    """`CUTS`, or `PROPOSER_CUTS`."""

    @property
    def found(self) -> bool:
        """A detection with the right label has a mask that fits."""
        return self.alive[-1]

    @property
    def reached(self) -> int:
        """Cuts up to the last living stage: 0 when it never lived, all when it was found."""
        return max((index + 1 for index, lives in enumerate(self.alive) if lives), default=0)

    @property
    def lost_at(self) -> Cut | None:
        """The cut after the last living stage; None when the instance was found."""
        return None if self.found else self.cuts[self.reached]

    def past(self, cut: Cut) -> bool:
        """Whether the instance lives at a stage behind the cut."""
        return self.reached > self.cuts.index(cut)


def subject_of(reading: Reading, instance: Instance) -> Subject:
    """An instance of the image in resized pixels."""
    height, width = reading.image_size
    outline = clip_to_image(instance.polygons, width, height)
    box = scaled(box_of(outline, reading.image_size)[None], reading.scale)[0]
    mask = encode(outline, width, height)
    return Subject(instance, mask, box, len(reading.labels_named(instance.label)) > 0)


def measure(
    reading: Reading, subject: Subject, masks: Sequence[RunLength], *, least: float = 0.0
) -> Overlaps:
    """All overlaps of one instance; `masks` are those of the detections.

    Detections whose mask IoU cannot be above `least` are not looked at.
    """
    right = np.ones(len(reading.label), dtype=np.bool_)
    if subject.label_known:
        right = np.isin(reading.label, reading.labels_named(subject.instance.label))
    own, read = [subject.mask.to_json()], reading.read_anchors
    possible = right[reading.detections] & (_most_possible(reading, subject) > least)
    return Overlaps(
        anchors=iou(reading.anchors, subject.box) * read,
        decoded=iou(reading.decoded, subject.box) * read,
        boxes=iou(reading.boxes, subject.box),
        right=right,
        wins=best_foreground(reading.score, reading.classes),
        masks={
            int(detection): float(mask_iou([masks[int(detection)]], own)[0, 0])
            for detection in np.flatnonzero(possible)
        },
    )


def _most_possible(reading: Reading, subject: Subject) -> Floats:
    """An upper bound of the mask IoU with each detection.

    A mask reaches a cell and some pixels of rounding beyond its box, and the margin where colours
    lead it, and no overlap is larger than what the boxes share.
    """
    across, down = reading.scale
    boxes = scaled(reading.boxes[reading.detections], (1 / across, 1 / down))
    share = 1 / 28 + (LED_MARGIN if reading.settings.mask_colours == "yes" else 0)
    margin = (boxes[:, 2:] - boxes[:, :2]) * share + 2
    grown = np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])
    own = scaled(subject.box[None], (1 / across, 1 / down))[0]
    wide = np.minimum(grown[:, 2], own[2]) - np.maximum(grown[:, 0], own[0])
    high = np.minimum(grown[:, 3], own[3]) - np.maximum(grown[:, 1], own[1])
    bound: Floats = np.maximum(wide, 0) * np.maximum(high, 0) / max(subject.mask.area, 1e-9)
    return bound


def live(reading: Reading, overlaps: Overlaps) -> Life:
    """At which stages some box speaks for the instance."""
    near, fate = overlaps.near("decoded"), reading.anchor_fate
    in_top_k = near & (fate != Fate.BELOW_TOP_K)
    large = in_top_k & (fate != Fate.TOO_SMALL) & (fate != Fate.LOW_SCORE)
    after_nms = large & (fate != Fate.SUPPRESSED)
    refined = overlaps.near("boxes")
    labelled, end = refined & overlaps.right, reading.fate
    scored = labelled & ~np.isin(end, (Fate.LOW_SCORE, Fate.TOO_SMALL, Fate.NOT_BEST))
    distinct = scored & (end != Fate.SUPPRESSED)
    alive = (
        bool(overlaps.near("anchors").any() or near.any()),
        bool(in_top_k.any()),
        bool(large.any()),
        bool(after_nms.any()),
        bool((near & (fate == Fate.KEPT)).any()),
        bool(refined.any()),
        bool((labelled & overlaps.wins).any()),
        bool(scored.any()),
        bool(distinct.any()),
        bool((labelled & (end == Fate.KEPT)).any()),
        any(value >= ALIVE_FROM for value in overlaps.masks.values()),
    )
    if reading.by_proposer:
        return Life(alive[_BOX_HEAD:], PROPOSER_CUTS)
    return Life(alive)
