"""The precision of a CPU is measured once and remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.engine import precision
from core.engine.precision import Arithmetic, choose_prediction_arithmetic, measure
from tests.core.engine.networks import loaded

CPU = torch.device("cpu")


def test_measured_seconds_are_times() -> None:
    seconds = measure(loaded())
    assert set(seconds) == {"float32", "fast", "bf16"}
    assert all(0 < each < 60 for each in seconds.values())


FLOAT32, FAST, BF16 = Arithmetic(), Arithmetic(fast=True), Arithmetic(torch.bfloat16)


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
    calls = []

    def measured(model: object) -> dict[str, float]:
        calls.append(model)
        return {"float32": float32, "fast": fast, "bf16": bf16}

    monkeypatch.setattr(precision, "measure", measured)
    cache = tmp_path / "deep" / "precision.json"
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == chosen
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == chosen
    assert len(calls) == 1
    assert list(json.loads(cache.read_text()).values()) in (["bf16"], ["fast"], ["float32"])


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"x": 3}'])
def test_a_broken_memory_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(precision, "measure", lambda _: {"float32": 1.0, "fast": 1.0, "bf16": 0.1})
    cache = tmp_path / "precision.json"
    cache.write_text(text)
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == BF16
    assert "bf16" in json.loads(cache.read_text()).values()


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "measure", lambda _: {"float32": 1.0, "fast": 1.0, "bf16": 0.1})
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / "precision.json"
    assert choose_prediction_arithmetic(loaded(), CPU, "auto", cache) == BF16


def test_what_was_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "measure", lambda _: pytest.fail("measured"))
    assert choose_prediction_arithmetic(loaded(), CPU, "float32") == FLOAT32
    assert choose_prediction_arithmetic(loaded(), CPU, "bf16") == BF16
    assert choose_prediction_arithmetic(loaded(), CPU, "fast") == FAST
    assert choose_prediction_arithmetic(loaded(), torch.device("mps"), "auto") == FLOAT32
    assert choose_prediction_arithmetic(loaded(), torch.device("mps"), "fast") == FLOAT32
