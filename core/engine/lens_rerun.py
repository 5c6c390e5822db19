"""A traced prediction asked again with other settings: only what follows them runs again.

Up to the detections the answer is the same, bit for bit, as a full prediction with those settings:
RoIAlign treats each RoI for itself, so pooled features are kept by anchor, and the fully connected
layers see all proposals together again, because their rounding depends on how many there are.
The mask head's rounding depends on that too. `quick` keeps its answers by box and computes only new
ones, which may differ from a full prediction in the last digit; `run` computes them all together.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.document.instance import Polygons as Outline
from core.engine.predict import Predictor
from core.engine.proposers import stage as proposing
from core.engine.stages import features, masks, proposals, roi
from core.lens.outline import outline
from core.lens.reading import Reading, read
from core.lens.settings import PROPOSER_SETTINGS, RPN_SETTINGS, StageSettings
from core.lens.trace import (
    BoxHead,
    Candidates,
    Decoded,
    Detections,
    MaskLogits,
    Polygons,
    Proposals,
    Proposed,
    RoiLevels,
    Trace,
    numpy_of,
)
from core.lru import Lru

POOLED_AT_MOST: Final = 4000
"""Pooled features kept, in RoIs: about 200 MB at 256 channels."""
MASKS_AT_MOST: Final = 1000
"""Mask logits kept, in detections: about 285 MB at 91 classes."""
OUTLINES_AT_MOST: Final = 3000
"""Outlines kept, in detections and mask thresholds: some 30 MB."""
READINGS_AT_MOST: Final = 8
"""Readings kept for settings that are asked for again."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """The stages from the decoded boxes to the detections, under some settings."""

    settings: StageSettings
    decoded: Decoded
    proposals: Proposals
    roi_levels: RoiLevels
    box_head: BoxHead
    candidates: Candidates
    detections: Detections
    milliseconds: dict[str, float]
    proposer: Proposed | None = None


_Key = tuple[bytes, int]


class Rerunner:
    """One traced image. The trace holds tensors and comes from this predictor.

    A proposer can look again, at other tiles, only when it has the pixels: uint8 H×W×3.
    Not safe to share between threads.
    """

    def __init__(
        self, predictor: Predictor, trace: Trace, pixels: NDArray[np.uint8] | None = None
    ) -> None:
        self._pixels = pixels
        self._predictor = predictor
        self._model = predictor.module
        self.trace = trace
        self._levels = features.roi_maps(features.maps_of([trace.pyramid]))
        self._pooled: OrderedDict[int, Tensor] = OrderedDict()
        self._masks: OrderedDict[_Key, Tensor] = OrderedDict()
        self._readings: Lru[StageSettings, Reading] = Lru(READINGS_AT_MOST)
        self._last = Boxes(
            trace.settings,
            trace.decoded,
            trace.proposals,
            trace.roi_levels,
            trace.box_head,
            trace.candidates,
            trace.detections,
            {},
            trace.proposer,
        )
        self._refined: tuple[BoxHead, roi.Refined] | None = None
        self._traced: OrderedDict[tuple[_Key, float], Outline] = OrderedDict()
        logits = trace.mask_logits.logits
        for row, key in enumerate(self._keys(trace.detections)):
            if logits is not None:
                self._masks[key] = logits[row]
                self._traced[key, trace.settings.mask] = trace.polygons.outlines[row]

    @property
    def levels(self) -> features.Maps:
        """P2 to P5 as RoIs are pooled from them."""
        return self._levels

    @torch.inference_mode()
    def boxes(self, settings: StageSettings, *, explain: bool = True) -> Boxes:
        """All stages up to the detections; masks not yet.

        `explain` also looks up who suppressed whom.
        """
        watch: dict[str, float] = {}
        last = self._last
        if last.proposer is not None:
            same = _same(last.settings, settings, PROPOSER_SETTINGS)
            found = last if same else self._propose(settings, watch)
        else:
            same = _same(last.settings, settings, RPN_SETTINGS) and (
                last.decoded.suppressor is not None or not explain
            )
            found = last if same else self._up_to_box_head(settings, explain, watch)
        start = time.perf_counter()
        candidates, rows = roi.find_candidates(self._refine(found), settings, explain=explain)
        watch["candidates"] = _since(start)
        detections = roi.find_detections(candidates, rows, found.proposals, self.trace.input)
        self._last = replace(
            found,
            settings=settings,
            candidates=candidates,
            detections=detections,
            milliseconds=watch,
        )
        return self._last

    @torch.inference_mode()
    def finish(self, found: Boxes, *, quick: bool = False) -> Trace:
        """The whole trace. `quick` computes masks only for detections that are new."""
        start = time.perf_counter()
        if quick:
            logits = self._mask_logits(found.detections, range(len(found.detections.label)))
        else:
            logits = self._all_mask_logits(found.detections)
        channel = self._channels(found.detections)
        own = torch.sigmoid(masks.answers(logits, channel))
        level = self._model.roi_heads.mask_roi_pool.map_levels([found.detections.resized_boxes])
        mask = MaskLogits(level, logits, own, None if found.proposer is None else channel)
        taken = _since(start)
        start = time.perf_counter()
        polygons = Polygons(self._outlines(mask, found, quick=quick))
        times = {**self.trace.milliseconds, **found.milliseconds}
        times |= {"mask_logits": taken, "polygons": _since(start)}
        return self._as_trace(found, mask, polygons, times)

    def run(self, settings: StageSettings) -> Trace:
        """The whole trace under other settings, equal to that of a full prediction."""
        return self.finish(self.boxes(settings))

    def quick(self, settings: StageSettings) -> Trace:
        """The whole trace, masks of known boxes taken from before."""
        return self.finish(self.boxes(settings), quick=True)

    def reading(self, settings: StageSettings) -> Reading:
        """The lens's reading under other settings; a mask is computed only when it is looked at."""
        known = self._readings.get(settings)
        if known is not None:
            return known
        if settings == self.trace.settings:
            found = read(self.trace)
        else:
            found = self._lazy_reading(self.boxes(settings))
        self._readings[settings] = found
        return found

    def _lazy_reading(self, found: Boxes) -> Reading:
        nothing = found.detections.resized_boxes.new_zeros((0, 28, 28))
        empty = MaskLogits(found.detections.label, None, nothing)
        trace = self._as_trace(found, empty, Polygons(()), {})
        known: dict[tuple[int, float], Outline] = {}
        boxes = numpy_of(found.detections.boxes)
        channels = self._channels(found.detections)

        @torch.inference_mode()
        def look(detection: int, threshold: float) -> Outline:
            if (detection, threshold) not in known:
                part = channels[detection : detection + 1]
                logits = masks.answers(self._mask_logits(found.detections, [detection]), part)[0]
                known[detection, threshold] = outline(
                    numpy_of(torch.sigmoid(logits)),
                    boxes[detection],
                    self.trace.input.image_size,
                    threshold,
                )
            return known[detection, threshold]

        return replace(read(trace), outline=look)

    def _outlines(self, mask: MaskLogits, found: Boxes, *, quick: bool) -> tuple[Outline, ...]:
        """The outline of each detection; `quick` takes those of known boxes from before."""
        if not quick:
            size = self.trace.input.image_size
            return masks.trace_outlines(mask, found.detections, size, found.settings).outlines
        probabilities, boxes = numpy_of(mask.probabilities), numpy_of(found.detections.boxes)
        keys = [(key, found.settings.mask) for key in self._keys(found.detections)]
        for row, key in enumerate(keys):
            if key not in self._traced:
                self._traced[key] = outline(
                    probabilities[row], boxes[row], self.trace.input.image_size, key[1]
                )
            self._traced.move_to_end(key)
        together = tuple(self._traced[key] for key in keys)
        while len(self._traced) > max(OUTLINES_AT_MOST, len(keys)):
            self._traced.popitem(last=False)
        return together

    def _refine(self, found: Boxes) -> roi.Refined:
        """Boxes and probabilities of all candidates, kept until there are other proposals."""
        if found.proposer is not None:
            return proposing.as_refined(found.proposer, self.trace.input)
        known = self._refined
        if known is None or known[0] is not found.box_head:
            size = self.trace.input.size
            refined = roi.refine(self._model, found.box_head, found.proposals, size)
            known = self._refined = (found.box_head, refined)
        return known[1]

    def _propose(self, settings: StageSettings, watch: dict[str, float]) -> Boxes:
        """Let the proposer look again. Raises ValueError when there are no pixels to look at."""
        proposer = self._predictor.loaded.proposer
        if proposer is None or self._pixels is None:
            raise ValueError("the proposer cannot look again without the pixels")
        start = time.perf_counter()
        pixels = torch.from_numpy(np.array(self._pixels)).to(self._predictor.device)
        proposed = proposing.propose(proposer, pixels.permute(2, 0, 1), settings)
        watch["proposer"] = _since(start)
        proposals = proposing.as_proposals(proposed, self.trace.input)
        return replace(self._last, proposals=proposals, proposer=proposed)

    def _channels(self, detections: Detections) -> Tensor:
        """The class whose mask each detection takes, or `ANY_CLASS`: int64 D."""
        if self.trace.proposer is None:
            label: Tensor = detections.label
            return label
        return proposing.mask_channels(self._predictor.channels, detections.label)

    def _up_to_box_head(
        self, settings: StageSettings, explain: bool, watch: dict[str, float]
    ) -> Boxes:
        trace, start = self.trace, time.perf_counter()
        decoded, chosen = proposals.select(
            trace.decoded.boxes,
            trace.rpn,
            trace.anchors,
            trace.input.size,
            settings,
            explain=explain,
        )
        watch["proposals"] = _since(start)
        start = time.perf_counter()
        levels = roi.roi_levels(self._model.roi_heads.box_roi_pool, chosen.boxes)
        watch["roi_levels"] = _since(start)
        start = time.perf_counter()
        answer = roi.answer_pooled(self._model, self._pool(chosen), self._predictor.numerics)
        watch["box_head"] = _since(start)
        return replace(
            self._last,
            decoded=decoded,
            proposals=chosen,
            roi_levels=levels,
            box_head=answer,
        )

    @torch.inference_mode()
    def warm(self) -> None:
        """Pool the proposals of the trace, so that the first change of an RPN setting is quick."""
        if self.trace.proposer is None:
            self._pool(self.trace.proposals)

    def _pool(self, chosen: Proposals) -> Tensor:
        """Pooled features of proposals: R×C×7×7, computed only for anchors not seen before."""
        anchors = chosen.anchor_index.tolist()
        unseen = [row for row, anchor in enumerate(anchors) if anchor not in self._pooled]
        if unseen or not anchors:
            pool = self._model.roi_heads.box_roi_pool
            fresh = roi.pool_rois(pool, self._levels, [chosen.boxes[unseen]])
            if len(unseen) == len(anchors):
                self._keep_pooled(anchors, fresh)
                return fresh
            self._keep_pooled([anchors[row] for row in unseen], fresh)
        together = torch.stack([self._pooled[anchor] for anchor in anchors])
        while len(self._pooled) > max(POOLED_AT_MOST, len(anchors)):
            self._pooled.popitem(last=False)
        return together

    def _keep_pooled(self, anchors: list[int], pooled: Tensor) -> None:
        # A copy of its own for each RoI, so that dropping one frees its memory.
        for anchor, one in zip(anchors, pooled, strict=True):
            self._pooled[anchor] = one.clone()

    def _mask_logits(self, detections: Detections, rows: range | list[int]) -> Tensor:
        """Mask logits of some detections, n×K×28×28, computed only for boxes not seen before."""
        keys = self._keys(detections)
        unseen = [row for row in rows if keys[row] not in self._masks]
        for start in range(0, len(unseen), masks.MASKS_AT_ONCE):
            part = unseen[start : start + masks.MASKS_AT_ONCE]
            logits = masks.run_mask_head(
                self._model,
                self._levels,
                [detections.resized_boxes[part]],
                self._predictor.numerics,
            )
            self._masks.update(zip([keys[row] for row in part], logits, strict=True))
        if not len(rows):
            return self._all_mask_logits(detections)
        together = torch.stack([self._masks[keys[row]] for row in rows])
        while len(self._masks) > max(MASKS_AT_MOST, len(rows)):
            self._masks.popitem(last=False)
        return together

    def _all_mask_logits(self, detections: Detections) -> Tensor:
        """Mask logits of all detections, computed together as a full prediction does it."""
        known: Tensor | None = self.trace.mask_logits.logits
        if known is not None and self._keys(detections) == self._keys(self.trace.detections):
            return known
        found = masks.find_masks(
            self._model, self._levels, [detections], self._predictor.numerics, all_classes=True
        )[0]
        logits: Tensor | None = found.logits
        assert logits is not None  # all classes were asked for
        return logits

    def _keys(self, detections: Detections) -> list[_Key]:
        """What the mask logits of a detection depend on: its box. The label keeps keys apart."""
        boxes, labels = numpy_of(detections.resized_boxes), detections.label.tolist()
        return [(box.tobytes(), label) for box, label in zip(boxes, labels, strict=True)]

    def _as_trace(
        self, found: Boxes, mask: MaskLogits, polygons: Polygons, times: dict[str, float]
    ) -> Trace:
        return replace(
            self.trace,
            decoded=found.decoded,
            proposals=found.proposals,
            roi_levels=found.roi_levels,
            box_head=found.box_head,
            candidates=found.candidates,
            detections=found.detections,
            mask_logits=mask,
            polygons=polygons,
            settings=found.settings,
            milliseconds=times,
            proposer=found.proposer,
        )


def _same(one: StageSettings, other: StageSettings, names: tuple[str, ...]) -> bool:
    return not set(one.changed_from(other)) & set(names)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
