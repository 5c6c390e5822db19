"""Each call to the system fails once, at every place where it is made: no edit is lost.

A call is one of `os` that changes or reads what is on the disk. The n-th of them raises an error
of the disk; what was on the disk before must be whole, and what a person did must be there or be
offered when the image is opened again. Of calls that are made from the same place, on the same way
there, the first fails, and the last.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from core.document.edits import Add, Relabel
from core.formats import labelme
from core.project.project import Project
from core.sentences import MasklensError
from core.session import ImageSession
from tests.core.document.strategies import blob
from tests.core.session.helpers import make_project, open_session

Way = tuple[str, ...]
CALLS: Final = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "stat", "close")
ERRORS: Final = ((errno.ENOSPC, 1), (errno.EIO, 5), (errno.EACCES, 7))
MOST: Final = 900  # calls of one round; far more than there are


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off here but the program, so nothing need reach the disk itself."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


class Failing:
    """Counts the calls of `os`, and lets one of them fail."""

    def __init__(self, at: int, code: int) -> None:
        self.count, self._at, self._code = 0, at, code
        self.failed = ""
        self.ways: list[Way] = []
        """How each call came about, where none is to fail."""

    def wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            self.count += 1
            if not self._at:
                self.ways.append((name, *_way()))
            if self.count == self._at:
                self.failed = name
                if name == "close":  # a handle is free even where closing it fails
                    real(*arguments, **more)
                raise OSError(self._code, os.strerror(self._code))
            return real(*arguments, **more)

        return call

    @contextmanager
    def active(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self.wrapped(name, getattr(os, name)))
            yield


def _way() -> Iterator[str]:
    """The functions that led to a call, from within."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code is not work.__code__:
        yield frame.f_code.co_qualname
        frame = frame.f_back


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """The numbers of the calls that are worth failing."""
    session = open_session(make_project(tmp_path_factory.mktemp("whole")))
    failing = Failing(0, 0)
    with failing.active():
        work(session, [])
    numbered = list(enumerate(failing.ways, 1))
    last = {way: number for number, way in numbered}
    first = {way: number for number, way in reversed(numbered)}
    assert 100 < len(first) < failing.count < MOST
    return sorted({*first.values(), *last.values()})


def work(session: ImageSession, made: list[str]) -> None:
    """Two edits, each acknowledged when it was made, with a save after each."""
    for number, id in enumerate(("one", "two")):
        session.do(Add((blob(id, 20 + 10 * number, 20, 4, "cell"),)), "draw")
        made.append(id)
        session.do(Relabel.to("nucleus", [id]), "label")
        snapshot = session.snapshot()
        assert snapshot is not None
        session.saved(snapshot.write())


def found(project: Project) -> tuple[list[str], bool]:
    """The ids that are there when the image is opened again, with what is offered taken."""
    session = open_session(project)
    offered = session.recovery is not None and session.recovery.possible
    if offered:
        session.recover("recovered")
    return [each.id for each in session.document.shapes], offered


@pytest.mark.parametrize(("code", "step"), ERRORS, ids=str)
def test_no_failing_call_loses_an_edit(
    code: int, step: int, tmp_path: Path, places: list[int]
) -> None:
    failed = set()
    for at in places[::step]:
        root = tmp_path / str(at)
        project = make_project(root)
        session = open_session(project)
        before = blob("before", 8, 8, 4, "cell")
        session.do(Add((before,)), "draw")
        snapshot = session.snapshot()
        assert snapshot is not None
        session.saved(snapshot.write())
        failing, made = Failing(at, code), ["before"]
        with failing.active(), suppress(MasklensError):  # said to the person
            work(session, made)
        if not failing.failed:
            continue  # it was one call fewer this time
        failed.add(failing.failed)
        path = session.image.label_file
        assert "before" in [each.id for each in labelme.read(path).shapes], failing.failed
        # The window is still there: it saves again, and all is in the file.
        if session.conflict is None and (again := session.snapshot()) is not None:
            outcome = again.write()
            session.saved(outcome)
            assert outcome.ok, (at, failing.failed, outcome.problem)
        project.unlock()
        reopened = Project(root)
        reopened.lock()
        ids, _ = found(reopened)
        assert set(made) <= set(ids), (at, failing.failed, ids)
        reopened.unlock()
    assert step > 1 or failed >= {"open", "write", "fsync", "close"}, failed


def test_a_window_that_dies_after_a_failing_call_loses_nothing(
    tmp_path: Path, places: list[int]
) -> None:
    for at in places[::5]:
        project = make_project(tmp_path / str(at))
        session, made = open_session(project), []
        failing = Failing(at, errno.ENOSPC)
        with failing.active(), suppress(MasklensError):
            work(session, made)
        if not failing.failed:
            continue
        kept = session.edits_are_kept() or session.is_clean
        project.unlock()  # as the system does when a process dies
        reopened = Project(tmp_path / str(at))
        reopened.lock()
        ids, _ = found(reopened)
        reopened.unlock()
        # Where the journal failed too, the window says so before it closes.
        assert set(made) <= set(ids) or not kept, (at, failing.failed, ids)
