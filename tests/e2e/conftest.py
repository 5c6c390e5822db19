"""A display for the real program: Xvfb with a window manager where there are both.

Without a window manager no window gets the keyboard; then Qt's own display without a screen serves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.child import python_environment

MANAGERS = ("openbox", "xfwm4", "metacity", "icewm", "twm")


@pytest.fixture(scope="session")
def display() -> Iterator[dict[str, str]]:
    """The environment variables of a display of our own."""
    server = shutil.which("Xvfb")
    manager = next(filter(None, map(shutil.which, MANAGERS)), None)
    if server is None or manager is None:
        yield {"QT_QPA_PLATFORM": "offscreen"}
        return
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    variables = {"QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{number}"}
    managing = subprocess.Popen(
        [manager], env={**os.environ, **variables}, stderr=subprocess.DEVNULL
    )
    yield variables
    for each in (managing, process):
        each.terminate()
        each.wait()


@pytest.fixture
def environment(display: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a user with nothing set yet, on that display."""
    home = {
        f"XDG_{name}_HOME": str(tmp_path / "home" / name.lower())
        for name in ("CONFIG", "CACHE", "DATA", "STATE")
    }
    return {**python_environment(), **home, **display, "LC_ALL": "C.UTF-8"}
