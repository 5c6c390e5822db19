"""Killing trainers: a server that forks them off a process in which torch is loaded, and moments.

    python -m tests.core.engine.train.killing

reads the folder of a run a line, starts a trainer in it, and answers with its process id.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.child import python_environment
from core.learning.events import Saved
from core.learning.folder import RunFolder

PATIENCE_S = 250.0
MOMENTS = ("preparing", "writing", "saved", "any")
"""Before the first step; while a checkpoint is being written; right after one; whenever."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill: the moment that was sought, and what was on the disk right after."""

    moment: str
    told: int
    """The step of the checkpoint that was told last; 0 before the first."""
    kept: int
    """The step of the checkpoint on the disk; 0 without one."""
    torn: bool
    """Whether a half-written file lay beside it."""


class Forks:
    """Starts trainers without loading torch each time."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(self, run: RunFolder) -> int:
        """The id of a new process that works in the folder."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{run.path}\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())


@contextmanager
def forks():
    """A server for the time being."""
    server = subprocess.Popen(
        [sys.executable, "-m", __name__],
        env=python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Forks(server)
    finally:
        server.stdin.close()
        server.wait(PATIENCE_S)
        server.stdout.close()


def wait(condition: Callable[[], object], seconds: float = PATIENCE_S, pause: float = 0.01) -> None:
    """Wait until something holds; an AssertionError after too long."""
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(pause)


def last_saved(run: RunFolder) -> int:
    """The step of the last checkpoint that was told."""
    steps = [told.event.step for told in run.events().read() if isinstance(told.event, Saved)]
    return steps[-1] if steps else 0


def step_on_disk(run: RunFolder) -> int:
    """The step of the checkpoint on the disk; fails when it is not whole."""
    import torch

    if not run.checkpoint_file.exists():
        return 0
    return int(torch.load(run.checkpoint_file, weights_only=True)["state"]["step"])


def digest(folder: Path) -> str:
    """Names, times and contents of all files of a folder, hidden folders left out."""
    sums = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts):
            sums.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}".encode())
            sums.update(path.read_bytes())
    return sums.hexdigest()


def kill_at(
    run: RunFolder, pid: int, moment: str, chance: random.Random, longest: float
) -> Kill | None:
    """Kill a trainer at a moment of that kind; None when the run came to its end before.

    `longest` is for how many seconds it may work on before the moment "any".
    """
    # Only checkpoints that this process writes count as moments.
    before, torn = last_saved(run), _temporary(run)
    further = chance.randint(1, 2)

    def alive() -> bool:
        return not run.state().final

    match moment:
        case "preparing":
            time.sleep(chance.uniform(0.0, 0.4))
        case "writing":
            wait(lambda: last_saved(run) >= before + further or not alive())
            wait(lambda: _temporary(run) - torn or not alive(), pause=0.0)
        case "saved":
            wait(lambda: last_saved(run) >= before + further or not alive(), pause=0.0)
        case _:
            time.sleep(chance.uniform(0.0, longest))
    if run.state().final:
        return None
    os.kill(pid, signal.SIGKILL)
    wait(lambda: not run.is_alive())
    return Kill(moment, last_saved(run), step_on_disk(run), bool(_temporary(run) - torn))


def _temporary(run: RunFolder) -> set[Path]:
    return set(run.path.glob(".*.masklens-tmp"))


def main() -> None:
    """Fork a trainer for each line; a child that ends is nobody's concern."""
    from tests.core.engine.train.carrying import carry_out

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                carry_out(RunFolder(Path(line.strip())))
                code = 0
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
