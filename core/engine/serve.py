"""What the engine does for each request. Importing this loads torch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from core.engine import models
from core.engine.files import OUT_OF_MEMORY
from core.engine.jobs import Job, JobStopped, is_memory_short, unexpected
from core.engine.precision import Precision, choose_device, deciding
from core.engine.predict import Prediction as Predicted
from core.engine.predict import PredictionCancelled, Predictor
from core.engine.proposers import detectors, registry
from core.engine.serve_compare import CompareAnswers
from core.engine.serve_lens import LensAnswers
from core.engine.serve_prompts import PromptAnswers
from core.engine.weights import load_model
from core.protocol import (
    Answer,
    Download,
    Downloaded,
    Failed,
    ListModels,
    LoadModel,
    ModelInfo,
    ModelLoaded,
    Models,
    Predict,
    Prediction,
    Priority,
    Progress,
    Request,
    Surest,
)
from core.protocol.messages.comparing import Compare, Compared
from core.protocol.messages.lens import DrawLens, JudgeLens, OpenLens, SetLens
from core.protocol.messages.lens_effect import AskEffect, MeasureLens
from core.protocol.messages.lens_training import TrainLens
from core.protocol.messages.prompts import Encode, Prompt
from core.sentences import MasklensError, Sentence, say
from core.storage.images import read_image

_NO_MODEL: Final = say("process.no_model", "No model is loaded yet.")

_TRIED_ON: Final = (24, 384, 3)
"""A strip: the bound on the longer side keeps a network from enlarging it to a whole image."""
_TRIED_BOXES: Final = 20

log = logging.getLogger(__name__)

Report = Callable[[str, int, int], None]
"""Says how far a request has come: step, done, total."""


class ServeError(MasklensError):
    """A request that cannot be met, with the reason."""


@dataclass(slots=True)
class Engine:
    """What lasts from one request to the next: the model in use, the images under the lens."""

    predictor: Predictor | None = None
    lens: LensAnswers = field(default_factory=LensAnswers)
    compared: CompareAnswers = field(default_factory=CompareAnswers)
    prompts: PromptAnswers = field(default_factory=PromptAnswers)
    threads: int = field(default_factory=torch.get_num_threads)
    """Threads while a person waits; background work leaves one core to the window."""
    undone: Iterator[None] | None = None
    """What is left of the work for which there is time when nobody waits."""

    def use_time(self) -> bool:
        """Do a piece of what is undone; whether something is left.

        The model in use stays as it is, so that it says the same of an image all the time.
        """
        if self.undone is None:
            return False
        try:
            next(self.undone)
        except StopIteration:
            self.undone = None
        except Exception:
            log.exception("it could not be found out which precision is faster")
            self.undone = None
        return self.undone is not None


@dataclass(frozen=True, slots=True)
class Reporting:
    """Says how far a request has come, and what of its answer is there already."""

    job: Job
    tell: Callable[[Answer], None]

    def __call__(self, step: str, done: int, total: int) -> None:
        """Raises JobStopped when the request was given up."""
        self.job.check()
        self.tell(Progress(self.job.request.id, step, done, total))


Handler = Callable[[Engine, Any, Job, Reporting], Answer]


def description() -> tuple[str, str]:
    """The best device of this machine and the version of torch."""
    return str(choose_device("auto")), str(torch.__version__)


def answer(engine: Engine, job: Job, tell: Callable[[Answer], None]) -> Answer:
    """Do what a request asks and return its final message; errors become `Failed`.

    Raises JobStopped when the job was given up or interrupted on the way.
    """
    request = job.request
    try:
        return HANDLERS[type(request)](engine, request, job, Reporting(job, tell))
    except (JobStopped, PredictionCancelled) as error:
        raise JobStopped from error
    except MasklensError as error:
        return Failed(request.id, error.sentence)
    except Exception as error:
        if is_memory_short(error):
            log.exception("out of memory in request %d", request.id)
            return Failed(request.id, OUT_OF_MEMORY)
        log.exception("request %d failed", request.id)
        return Failed(request.id, unexpected(error))


def _load(engine: Engine, request: LoadModel, job: Job, report: Report) -> ModelLoaded:
    """Load beside the model in use, try it on a small picture, then swap."""
    report("load", 0, 2)
    loaded = load_model(
        request.spec,
        arch=request.arch,
        backbone=request.backbone,
        proposer=request.proposer or None,
        proposer_arch=request.proposer_arch or None,
        tiles=request.tiles or None,
    )
    job.check()
    report("try", 1, 2)
    predictor = Predictor(
        loaded, device=request.device, precision=_precision(request), may_measure=False
    )
    _try_out(predictor, job)
    if request.try_on is not None:
        _try_on(predictor, Path(request.try_on), job)
    job.check()
    engine.predictor = predictor
    engine.undone = deciding(loaded) if predictor.undecided else None
    return ModelLoaded(
        request.id,
        spec=request.spec,
        name=loaded.name,
        revision=loaded.revision,
        labels=loaded.class_names,
        device=str(predictor.device),
        precision=predictor.precision,
        settings=loaded.config.settings,
        scores=loaded.scores,
        skeleton=loaded.config.skeleton,
        note=predictor.note,
    )


def _precision(request: LoadModel) -> Precision:
    for known in get_args(Precision):
        if request.precision == known:
            return cast(Precision, known)
    raise ServeError(
        say(
            "process.no_such_precision",
            "{name} is not a precision; use auto, float32, fast or bf16.",
            name=request.precision,
        )
    )


def _try_out(predictor: Predictor, job: Job) -> None:
    """One prediction on noise: a model that gives no finite numbers is not taken into use."""
    noise = np.random.default_rng(0).integers(0, 256, _TRIED_ON, dtype=np.uint8)
    own = predictor.loaded.config.settings
    few = own.with_(
        proposer_tiles=0,
        rpn_post_nms_top_n=min(own.rpn_post_nms_top_n, _TRIED_BOXES),
        detections_per_image=min(own.detections_per_image, _TRIED_BOXES),
    )
    _check_finite(predictor.predict(noise, few, cancelled=job.should_stop))


def _try_on(predictor: Predictor, image: Path, job: Job) -> None:
    """One prediction on an image with instances: a model that finds none is not taken into use."""
    tried = predictor.predict(read_image(image).pixels, cancelled=job.should_stop)
    _check_finite(tried)
    if not len(tried.boxes):
        raise ServeError(
            say(
                "process.model_finds_nothing",
                "It finds nothing at all in {image}.",
                image=image.name,
            )
        )


def _check_finite(tried: Predicted) -> None:
    if not (np.isfinite(tried.boxes).all() and np.isfinite(tried.scores).all()):
        raise ServeError(
            say(
                "process.model_not_finite",
                "The model gives numbers that are not finite, so it is not taken into use.",
            )
        )


def _predict(engine: Engine, request: Predict, job: Job, report: Reporting) -> Prediction:
    predictor = engine.predictor
    if predictor is None:
        raise ServeError(_NO_MODEL)

    def surest(first: Predicted) -> None:
        report.tell(_as_message(request, predictor, first, (), Surest))

    known = engine.prompts.predict(predictor, request, job, report, surest)
    if known is not None:
        return _as_message(request, predictor, *known)
    pixels, notes = _pixels(request)
    job.check()
    stages = len(predictor.stages)
    spare = 1 if request.priority is Priority.BATCH else 0
    torch.set_num_threads(max(1, engine.threads - spare))
    try:
        predicted = predictor.predict(
            pixels,
            request.settings,
            cancelled=job.should_stop,
            on_stage=lambda name, index: report(name, index, stages),
        )
    finally:
        torch.set_num_threads(engine.threads)
    return _as_message(request, predictor, predicted, notes)


def _pixels(request: Predict) -> tuple[NDArray[np.uint8], tuple[Sentence, ...]]:
    if request.path is None:
        assert request.pixels is not None
        return np.ascontiguousarray(request.pixels), ()
    image = read_image(Path(request.path))
    return image.pixels, image.notes


def _as_message(
    request: Predict,
    predictor: Predictor,
    predicted: Predicted,
    notes: tuple[Sentence, ...],
    kind: type[Prediction] = Prediction,
) -> Prediction:
    return kind(
        request.id,
        model=predictor.loaded.revision,
        width=predicted.width,
        height=predicted.height,
        instances=predicted.instances,
        boxes=predicted.boxes,
        labels=predicted.labels,
        scores=predicted.scores,
        milliseconds=tuple(predicted.ms.items()),
        notes=notes,
    )


def _list(engine: Engine, request: ListModels, job: Job, report: Report) -> Models:
    return Models(
        request.id,
        tuple(
            ModelInfo(one.name, one.summary, one.arch, one.classes, one.bytes, one.present)
            for one in models.list_models()
        ),
        registry.names(),
        detectors.ARCHES,
    )


def _download(engine: Engine, request: Download, job: Job, report: Report) -> Downloaded:
    models.download(
        request.name,
        lambda done, total: report("bytes", done, total),
        mirrors=request.mirrors,
        file=None if request.file is None else Path(request.file),
    )
    return Downloaded(request.id, request.name)


def _compare(engine: Engine, request: Compare, job: Job, report: Report) -> Compared:
    return engine.compared.compare(engine.predictor, request, job, report)


def _look(work: str) -> Handler:
    def look(engine: Engine, request: Request, job: Job, report: Report) -> Answer:
        if engine.predictor is None:
            raise ServeError(_NO_MODEL)
        answer: Answer = getattr(engine.lens, work)(engine.predictor, request, job, report)
        return answer

    return look


def _encode(engine: Engine, request: Encode, job: Job, report: Report) -> Answer:
    if engine.predictor is None:
        raise ServeError(_NO_MODEL)
    return engine.prompts.encode(engine.predictor, request, job, report)


def _prompt(engine: Engine, request: Prompt, job: Job, report: Report) -> Answer:
    if engine.predictor is None:
        raise ServeError(_NO_MODEL)
    return engine.prompts.prompt(engine.predictor, request, job, report)


HANDLERS: Final[Mapping[type[Request], Handler]] = MappingProxyType(
    {
        LoadModel: _load,
        Predict: _predict,
        ListModels: _list,
        Download: _download,
        Compare: _compare,
        OpenLens: _look("open"),
        SetLens: _look("set"),
        DrawLens: _look("draw"),
        JudgeLens: _look("judge"),
        TrainLens: _look("train"),
        MeasureLens: _look("measure"),
        AskEffect: _look("effect"),
        Encode: _encode,
        Prompt: _prompt,
    }
)
