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
from core.document.runs import RunLength
from core.engine.lens_kept import BoxKey, KeptReads, agree, at_rows, keypoints_of, keys_of
from core.engine.paste import run_length
from core.engine.predict import Predictor
from core.engine.proposers import stage as proposing
from core.engine.stages import features, masks, proposals, roi
from core.engine.stages.inputs import Batch
from core.engine.stages.pooling import level_of
from core.lens.outline import outline
from core.lens.reading import Reading, read
from core.lens.settings import (
    ANCHOR_SETTINGS,
    POOL_SETTINGS,
    PROPOSER_SETTINGS,
    PYRAMID_SETTINGS,
    RPN_SETTINGS,
    StageSettings,
)
from core.lens.trace import (
    Anchors,
    BoxHead,
    Candidates,
    Decoded,
    Detections,
    KeypointMaps,
    MaskLogits,
    Polygons,
    Proposals,
    Proposed,
    Pyramid,
    RoiLevels,
    Rpn,
    Trace,
    numpy_of,
)
from core.lru import Lru

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
    pyramid: Pyramid
    anchors: Anchors
    rpn: Rpn
    proposer: Proposed | None = None


_Drawn = tuple[int, str, str, float]


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
        self._kept = KeptReads(predictor, trace)
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
            trace.pyramid,
            trace.anchors,
            trace.rpn,
            trace.proposer,
        )
        self._refined: tuple[BoxHead, roi.Refined] | None = None
        self._traced: OrderedDict[tuple[BoxKey, _Drawn], Outline] = OrderedDict()
        logits = trace.mask_logits.logits
        for row, key in enumerate(keys_of(trace.detections)):
            if logits is not None:
                self._traced[key, self._drawn(trace.settings)] = trace.polygons.outlines[row]

    @property
    def levels(self) -> features.Maps:
        """P2 to P5 as RoIs are pooled from them."""
        return self._kept.levels

    @torch.inference_mode()
    def boxes(self, settings: StageSettings, *, explain: bool = True) -> Boxes:
        """All stages up to the detections; masks not yet.

        `explain` also looks up who suppressed whom.
        """
        watch: dict[str, float] = {}
        settings, last = features.fitted(self._model, settings), self._last
        self._kept.follow(settings)
        if last.proposer is not None:
            same = agree(last.settings, settings, PROPOSER_SETTINGS)
            found = last if same else self._propose(settings, watch)
        else:
            same = agree(last.settings, settings, (*RPN_SETTINGS, *POOL_SETTINGS)) and (
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
        self._kept.follow(found.settings)
        if quick:
            logits = self._kept.mask_logits(found.detections, range(len(found.detections.label)))
        else:
            logits = self._kept.all_mask_logits(found.detections)
        channel = self._channels(found.detections)
        own = masks.probabilities_of(logits, channel, found.settings)
        pool = self._model.roi_heads.mask_roi_pool
        level = level_of(pool, found.detections.resized_boxes, found.settings)
        mask = MaskLogits(level, logits, own, None if found.proposer is None else channel)
        taken = _since(start)
        start = time.perf_counter()
        led = self._kept.led(own, found.detections, found.settings, anew=not quick)
        polygons = self._outlines(mask, found, led, quick=quick)
        times = {**self.trace.milliseconds, **found.milliseconds}
        times |= {"mask_logits": taken, "polygons": _since(start)}
        return replace(
            self._as_trace(found, mask, polygons, times),
            keypoints=keypoints_of(
                self._predictor, self.trace, self._kept.levels, found.detections, found.settings
            ),
        )

    @torch.inference_mode()
    def pyramid_step(self, level: int, step: str) -> Tensor:
        """A map C×H×W of the pyramid on its way: `lateral` or `sum`, 0 for P2.

        Raises IndexError when there is no such map or step.
        """
        maps = self.trace.backbone.maps
        if step not in ("lateral", "sum") or not 0 <= level < len(maps):
            raise IndexError(step)
        return features.pyramid_step(self._model, maps, level, step == "sum")

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
            found = read(self.trace, run_length)
        else:
            found = self._lazy_reading(self.boxes(settings))
        self._readings[settings] = found
        return found

    def without_masks(self, found: Boxes) -> Trace:
        """The trace that ends with the detections."""
        boxes = found.detections.resized_boxes
        empty = MaskLogits(found.detections.label[:0], None, boxes.new_zeros((0, 28, 28)))
        none = self.trace.keypoints and KeypointMaps(boxes.new_zeros((0, 0, 3)), None)
        trace = self._as_trace(found, empty, Polygons(()), found.milliseconds)
        return replace(trace, keypoints=none)

    def _lazy_reading(self, found: Boxes) -> Reading:
        trace = self.without_masks(found)
        known: dict[tuple[int, float], RunLength] = {}
        channels = self._channels(found.detections)

        @torch.inference_mode()
        def look(detection: int, threshold: float) -> RunLength:
            if (detection, threshold) not in known:
                self._kept.follow(found.settings)
                part = channels[detection : detection + 1]
                logits = self._kept.mask_logits(found.detections, [detection])
                likely = masks.probabilities_of(logits, part, found.settings)
                one = at_rows(found.detections, [detection])
                led = self._kept.led(likely, one, found.settings)
                likely, places = led or (likely, one.boxes)
                known[detection, threshold] = run_length(
                    numpy_of(likely)[0],
                    numpy_of(places)[0],
                    self.trace.input.image_size,
                    threshold,
                )
            return known[detection, threshold]

        return replace(read(trace, run_length), mask=look)

    def _outlines(
        self, mask: MaskLogits, found: Boxes, led: masks.Led | None, *, quick: bool
    ) -> Polygons:
        """The outline of each detection; `quick` takes those of known boxes from before."""
        if not quick:
            size = self.trace.input.image_size
            return masks.outlined(mask.probabilities, found.detections, size, found.settings, led)
        values, places = map(numpy_of, led or (mask.probabilities, found.detections.boxes))
        drawn = self._drawn(found.settings)
        keys = [(key, drawn) for key in keys_of(found.detections)]
        for row, key in enumerate(keys):
            if key not in self._traced:
                self._traced[key] = outline(
                    values[row], places[row], self.trace.input.image_size, found.settings.mask
                )
            self._traced.move_to_end(key)
        together = tuple(self._traced[key] for key in keys)
        while len(self._traced) > max(OUTLINES_AT_MOST, len(keys)):
            self._traced.popitem(last=False)
        return Polygons(together, *(led or (None, None)))

    def _drawn(self, settings: StageSettings) -> _Drawn:
        """What an outline depends on beside the box."""
        choices = settings.mask_activation, settings.mask_colours
        return (self._kept.version, *choices, settings.mask)

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
        proposer = self._predictor.proposer
        if proposer is None or self._pixels is None:
            raise ValueError("the proposer cannot look again without the pixels")
        start = time.perf_counter()
        pixels = torch.from_numpy(np.array(self._pixels)).to(self._predictor.device)
        image = pixels.permute(2, 0, 1)
        proposed = proposing.propose(proposer, image, settings, explain=True)
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
        before = self._up_to_rpn(settings, watch)
        start = time.perf_counter()
        decoded, chosen = proposals.select(
            before.decoded.boxes,
            before.rpn,
            before.anchors,
            self.trace.input.size,
            settings,
            explain=explain,
        )
        watch["proposals"] = _since(start)
        start = time.perf_counter()
        levels = roi.roi_levels(self._model.roi_heads.box_roi_pool, chosen.boxes, settings)
        watch["roi_levels"] = _since(start)
        start = time.perf_counter()
        answer = roi.answer_pooled(self._model, self._kept.pool(chosen), self._predictor.numerics)
        watch["box_head"] = _since(start)
        return replace(
            before,
            decoded=decoded,
            proposals=chosen,
            roi_levels=levels,
            box_head=answer,
        )

    def _up_to_rpn(self, settings: StageSettings, watch: dict[str, float]) -> Boxes:
        """Pyramid, anchors and decoded boxes: as they were, unless their settings are others."""
        last, trace = self._last, self.trace
        if agree(last.settings, settings, (*PYRAMID_SETTINGS, *ANCHOR_SETTINGS)):
            return last
        if agree(trace.settings, settings, (*PYRAMID_SETTINGS, *ANCHOR_SETTINGS)):
            return replace(
                last,
                pyramid=trace.pyramid,
                anchors=trace.anchors,
                rpn=trace.rpn,
                decoded=trace.decoded,
            )
        start = time.perf_counter()
        numerics, levels = self._predictor.numerics, self._kept.pyramid(settings)
        watch["pyramid"] = _since(start)
        start = time.perf_counter()
        given = trace.input
        batch = Batch(given.tensor[None], (given.size,), (given.image_size,))
        anchors = features.make_anchors(self._model, batch, levels, settings)
        watch["anchors"] = _since(start)
        start = time.perf_counter()
        rpn = features.split_rpn(features.run_rpn(self._model, levels, numerics), 1)[0]
        watch["rpn"] = _since(start)
        start = time.perf_counter()
        boxes = proposals.decode(self._model, rpn, anchors)
        watch["decoded"] = _since(start)
        return replace(
            last,
            pyramid=features.pyramid_of(levels, 0),
            anchors=anchors,
            rpn=rpn,
            decoded=Decoded(boxes, last.decoded.fate, None),
        )

    @torch.inference_mode()
    def warm(self) -> None:
        """Pool the proposals of the trace, so that the first change of an RPN setting is quick."""
        if self.trace.proposer is None:
            self._kept.pool(self.trace.proposals)

    def _as_trace(
        self, found: Boxes, mask: MaskLogits, polygons: Polygons, times: dict[str, float]
    ) -> Trace:
        return replace(
            self.trace,
            pyramid=found.pyramid,
            anchors=found.anchors,
            rpn=found.rpn,
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


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
