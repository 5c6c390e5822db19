"""A short piece of the soak (`tests/faults/soak.py`): no edit lost, nothing untrue said."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from core.storage.journal import Journal
from tests.faults.soak import Soak


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


def test_going_to_and_fro_loses_nothing_and_warns_of_nothing(tmp_path: Path) -> None:
    soak = Soak(tmp_path, images=5, seed=1)
    for _ in range(60):
        soak.round()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(60):
        soak.round()
    gc.collect()
    done = soak.soaked
    assert (done.rounds, done.warnings, done.lost) == (120, 0, 0)
    assert done.edits > 200
    assert done.saves > 40
    # Labels grow with the work; sessions and journals that were left must not stay.
    assert len(gc.get_objects()) - before < 5_000
    # Not isinstance: some lazy objects of torch warn when they are asked for their class.
    assert sum(type(each) is Journal for each in gc.get_objects()) < 10


def test_a_lost_edit_is_counted(tmp_path: Path) -> None:
    soak = Soak(tmp_path, images=1, seed=1)
    while soak.soaked.saves < 3:
        soak.round()
    for file in tmp_path.glob("*.json"):
        file.unlink()
    while not soak.soaked.lost and soak.soaked.rounds < 60:
        soak.round()
    assert soak.soaked.lost
