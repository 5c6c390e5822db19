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
give_way()
group = pathlib.Path("/proc/self/autogroup")
print(os.nice(0), group.read_text().split()[-1] if group.exists() else "none")
"""


def told(**more) -> list[str]:
    command = [sys.executable, "-c", TELL]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, **more
    ).stdout.split()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="niceness is a thing of POSIX")
def test_a_process_with_a_session_of_its_own_lowers_that_too():
    niceness, group = told(start_new_session=True)
    assert int(niceness) == min(19, os.nice(0) + NICENESS)
    assert group == (str(NICENESS) if GROUP.exists() else "none")


@pytest.mark.skipif(not GROUP.exists(), reason="no groups of sessions here")
def test_the_session_of_others_is_left_alone():
    before = GROUP.read_text()
    told()
    assert GROUP.read_text() == before
