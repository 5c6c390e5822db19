"""`masklens [FOLDER | IMAGE ...]`: open the window on one's own images."""

from __future__ import annotations

import argparse
import importlib.metadata
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.child import python_command, python_environment
from core.cli.commands import COMMAND_NAMES
from core.cli.console import DONE, CommandError, Console, UsageError
from core.cli.display import why_no_window
from core.sentences import say

HELP: Final = "Open the window"
EARLY_SECONDS: Final = 20.0
"""A window that ends with an error sooner than this may not have come up at all."""
CLOSING_SECONDS: Final = 10.0
PREANNOTATE: Final = "--preannotate"
"""Tells the window to propose instances for all images as soon as it is open."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="FOLDER | IMAGE", help="what to open; relative paths are fine"
    )
    parser.add_argument(
        "--debug", action="store_true", help="log to stderr and report a blocked window"
    )
    parser.add_argument("--version", action="version", version=_version())


def _version() -> str:
    try:
        return f"masklens {importlib.metadata.version('masklens')}"
    except importlib.metadata.PackageNotFoundError:
        return "masklens, run from its sources"


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Open the window and wait until it is closed."""
    for path in arguments.paths:
        if not Path(path).exists():
            known = ", ".join(COMMAND_NAMES)
            raise UsageError(
                say(
                    "cli.no_such_path",
                    "{path} is neither a file or folder nor one of the commands {commands}.",
                    path=path,
                    commands=known,
                )
            )
    options = ["--debug"] if arguments.debug else []
    return open_window([*options, "--", *arguments.paths])


def open_window(arguments: Sequence[str]) -> int:
    """Start the window as a process of its own, wait for its end, and pass on its exit code.

    Raises CommandError when there is no way to open one.
    """
    reason = why_no_window()
    if reason is not None:
        raise CommandError(reason)
    started = time.monotonic()
    with subprocess.Popen(python_command("app", *arguments), env=python_environment()) as window:
        code = _wait(window)
    if code != DONE and time.monotonic() - started < EARLY_SECONDS:
        reason = why_no_window(after_failure=True)
    if reason is not None:
        raise CommandError(reason)
    if code < 0:  # ended by a signal
        raise CommandError(
            say("cli.window_crashed", "The window was ended by signal {signal}.", signal=-code)
        )
    return code


def _wait(window: subprocess.Popen[bytes]) -> int:
    """Wait for the window. Being told to end, we pass that on; Ctrl+C reaches it by itself."""
    before = signal.signal(signal.SIGTERM, lambda *_: window.terminate())
    try:
        return window.wait()
    except KeyboardInterrupt:
        window.terminate()
        try:
            window.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            window.kill()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
