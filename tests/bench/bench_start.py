"""From the command to the first suggestion, in a window of its own.

    python -m tests.bench.bench_start IMAGE [--rounds 3] [--press 1.0] [--set-model photos]

The whole program runs as from the command line (so a display, or `QT_QPA_PLATFORM=offscreen`, is
needed) on a copy of the image in an empty folder, with settings of its own. *Suggest* is asked for
`--press` seconds after the window is shown. Seconds since the command by the clock, and the
processor time of window and engine together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from core.child import python_command, python_environment

_BEGUN: Final = "MASKLENS_BENCH_BEGUN"
_LONGEST: Final = 120


def main() -> None:
    """Measure, or be the program that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.bench.bench_start")
    parser.add_argument("image", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--press", type=float, default=1.0)
    parser.add_argument("--model", default="photos")
    arguments = parser.parse_args()
    if _BEGUN in os.environ:
        _run(arguments)
        return
    print("seconds since the command, load", [round(one, 1) for one in os.getloadavg()])
    with tempfile.TemporaryDirectory() as home:
        for _ in range(arguments.rounds):
            print(_measured(arguments, Path(home)), flush=True)


def _measured(arguments: argparse.Namespace, home: Path) -> str:
    folder = home / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(arguments.image, folder)
    places = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
    environment = {**python_environment(), **places, _BEGUN: repr(time.time())}
    command = python_command("tests.bench.bench_start", str(folder))
    command += ["--press", str(arguments.press), "--model", arguments.model]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST
    )
    return done.stdout.strip() or done.stderr[-2000:]


def _run(arguments: argparse.Namespace) -> None:
    from app.__main__ import main as program

    begun = float(os.environ[_BEGUN])
    seen: dict[str, float] = {"imported": time.time() - begun}

    def note(what: str) -> None:
        seen.setdefault(what, round(time.time() - begun, 2))

    def ready(window: object) -> None:
        from PySide6.QtCore import QTimer

        from app.window.window import MainWindow
        from core.protocol.messages.models import ModelLoaded
        from core.protocol.messages.prompts import Encoded

        assert isinstance(window, MainWindow)
        note("window")
        services = window.services
        client, suggesting = services.client, services.suggesting
        services.models.choose(arguments.model)

        def answered(answer: object) -> None:
            if isinstance(answer, ModelLoaded):
                note("model loaded")
            elif isinstance(answer, Encoded):
                note("image encoded")

        def settled() -> None:
            if client.ready is not None:
                note("torch imported")

        def changed() -> None:
            if suggesting.shown:
                note("first suggestions")

        def landed(*_counts: object) -> None:
            note("all suggestions")
            note_processor = sum(_processor(pid) for pid in (os.getpid(), client.engine_pid))
            seen["processor"] = round(note_processor, 2)
            seen["shown"] = len(suggesting.shown)
            QTimer.singleShot(200, window.close)

        client.answered.connect(answered)
        client.state_changed.connect(lambda _state: settled())
        suggesting.changed.connect(changed)
        services.annotator.landed.connect(landed)
        QTimer.singleShot(
            round(arguments.press * 1000), lambda: services.actions["suggest_image"].trigger()
        )

    sys.argv = ["masklens", str(arguments.image)]
    program([str(arguments.image)], ready=ready)
    print(json.dumps(seen))


def _processor(pid: int) -> float:
    """Seconds of the processor that a process has taken; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


if __name__ == "__main__":
    main()
