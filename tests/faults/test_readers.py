"""Every place that opens a file stands in `docs/trust.md`, and every place named there does so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import app
import core

ROOT = Path(core.__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "trust.md").read_text("utf-8")
MECHANISM = ("core.storage.inside", "core.storage.open_folder")
OWN = {"open_file", "open_reading", "read", "names", "folders"}
OWN_HELPERS = {"open_appending", "create_anew"}
NAMED = {
    *("read_bytes", "read_text", "write_bytes", "write_text", "unlink", "rmdir", "mkdir"),
    *("iterdir", "glob", "rglob", "symlink_to", "hardlink_to", "rmtree", "copy2", "copyfile"),
    *("copytree", "scandir", "listdir", "fdopen", "makedirs", "truncate", "mkfifo"),
}
# Methods `open` and `touch` that have nothing to do with files.
NO_FILES = {
    *("ImageSession.open", "box.open", "dialog.open", "workspace.open", "self._workspace.open"),
}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Each call in the program: its module, the function that it stands in, the call."""
    for package in (core, app):
        for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield from _within(module, module, ast.parse(file.read_text("utf-8")))


def _within(module: str, place: str, node: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inner = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{place}.{child.name}"
        if isinstance(child, ast.Call):
            yield module, place, child
        yield from _within(module, inner, child)


def opens_own(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(ast.Name("inside"), name):
            return name in OWN
        case ast.Name(name):
            return name in OWN_HELPERS
    return False


def opens_named(call: ast.Call) -> bool:
    match call.func:
        case ast.Name("open"):
            return True
        case ast.Attribute(ast.Name("inside"), "read_named"):
            return True
        case ast.Attribute(_, "open"):
            return ast.unparse(call.func) not in NO_FILES
        case ast.Attribute(ast.Name("torch"), "load"):
            return True
        case ast.Attribute(_, name):
            return name in NAMED
    return False


def listed(heading: str) -> set[str]:
    """The places in code quotes in the last column of the table under a heading."""
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return {name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[-2])}


def test_every_reader_of_our_files_is_on_the_page() -> None:
    found = {
        place for module, place, call in calls() if opens_own(call) and module not in MECHANISM
    }
    assert found == listed("The files of a project, and what each can cause")


def test_every_other_place_that_opens_files_is_on_the_page() -> None:
    found = {module for module, _, call in calls() if opens_named(call) and module not in MECHANISM}
    own = {"core.learning.launch", "core.storage.atomic"}  # a handle becomes a file
    assert found - own == listed("Files beside the images, and files that a person names")


def test_each_promise_names_tests_that_are_there() -> None:
    section = PAGE.split("## Promises")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 12
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+\.py)`", row[-2])
        assert named, row
        assert all((ROOT / name).is_file() for name in named), named


def test_each_case_names_tests_that_are_there() -> None:
    named = listed("Each case and its test")
    assert len(named) > 30
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for text in texts for name in re.findall(r"^def (test_\w+)\(", text, re.M)}
    assert {name for name in named if name.startswith("test_")} <= there


def test_the_scan_sees_what_it_is_for() -> None:
    for text in ("inside.read(p)", "inside.open_file(p, 0)", "create_anew(p)"):
        (call,) = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        assert opens_own(call)
    for text in ("open(p)", "p.read_bytes()", "os.open(p, 0)", "shutil.rmtree(p)", "torch.load(p)"):
        (call,) = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        assert opens_named(call)
        assert not opens_own(call)
