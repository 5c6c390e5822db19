"""Set-up shared by all tests: no display needed, one torch thread, settings of their own.

With `-n` several processes run them, each whole files, and each with a home of its own.

Property tests try the same examples each time, so that a failure is due to the change at hand;
`pytest --hypothesis-profile=explore` looks for new ones.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

# Dozens of processes import torch, which takes six times as long where nothing compiled is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Neither a test nor a process it starts may read or write the settings of the person who runs it.
_home = tempfile.mkdtemp(prefix="masklens-tests-")
for _name in ("CONFIG", "CACHE", "DATA", "STATE"):
    os.environ[f"XDG_{_name}_HOME"] = os.path.join(_home, _name.lower())

# On a busy machine time says nothing about a test.
# Fewer examples are drawn in each run than by `explore`, which is for a run by hand.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Making a failing example smaller can take five minutes, and `explore` does it.
_quick = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
settings.register_profile(
    "same", _patient, max_examples=50, derandomize=True, database=None, phases=_quick
)
settings.register_profile("explore", _patient, print_blob=True)
settings.load_profile("same")


LONGEST = ("e2e", "faults", "train", "resources")


def pytest_configure(config: pytest.Config) -> None:
    """Draw no constants from our modules: which are loaded depends on the tests before."""
    if settings.get_current_profile_name() == "same":
        providers.is_local_module_file = lambda _path: False  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no process works on one when the others have ended."""
    places = {folder: place for place, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind in the folder for temporary files."""
    shutil.rmtree(_home, ignore_errors=True)
