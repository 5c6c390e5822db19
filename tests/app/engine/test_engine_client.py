"""The window's side of the engine: answers, supersession, and every way in which an engine dies."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.engine.client import EngineClient, EngineState
from core.child import python_command
from core.protocol import (
    Download,
    Downloaded,
    ListModels,
    Models,
    Prediction,
    Priority,
    Progress,
)
from core.sentences import Sentence, english
from tests.models import save_tiny_model
from tests.pace import allowed

FAKE = python_command("tests.app.engine.fake_engine")
WAIT = 90_000


class Heard:
    """Asks a client, and keeps all that is heard of it, in order."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.all: list[tuple[str, tuple[Any, ...]]] = []
        for name in ("state_changed", "model_loaded", "stopped", "model_lost", "answered"):
            getattr(client, name).connect(self._noter(name))

    def _noter(self, name: str) -> Callable[..., None]:
        return lambda *args: self.all.append((name, args))

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Whatever follows is noted under the id that the next question gets."""
        id = self.client._last_id + 1
        return {
            name: lambda *args, name=name: self.all.append((name, (id, *args)))
            for name in ("done", "failed", "cancelled")
        }

    def predict(self, *what: Any, **options: Any) -> int:
        return self.client.predict(*what, **options, **self.callbacks()).id

    def load_model(self, *what: Any, **options: Any) -> int:
        return self.client.load_model(*what, **options, **self.callbacks()).id

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [args for heard, args in self.all if heard == name]

    def ends_of(self, id: int) -> list[str]:
        names = ("done", "failed", "cancelled")
        return [name for name, args in self.all if name in names and args[0] == id]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Callable[..., tuple[EngineClient, Heard]]]:
    clients: list[EngineClient] = []

    def start(*extra: str, **options: Any) -> tuple[EngineClient, Heard]:
        quick = {
            "tick_ms": 100,
            "patience_ticks": 30,
            "starting_ticks": 600,
            "backoff_ms": (50, 50, 50),
        }
        client = EngineClient(command=[*FAKE, *extra], **{**quick, **options})
        clients.append(client)
        heard = Heard(client)
        client.start()
        return client, heard

    yield start
    for client in clients:
        client.shutdown()
        assert client.engine_pid == 0


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def predictions(heard: Heard) -> list[int]:
    return [args[0] for args in heard.of("done") if isinstance(args[1], Prediction)]


def test_from_starting_to_ready_to_an_answer(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    model = heard.load_model("starter")
    id = heard.predict(Path("folder") / "a.png", "current")
    qtbot.waitUntil(lambda: heard.ends_of(id) != [], timeout=WAIT)
    assert heard.ends_of(model) == heard.ends_of(id) == ["done"]
    (prediction,) = [args[1] for args in heard.of("done") if args[0] == id]
    assert isinstance(prediction, Prediction)
    assert (prediction,) in heard.of("answered")
    assert model != id
    states = [state for (state,) in heard.of("state_changed")]
    assert states == [EngineState.STARTING, EngineState.BUSY, EngineState.READY]
    assert client.model is not None
    assert client.model.revision == "starter@1"
    assert client.ready is not None
    qtbot.waitUntil(lambda: "a stray print" in client.engine_log, timeout=WAIT)


def test_pixels_travel_where_there_is_no_shared_disk(qtbot: QtBot, make: Any) -> None:
    _, heard = make()
    heard.predict(Path("x.png"), "current", pixels=np.zeros((2000, 3000, 3), np.uint8))
    qtbot.waitUntil(lambda: bool(heard.of("done")), timeout=WAIT)
    assert heard.of("done")[0][1].width == 2000


def test_models_and_downloads(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    client.ask(ListModels(0, "models"), **heard.callbacks())
    progress: list[Progress] = []
    wanted = Download(0, "download:coco", name="coco")
    client.ask(wanted, **heard.callbacks(), progress=progress.append)
    qtbot.waitUntil(lambda: len(heard.of("done")) == 2, timeout=WAIT)
    assert [type(answer) for _, answer in heard.of("done")] == [Models, Downloaded]
    assert heard.of("done")[1][1].name == "coco"
    assert len(progress) == 1


def test_a_model_that_fails_leaves_the_old_one(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    heard.load_model("good")
    id = heard.load_model("bad")
    qtbot.waitUntil(lambda: bool(heard.of("failed") or heard.of("cancelled")), timeout=WAIT)
    qtbot.waitUntil(lambda: heard.ends_of(id) == ["failed"], timeout=WAIT)
    again = heard.load_model("good")
    qtbot.waitUntil(lambda: client.model is not None, timeout=WAIT)
    bad = heard.load_model("bad")
    qtbot.waitUntil(lambda: heard.ends_of(bad) == ["failed"], timeout=WAIT)
    assert client.model.spec == "good"
    assert heard.ends_of(again) == ["done"]


def test_the_newest_of_a_purpose_counts_and_stale_answers_are_dropped(
    qtbot: QtBot, make: Any
) -> None:
    client, heard = make()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    old = [heard.predict(Path("a.png"), "current") for _ in range(5)]
    new = heard.predict(Path("b.png"), "current")
    other = heard.predict(Path("c.png"), "folder:c", Priority.BATCH)
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    qtbot.wait(200)
    assert predictions(heard) == [new, other]
    assert [heard.ends_of(id) for id in old] == [["cancelled"]] * 5


def test_cancelling(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    id = heard.predict(Path("never"), "current")
    assert client.waiting("cur") == (id,)
    client.cancel(id)
    client.cancel(id)
    client.cancel(12345)
    assert heard.ends_of(id) == ["cancelled"]
    assert client.waiting() == ()


def test_a_failed_request_is_a_sentence(qtbot: QtBot, make: Any) -> None:
    _, heard = make()
    id = heard.predict(Path("fails"), "current")
    qtbot.waitUntil(lambda: heard.ends_of(id) == ["failed"], timeout=WAIT)
    (sentence,) = [args[1] for args in heard.of("failed")]
    assert isinstance(sentence, Sentence)
    assert english(sentence)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("die", "process.exited"),
        ("crash", "process.killed"),
        ("garbage", "process.broken_message"),
        ("hang", "process.hung"),
    ],
)
def test_a_dead_engine_is_replaced_and_the_rest_is_asked_again(
    qtbot: QtBot, make: Any, how: str, why: str
) -> None:
    client, heard = make()
    heard.load_model("starter")
    qtbot.waitUntil(lambda: client.model is not None, timeout=WAIT)
    first_pid = client.engine_pid
    culprit = heard.predict(Path(how), "current")
    others = [heard.predict(Path(f"{k}.png"), f"folder:{k}", Priority.BATCH) for k in range(3)]
    qtbot.waitUntil(lambda: len(predictions(heard)) == 3, timeout=WAIT)
    assert predictions(heard) == others
    assert heard.ends_of(culprit) == ["failed"]
    assert [sentence.id for (sentence,) in heard.of("stopped")] == [why]
    assert all(english(args[1]) for args in heard.of("failed"))
    states = [state for (state,) in heard.of("state_changed")]
    assert EngineState.RESTARTING in states
    assert len(heard.of("model_loaded")) == 2  # also in the new engine
    assert client.engine_pid not in (0, first_pid)
    assert gone(first_pid)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("with_signal", ["SIGKILL", "SIGSTOP"])
def test_killed_or_stopped_from_outside(qtbot: QtBot, make: Any, with_signal: str) -> None:
    client, heard = make()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    pid = client.engine_pid
    os.kill(pid, getattr(signal, with_signal))
    qtbot.waitUntil(lambda: gone(pid), timeout=WAIT)
    id = heard.predict(Path("a.png"), "current")
    qtbot.waitUntil(lambda: heard.ends_of(id) == ["done"], timeout=WAIT)


def test_it_gives_up_and_can_be_started_again(qtbot: QtBot, make: Any) -> None:
    client, heard = make("dead on arrival")
    id = heard.predict(Path("a.png"), "current")
    qtbot.waitUntil(lambda: client.state is EngineState.DEAD, timeout=WAIT)
    assert len(heard.of("stopped")) == 4  # first and 3 restarts
    assert heard.ends_of(id) == ["failed"]
    late = heard.predict(Path("a.png"), "current")
    client._command = FAKE
    client.start()
    qtbot.waitUntil(lambda: heard.ends_of(late) == ["done"], timeout=WAIT)


def test_a_program_that_is_not_there(qtbot: QtBot, make: Any) -> None:
    client = EngineClient(command=["/no/such/python"], backoff_ms=())
    heard = Heard(client)
    client.start()
    qtbot.waitUntil(lambda: client.state is EngineState.DEAD, timeout=WAIT)
    assert heard.of("stopped")[0][0].id == "process.not_started"


def test_stopping_leaves_no_process(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    pid, id = client.engine_pid, heard.predict(Path("never"), "current")
    client.stop()
    assert client.state is EngineState.STOPPED
    assert heard.ends_of(id) == ["cancelled"]
    qtbot.waitUntil(lambda: gone(pid), timeout=WAIT)
    qtbot.wait(200)
    assert client.state is EngineState.STOPPED
    assert heard.of("stopped") == []
    client.start()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)


def test_an_engine_that_will_not_leave_is_killed(qtbot: QtBot, make: Any) -> None:
    client, _ = make("stubborn")
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    pid, start = client.engine_pid, time.monotonic()
    client.shutdown()
    assert gone(pid)
    assert time.monotonic() - start < 10


def test_an_engine_that_floods_stderr_stops_nobody(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    heard.predict(Path("flood"), "current")
    qtbot.wait(500)
    spent, turns = time.thread_time(), []
    timer = QTimer()
    timer.timeout.connect(lambda: turns.append(time.thread_time()))
    timer.start(20)
    qtbot.wait(1000)
    timer.stop()
    assert len(turns) > 3  # the window goes on
    gaps = [b - a for a, b in itertools.pairwise((spent, *turns))]
    assert max(gaps) < allowed(0.03)
    assert 0 < len(client.engine_log) < 1_000_000
    pid, begun = client.engine_pid, time.monotonic()
    client.shutdown()
    assert gone(pid)
    assert time.monotonic() - begun < 15


def test_nothing_blocks_the_window(qtbot: QtBot, make: Any) -> None:
    client, heard = make()
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)
    times = []
    for _ in range(5):
        start = time.thread_time()
        heard.predict(Path("a.png"), "current")
        heard.load_model("starter")
        client.ask(ListModels(0, "models"), **heard.callbacks())
        times.append(time.thread_time() - start)
    assert min(times) < allowed(0.02)
    qtbot.waitUntil(lambda: client.state is EngineState.READY, timeout=WAIT)


def test_the_real_engine(qtbot: QtBot, tmp_path: Path) -> None:
    client = EngineClient()
    heard = Heard(client)
    client.start()
    heard.load_model(save_tiny_model(tmp_path / "tiny.pt"), precision="float32")
    pixels = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    id = heard.predict(None, "current", pixels=pixels)
    qtbot.waitUntil(lambda: heard.ends_of(id) != [], timeout=240_000)
    assert heard.ends_of(id) == ["done"], heard.of("failed")
    (prediction,) = [args[1] for args in heard.of("done") if args[0] == id]
    assert prediction.instances
    pid = client.engine_pid
    client.shutdown()
    assert gone(pid)
