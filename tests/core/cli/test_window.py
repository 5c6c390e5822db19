"""Opening the window: what is started, and what is said when it cannot be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.child import python_command, python_environment
from core.cli import display, main
from core.cli.commands import window


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Windows that would have been opened; in their place a child runs that does nothing."""
    commands: list[list[str]] = []

    def command(module: str, *arguments: str) -> list[str]:
        assert module == "app"
        commands.append(list(arguments))
        return [sys.executable, "-c", "pass"]

    monkeypatch.setattr(window, "python_command", command)
    return commands


def test_paths_are_handed_on_as_given(
    started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "predict").mkdir()
    (tmp_path / "a.png").touch()
    assert main(["./predict", "a.png"]) == 0
    assert main([]) == 0
    assert main(["--debug", "."]) == 0
    assert started == [["--", "./predict", "a.png"], ["--"], ["--debug", "--", "."]]


def test_its_exit_code_is_ours(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def command(module: str, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit(7)"]

    monkeypatch.setattr(window, "python_command", command)
    monkeypatch.setattr(display, "qt_starts", lambda: True)
    assert main([]) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_crash_is_said(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(module: str, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]

    monkeypatch.setattr(window, "python_command", command)
    monkeypatch.setattr(display, "qt_starts", lambda: True)
    assert main([]) == 1
    assert "signal 9" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="packages are Linux's")
def test_missing_libraries_are_named_in_one_line(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    libraries = {**display.PACKAGES, "libxcb-nonsense.so.9": "libxcb-nonsense9"}
    monkeypatch.setattr(display, "PACKAGES", libraries)
    monkeypatch.setattr(display, "qt_starts", lambda: False)
    assert main([]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "libxcb-nonsense9" in said
    assert started == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="packages are Linux's")
def test_a_library_that_qt_can_do_without_is_no_obstacle(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "PACKAGES", {"libxcb-nonsense.so.9": "libxcb-nonsense9"})
    monkeypatch.setattr(display, "qt_starts", lambda: True)
    assert main([]) == 0
    assert len(started) == 1


def test_without_qt_one_line_says_what_to_install(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "has_qt", lambda: False)
    assert main([]) == 1
    assert "PySide6-Essentials" in capsys.readouterr().err


def test_qt_that_is_kept_from_us_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6", None)
    assert not display.has_qt()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others always have a display")
def test_without_a_display_one_line_says_so(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in display.SCREEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 1
    assert "display" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "minimal:size"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "xcb"}, True),
    ],
)
def test_who_could_see_a_window(environment: dict[str, str], seen: bool) -> None:
    assert display.has_display(environment) is seen


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others always have a display")
def test_no_variables_no_display() -> None:
    assert not display.has_display({})


def test_the_probe_tells_a_good_display_from_a_bad_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display.qt_starts()
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    assert not display.qt_starts()


def test_a_child_finds_our_packages_and_not_those_of_the_working_folder(tmp_path: Path) -> None:
    for name in ("app", "core"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    command: Sequence[str] = python_command("core.sentences")
    done = subprocess.run(command, cwd=tmp_path, env=python_environment(), check=False)
    assert done.returncode == 0
