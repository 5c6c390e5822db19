"""A careful person who labels a data set image by image; the model is trained on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.document.instance import Instance
from core.engine.encodings import encode, prediction_of
from core.engine.helping import EngineHelper
from core.engine.predict import Predictor
from core.engine.train.session import run_training
from core.engine.weights import load_file
from core.formats.dataset import Dataset, DatasetItem
from core.learning.assist import Assisted, AssistedImage
from core.learning.curve import Curve, Labelled, Round
from core.learning.effort import Effort, Match, match
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_dataset
from core.learning.reach import reach_of
from core.learning.spec import RunSpec
from core.learning.threshold import Costing, next_threshold
from core.storage.images import read_image

OnImage = Callable[[Labelled], None]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated."""

    dataset: Dataset
    """The images in the order in which they are labelled."""
    spec: RunSpec
    """How the model is trained, each time from the same base on all images so far."""
    every: int
    """Images between two trainings."""
    threshold: float | None
    """Suggestions with a lower score are not shown; None lets the person move the threshold to
    where it would have been best on the images that the model has suggested for so far."""
    assist: bool = False
    """Whether the person has strokes, boxes, clicks and sweeps (`core.learning.assist`)."""


def simulate(
    what: Simulation, base: Predictor | None, runs: Path, on_image: OnImage | None = None
) -> Curve:
    """Label all images; the runs are left in `runs`.

    Without a base, as for a new network, nothing is suggested until the first training. Raises
    MasklensError when a run cannot be carried out.
    """
    began = time.monotonic()
    current, rounds, done = base, list[Round](), list[Labelled]()
    items = what.dataset.items
    mine, others, helper = (_Person(what.threshold) for _ in range(3))
    for number, item in enumerate(items):
        if number and number % what.every == 0:
            current, one = _train(what, items[:number], runs, len(rounds) + 1)
            rounds.append(one)
            mine.new_model()
            helper.new_model()
        helped = _assisted(current, item, what.spec.seed) if what.assist else None
        never = helped.match if helped and current is base else _match(base, item)
        assisted = None
        if helped is not None:
            loop, shown_from = helped.match, helper.threshold
            assisted = helper.label_assisted(helped)
        else:
            loop = never if current is base else _match(current, item)
            shown_from = mine.threshold
        done.append(
            Labelled(
                item.file_name,
                len(rounds),
                mine.label(loop),
                others.label(never),
                shown_from,
                assisted,
            )
        )
        if on_image is not None:
            on_image(done[-1])
    return Curve(tuple(done), tuple(rounds), time.monotonic() - began)


class _Person:
    """Somebody who labels image by image, and where the threshold stands meanwhile."""

    def __init__(self, fixed: float | None) -> None:
        self._fixed = fixed
        self._seen: list[Costing] = []

    @property
    def threshold(self) -> float:
        """The lowest score that is shown in the next image."""
        return next_threshold(self._seen) if self._fixed is None else self._fixed

    def new_model(self) -> None:
        """Start anew: the scores of one model say little about those of another."""
        self._seen.clear()

    def label(self, suggested: Match) -> Effort:
        """What the image costs."""
        cost = suggested.effort(self.threshold)
        self._seen.append(suggested)
        return cost

    def label_assisted(self, image: AssistedImage) -> Assisted:
        """What the image costs with the tools."""
        cost = image.label(self.threshold)
        self._seen.append(image)
        return cost


def _match(predictor: Predictor | None, item: DatasetItem) -> Match:
    """All that the model suggests for an image, however unsure."""
    seen: Sequence[Instance] = ()
    if predictor is not None:
        seen = predictor.predict(read_image(item.image_path).pixels).instances
    truths = [one for one in item.instances if not one.crowd]
    return match(truths, seen, item.width, item.height)


def _assisted(predictor: Predictor | None, item: DatasetItem, seed: int) -> AssistedImage:
    """The image as somebody with the tools has it before them."""
    truths = [one for one in item.instances if not one.crowd]
    size = (item.width, item.height)
    if predictor is None:
        return AssistedImage(truths, (), size, None, item.file_name, seed)
    encoding = encode(predictor, read_image(item.image_path).pixels)
    seen = prediction_of(encoding).instances
    return AssistedImage(truths, seen, size, EngineHelper(encoding), item.file_name, seed)


def _train(
    what: Simulation, items: Sequence[DatasetItem], runs: Path, number: int
) -> tuple[Predictor, Round]:
    gathered = gather_dataset(replace(what.dataset, items=tuple(items)), share=what.spec.hold_out)
    run: RunFolder = create_run(runs / f"{number:03d}", what.spec, gathered)
    report = run_training(run, allowed=reach_of(run, what.spec))
    assert report is not None  # nobody stops this run
    loaded = load_file(run.model_file, backbone=what.spec.backbone)
    predictor = Predictor(loaded, device=what.spec.device, precision=what.spec.precision)
    return predictor, Round(len(items), report.steps, report.seconds)
