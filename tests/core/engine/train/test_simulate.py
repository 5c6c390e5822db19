from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from core.engine.train import simulate as module
from core.engine.train.simulate import Simulation, simulate
from core.formats.dataset import Dataset, DatasetItem
from core.learning.curve import Round
from core.learning.spec import RunSpec
from tests.core.learning.making import SIDE, labelled_image, square

TRUE = square("t", 4, 4, 30)


class Unsure:
    """A model that finds everything and is not sure of it."""

    def __init__(self, score: float) -> None:
        self.score = score

    def predict(self, _pixels: object) -> SimpleNamespace:
        return SimpleNamespace(instances=(replace(TRUE, score=self.score),))


def run(tmp_path, monkeypatch, threshold):
    (tmp_path / "images").mkdir()
    items = []
    for number in range(4):
        image = labelled_image(tmp_path / "images", number)
        items.append(
            DatasetItem(image.path, (TRUE,), number, image.path.name, width=SIDE, height=SIDE)
        )
    dataset = Dataset(labels=("square",), items=tuple(items))
    trained = (Unsure(0.9), Round(2, 1, 0.0))
    monkeypatch.setattr(module, "_train", lambda *_: trained)
    what = Simulation(dataset, RunSpec(model="m", dataset="d"), 2, threshold)
    return simulate(what, Unsure(0.22), tmp_path / "runs").images


def test_the_threshold_follows_a_model_and_starts_anew_with_the_next(tmp_path, monkeypatch):
    images = run(tmp_path, monkeypatch, None)
    assert [one.threshold for one in images] == [0.5, 0.2, 0.5, 0.5]
    assert [one.rounds for one in images] == [0, 0, 1, 1]
    assert [one.loop.missing for one in images] == [1, 0, 0, 0]
    assert [one.never.missing for one in images] == [1, 0, 0, 0]


def test_a_fixed_threshold_stays(tmp_path, monkeypatch):
    images = run(tmp_path, monkeypatch, 0.3)
    assert [one.threshold for one in images] == [0.3] * 4
    assert [one.never.missing for one in images] == [1] * 4
