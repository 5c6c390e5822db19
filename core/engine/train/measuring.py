"""Measuring a model on the held-out images of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.engine.config import ModelConfig
from core.engine.evaluate import MAX_DETECTIONS, Evaluation, Evaluator, Figures
from core.engine.files import MemoryShortError, predict_file
from core.engine.predict import Predictor
from core.engine.train.changes import Found, find
from core.learning.frozen import FrozenImage
from core.learning.report import Kind
from core.learning.seen import SeenWriter
from core.sentences import Sentence
from core.storage.images import ImageError

OnProblem = Callable[[Sentence], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Figures of a model on some images; `evaluation` is None when they hold no instance."""

    evaluation: Evaluation | None
    parts: dict[str, dict[str, dict[str, dict[str, float]]]] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    """What was found in each image, by its key; the outlines are in the file of the run."""

    def to_json(self) -> dict[str, object] | None:
        """The figures as `evaluate` prints them."""
        return None if self.evaluation is None else self.evaluation.to_json()

    def in_full(self) -> dict[str, object] | None:
        """The figures, and those by label and by size."""
        plain = self.to_json()
        return None if plain is None else {**plain, **self.parts}


def judged(config: ModelConfig, evaluation: Evaluation) -> tuple[Kind, Figures]:
    """By which figures the weights of a network are chosen: those of what it was taught.

    A network without masks gives whole boxes as such, and to fit those says nothing of it.
    """
    if config.draws_masks:
        return Kind.MASK, evaluation.mask
    if evaluation.keypoints is not None:
        return Kind.KEYPOINTS, evaluation.keypoints
    return Kind.BOX, evaluation.box


def measure(
    predictor: Predictor,
    images: Iterable[FrozenImage],
    on_problem: OnProblem,
    *,
    interrupted: Callable[[], None] = lambda: None,
) -> Measurement:
    """Predict each image and compare.

    Images that cannot be read are named to `on_problem` and left out. `interrupted` is called
    between images and may raise.
    """
    return _measure(predictor, images, on_problem, None, interrupted)


def measure_closely(
    predictor: Predictor,
    images: Iterable[FrozenImage],
    on_problem: OnProblem,
    seen: Path,
    *,
    interrupted: Callable[[], None] = lambda: None,
) -> Measurement:
    """Also tell what was found in each image; the outlines go into the file `seen`.

    Raises StorageError when that cannot be written.
    """
    with SeenWriter(seen) as writer:
        return _measure(predictor, images, on_problem, writer, interrupted)


def _measure(
    predictor: Predictor,
    images: Iterable[FrozenImage],
    on_problem: OnProblem,
    seen: SeenWriter | None,
    interrupted: Callable[[], None],
) -> Measurement:
    config = predictor.loaded.config
    settings = config.settings.with_(detections_per_image=MAX_DETECTIONS)
    evaluator = Evaluator(config.class_names, settings.mask, config.skeleton)
    found: dict[str, Found] = {}
    for image in images:
        interrupted()
        try:
            prediction, _ = predict_file(predictor, image.path, settings)
        except (ImageError, MemoryShortError) as error:
            on_problem(error.sentence)
            continue
        evaluator.add(image.instances, prediction, image.regions)
        if seen is not None:
            known = {one.label for one in image.objects} <= set(config.class_names)
            here = find(image, prediction, settings.mask, known)
            seen.add(image.key, here.seen)
            found[image.key] = replace(here, seen=())
    if not evaluator.instances:
        return Measurement(None, {}, found)
    parts = {} if seen is None else evaluator.breakdown()
    return Measurement(evaluator.evaluate(), parts, found)
