"""What settings do to AP equals what evaluating twice says, and is told of whole folders alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance
from core.engine.evaluate import Evaluator
from core.engine.jobs import Job, JobStopped
from core.engine.lens_effect import EffectError
from core.engine.predict import Predictor
from core.engine.serve_lens import LensAnswers
from core.protocol import CancelReason, MessageReader, encode
from core.protocol.messages.lens_effect import AskEffect, MeasureLens, Precision
from tests.core.engine.networks import SMALL, loaded, picture

SIZES = ((90, 130), (70, 70))


def nothing(*_progress: object) -> None:
    """Nobody watches."""


def test_the_figures_are_those_of_evaluating_before_and_after(tmp_path: Path) -> None:
    predictor = Predictor(loaded(SMALL), device="cpu", precision="float32")
    own = SMALL.settings
    changed = own.with_(mask=0.35, rpn_post_nms_top_n=12, nms=0.2)
    sides = [Evaluator(SMALL.class_names, one.mask) for one in (own, changed)]
    answers = LensAnswers()
    for number, size in enumerate(SIZES):
        pixels = picture(*size, seed=number)
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        found = predictor.predict(pixels, own.with_(mask=0.45)).instances
        labels = tuple(replace(one, id=f"{k}") for k, one in enumerate(found[::2]))
        request = MeasureLens(
            1, "m", path=str(path), settings=changed, instances=labels, measuring="a"
        )
        answers.measure(predictor, request, Job(request, 0), nothing)
        for side, settings in zip(sides, (own, changed), strict=True):
            side.add(labels, predictor.predict(pixels, settings))

    stopped = Job(request, 0)
    stopped.given_up = CancelReason.ASKED
    with pytest.raises(JobStopped):
        answers.measure(predictor, request, stopped, nothing)

    ask = AskEffect(2, "m", measuring="a", images=len(SIZES))
    answer = answers.effect(predictor, ask, Job(ask, 0), nothing)
    (heard,) = MessageReader().feed(b"".join(bytes(chunk) for chunk in encode(answer)))
    before, after = (side.evaluate() for side in sides)
    assert (heard.images, heard.instances) == (2, sides[0].instances)
    rows = {row.kind: row for row in heard.rows}
    assert set(rows) == {"box", "mask"}
    for kind, row in rows.items():
        one, two = getattr(before, kind), getattr(after, kind)
        assert row.before == Precision(one.ap, one.ap50)
        assert row.after == Precision(two.ap, two.ap50)
    assert rows["mask"].before != rows["mask"].after
    assert rows["box"].before.ap50 > 0.3


def test_without_whole_figures_there_are_none(tmp_path: Path) -> None:
    predictor = Predictor(loaded(SMALL), device="cpu", precision="float32")
    answers = LensAnswers()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a.png")

    def measure(*instances: Instance, name: str = "a") -> None:
        request = MeasureLens(
            1, "m", path=str(tmp_path / "a.png"), instances=instances, measuring=name
        )
        answers.measure(predictor, request, Job(request, 0), nothing)

    def ask(images: int, name: str = "a") -> None:
        request = AskEffect(2, "m", measuring=name, images=images)
        answers.effect(predictor, request, Job(request, 0), nothing)

    with pytest.raises(EffectError, match="Ask again"):
        ask(0)
    measure()
    for images, name in ((2, "a"), (1, "b")):
        with pytest.raises(EffectError, match="Ask again"):
            ask(images, name)
    with pytest.raises(EffectError, match="no instance"):
        ask(1)
