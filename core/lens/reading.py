"""What the lens needs of one prediction to judge it: boxes, fates and outlines as numpy arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.document.runs import RunLength
from core.lens.boxes import clip
from core.lens.settings import StageSettings
from core.lens.trace import BACKBONE_LEVELS, Anchors, Trace, numpy_of

Float32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Masks = Callable[[int, float], RunLength]
"""The mask of a detection at a mask threshold, in pixels of the image."""
Paste = Callable[[Float32, Float32, tuple[int, int], float], RunLength]
"""The pixels of an image, its height and width given, in which a mask S×S in a box is at least a
threshold."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One prediction, box by box. Boxes are resized pixels; A, R, M, D as in the trace."""

    settings: StageSettings
    class_names: tuple[str, ...]
    size: tuple[int, int]
    """Height and width of the resized image."""
    image_size: tuple[int, int]
    grid: Anchors
    anchors: Float32
    logits: Float32
    decoded: Float32
    """A×4, clipped to the image."""
    anchor_fate: NDArray[np.int8]
    anchor_suppressor: Ints
    proposals: Float32
    proposal_anchor: Ints
    boxes: Float32
    """M×4: each proposal as each class."""
    label: Ints
    score: Float32
    fate: NDArray[np.int8]
    suppressor: Ints
    detections: Ints
    """D: rows of the candidates, strongest first."""
    mask: Masks
    by_proposer: bool = False
    """Whether a proposer gave the boxes: then there are no anchors, and each box has one label."""

    @property
    def classes(self) -> int:
        """Candidates of each proposal."""
        return 1 if self.by_proposer else len(self.class_names)

    @property
    def scale(self) -> tuple[float, float]:
        """Resized pixels for one pixel of the image, across and down."""
        return self.size[1] / self.image_size[1], self.size[0] / self.image_size[0]

    @property
    def levels(self) -> Ints:
        """The level of each anchor: int64 A, 0 for P2."""
        return np.repeat(np.arange(len(self.grid.level_counts)), self.grid.level_counts)

    @property
    def read_anchors(self) -> NDArray[np.bool_]:
        """Which anchors the RPN looks at: A; of one map that stands for all, only its own."""
        alone = self.settings.fpn
        if alone == "on":
            return np.ones(len(self.anchors), dtype=np.bool_)
        return np.asarray(self.levels == BACKBONE_LEVELS.index(alone))

    def labels_named(self, name: str) -> Ints:
        """The label indices of a name; none when the model does not know it."""
        found = [i + 1 for i, known in enumerate(self.class_names) if known == name]
        return np.array(found, dtype=np.int64)

    def name(self, row: int) -> str:
        """The label of a candidate in words."""
        return self.class_names[int(self.label[row]) - 1]

    def detection_masks(self) -> tuple[RunLength, ...]:
        """The mask of every detection at the mask threshold of the settings."""
        return tuple(self.mask(d, self.settings.mask) for d in range(len(self.detections)))


def read(trace: Trace, paste: Paste) -> Reading:
    """The reading of a trace, with tensors or with arrays; `paste` is the engine's, as it is for
    everything that a model is measured by.

    Raises ValueError when the trace was made without looking up who suppressed whom.
    """
    if trace.decoded.suppressor is None or trace.candidates.suppressor is None:
        raise ValueError("the trace does not say who suppressed whom")
    size, image_size = trace.input.size, trace.input.image_size
    led, places = trace.polygons.led, trace.polygons.led_boxes
    if led is None or places is None:
        led, places = trace.mask_logits.probabilities, trace.detections.boxes

    @cache
    def mask(detection: int, threshold: float) -> RunLength:
        values, box = numpy_of(led[detection]), numpy_of(places[detection])
        return paste(values, box, image_size, threshold)

    return Reading(
        settings=trace.settings,
        class_names=trace.class_names,
        size=size,
        image_size=image_size,
        grid=trace.anchors,
        anchors=numpy_of(trace.anchors.boxes),
        logits=numpy_of(trace.rpn.logits),
        decoded=clip(numpy_of(trace.decoded.boxes), size),
        anchor_fate=numpy_of(trace.decoded.fate),
        anchor_suppressor=numpy_of(trace.decoded.suppressor),
        proposals=numpy_of(trace.proposals.boxes),
        proposal_anchor=numpy_of(trace.proposals.anchor_index),
        boxes=numpy_of(trace.candidates.boxes),
        label=numpy_of(trace.candidates.label),
        score=numpy_of(trace.candidates.score),
        fate=numpy_of(trace.candidates.fate),
        suppressor=numpy_of(trace.candidates.suppressor),
        detections=numpy_of(trace.detections.candidate_index),
        mask=mask,
        by_proposer=trace.proposer is not None,
    )


def best_foreground(score: NDArray[Any], classes: int) -> NDArray[np.bool_]:
    """Which of the rows R·K are the most probable class of their proposal; ties all count."""
    table = score.reshape(-1, classes)
    if not table.size:
        return np.zeros(len(score), dtype=np.bool_)
    return np.asarray((table == table.max(axis=1, keepdims=True)).reshape(-1))
