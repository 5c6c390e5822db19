"""What kills cost: a run of the starter on real images, killed at random moments; run by hand.

    python -m tests.bench.study_kills --kills 24 --steps 60 --interval 5

Each trainer is a detached process, as the window starts it. Prints a line of JSON for each kill
and, at the end, what they cost and whether the outcome is that of a run nobody killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from core.engine.weights import load_file
from core.formats import labelme
from core.formats.dataset import open_dataset
from core.formats.label_file import LabelFile
from core.learning.events import Saved, StateChanged, Stepped
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_project
from core.learning.spec import RunSpec
from core.learning.state import RunState
from core.project.project import Project
from tests.bench.report import machine
from tests.core.engine.train.carrying import start
from tests.core.engine.train.killing import digest, last_saved, step_on_disk, wait
from tests.data import shared_data

LONG_S = 1800.0
MOMENTS = ("before the first step", "while a checkpoint is written", "after one", "any")


def project_of(folder: Path, count: int) -> Project:
    """A folder of nuclei images with labelme files, all marked done."""
    data = open_dataset(shared_data("nuclei_dsb2018", "instances.json"))
    for item in sorted((i for i in data.items if i.instances), key=lambda i: i.file_name)[:count]:
        shutil.copy2(item.image_path, folder / item.image_path.name)
        file = LabelFile(item.image_path.name, item.width, item.height, item.instances, done=True)
        (folder / item.image_path.name).with_suffix(".json").write_bytes(labelme.dumps(file))
    return Project(folder)


def holder(run: RunFolder) -> int:
    return int(json.loads((run.path / "lock").read_bytes())["pid"])


def over(run: RunFolder) -> bool:
    return run.state().final


def until(run: RunFolder, moment: str, chance: random.Random) -> None:
    """Wait for the moment of a kill."""
    begun = len(run.events().read())
    before = last_saved(run)
    if moment == MOMENTS[0]:
        wait(lambda: len(run.events().read()) > begun or over(run), LONG_S)
        time.sleep(chance.uniform(0, 5))
    elif moment == MOMENTS[1]:
        old = set(run.path.glob(".*tmp"))
        wait(lambda: set(run.path.glob(".*tmp")) - old or over(run), LONG_S, 0.0005)
        # The beginning of a run also writes files; only a checkpoint has this size.
        time.sleep(chance.uniform(0, 0.05))
    elif moment == MOMENTS[2]:
        wait(lambda: last_saved(run) > before or over(run), LONG_S)
        time.sleep(chance.uniform(0, 0.5))
    else:
        wait(lambda: _running(run, begun) or over(run), LONG_S)
        time.sleep(chance.uniform(0, 20))


def _running(run: RunFolder, since: int) -> bool:
    events = [told.event for told in run.events().read()[since:]]
    return any(isinstance(e, StateChanged) and e.state is RunState.RUNNING for e in events)


def kills(run: RunFolder, count: int, photos: Path, seed: int) -> Iterator[dict[str, object]]:
    """Kill the run that often, or until it has come to its end."""
    chance = random.Random(seed)
    labels = digest(photos)
    for number in range(count):
        begun = len(run.events().read())
        torn = set(run.path.glob(".*tmp"))
        start(run)
        wait(lambda begun=begun: len(run.events().read()) > begun and run.is_alive(), LONG_S)
        moment = MOMENTS[number % len(MOMENTS)]
        until(run, moment, chance)
        if over(run):
            return
        os.kill(holder(run), signal.SIGKILL)
        killed = time.time()
        wait(lambda: not run.is_alive(), LONG_S)
        told = run.events().read()
        saved = [one for one in told if isinstance(one.event, Saved)]
        steps = [one.event.step for one in told[begun:] if isinstance(one.event, Stepped | Saved)]
        running = [
            one.time
            for one in told[begun:]
            if (isinstance(one.event, StateChanged) and one.event.state is RunState.RUNNING)
            or isinstance(one.event, Saved)
        ]
        kept = step_on_disk(run)
        yield {
            "moment": moment,
            "torn": bool(set(run.path.glob(".*tmp")) - torn),
            "told": saved[-1].event.step if saved else 0,
            "kept": kept,
            "steps_lost": max(0, max(steps, default=kept) - kept),
            "seconds_lost": round(killed - running[-1], 2) if running else 0.0,
            "labels_as_before": digest(photos) == labels,
        }


def main() -> None:
    """Two runs of the same request: one left alone, one killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--interval", type=float, default=5.0)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder) / "photos"
        photos.mkdir()
        project = project_of(photos, args.images)
        spec = RunSpec(
            model="starter",
            dataset="nuclei",
            steps=args.steps,
            device="cpu",
            precision="float32",
            threads=1,
            checkpoint_seconds=args.interval,
            validations=2,
        )
        gathered = gather_project(project)
        whole = create_run(project.runs_dir / "whole", spec, gathered)
        start(whole)
        killed = create_run(project.runs_dir / "killed", spec, gathered)
        labels = digest(photos)
        wait(lambda: whole.state().final and not whole.is_alive(), LONG_S)
        rows = []
        for row in kills(killed, args.kills, photos, args.seed):
            print(json.dumps(row), flush=True)
            rows.append(row)
        if not killed.state().final:
            start(killed)
            wait(lambda: killed.state().final and not killed.is_alive(), LONG_S)
        one, two = (load_file(r.model_file).module.state_dict() for r in (whole, killed))
        same = all(torch.equal(value, two[name]) for name, value in one.items())
        for moment in MOMENTS:
            mine = [row for row in rows if row["moment"] == moment]
            print(
                moment,
                {
                    "kills": len(mine),
                    "half-written": sum(bool(r["torn"]) for r in mine),
                    "most steps lost": max((r["steps_lost"] for r in mine), default=0),
                    "most seconds lost": max((r["seconds_lost"] for r in mine), default=0),
                },
            )
        print("state", killed.state(), "same weights", same, "labels", digest(photos) == labels)


if __name__ == "__main__":
    main()
