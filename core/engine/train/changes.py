"""Which instances of an image a model finds, and what changed from one model to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.runs import RunLength, mask_iou, runs_of
from core.engine.annotations import to_annotations
from core.engine.labelled_part import LabelledPart
from core.engine.predict import Prediction
from core.learning.frozen import FrozenImage
from core.learning.report import ImageChange
from core.learning.seen import CERTAIN, Outcome, Seen

_OVERLAP: Final = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What a model found in an image, as `ImageChange` counts it."""

    ids: frozenset[str]
    quality: float
    false: int
    seen: tuple[Seen, ...] = ()
    """The detections that were compared, as far as they have an outline."""


def find(image: FrozenImage, prediction: Prediction, mask_threshold: float, known: bool) -> Found:
    """Match detections with instances, the surest first, each with the best that is left.

    Labels must agree where `known` says that the model has the labels of the data. Detections
    that lie in an area to ignore, or outside of all finished regions, do not count as false.
    """
    objects = image.objects
    sure = [k for k, score in enumerate(prediction.scores) if score >= CERTAIN]
    annotations = to_annotations(prediction, 0, 1, mask_threshold)
    compared = [annotations[k] for k in sure]
    detections = [one["segmentation"] for one in compared]
    labels = [prediction.label_names[k] for k in sure]
    overlap = _overlaps(image, detections)
    judged = _judged(image, compared)
    free = np.ones(len(objects), dtype=bool)
    ids, total = set(), 0.0
    outcomes: dict[int, tuple[Outcome, str]] = {}
    for row, label in enumerate(labels):
        fits = np.array([not known or one.label == label for one in objects], dtype=bool)
        scores = np.where(free & fits, overlap[row, : len(objects)], 0.0)
        best = int(scores.argmax()) if len(objects) else -1
        if best >= 0 and scores[best] >= _OVERLAP:
            free[best] = False
            ids.add(objects[best].id)
            total += float(scores[best])
            outcomes[sure[row]] = (Outcome.FOUND, objects[best].id)
        elif compared[row]["id"] not in judged or (overlap[row, len(objects) :] >= _OVERLAP).any():
            outcomes[sure[row]] = (Outcome.IGNORED, "")
        else:
            outcomes[sure[row]] = (Outcome.FALSE, "")
    false = sum(outcome is Outcome.FALSE for outcome, _ in outcomes.values())
    weight = len(ids) + (false + len(objects) - len(ids)) / 2
    quality = total / weight if weight else 1.0
    return Found(frozenset(ids), quality, false, _seen(prediction, outcomes))


def _seen(prediction: Prediction, outcomes: Mapping[int, tuple[Outcome, str]]) -> tuple[Seen, ...]:
    rows = zip(prediction.instances, prediction.instance_detections, strict=True)
    return tuple(Seen(one, *outcomes[row]) for one, row in rows if row in outcomes)


def _judged(image: FrozenImage, annotations: list[dict[str, Any]]) -> frozenset[int]:
    """The ids of the detections that lie where everything is labelled."""
    if image.regions is not None:
        annotations = LabelledPart(image.regions, image.width, image.height).detections(annotations)
    return frozenset(one["id"] for one in annotations)


def _overlaps(image: FrozenImage, detections: Sequence[RunLength]) -> NDArray[np.float64]:
    """Detections × (objects, then crowds): IoU, for crowds the share of the detection inside."""
    crowds = [one for one in image.instances if one.crowd]
    listed = [*image.objects, *crowds]
    truths = runs_of(listed, image.width, image.height)
    return mask_iou(detections, truths, [one.crowd for one in listed])


def change_of(image: FrozenImage, before: Found, after: Found) -> ImageChange:
    """Both findings side by side."""
    return ImageChange(
        key=image.key,
        instances=len(image.objects),
        quality_before=before.quality,
        quality_after=after.quality,
        false_before=before.false,
        false_after=after.false,
        gained=tuple(sorted(after.ids - before.ids)),
        lost=tuple(sorted(before.ids - after.ids)),
    )
