"""Starting a run in a process of its own that outlives this one.

A small process starts the trainer and leaves at once, so that the trainer is nobody's child.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

from core.child import python_command, python_environment
from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.reach import in_environment
from core.sentences import say
from core.storage.atomic import open_appending

_NO_PROCESS: Final = say("learning.no_process", "The training could not be started: {reason}.")

TRAINER: Final = "core.engine.train"
_PATIENCE_S: Final = 60.0

if sys.platform == "win32":
    _FLAGS: Final = (
        subprocess.DETACHED_PROCESS
        | subprocess.CREATE_NEW_PROCESS_GROUP
        | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    )
else:
    _FLAGS: Final = 0  # a session of its own does; the trainer lowers its priority itself


def start_run(run: RunFolder, allowed: Collection[str] = ()) -> None:
    """Begin a run, or go on with one that was cut off; returns once its process is started.

    `allowed` is what a person lets it reach for (`core.learning.reach`). Takes about a
    tenth of a second, so keep it off the window's thread. What becomes of the run stands in its
    events. Raises LearningError when no process can be started.
    """
    run.forget_command()
    command = python_command("core.learning.launch", str(run.path.absolute()))
    try:
        done = subprocess.run(
            command,
            env={**python_environment(), **in_environment(allowed)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LearningError(_NO_PROCESS.given(reason=str(error))) from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise LearningError(_NO_PROCESS.given(reason=reason[-1] if reason else "?"))


def main(arguments: list[str]) -> None:
    """Start the trainer for a run folder, detached, and leave."""
    run = RunFolder(Path(arguments[0]))
    with os.fdopen(open_appending(run.log_file), "ab") as log:
        subprocess.Popen(
            python_command(TRAINER, str(run.path)),
            env=python_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            creationflags=_FLAGS,
            start_new_session=True,
        )
    # Leave without waiting for the trainer, or for anything else.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
