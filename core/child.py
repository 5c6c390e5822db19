"""How to start another Python of this program, wherever it is installed and whatever the cwd."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

WAITING: Final = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""Threads of torch that wait for each other sleep. By default they spin, and where processes share
the cores (the engine, a training) they burn what the others would work with."""
ROOT = Path(__file__).resolve().parent.parent


def python_command(module: str, *arguments: str) -> list[str]:
    """The command line that runs one of our modules with this interpreter.

    The working folder is kept off the child's import path (`-P`): it is the user's, and may
    hold a folder that is called as one of our packages.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def python_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for `python_command`: `base` (default: ours) with our packages in reach."""
    environment = dict(os.environ if base is None else base)
    # In site-packages we are found anyway, and putting it first could hide standard modules.
    if ROOT.name not in ("site-packages", "dist-packages"):
        paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH", "")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    environment["PYTHONIOENCODING"] = "utf-8"
    for name, value in WAITING.items():
        environment.setdefault(name, value)
    return environment
