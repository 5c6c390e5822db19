"""Prompts as the engine serves them: each kind, what is kept of an image, what is encoded anew."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance, Polygon
from core.engine import serve
from core.engine.jobs import Job
from core.engine.predict import Predictor
from core.protocol import (
    Answer,
    Failed,
    Predict,
    Prediction,
    Priority,
    Progress,
    Request,
    Surest,
)
from core.protocol.messages.prompts import (
    Encode,
    Encoded,
    PixelsWanted,
    Prompt,
    Prompted,
    PromptKind,
    PromptOrigin,
)
from tests.core.engine.networks import loaded, picture

BOX = np.array([[8, 8, 60, 50]], np.float32)
SHAPE = Instance("i", "cat", (Polygon(((8.0, 8.0), (60.0, 8.0), (60.0, 50.0), (8.0, 50.0))),))


class Served:
    """An engine with a model, and what it said on the way."""

    def __init__(self) -> None:
        self.engine = serve.Engine(Predictor(loaded(), device="cpu", precision="float32"))
        self.said: list[Answer] = []

    def ask(self, request: Request) -> Answer:
        return serve.answer(self.engine, Job(request, 0), self.said.append)

    def steps(self, id: int) -> list[str]:
        return [one.step for one in self.said if isinstance(one, Progress) and one.id == id]


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def path(tmp_path: Path) -> str:
    Image.fromarray(picture()).save(tmp_path / "seen.png")
    return str(tmp_path / "seen.png")


def prompted(answer: Answer) -> Prompted:
    assert isinstance(answer, Prompted), answer
    assert len(answer.first) >= 1
    for column in (answer.prompt, answer.origin, answer.steadiness, answer.likeness, answer.boxes):
        assert len(column) == len(answer.instances)
    assert {one.source for one in answer.instances} <= {"prompted"}
    return answer


def test_every_kind_is_answered(served: Served, path: str) -> None:
    boxes = np.concatenate((BOX, [[900, 900, 950, 950]], BOX)).astype(np.float32)
    found = prompted(served.ask(Prompt(1, path=path, boxes=boxes)))
    assert found.first.tolist() == [0, -1, found.prompt.tolist().index(2)]
    assert set(found.prompt.tolist()) == {0, 2}
    assert found.encode_milliseconds > 0
    one_each = prompted(served.ask(Prompt(6, path=path, boxes=boxes, most=1)))
    assert one_each.prompt.tolist() == [0, 2]
    points = {"points": BOX[:, :2] + 20, "inside": np.ones(1, np.bool_)}
    under = prompted(served.ask(Prompt(2, path=path, kind=PromptKind.POINTS, **points)))
    assert under.first[0] >= 0
    assert under.encode_milliseconds == 0 < under.prompt_milliseconds
    wrong = {"points": BOX[:, :2] + 20, "inside": np.zeros(1, np.bool_)}
    mended = prompted(
        served.ask(Prompt(3, path=path, kind=PromptKind.POINTS, present=(SHAPE,), **wrong))
    )
    assert mended.origin == (PromptOrigin.MENDED,)
    tight = prompted(
        served.ask(Prompt(4, path=path, kind=PromptKind.TIGHTEN, present=(SHAPE,) * 2))
    )
    assert tight.prompt.tolist() == tight.first.tolist() == [0, 1]
    assert tight.instances[0].label == "cat"
    alike = prompted(
        served.ask(Prompt(5, path=path, kind=PromptKind.ALIKE, present=(SHAPE,), line=0.0, most=3))
    )
    assert len(alike.instances) == 3
    assert alike.line == 0.0
    assert [one.score for one in alike.instances] == pytest.approx(alike.likeness.tolist())


def test_a_prediction_leaves_an_encoding_and_takes_one(served: Served, path: str) -> None:
    first = served.ask(Predict(1, path=path))
    kept = served.ask(Encode(2, path=path))
    assert isinstance(kept, Encoded)
    assert kept.was_kept
    for request in (
        Predict(3, path=path, priority=Priority.BATCH),
        Predict(4, pixels=picture()),
        Predict(5, path=path, settings=loaded().config.settings),
    ):
        other = served.ask(request)
        assert isinstance(first, Prediction)
        assert isinstance(other, Prediction)
        assert np.array_equal(first.boxes, other.boxes)
        assert np.array_equal(first.scores, other.scores)
        assert len(first.instances) == len(other.instances)
    assert "backbone" in served.steps(1)
    assert "backbone" not in served.steps(3)
    assert "backbone" in served.steps(4)


def test_the_surest_come_first_and_come_again(served: Served, path: str) -> None:
    whole = served.ask(Predict(1, path=path))
    assert isinstance(whole, Prediction)
    line = float(whole.scores[len(whole.scores) // 2])
    again = served.ask(Predict(2, path=path, surest_from=line))
    (first,) = [each for each in served.said if isinstance(each, Surest)]
    assert isinstance(again, Prediction)
    assert not isinstance(again, Surest)
    assert 0 < len(first.scores) < len(again.scores)
    assert first.scores.min() >= line
    assert again.instances[: len(first.instances)] == first.instances
    assert np.array_equal(again.boxes, whole.boxes)
    assert np.array_equal(again.labels, whole.labels)
    assert [one.score for one in again.instances] == [one.score for one in whole.instances]
    assert [len(one.polygons) for one in again.instances] == [
        len(one.polygons) for one in whole.instances
    ]
    served.ask(Predict(3, path=path, surest_from=0.0))
    assert len([each for each in served.said if isinstance(each, Surest)]) == 1


def test_work_over_a_folder_keeps_nothing(served: Served, path: str) -> None:
    served.ask(Predict(1, path=path, priority=Priority.BATCH))
    assert len(served.engine.prompts.encodings) == 0


def test_what_has_changed_is_encoded_anew(served: Served, path: str) -> None:
    first = prompted(served.ask(Prompt(1, path=path, boxes=BOX)))
    Image.fromarray(picture()[:, :100]).save(path)
    os.utime(path, ns=(1, 1))
    second = prompted(served.ask(Prompt(2, path=path, boxes=BOX)))
    assert (first.width, second.width) == (130, 100)
    assert second.encode_milliseconds > 0
    served.engine.predictor = Predictor(loaded(seed=1), device="cpu", precision="float32")
    third = prompted(served.ask(Prompt(3, path=path, boxes=BOX)))
    assert third.encode_milliseconds > 0
    assert len(served.engine.prompts.encodings) == 1


def test_pixels_answer_by_their_version_and_another_model_is_refused(served: Served) -> None:
    far = {"path": "far.png", "version": "1"}
    assert isinstance(served.ask(Prompt(1, **far, boxes=BOX)), PixelsWanted)
    assert isinstance(served.ask(Encode(2, **far, pixels=picture())), Encoded)
    found = prompted(served.ask(Prompt(3, **far, boxes=BOX)))
    assert (found.path, found.version) == ("far.png", "1")
    refused = served.ask(Prompt(4, **far, boxes=BOX, model="another@1"))
    assert isinstance(refused, Failed)
    assert refused.sentence.id == "prompts.other_model"
    nothing = serve.answer(serve.Engine(), Job(Prompt(5, **far, boxes=BOX), 0), lambda _: None)
    assert isinstance(nothing, Failed)
    assert nothing.sentence.id == "process.no_model"
