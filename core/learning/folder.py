"""The folder of a run: everything that window and trainer say to each other passes through it.

spec.json      what was asked for
labels.jsonl   the labels as they were
plan.json      what came of the request: steps, sizes, device (written by the trainer)
events.jsonl   what happens
command        what the person wants now: `stop` or `cancel`
pinned         the key of the image whose predictions the person wants to see
lock           held by the trainer while it works
start.pt, checkpoint.pt   while the run is under way
model.pt, report.json     the outcome
seen-before.jsonl, seen-after.jsonl   what both models see in the held-out images
run.log        what the trainer's process printed
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from core.codec import FieldError, pretty
from core.learning.errors import LearningError
from core.learning.events import StateChanged
from core.learning.frozen import FrozenLabels, write_frozen
from core.learning.gather import Gathered
from core.learning.journal import EventReader
from core.learning.memory import Memory
from core.learning.spec import SPEC, RunSpec
from core.learning.state import Command, RunState
from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, explain, make_folder, write_atomic
from core.storage.lock import FolderLock, FolderLocked

_LONGEST: Final = 1_000_000
"""Bytes of a request, a command or a key."""
_LOG_BYTES: Final = 64_000
_LOG_LINES: Final = 40
RUN_EXISTS: Final = say(
    "learning.run_exists",
    "{path} holds a run already. Go on with it (--resume), or choose another folder.",
)
NOT_A_RUN: Final = say("learning.not_a_run", "{path} holds no run, or one that is damaged.")
_RUN_ALIVE: Final = say("learning.run_alive", "The run in {path} is still at work.")

# The request first: a folder without it is no run, whatever else is left of it.
_OWN_FILES: Final = (
    "spec.json",
    "labels.jsonl",
    "plan.json",
    "events.jsonl",
    "command",
    "pinned",
    "start.pt",
    "checkpoint.pt",
    "model.pt",
    "report.json",
    "seen-before.jsonl",
    "seen-after.jsonl",
    "run.log",
    "lock",
)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run, by its folder."""

    path: Path

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """What was asked for; written last, so a folder with it is complete."""
        return self.path / "spec.json"

    @property
    def labels_file(self) -> Path:
        """The frozen labels."""
        return self.path / "labels.jsonl"

    @property
    def plan_file(self) -> Path:
        """What the trainer made of the request."""
        return self.path / "plan.json"

    @property
    def events_file(self) -> Path:
        """What happened."""
        return self.path / "events.jsonl"

    @property
    def start_file(self) -> Path:
        """The network at step 0; there while the run is under way."""
        return self.path / "start.pt"

    @property
    def checkpoint_file(self) -> Path:
        """From where a run that was cut off goes on; there while the run is under way."""
        return self.path / "checkpoint.pt"

    @property
    def model_file(self) -> Path:
        """The outcome."""
        return self.path / "model.pt"

    @property
    def report_file(self) -> Path:
        """Before and after."""
        return self.path / "report.json"

    @property
    def seen_before_file(self) -> Path:
        """What the model it started from sees in the held-out images."""
        return self.path / "seen-before.jsonl"

    @property
    def seen_after_file(self) -> Path:
        """What the model that came out sees in them."""
        return self.path / "seen-after.jsonl"

    @property
    def log_file(self) -> Path:
        """What the trainer's process printed."""
        return self.path / "run.log"

    def spec(self) -> RunSpec:
        """What was asked for. Raises LearningError when the file is missing or damaged."""
        try:
            return SPEC.decode(inside.read(self.spec_file, _LONGEST))
        except (OSError, ValueError, RecursionError, FieldError) as error:
            raise LearningError(NOT_A_RUN.given(path=str(self.path))) from error

    def labels(self) -> FrozenLabels:
        """The frozen labels. Raises LearningError when the file is missing or damaged."""
        return FrozenLabels(self.labels_file)

    def events(self) -> EventReader:
        """A reader that begins with the first event."""
        return EventReader(self.events_file)

    def state(self) -> RunState:
        """The state that the trainer told last; one that was killed tells nothing."""
        last = RunState.PREPARING
        for told in self.events().read():
            if isinstance(told.event, StateChanged):
                last = told.event.state
        return last

    def is_alive(self) -> bool:
        """Whether a trainer works in the folder right now."""
        return FolderLock.is_held(self.path / "lock")

    def is_left_over(self) -> bool:
        """Whether the run was cut off and can go on."""
        return not self.state().final and not self.is_alive()

    def ask(self, command: Command) -> None:
        """Tell the trainer what the person wants. Raises StorageError."""
        write_atomic(self.path / "command", command.value.encode())

    def asked(self) -> Command | None:
        """What the person wants; None when nothing was asked."""
        try:
            return Command(inside.read(self.path / "command", _LONGEST).decode().strip())
        except (OSError, ValueError):
            return None

    def pin(self, key: str) -> None:
        """Show the predictions of another image from now on. Raises StorageError."""
        write_atomic(self.path / "pinned", key.encode())

    def pinned(self) -> str | None:
        """The image that was pinned after the run had begun."""
        try:
            return inside.read(self.path / "pinned", _LONGEST).decode()
        except (OSError, ValueError):
            return None

    def last_words(self) -> str:
        """The last lines that the trainer's process printed. Raises OSError."""
        with inside.open_reading(self.log_file) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            text = file.read(_LOG_BYTES).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-_LOG_LINES:])

    def forget_command(self) -> None:
        """Take back what was asked, as for a run that goes on."""
        with contextlib.suppress(OSError):
            inside.remove(self.path / "command")

    def drop(self) -> None:
        """Take the run away, and its folder unless somebody put something else into it.

        Raises LearningError while a trainer works in it, StorageError when a file cannot be
        taken away.
        """
        if self.is_alive():
            raise LearningError(_RUN_ALIVE.given(path=str(self.path)))
        for name in _OWN_FILES:
            try:
                inside.remove(self.path / name)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StorageError(explain(error, self.path / name)) from error
        with contextlib.suppress(OSError):  # not empty, or gone already
            inside.remove_folder(self.path)


def lock_run(run: RunFolder, patience: float = 3.0) -> FolderLock:
    """Become the one trainer of a run; somebody who only looks may hold the lock for a moment.

    Raises LearningError when another one is at work.
    """
    last = time.monotonic() + patience
    while True:
        try:
            return FolderLock.acquire(run.path / "lock")
        except FolderLocked as error:
            if time.monotonic() > last:
                raise LearningError(_RUN_ALIVE.given(path=str(run.path))) from error
            time.sleep(0.05)


def create_run(path: Path, spec: RunSpec, gathered: Gathered) -> RunFolder:
    """Freeze the labels and the request into a folder, new or empty.

    Raises LearningError when there is a run already, StorageError when it cannot be written.
    """
    run = RunFolder(path)
    if inside.exists(run.spec_file):
        raise LearningError(RUN_EXISTS.given(path=str(path)))
    make_folder(path)
    write_frozen(run.labels_file, gathered.images, gathered.labels)
    named = msgspec.structs.replace(spec, skeleton=gathered.skeleton)
    write_atomic(run.spec_file, pretty(named))
    return run


def new_run_path(runs_dir: Path) -> Path:
    """A folder name for a new run; names sort by time."""
    return runs_dir / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def list_runs(runs_dir: Path) -> list[RunFolder]:
    """The runs of a project, the oldest first; half-made folders are left out."""
    try:
        found = [runs_dir / name for name in sorted(inside.folders(runs_dir))]
    except OSError:
        return []
    return [run for run in map(RunFolder, found) if inside.is_file(run.spec_file)]


def earlier_sides(runs: Iterable[RunFolder], memory: Memory | None = None) -> dict[str, bool]:
    """On which side each image was in earlier runs; the latest word counts."""
    known = memory or Memory()
    sides: dict[str, bool] = {}
    for run in runs:
        with contextlib.suppress(LearningError):
            sides |= known.sides(run.labels_file)
    return sides
