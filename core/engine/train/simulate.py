"""A careful person who labels a data set image by image; the model is trained on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.document.instance import Instance
from core.engine.predict import Predictor
from core.engine.train.session import run_training
from core.engine.weights import load_file
from core.formats.dataset import Dataset, DatasetItem
from core.learning.curve import Curve, Labelled, Round
from core.learning.effort import Effort, Match, match
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_dataset
from core.learning.reach import reach_of
from core.learning.spec import RunSpec
from core.learning.threshold import next_threshold
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
    mine, others = _Person(what.threshold), _Person(what.threshold)
    for number, item in enumerate(items):
        if number and number % what.every == 0:
            current, one = _train(what, items[:number], runs, len(rounds) + 1)
            rounds.append(one)
            mine.new_model()
        never = _match(base, item)
        loop = never if current is base else _match(current, item)
        threshold = mine.threshold
        done.append(
            Labelled(item.file_name, len(rounds), mine.label(loop), others.label(never), threshold)
        )
        if on_image is not None:
            on_image(done[-1])
    return Curve(tuple(done), tuple(rounds), time.monotonic() - began)


class _Person:
    """Somebody who labels image by image, and where the threshold stands meanwhile."""

    def __init__(self, fixed: float | None) -> None:
        self._fixed = fixed
        self._seen: list[Match] = []

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


def _match(predictor: Predictor | None, item: DatasetItem) -> Match:
    """All that the model suggests for an image, however unsure."""
    seen: Sequence[Instance] = ()
    if predictor is not None:
        seen = predictor.predict(read_image(item.image_path).pixels).instances
    truths = [one for one in item.instances if not one.crowd]
    return match(truths, seen, item.width, item.height)


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
