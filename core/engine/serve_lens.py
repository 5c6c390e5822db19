"""What the engine does for the lens: traced images on a shelf, tables, pictures, verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from core.engine import lens_effect
from core.engine.jobs import Job
from core.engine.lens_rerun import Rerunner
from core.engine.lens_training import replay
from core.engine.predict import Predictor
from core.engine.stages.masks import answers
from core.lens import pictures
from core.lens.hollow import without_fixed, without_maps
from core.lens.pictures import PictureKind
from core.lens.report import report as judged
from core.lens.settings import StageSettings
from core.lens.trace import Trace, numpy_of
from core.lru import Lru
from core.protocol.messages.lens import (
    DrawLens,
    JudgeLens,
    LensDrawn,
    LensJudged,
    LensOpened,
    LensRequest,
    LensSet,
    OpenLens,
    SetLens,
)
from core.protocol.messages.lens_effect import AskEffect, LensCounted, LensEffect, MeasureLens
from core.protocol.messages.lens_training import LensTrained, TrainLens
from core.sentences import MasklensError, say
from core.storage.images import read_image

Report = Callable[[str, int, int], None]
KEPT_AT_MOST: Final = 4
KEPT_BYTES: Final = 1 << 30
"""Memory for the maps of traced images; the newest is kept whatever its size."""
_Key = tuple[str, int, int]


class LensError(MasklensError):
    """A question about the lens that has no answer."""


class Shelf:
    """The images traced last with one model; not safe to share between threads."""

    def __init__(self) -> None:
        self._predictor: Predictor | None = None
        self._kept: Lru[_Key, Rerunner] = Lru(KEPT_BYTES, _cost)

    def get(
        self, predictor: Predictor, path: str, job: Job, report: Report, *, keep: bool = True
    ) -> Rerunner:
        """The traced image; traced now when it is not kept, or its file has changed.

        Raises ImageError when it cannot be read, PredictionCancelled when the job shall stop.
        """
        if predictor is not self._predictor:
            self._kept.clear()
            self._predictor = predictor
        key = _key(path)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        image = read_image(Path(path))
        job.check()
        trace = predictor.predict(
            image.pixels,
            keep_trace=True,
            cancelled=job.should_stop,
            on_stage=lambda name, index: report(name, index, len(predictor.stages)),
        ).trace
        assert trace is not None
        found = Rerunner(predictor, trace, image.pixels)
        if keep:
            self._kept[key] = found
        return found


def _cost(kept: Rerunner) -> int:
    """Its bytes, or the share of a small one of which there can be `KEPT_AT_MOST`."""
    return max(_bytes(kept.trace), KEPT_BYTES // KEPT_AT_MOST)


def _key(path: str) -> _Key:
    try:
        state = Path(path).stat()
    except OSError:
        return path, 0, 0  # reading it will say what is wrong
    return path, state.st_mtime_ns, state.st_size


def _bytes(trace: Trace) -> int:
    maps: tuple[Tensor, ...] = (*trace.backbone.maps, *trace.pyramid.maps)
    logits = trace.mask_logits.logits
    return sum(each.nbytes for each in maps) + (0 if logits is None else logits.nbytes)


class LensAnswers:
    """Answers the requests of the lens."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._effect: lens_effect.Effect | None = None

    def open(self, predictor: Predictor, request: OpenLens, job: Job, report: Report) -> LensOpened:
        """Trace an image and send its tables."""
        traced = self._shelf.get(predictor, request.path, job, report)
        config = predictor.loaded.config
        rules = config.training
        matching = (rules.rpn_foreground_iou, rules.rpn_background_iou)
        trace = without_maps(_under(traced, request))
        idle = tuple(config.idle_settings(proposed=traced.trace.proposer is not None))
        return LensOpened(request.id, trace, config.settings, matching, idle)

    def set(self, predictor: Predictor, request: SetLens, job: Job, report: Report) -> LensSet:
        """Run again what follows from the settings."""
        traced = self._shelf.get(predictor, request.path, job, report)
        if request.masks:
            trace = _under(traced, request)
        else:
            trace = traced.without_masks(traced.boxes(_settings(traced, request)))
        return LensSet(request.id, without_fixed(trace), request.masks)

    def draw(self, predictor: Predictor, request: DrawLens, job: Job, report: Report) -> LensDrawn:
        """Draw a map, the input or mask logits. Raises LensError when there is no such thing."""
        traced = self._shelf.get(predictor, request.path, job, report)
        try:
            return LensDrawn(request.id, _draw(predictor, traced, request))
        except IndexError as error:
            raise LensError(
                say("lens.nothing_to_draw", "There is no such map or detection in this image.")
            ) from error

    def judge(
        self, predictor: Predictor, request: JudgeLens, job: Job, report: Report
    ) -> LensJudged:
        """Say what became of instances, settings tried for real."""
        traced = self._shelf.get(predictor, request.path, job, report, keep=request.keep)
        found = judged(
            traced.reading(_settings(traced, request)),
            request.instances,
            traced.reading,
            lambda done, total: report("judge", done, total),
            request.only,
        )
        return LensJudged(request.id, found)

    def measure(
        self, predictor: Predictor, request: MeasureLens, job: Job, report: Report
    ) -> LensCounted:
        """Count an image in, under the model's own settings and under others."""
        traced = self._shelf.get(predictor, request.path, job, report, keep=False)
        known = self._effect
        if known is None or (known.measuring, known.predictor) != (request.measuring, predictor):
            settings = _settings(traced, request)
            known = self._effect = lens_effect.Effect(request.measuring, predictor, settings)
        known.add(traced, request.instances, job.check)
        return LensCounted(request.id)

    def effect(
        self, predictor: Predictor, request: AskEffect, job: Job, report: Report
    ) -> LensEffect:
        """The figures over what was counted in. Raises EffectError."""
        known = lens_effect.of(self._effect, request.measuring, predictor, request.images)
        self._effect = None
        return LensEffect(request.id, known.images, known.instances, known.rows())

    def train(
        self, predictor: Predictor, request: TrainLens, job: Job, report: Report
    ) -> LensTrained:
        """Replay a training step with a person's instances."""
        traced = self._shelf.get(predictor, request.path, job, report)
        report("train", 0, 0)
        view = replay(predictor, traced, request.instances, request.seed, check=job.check)
        return LensTrained(request.id, view)


def _settings(traced: Rerunner, request: LensRequest) -> StageSettings:
    return request.settings or traced.trace.settings


def _under(traced: Rerunner, request: LensRequest) -> Trace:
    settings = _settings(traced, request)
    return traced.trace if settings == traced.trace.settings else traced.quick(settings)


@torch.inference_mode()
def _draw(predictor: Predictor, traced: Rerunner, request: DrawLens) -> pictures.Picture:
    trace, config = traced.trace, predictor.loaded.config
    prepared = trace.input
    if request.kind is PictureKind.INPUT:
        plain = type(prepared)(numpy_of(prepared.tensor), prepared.size, prepared.image_size)
        return pictures.network_view(plain, config.image_mean, config.image_std)
    if request.kind is PictureKind.MASK:
        found = _under(traced, request)
        logits = found.mask_logits.logits
        if logits is None or not 0 <= request.detection < len(logits):
            raise IndexError(request.detection)
        box = numpy_of(found.detections.boxes[request.detection])
        one = slice(request.detection, request.detection + 1)
        channel = found.mask_logits.channel
        wanted = torch.tensor([request.label]) if channel is None else channel[one]
        return pictures.mask_logits(numpy_of(answers(logits[one], wanted)[0]), box)
    if request.kind is PictureKind.KEYPOINT:
        pointed = _under(traced, request)
        heat = pointed.keypoints
        if heat is None or heat.logits is None or request.detection >= len(heat.logits):
            raise IndexError(request.detection)
        maps_of_one = numpy_of(heat.logits[request.detection])
        box = numpy_of(pointed.detections.boxes[request.detection])
        return pictures.keypoint_maps(maps_of_one, box)
    maps = (*trace.backbone.maps, *_under(traced, request).pyramid.maps)
    values = numpy_of(maps[request.level])
    if request.step:
        level = request.level - len(trace.backbone.maps)
        values = numpy_of(traced.pyramid_step(level, request.step))
    if request.kind is PictureKind.CHANNEL:
        return pictures.feature_channel(values, request.channel, prepared)
    if request.kind is PictureKind.COMPONENTS:
        return pictures.feature_components(values, prepared)
    return pictures.feature_norm(values, prepared)
