"""What the engine does for prompts: encodings are kept, boxes and points become outlines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance, Source, new_id
from core.engine.alike import answer_alike
from core.engine.encodings import Encoding, Encodings, ImageKey, encode, prediction_of
from core.engine.jobs import Job
from core.engine.pipeline import Watch
from core.engine.predict import Prediction as Predicted
from core.engine.predict import Predictor
from core.engine.prompt_points import answer_points
from core.engine.prompts import Drawn, answer_boxes
from core.engine.tightening import tighten
from core.protocol import Answer, Predict, Priority
from core.protocol.messages.prompts import (
    Encode,
    Encoded,
    ImageRequest,
    PixelsWanted,
    Prompt,
    Prompted,
    PromptKind,
)
from core.sentences import MasklensError, Sentence, say
from core.storage.images import read_image

Report = Callable[[str, int, int], None]

_OTHER_MODEL: Final = say(
    "prompts.other_model", "The model in use is another one than the prompt was meant for."
)


class PromptError(MasklensError):
    """A prompt that cannot be answered, with the reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answers to one prompt after the other, and which of each to show first (or -1)."""

    answers: Sequence[Sequence[Drawn]]
    first: Sequence[int]
    line: float = 0.0


class PromptAnswers:
    """Answers Encode and Prompt, and keeps the encodings."""

    def __init__(self) -> None:
        self.encodings = Encodings()

    def encode(self, predictor: Predictor, request: Encode, job: Job, report: Report) -> Encoded:
        """Encode an image unless it is kept. Raises ImageError, PredictionCancelled."""
        self.encodings.set_limit(request.keep_bytes)
        key = image_key(request)
        encoding = self.encodings.get(predictor, key)
        milliseconds: tuple[tuple[str, float], ...] = ()
        notes: tuple[Sentence, ...] = ()
        was_kept = encoding is not None
        if encoding is None:
            pixels = request.pixels
            if pixels is None:
                image = read_image(Path(request.path))
                pixels, notes = image.pixels, image.notes
            encoding = self._encode(predictor, key, pixels, job, report)
            milliseconds = tuple(encoding.milliseconds.items())
        height, width = encoding.prepared.image_size
        return Encoded(
            request.id,
            path=request.path,
            version=request.version,
            model=predictor.loaded.revision,
            width=width,
            height=height,
            was_kept=was_kept,
            milliseconds=milliseconds,
            notes=notes,
        )

    def prompt(self, predictor: Predictor, request: Prompt, job: Job, report: Report) -> Answer:
        """Answer a prompt, after encoding the image when need be.

        Raises ImageError, PromptError when another model is in use, PredictionCancelled.
        """
        if request.model and request.model != predictor.loaded.revision:
            raise PromptError(_OTHER_MODEL)
        self.encodings.set_limit(request.keep_bytes)
        key = image_key(request)
        encoding, milliseconds = self.encodings.get(predictor, key), 0.0
        if encoding is None:
            if request.version:
                return PixelsWanted(request.id, request.path, request.version)
            pixels = read_image(Path(request.path)).pixels
            encoding = self._encode(predictor, key, pixels, job, report)
            milliseconds = sum(encoding.milliseconds.values())
        job.check()
        start = time.perf_counter()
        found = answer(encoding, request)
        taken = (time.perf_counter() - start) * 1000
        return as_message(request, encoding, found, milliseconds, taken)

    def predict(
        self,
        predictor: Predictor,
        request: Predict,
        job: Job,
        report: Report,
        surest: Callable[[Predicted], None],
    ) -> tuple[Predicted, tuple[Sentence, ...]] | None:
        """The prediction for an image file under the model's own settings, and notes.

        From its encoding, which is made and kept unless the request is work over a folder: a
        person who sees suggestions will point at something next. None where there is no encoding
        to go by. Raises ImageError, PredictionCancelled.
        """
        if request.path is None or request.settings is not None:
            return None
        key = file_key(request.path)
        notes: tuple[Sentence, ...] = ()
        encoding = self.encodings.get(predictor, key)
        if encoding is None and request.priority is Priority.BATCH:
            return None
        if encoding is None:
            image = read_image(Path(request.path))
            notes = image.notes
            encoding = self._encode(predictor, key, image.pixels, job, report)
        watch = Watch(job.should_stop)
        watch.on_stage = lambda name, index: report(name, index, len(watch.stages))
        return prediction_of(encoding, watch, request.surest_from, surest), notes

    def _encode(
        self,
        predictor: Predictor,
        key: ImageKey,
        pixels: NDArray[np.uint8],
        job: Job,
        report: Report,
    ) -> Encoding:
        job.check()
        watch = Watch(job.should_stop)
        watch.on_stage = lambda name, index: report(name, index, len(watch.stages))
        encoding = encode(predictor, np.ascontiguousarray(pixels), watch)
        self.encodings.keep(key, encoding)
        return encoding


def image_key(request: ImageRequest) -> ImageKey:
    """Which image a request is about, and which version of it."""
    if request.version:
        return ImageKey(request.path, request.version)
    return file_key(request.path)


def file_key(path: str) -> ImageKey:
    """The file as it is now."""
    try:
        state = Path(path).stat()
    except OSError:
        return ImageKey(path, "")  # reading it will say what is wrong
    return ImageKey(path, f"file {state.st_mtime_ns} {state.st_size}")


def answer(encoding: Encoding, request: Prompt) -> Found:
    """The outlines for a prompt."""
    if request.kind is PromptKind.POINTS:
        present = request.present[0].polygons if request.present else ()
        found, first = answer_points(
            encoding, request.points, request.inside, request.detail, request.most, present
        )
        return Found([found], [first])
    if request.kind is PromptKind.TIGHTEN:
        tight = [tighten(encoding, one, request.detail) for one in request.present]
        return Found([[one] for one in tight], [0] * len(tight))
    if request.kind is PromptKind.ALIKE:
        alike, line = answer_alike(
            encoding,
            request.present,
            request.turned_down,
            request.there,
            request.detail,
            request.most,
            request.line,
        )
        return Found([alike], [0 if alike else -1], line)
    drawn = answer_boxes(encoding, request.boxes, request.detail, request.most)
    return Found(drawn, [0 if each else -1 for each in drawn])


def as_message(
    request: Prompt, encoding: Encoding, found: Found, encode_ms: float, prompt_ms: float
) -> Prompted:
    """The answers as they travel, row after row."""
    rows = [(place, one) for place, each in enumerate(found.answers) for one in each]
    before = np.cumsum([0, *(len(each) for each in found.answers)])
    height, width = encoding.prepared.image_size
    model = encoding.predictor.loaded.revision
    boxes = [one.box for _, one in rows]
    return Prompted(
        request.id,
        kind=request.kind,
        path=request.path,
        version=request.version,
        model=model,
        width=width,
        height=height,
        instances=tuple(as_instance(one, model) for _, one in rows),
        prompt=np.array([place for place, _ in rows], np.int64),
        origin=tuple(one.origin for _, one in rows),
        steadiness=np.array([one.steadiness for _, one in rows], np.float32),
        likeness=np.array([one.likeness for _, one in rows], np.float32),
        boxes=np.stack(boxes) if boxes else np.zeros((0, 4), np.float32),
        first=np.array(
            [-1 if k < 0 else before[place] + k for place, k in enumerate(found.first)], np.int64
        ),
        line=found.line,
        encode_milliseconds=encode_ms,
        prompt_milliseconds=prompt_ms,
    )


def as_instance(one: Drawn, model: str) -> Instance:
    """An answer as the instance that a person may keep."""
    score = None if one.score is None else min(max(one.score, 0.0), 1.0)
    return Instance(new_id(), one.label, one.polygons, Source.PROMPTED, score, model)
