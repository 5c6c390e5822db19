"""Kill a detached trainer at random moments; it always goes on, and no label is touched."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import pytest
import torch

from core.learning.events import Saved, StateChanged
from core.learning.folder import RunFolder
from core.learning.launch import start_run
from core.learning.state import RunState
from tests.core.learning.making import make_run
from tests.models import save_tiny_model

KILLS = 3
STEPS = 25

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with POSIX signals")


def holder(run: RunFolder) -> int | None:
    import json

    try:
        return int(json.loads((run.path / "lock").read_bytes())["pid"])
    except (OSError, ValueError, KeyError):
        return None


def wait(condition, seconds=120.0):
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.02)


def last_saved(run: RunFolder) -> int:
    steps = [told.event.step for told in run.events().read() if isinstance(told.event, Saved)]
    return steps[-1] if steps else 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_trainer_that_is_killed_goes_on(tmp_path):
    base = save_tiny_model(tmp_path / "base.pt", size=64)
    run = make_run(tmp_path, base, steps=STEPS, validations=0)
    photos = {path: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    labels = run.labels_file.read_bytes()
    chance = random.Random(7)
    for _ in range(KILLS):
        told = len(run.events().read())
        start_run(run)
        wait(lambda told=told: len(run.events().read()) > told and run.is_alive())
        time.sleep(chance.uniform(0.0, 5.0))
        if run.state() is RunState.DONE:
            break
        pid = holder(run)
        assert pid is not None
        if run.is_alive():
            os.kill(pid, signal.SIGKILL)
        wait(lambda: not run.is_alive())
        if run.checkpoint_file.exists():
            state = torch.load(run.checkpoint_file, weights_only=True)["state"]
            # Every step is saved here, and a step is told after it is on the disk.
            assert state["step"] - last_saved(run) in (0, 1)
    if run.state() is not RunState.DONE:
        assert run.is_left_over()
        start_run(run)
    wait(lambda: run.state().final, 300)
    wait(lambda: not run.is_alive())
    assert run.state() is RunState.DONE
    assert run.model_file.is_file()
    assert run.labels_file.read_bytes() == labels
    assert {path: path.read_bytes() for path in (tmp_path / "images").iterdir()} == photos
    states = [t.event.state for t in run.events().read() if isinstance(t.event, StateChanged)]
    assert RunState.FAILED not in states
