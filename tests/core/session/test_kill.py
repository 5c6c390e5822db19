"""A real process killed at random moments: at most the edit in progress is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from core.document.document import Document
from core.document.history import History
from core.formats import labelme
from core.project.project import Project
from core.session import ImageSession
from tests.core.document.strategies import copy_of
from tests.core.session.helpers import make_project
from tests.core.session.worker import next_action
from tests.data import ROOT

KILLS = int(os.environ.get("MASKLENS_KILLS", "20"))  # by hand more


def held(document: Document) -> object:
    return document.instances, document.done


def on_disk(folder) -> tuple[Document, History]:
    """What a start finds: the document of the label file, with the left edits made again."""
    project = Project(folder)
    project.lock()
    session = ImageSession.open(project, project.images()[0])
    project.unlock()
    document = copy_of(session.document)
    history = History(document)
    if session.recovery is not None:
        assert session.recovery.lost == 0
        for edit in session.recovery.edits:
            history.do(edit, "")
    return document, history


def replay(history: History, seed: int, count: int) -> list[object]:
    """The states after each of the first `count` edits."""
    rng = random.Random(seed)
    states = [held(history.document)]
    for number in range(count):
        action = next_action(rng, history.document, number)
        if action == "undo":
            history.undo()
        elif action == "redo":
            history.redo()
        else:
            history.do(action, "")
        states.append(held(history.document))
    return states


def pid_in(lines: list[bytes]) -> int | None:
    started = [line for line in lines if line.startswith(b"started ")]
    return int(started[0].split()[1]) if started else None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_killed_process_loses_at_most_the_edit_in_progress(tmp_path):
    project = make_project(tmp_path, lock=False)
    label_file = project.images()[0].label_file
    rng = random.Random(20)
    edits = saves = recoveries = 0
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.core.session.worker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        for seed in range(KILLS):
            _, history = on_disk(tmp_path)
            worker.stdin.write(f"{tmp_path} {seed}\n".encode())
            worker.stdin.flush()
            lines = [worker.stdout.readline()]
            # Some while it is opening the image, some after a number of edits.
            wanted = rng.choice([0, rng.randrange(40)])
            while lines.count(b"edit\n") < wanted or not pid_in(lines):
                lines.append(worker.stdout.readline())
            time.sleep(rng.uniform(0, 0.02 if wanted else 0.2))
            os.kill(pid_in(lines), signal.SIGKILL)
            lines.extend(iter(worker.stdout.readline, b"gone\n"))
            made = lines.count(b"edit\n")
            states = replay(history, seed, made + 1)
            edits += made

            before = label_file.read_bytes() if label_file.exists() else None
            found, _ = on_disk(tmp_path)
            assert held(found) in states[-2:]
            if before is not None:
                labelme.read(label_file)
                saves += 1
            recoveries += project.journal_path(project.images()[0]).exists()
    finally:
        worker.stdin.close()
        worker.wait(10)
        worker.stdout.close()
    # Otherwise the kills did not fall where they hurt.
    assert edits > 5 * KILLS
    assert saves > KILLS / 2
    assert recoveries > KILLS / 5
