"""The precision of a CPU is measured once and remembered."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine import precision
from core.engine.precision import (
    Arithmetic,
    choose_prediction_arithmetic,
    deciding,
    finished,
    measuring,
)
from core.engine.predict import Predictor
from core.engine.serve import Engine
from core.engine.stages.numerics import Numerics
from tests.core.engine.networks import loaded

CPU = torch.device("cpu")
FLOAT32, FAST, BF16 = Arithmetic(), Arithmetic(fast=True), Arithmetic(torch.bfloat16)
LOW_WINS = {"float32": 1.0, "fast": 1.0, "bf16": 0.1}


def test_measured_seconds_are_times() -> None:
    seconds = finished(measuring(loaded()))
    assert set(seconds) == {"float32", "fast", "bf16"}
    assert all(0 < each < 60 for each in seconds.values())


def test_what_is_far_slower_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[torch.dtype | None] = []
    taken = {None: 0.2, torch.bfloat16: 0.7}

    def seconds(_module: object, numerics: Numerics) -> float:
        timed.append(numerics.autocast)
        return taken[numerics.autocast]

    monkeypatch.setattr(precision, "_seconds", seconds)
    assert finished(measuring(loaded())) == {"float32": 0.2, "fast": 0.2, "bf16": 0.7}
    assert timed.count(torch.bfloat16) == 1
    assert timed.count(None) == 2 * 4
    taken[torch.bfloat16] = 0.5  # it may be slow to begin with
    finished(measuring(loaded()))
    assert timed.count(torch.bfloat16) == 1 + 4


def test_nothing_is_measured_before_the_first_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model in use stays as it is; the next one of its kind finds what was decided."""
    cache, model = tmp_path / "precision.json", loaded()
    monkeypatch.setattr(precision, "_cache", lambda: cache)
    taken = {None: 1.0, torch.bfloat16: 0.1}
    timed: list[object] = []
    monkeypatch.setattr(
        precision, "_seconds", lambda _, numerics: timed.append(0) or taken[numerics.autocast]
    )
    predictor = Predictor(model, device="cpu", may_measure=False)
    assert predictor.undecided
    assert (predictor.arithmetic, timed) == (FLOAT32, [])
    engine = Engine(predictor, undone=deciding(model))
    pieces = 1
    while engine.use_time():
        pieces += 1
        assert engine.predictor is predictor
    assert pieces > 10
    assert not engine.use_time()
    assert Predictor(model, device="cpu", may_measure=False).arithmetic == BF16


def test_graphs_are_made_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(precision, "fast_copy", made.append)
    for seconds in (0.5, 1.0):
        given = {"float32": 1.0, "fast": seconds, "bf16": 9.0}
        monkeypatch.setattr(precision, "measuring", measured(given))
        finished(deciding(model := loaded(), tmp_path / str(seconds)))
        assert made == [model] * (seconds < 1)
        made.clear()


def measured(seconds: dict[str, float]) -> Callable[[object], Generator[None, None, Any]]:
    def measuring(_model: object) -> Generator[None, None, Any]:
        yield
        return seconds

    return measuring


@pytest.mark.parametrize(
    ("float32", "fast", "bf16", "chosen"),
    [
        (1.0, 1.0, 0.4, BF16),
        (1.0, 0.95, 0.95, FLOAT32),
        (1.0, 1.2, 7.0, FLOAT32),
        (1.0, 0.6, 7.0, FAST),
        (1.0, 0.5, 0.46, FAST),  # more exact, and hardly slower
        (1.0, 0.6, 0.4, BF16),
    ],
)
def test_the_faster_one_is_chosen_and_remembered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    float32: float,
    fast: float,
    bf16: float,
    chosen: Arithmetic,
) -> None:
    given = {"float32": float32, "fast": fast, "bf16": bf16}
    monkeypatch.setattr(precision, "measuring", measured(given))
    cache = tmp_path / "deep" / "precision.json"
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == chosen
    monkeypatch.setattr(precision, "measuring", lambda _: pytest.fail("measured again"))
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == chosen
    assert list(json.loads(cache.read_text()).values()) in (["bf16"], ["fast"], ["float32"])


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"x": 3}'])
def test_a_broken_memory_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(precision, "measuring", measured(LOW_WINS))
    cache = tmp_path / "precision.json"
    cache.write_text(text)
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == BF16
    assert "bf16" in json.loads(cache.read_text()).values()


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "measuring", measured(LOW_WINS))
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / "precision.json"
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == BF16


def test_what_was_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "measuring", lambda _: pytest.fail("measured"))
    assert choose_prediction_arithmetic(loaded(), CPU, "float32") == FLOAT32
    assert choose_prediction_arithmetic(loaded(), CPU, "bf16") == BF16
    assert choose_prediction_arithmetic(loaded(), CPU, "fast") == FAST
    assert choose_prediction_arithmetic(loaded(), torch.device("mps"), "auto") == FLOAT32
    assert choose_prediction_arithmetic(loaded(), torch.device("mps"), "fast") == FLOAT32
