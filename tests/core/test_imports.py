"""Every module can be imported anywhere; imports point down, and never round in a circle."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from core.child import python_environment
from tests.core.import_table import PAGE, import_nodes, with_table
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


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    package = path / "__init__.py"
    return package if package.is_file() else path.with_suffix(".py")


def imports(path: Path, known: set[str]) -> set[str]:
    """The modules of ours that a file imports: anywhere in it, for the type checker alone too."""
    found = set()
    for node in import_nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & known) or {node.module}
    return found & known


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    known = {*modules("app"), *modules("core")}
    return {name: imports(path_of(name), known) - {name} for name in sorted(known)}


def test_no_imports_run_in_a_circle(graph: dict[str, set[str]]) -> None:
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []


def test_nothing_but_the_start_knows_the_window(graph: dict[str, set[str]]) -> None:
    assert len(graph) > 300
    knowing = [
        (name, other)
        for name, others in graph.items()
        for other in others
        if other.startswith("app.window") and not name.startswith("app.window")
    ]
    assert knowing == []


def test_the_map_says_what_is_imported() -> None:
    """Else: `python -m tests.core.import_table`."""
    page = PAGE.read_text("utf-8")
    assert "| `core/session` |" in page
    assert page == with_table(page)


def test_no_file_has_grown_out_of_hand() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if (count := path.read_text(encoding="utf-8").count("\n")) > 400
    ]
    assert long == []


def test_no_row_is_deleted_under_its_own_signal() -> None:
    """`clear_rows` takes rows away; Qt's own call deletes a field that is telling of a change."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "app").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "removeRow"
    ]
    assert calls == []
