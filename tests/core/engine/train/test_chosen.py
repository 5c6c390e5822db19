"""Which weights of a run are kept: those that do best at what the network was taught."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.document.skeleton import Skeleton
from core.engine.evaluate import Evaluation, Figures, Matching
from core.engine.train import learning
from core.engine.train.checkpoint import Best
from core.engine.train.measuring import Measurement, judged
from core.learning.events import Validated
from core.learning.report import Kind
from tests.core.engine.networks import SMALL

BOXES = replace(SMALL, mask_outputs="none")
POINTS = replace(BOXES, skeleton=Skeleton(("head", "foot")))


def figures(ap: float) -> Figures:
    return Figures(ap, ap, ap, ap)


def evaluation(box: float, mask: float, points: float | None = None) -> Evaluation:
    keypoints = None if points is None else figures(points)
    return Evaluation(figures(box), figures(mask), 1, 1, 0, Matching.BY_LABEL, (), keypoints)


@pytest.mark.parametrize(
    ("config", "points", "kind"),
    [
        (SMALL, None, Kind.MASK),
        (SMALL, 0.3, Kind.MASK),
        (BOXES, None, Kind.BOX),
        (POINTS, 0.3, Kind.KEYPOINTS),
        (POINTS, None, Kind.BOX),  # where the held-out labels have none
    ],
)
def test_a_network_is_judged_by_what_it_was_taught(config: Any, points: Any, kind: Kind) -> None:
    done = evaluation(0.2, 0.1, points)
    assert judged(config, done) == (kind, getattr(done, kind))


def test_boxes_that_stand_for_masks_do_not_choose_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network of boxes grows better at boxes while those fit the masks less and less."""
    told: list[Validated] = []
    loaded = SimpleNamespace(config=BOXES)
    run: Any = SimpleNamespace(
        _ready=SimpleNamespace(
            labels=SimpleNamespace(numbers=lambda **_: [0], read=lambda _: None),
        ),
        _teller=SimpleNamespace(tell=told.append, note=None, check_cancelled=None),
        trainer=SimpleNamespace(
            step=0, averaged=lambda _: nullcontext(loaded), weights=lambda: {"w": torch.ones(1)}
        ),
        best=Best(),
        _predictor=lambda _: None,
    )
    for step, (box, mask) in enumerate([(0.2, 0.3), (0.5, 0.1), (0.4, 0.4)], start=1):
        done = Measurement(evaluation(box, mask))
        monkeypatch.setattr(learning, "measure", lambda *_, done=done, **__: done)
        run.trainer.step = step
        learning.Learning.consider(run, averaged=True)
    assert (run.best.step, run.best.ap) == (2, 0.5)
    assert [one.kept for one in told] == [True, True, False]
    assert told[1].figures == {Kind.BOX: 0.5}
