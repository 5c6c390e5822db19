"""Work without end: a person goes through a folder, draws, names, deletes, takes back, goes on.

    python -m tests.faults.soak [--seconds 1800] [--images 200] [--seed 0]

Nothing fails and nobody else writes, so whatever is warned of is untrue. Every image is opened,
worked on, saved or taken back whole, and left; when it is opened again it must hold what it held.
Prints a line each thirtieth of the time: rounds, edits, warnings, losses, memory, objects.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.document.edits import Add, Relabel, Remove, SetDone
from core.project.project import Project
from core.session import ImageSession
from tests.core.document.strategies import blob
from tests.core.session.helpers import make_project

Held = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Soaked:
    """What came of it so far. `warnings` and `lost` ought to stay 0."""

    rounds: int = 0
    edits: int = 0
    saves: int = 0
    warnings: int = 0
    lost: int = 0
    megabytes: float = 0.0
    objects: int = 0


class Soak:
    """One person in one folder."""

    def __init__(self, root: Path, images: int, seed: int) -> None:
        self._project = make_project(root, *(f"{k}.png" for k in range(images)))
        self._images = self._project.images()
        self._chance = random.Random(seed)
        self._held: dict[Path, Held] = {}
        self.soaked = Soaked()

    def round(self) -> None:
        """Open an image, work on it, leave it; now and then the program is started anew."""
        so_far = self.soaked
        so_far.rounds += 1
        if self._chance.random() < 0.01:
            root = self._project.root
            self._project.unlock()
            self._project = Project(root)
            self._project.lock()
        image = self._chance.choice(self._images)
        session = ImageSession.open(self._project, image)
        untrue = (session.recovery, session.conflict, session.read_only, session.journal_problem)
        so_far.warnings += sum(map(bool, untrue)) + len(session.notes)
        so_far.lost += held(session) != self._held.get(image.path, ())
        made = sum(self._edit(session) for _ in range(self._chance.randrange(6)))
        so_far.edits += made
        if self._chance.random() < 0.3:
            while session.undo() is not None:
                so_far.edits += 1
        if (snapshot := session.snapshot()) is not None:
            outcome = snapshot.write()
            session.saved(outcome)
            so_far.saves += 1
            so_far.warnings += not outcome.ok
        so_far.warnings += session.conflict is not None
        self._held[image.path] = held(session)

    def _edit(self, session: ImageSession) -> int:
        ids = [each.id for each in session.document.shapes]
        match self._chance.randrange(6):
            case 0 if ids:
                session.do(Relabel.to(self._chance.choice("abcde"), ids[:2]), "label")
            case 1 if ids:
                session.do(Remove((self._chance.choice(ids),)), "delete")
            case 2:
                return session.undo() is not None
            case 3:
                return session.redo() is not None
            case 4:
                session.do(SetDone(not session.document.done), "done")
            case _:
                x, y = self._chance.uniform(8, 50), self._chance.uniform(8, 40)
                session.do(Add((blob(f"{self._chance.random()}", x, y, 5, "a"),)), "draw")
        return 1

    def measure(self) -> Soaked:
        """The figures with memory and objects as they are now."""
        gc.collect()
        status = Path("/proc/self/status").read_text("ascii")
        self.soaked.megabytes = int(status.split("VmRSS:")[1].split()[0]) / 1024
        self.soaked.objects = len(gc.get_objects())
        return self.soaked


def held(session: ImageSession) -> Held:
    """What a document holds, as far as it is compared."""
    return tuple((each.id, each.label) for each in session.document.shapes)


def run(root: Path, seconds: float, images: int, seed: int) -> Iterator[Soaked]:
    """Work for so long; yields what came of it thirty times on the way."""
    soak, begun, told = Soak(root, images, seed), time.monotonic(), 0
    while (spent := time.monotonic() - begun) < seconds:
        soak.round()
        if spent * 30 > seconds * told:
            told += 1
            yield soak.measure()
    yield soak.measure()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for each in run(Path(folder), args.seconds, args.images, args.seed):
            print(json.dumps(asdict(each)), flush=True)
