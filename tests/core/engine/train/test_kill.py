"""Kill trainers at random moments: they always go on, to the same weights, and touch no label."""

from __future__ import annotations

import json
import os
import random
import signal
import sys

import pytest
import torch

from core.engine.weights import load_file
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.learning.events import StateChanged
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_project
from core.learning.schedule import ScheduleChoices
from core.learning.state import RunState
from core.project.project import Project
from tests.core.engine.train.carrying import carry_out, start
from tests.core.engine.train.killing import (
    MOMENTS,
    digest,
    forks,
    kill_at,
    last_saved,
    step_on_disk,
    wait,
)
from tests.core.learning.making import labelled_image, make_run, small_spec
from tests.models import save_tiny_model

KILLS = int(os.environ.get("MASKLENS_KILLS", "6"))  # by hand more
STEPS = 4 * KILLS  # enough for what passes between the kills, also on a quick machine
QUICK = ScheduleChoices(side=64, size=64, batch=1, phases=((0, 0.8), (2, 0.2)))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with POSIX signals")


def labelled_folder(folder):
    """Images with labelme files that are marked done, as a person leaves them."""
    folder.mkdir()
    for number in range(4):
        image = labelled_image(folder, number)
        file = LabelFile(image.path.name, image.width, image.height, image.instances, done=True)
        (folder / f"{number:03d}.json").write_bytes(labelme.dumps(file))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_cost_a_checkpoint_interval_at_most_and_never_a_label(tmp_path):
    base = save_tiny_model(tmp_path / "base.pt", size=64)
    photos = labelled_folder(tmp_path / "photos")
    project = Project(photos)
    spec = small_spec(base, steps=STEPS, validations=2, picture_every=0, schedule=QUICK)
    whole = create_run(tmp_path / "whole", spec, gather_project(project))
    carry_out(whole)
    killed = create_run(project.runs_dir / "killed", spec, gather_project(project))
    frozen, labels = killed.labels_file.read_bytes(), digest(photos)
    chance = random.Random(7)
    kills = []
    with forks() as trainers:
        while len(kills) < KILLS:
            pid = trainers.start(killed)
            wait(lambda: killed.is_alive() or killed.state().final)
            moment = MOMENTS[len(kills) % len(MOMENTS)]
            kill = kill_at(killed, pid, moment, chance, longest=0.4)
            assert kill is not None, f"the run ended after {len(kills)} kills"
            kills.append(kill)
            # A checkpoint follows each step here, and is told once it is on the disk.
            assert kill.kept - kill.told in (0, 1), kill
            assert digest(photos) == labels
        trainers.start(killed)
        wait(lambda: killed.state().final and not killed.is_alive())
    assert sum(kill.torn for kill in kills) >= 1, "no kill hit a checkpoint while it was written"
    assert any(kill.kept == 0 for kill in kills)
    assert any(kill.kept > 0 for kill in kills)
    assert killed.state() is RunState.DONE
    states = [t.event.state for t in killed.events().read() if isinstance(t.event, StateChanged)]
    assert RunState.FAILED not in states
    assert digest(photos) == labels
    assert killed.labels_file.read_bytes() == frozen
    expected = load_file(whole.model_file).module.state_dict()
    for name, value in load_file(killed.model_file).module.state_dict().items():
        assert torch.equal(value, expected[name]), name


def holder(run: RunFolder) -> int:
    return int(json.loads((run.path / "lock").read_bytes())["pid"])


@pytest.mark.slow
def test_the_detached_process_goes_on_after_a_kill(tmp_path):
    base = save_tiny_model(tmp_path / "base.pt", size=64)
    run = make_run(tmp_path, base, steps=12, validations=0, picture_every=0, schedule=QUICK)
    start(run)
    wait(lambda: last_saved(run) >= 2)
    os.kill(holder(run), signal.SIGKILL)
    wait(lambda: not run.is_alive())
    assert run.is_left_over()
    assert step_on_disk(run) - last_saved(run) in (0, 1)
    start(run)
    wait(lambda: run.state().final and not run.is_alive())
    assert run.state() is RunState.DONE
    assert run.model_file.is_file()
