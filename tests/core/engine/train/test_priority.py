from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.engine.train.priority import NICENESS

GROUP = Path("/proc/self/autogroup")
TELL = """
import os, pathlib
from core.engine.train.priority import give_way
group = pathlib.Path("/proc/self/autogroup")
def say():
    print(os.nice(0), group.read_text().strip() if group.exists() else "")
say()
give_way()
say()
"""


def told(**more) -> tuple[tuple[int, str], tuple[int, str]]:
    """Return the niceness and the line of the group, empty without one, before and after."""
    run = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, **more)
    assert run.returncode == 0, run.stderr
    before, after = (line.partition(" ") for line in run.stdout.splitlines())
    return (int(before[0]), before[2]), (int(after[0]), after[2])


@pytest.mark.skipif(not hasattr(os, "nice"), reason="niceness is a thing of POSIX")
def test_a_process_with_a_session_of_its_own_lowers_that_too():
    before, after = told(start_new_session=True)
    assert after[0] == min(19, before[0] + NICENESS)
    if before[1]:  # a kernel without groups of sessions has no line to change
        assert after[1].split() == [*before[1].split()[:-1], str(NICENESS)]


@pytest.mark.skipif(not hasattr(os, "nice"), reason="niceness is a thing of POSIX")
def test_the_session_of_others_is_left_alone():
    before, after = told()
    assert after == (min(19, before[0] + NICENESS), before[1])  # the line can be empty: no group
