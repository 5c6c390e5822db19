"""Edits and saves as fast as it can until it is killed; run as a process by test_kill.

It reads lines "FOLDER SEED", forks a child for each, and says what happens on stdout: "started
PID", "edit" after each edit that has returned, "gone" when the child has been killed.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from core.document.document import Document
from core.document.edits import Add, Edit, Relabel, Remove, Reshape, SetDone
from core.document.geometry import translate
from core.project.project import Project
from core.session import ImageSession
from tests.core.document.strategies import blob

MOST = 30


def next_action(rng: random.Random, document: Document, number: int) -> Edit | str:
    """The next edit, or "undo" or "redo"; the same for the same state of rng and document."""
    present = [instance.id for instance in document.instances]
    if not present or (rng.random() < 0.4 and len(present) < MOST):
        x, y = rng.uniform(0, 60), rng.uniform(0, 40)
        return Add((blob(f"i{number}-{rng.randrange(10**9)}", x, y, 4),))
    chosen = rng.choice(present)
    return rng.choice(
        [
            Remove((chosen,)),
            Reshape(chosen, translate(document.get(chosen).polygons, 1.5, -0.25)),
            Relabel.to(f"label {number % 7}", [chosen]),
            SetDone(not document.done),
            "undo",
            "undo",
            "redo",
        ]
    )


def work(folder: Path, seed: int) -> None:
    project = Project(folder)
    project.lock()
    session = ImageSession.open(project, project.images()[0])
    if session.recovery is not None:
        session.recover("Recovered")
    rng = random.Random(seed)
    number = 0
    outcomes = []
    while True:
        action = next_action(rng, session.document, number)
        if action == "undo":
            session.undo()
        elif action == "redo":
            session.redo()
        else:
            session.do(action, "Edit")
        os.write(1, b"edit\n")
        number += 1
        if outcomes:
            session.saved(outcomes.pop())
        snapshot = session.snapshot()
        if snapshot is not None:
            threading.Thread(target=lambda s=snapshot: outcomes.append(s.write())).start()


def main() -> None:
    assert not {"torch", "PySide6"} & sys.modules.keys()
    for line in sys.stdin:
        folder, seed = line.rsplit(maxsplit=1)
        pid = os.fork()
        if pid == 0:
            work(Path(folder), int(seed))
        os.write(1, b"started %d\n" % pid)
        os.waitpid(pid, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
