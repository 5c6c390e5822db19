"""What is read from the maps of one traced image, kept for the next question about it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields
from typing import Final

import torch
from torch import Tensor

from core.engine.colours import colours_of
from core.engine.keypoints import find_keypoints
from core.engine.predict import Predictor
from core.engine.stages import features, masks
from core.engine.stages.pooling import pool_rois
from core.lens.settings import ANCHOR_SETTINGS, POOL_SETTINGS, PYRAMID_SETTINGS, StageSettings
from core.lens.trace import Detections, KeypointMaps, Proposals, Trace, numpy_of
from core.lru import Lru

POOLED_AT_MOST: Final = 4000
"""Pooled features kept, in RoIs: about 200 MB at 256 channels."""
MASKS_AT_MOST: Final = 1000
"""Mask logits kept, in detections: about 285 MB at 91 classes."""

LED_AT_MOST: Final = 1000
"""Masks led by colours that are kept, in detections: some 17 MB."""

BoxKey = tuple[bytes, int]


class KeptReads:
    """Features and mask logits of boxes, read in the way of some settings.

    `follow` says which settings; what was read in another way is dropped then. Not safe to share
    between threads.
    """

    def __init__(self, predictor: Predictor, trace: Trace) -> None:
        self._predictor, self._trace = predictor, trace
        self._model = predictor.module
        self._read_as = trace.settings
        self.version = 0
        """Counts how often something was dropped."""
        self._pooled: OrderedDict[int, Tensor] = OrderedDict()
        self._masks: OrderedDict[BoxKey, Tensor] = OrderedDict()
        self._led: Lru[tuple[BoxKey, str], masks.Led] = Lru(LED_AT_MOST)
        self.levels = features.roi_maps(features.maps_of([trace.pyramid]))
        """P2 to P5 as RoIs are pooled from them."""
        if trace.mask_logits.logits is not None:
            self._masks.update(
                zip(keys_of(trace.detections), trace.mask_logits.logits, strict=True)
            )

    def follow(self, settings: StageSettings) -> None:
        """Read from now on as these settings say."""
        if agree(self._read_as, settings, (*POOL_SETTINGS, *ANCHOR_SETTINGS)):
            return
        self._pooled.clear()
        self._masks.clear()
        self._led.clear()
        self.version += 1
        if not agree(self._read_as, settings, PYRAMID_SETTINGS):
            self.levels = features.roi_maps(self.pyramid(settings))
        self._read_as = settings

    def pyramid(self, settings: StageSettings) -> features.Maps:
        """P2 to P6 of the trace's backbone."""
        maps = OrderedDict(
            (str(place), each[None]) for place, each in enumerate(self._trace.backbone.maps)
        )
        return features.run_pyramid(self._model, maps, self._predictor.numerics, settings)

    def pool(self, chosen: Proposals) -> Tensor:
        """Pooled features of proposals: R×C×7×7, computed only for anchors not seen before."""
        anchors = chosen.anchor_index.tolist()
        unseen = [row for row, anchor in enumerate(anchors) if anchor not in self._pooled]
        if unseen or not anchors:
            pool = self._model.roi_heads.box_roi_pool
            fresh = pool_rois(pool, self.levels, [chosen.boxes[unseen]], self._read_as)
            if len(unseen) == len(anchors):
                self._keep(anchors, fresh)
                return fresh
            self._keep([anchors[row] for row in unseen], fresh)
        together = torch.stack([self._pooled[anchor] for anchor in anchors])
        while len(self._pooled) > max(POOLED_AT_MOST, len(anchors)):
            self._pooled.popitem(last=False)
        return together

    def _keep(self, anchors: list[int], pooled: Tensor) -> None:
        # A copy of its own for each RoI, so that dropping one frees its memory.
        for anchor, one in zip(anchors, pooled, strict=True):
            self._pooled[anchor] = one.clone()

    def mask_logits(self, detections: Detections, rows: range | list[int]) -> Tensor:
        """Mask logits of some detections, n×K×28×28, computed only for boxes not seen before."""
        keys = keys_of(detections)
        unseen = [row for row in rows if keys[row] not in self._masks]
        for start in range(0, len(unseen), masks.MASKS_AT_ONCE):
            part = unseen[start : start + masks.MASKS_AT_ONCE]
            boxes = [detections.resized_boxes[part]]
            logits = masks.run_mask_head(
                self._model, self.levels, boxes, self._predictor.numerics, self._read_as
            )
            self._masks.update(zip([keys[row] for row in part], logits, strict=True))
        if not len(rows):
            return self.all_mask_logits(detections)
        together = torch.stack([self._masks[keys[row]] for row in rows])
        while len(self._masks) > max(MASKS_AT_MOST, len(rows)):
            self._masks.popitem(last=False)
        return together

    def all_mask_logits(self, detections: Detections) -> Tensor:
        """Mask logits of all detections, computed together as a full prediction does it."""
        trace, known = self._trace, self._trace.mask_logits.logits
        as_traced = agree(self._read_as, trace.settings, POOL_SETTINGS)
        if as_traced and known is not None and keys_of(detections) == keys_of(trace.detections):
            logits: Tensor = known
            return logits
        found = masks.find_masks(
            self._model,
            self.levels,
            [detections],
            self._predictor.numerics,
            all_classes=True,
            settings=self._read_as,
        )[0]
        assert found.logits is not None  # all classes were asked for
        every: Tensor = found.logits
        return every

    def led(
        self,
        probabilities: Tensor,
        detections: Detections,
        settings: StageSettings,
        *,
        anew: bool = False,
    ) -> masks.Led | None:
        """Masks D×28×28 of detections led by the colours of the image, if the settings say so.

        Those of boxes seen before are taken from then, unless all are wanted `anew`.
        """
        if settings.mask_colours != "yes":
            return None
        size, colours = self._trace.input.image_size, colours_of(self._model, self._trace.input)
        if anew:
            return masks.lead(probabilities, detections, size, settings, colours)
        keys = [(key, settings.mask_activation) for key in keys_of(detections)]
        known = [self._led.get(key) for key in keys]
        unseen = [row for row, one in enumerate(known) if one is None]
        part = at_rows(detections, unseen)
        fresh = masks.lead(probabilities[unseen], part, size, settings, colours)
        if fresh is not None:
            for row, led, place in zip(unseen, *fresh, strict=True):
                # A copy of its own for each, so that dropping one frees its memory.
                known[row] = self._led[keys[row]] = led.clone(), place.clone()
        together = [one for one in known if one is not None]
        if not together:
            return None
        led, places = (torch.stack(each) for each in zip(*together, strict=True))
        return led, places


def keys_of(detections: Detections) -> list[BoxKey]:
    """What the mask logits of a detection depend on: its box. The label keeps keys apart."""
    boxes, labels = numpy_of(detections.resized_boxes), detections.label.tolist()
    return [(box.tobytes(), label) for box, label in zip(boxes, labels, strict=True)]


def at_rows(detections: Detections, rows: list[int]) -> Detections:
    """Some of the detections."""
    kept = (getattr(detections, each.name)[rows] for each in fields(detections))
    return Detections(*kept)


def agree(one: StageSettings, other: StageSettings, names: tuple[str, ...]) -> bool:
    """Whether settings agree in all of these."""
    return not set(one.changed_from(other)) & set(names)


def keypoints_of(
    predictor: Predictor,
    trace: Trace,
    levels: features.Maps,
    detections: Detections,
    settings: StageSettings,
) -> KeypointMaps | None:
    """The keypoints of other detections of a traced image, as a full prediction finds them."""
    if trace.keypoints is None:
        return None
    numerics, seen = predictor.numerics, [trace.input]
    found = find_keypoints(
        predictor.module, levels, [detections], seen, numerics, settings, keep=True
    )
    return found[0]
