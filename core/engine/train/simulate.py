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
from core.learning.effort import Effort, effort
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_dataset
from core.learning.spec import RunSpec
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
    threshold: float
    """Suggestions with a lower score are not shown."""


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
    for number, item in enumerate(items):
        if number and number % what.every == 0:
            current, one = _train(what, items[:number], runs, len(rounds) + 1)
            rounds.append(one)
        never = _cost(base, item, what.threshold)
        loop = never if current is base else _cost(current, item, what.threshold)
        done.append(Labelled(item.file_name, len(rounds), loop, never))
        if on_image is not None:
            on_image(done[-1])
    return Curve(tuple(done), tuple(rounds), time.monotonic() - began)


def _cost(predictor: Predictor | None, item: DatasetItem, threshold: float) -> Effort:
    seen: Sequence[Instance] = ()
    if predictor is not None:
        seen = predictor.predict(read_image(item.image_path).pixels).instances
    shown = [one for one in seen if (one.score or 0.0) >= threshold]
    truths = [one for one in item.instances if not one.crowd]
    return effort(truths, shown, item.width, item.height)


def _train(
    what: Simulation, items: Sequence[DatasetItem], runs: Path, number: int
) -> tuple[Predictor, Round]:
    gathered = gather_dataset(replace(what.dataset, items=tuple(items)), share=what.spec.hold_out)
    run: RunFolder = create_run(runs / f"{number:03d}", what.spec, gathered)
    report = run_training(run)
    assert report is not None  # nobody stops this run
    loaded = load_file(run.model_file, backbone=what.spec.backbone)
    predictor = Predictor(loaded, device=what.spec.device, precision=what.spec.precision)
    return predictor, Round(len(items), report.steps, report.seconds)
