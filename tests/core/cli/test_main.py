"""The command line as a whole: help, exit codes, where output goes, how fast it is there."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.child import python_environment
from core.cli import main
from core.cli.commands import COMMAND_NAMES
from core.cli.console import Console
from core.sentences import MasklensError, say
from core.stdio import stdout_for_one_document

CLI = [sys.executable, "-P", "-m", "core.cli"]


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *words],
        capture_output=True,
        text=True,
        env=python_environment(),
        timeout=120,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in COMMAND_NAMES:
        assert f"  {name}" in text


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"masklens {name}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("masklens")


@pytest.mark.parametrize(
    "words", [["predict"], ["--no-such-option"], ["evaluate"], ["models"], ["models", "burn"]]
)
def test_wrong_use_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().out == ""


def test_a_mistyped_command_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predcit"]) == 2
    assert "predict" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from core.cli import main\n"
        "assert main(['--help']) == 0\n"
        "assert main(['predict', '--help']) == 0\n"
        "heavy = {'torch', 'torchvision', 'numpy', 'PIL', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = python_environment()
    subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, check=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no processor time of children there")
def test_help_costs_next_to_nothing() -> None:
    used = []
    for _ in range(3):
        before = os.times()
        assert run("--help").returncode == 0
        after = os.times()
        used.append(after.children_user + after.children_system)
        used[-1] -= before.children_user + before.children_system
    assert min(used) < 0.3


def test_as_a_module_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the wrong core')")
    done = run("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("masklens")


def test_a_reader_that_leaves_early_causes_no_noise() -> None:
    with subprocess.Popen(
        [*CLI, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=python_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_with_json_nothing_else_reaches_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with stdout_for_one_document() as document:
        print("a stray print")
        os.write(1, b"from C\n")
        console = Console(document, as_json=True)
        console.note("a note")
        console.fail("a.png", say("images.missing", "{path} is not there.", path="a.png"))
        console.result("for people", {"a": "ä", "failed": console.failures})
    print("and back")
    said = capfd.readouterr()
    first, rest = said.out.split("\n", 1)
    assert json.loads(first)["failed"][0]["file"] == "a.png"
    assert rest == "and back\n"
    for text in ("a stray print", "from C", "a note", "a.png"):
        assert text in said.err
    assert console.code() == 1


@pytest.mark.parametrize(("src", "code"), [("nothing-here", 2), (".", 1)])
def test_with_json_a_fault_is_a_document_too(
    src: str, code: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["convert", str(tmp_path / src), "--to", "coco", "--out", str(tmp_path / "c.json")]
    assert main([*words, "--json"]) == code
    said = capfd.readouterr()
    document = json.loads(said.out)
    assert document["failed"] == []
    assert f"masklens: {document['error']}" in said.err


def test_a_document_is_not_followed_by_another() -> None:
    results = io.StringIO()
    console = Console(results, as_json=True)
    console.result("for people", {"a": 1})
    console.broke(MasklensError(say("images.missing", "{path} is not there.", path="a.png")))
    assert json.loads(results.getvalue()) == {"a": 1}


def test_without_json_the_text_is_printed() -> None:
    results = io.StringIO()
    console = Console(results, as_json=False)
    console.result("for people", {"a": 1})
    assert results.getvalue() == "for people\n"
    assert console.code() == 0


def test_progress_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(io.StringIO(), as_json=False)
    console.progress("a.png", 1, 3)
    assert capsys.readouterr().err == ""
