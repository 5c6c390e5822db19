"""Giving way to the window and to everything else that a person is waiting for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

NICENESS: Final = 10
_GROUP: Final = Path("/proc/self/autogroup")


def give_way() -> None:
    """Lower the priority of this process, for good.

    Linux shares processors between sessions before it looks at niceness, so a process with a
    session of its own has to lower that session too; else it would take as much as the window.
    """
    if not hasattr(os, "nice"):
        return  # Windows is told when the process is made
    os.nice(NICENESS)
    if _GROUP.exists() and os.getsid(0) == os.getpid():
        try:
            _GROUP.write_text(str(NICENESS))
        except OSError:  # not to be had on this kernel: then niceness has to do
            return
