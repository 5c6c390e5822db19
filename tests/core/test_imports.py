"""Every module can be imported anywhere, and nobody imports what is above or beside the house."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.child import python_environment
from tests.data import ROOT

PACKAGES = ("core", "app", "resources")
OPTIONAL = ("tifffile",)


def modules(package: str) -> Iterator[str]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in python_environment().items() if "DISPLAY" not in k}
    variables.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**variables, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def import_all(names: list[str], forbidden: tuple[str, ...]) -> str:
    """Code that imports modules while some packages cannot be had, and fails if they were."""
    return f"""
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {forbidden!r}:
            raise ModuleNotFoundError(f'{{name}} is not installed here', name=name)
sys.meta_path.insert(0, Missing())
for name in {names!r}:
    importlib.import_module(name)
"""


def test_core_needs_neither_qt_nor_a_display_nor_extras() -> None:
    done = run(import_all(list(modules("core")), ("PySide6", "shiboken6", "app", *OPTIONAL)))
    assert done.returncode == 0, done.stderr


def test_only_the_engine_needs_torch() -> None:
    names = [name for name in modules("core") if not name.startswith("core.engine")]
    done = run(import_all(names, ("torch", "torchvision", "PySide6", "app", *OPTIONAL)))
    assert done.returncode == 0, done.stderr


def test_the_window_s_modules_need_no_display_no_torch_and_no_engine() -> None:
    pytest.importorskip("PySide6")
    code = import_all(list(modules("app")), ("torch", "torchvision", *OPTIONAL))
    code += "assert not [name for name in sys.modules if name.startswith('core.engine')]\n"
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_importing_the_worker_does_not_load_torch_yet() -> None:
    done = run("import core.engine.worker, sys; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_the_floors_of_the_house() -> None:
    """The contracts of import-linter in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports" + (".exe" if os.name == "nt" else ""))
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_has_grown_out_of_hand() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if (count := path.read_text(encoding="utf-8").count("\n")) > 400
    ]
    assert long == []
