"""The engine as a real process: it speaks frames, survives prints, and leaves when asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.child import python_command, python_environment
from core.engine.worker import Output
from core.protocol import (
    Answer,
    Cancel,
    Cancelled,
    CancelReason,
    Failed,
    Heartbeat,
    ListModels,
    LoadModel,
    Message,
    MessageReader,
    ModelLoaded,
    Models,
    Predict,
    Prediction,
    Priority,
    Progress,
    Readiness,
    Ready,
    Shutdown,
    encode,
)
from core.protocol.messages.comparing import Compare, Compared
from core.protocol.messages.prompts import (
    Encode,
    Encoded,
    PixelsWanted,
    Prompt,
    Prompted,
    PromptKind,
)
from tests.models import save_tiny_model

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
PATIENCE = 240.0


class Engine:
    """A worker process and what it said."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            python_command("core.engine.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=python_environment(),
        )
        self._reader = MessageReader()
        self.heard: list[Message] = []

    def send(self, *messages: Message) -> None:
        assert self.process.stdin is not None
        for message in messages:
            for chunk in encode(message):
                self.process.stdin.write(bytes(chunk))
        self.process.stdin.flush()

    def wait_for(self, wanted: Callable[[Message], bool]) -> Message:
        assert self.process.stdout is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for message in list(self.heard):
                if wanted(message):
                    return message
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                assert self.process.stderr is not None
                pytest.fail(f"the engine ended: {self.process.stderr.read().decode()}")
            self.heard += self._reader.feed(data)
        pytest.fail(f"never heard; only {self.heard}")

    def answer(self, id: int) -> Answer:
        message = self.wait_for(lambda m: isinstance(m, Answer) and m.FINAL and m.id == id)
        assert isinstance(message, Answer)
        return message

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny.pt")


@pytest.fixture(scope="module")
def engine(model: Path) -> Iterator[Engine]:
    """One engine for the tests that leave it alive; ids must differ between them."""
    running = Engine()
    running.send(LoadModel(1, "model", spec=str(model), precision="float32"))
    assert isinstance(running.answer(1), ModelLoaded)
    yield running
    running.close()


def test_it_says_that_it_lives_before_torch_is_loaded(engine: Engine) -> None:
    ready = [m for m in engine.heard if isinstance(m, Ready)]
    assert [m.readiness for m in ready] == [Readiness.STARTING, Readiness.READY]
    assert ready[0].torch == ""
    assert ready[1].pid == engine.process.pid
    beats_before = engine.heard[: engine.heard.index(ready[1])]
    assert any(isinstance(m, Heartbeat) for m in beats_before)


def test_a_loaded_model_says_what_it_knows(engine: Engine, model: Path) -> None:
    loaded = engine.answer(1)
    assert isinstance(loaded, ModelLoaded)
    assert loaded.labels == ("cell", "square")
    assert loaded.spec == str(model)
    assert loaded.precision == "float32"
    assert loaded.settings.detections_per_image == 10


def test_pixels_travel_and_suggestions_come_back(engine: Engine) -> None:
    engine.send(Predict(10, "current", pixels=PIXELS))
    prediction = engine.answer(10)
    assert isinstance(prediction, Prediction)
    assert (prediction.width, prediction.height) == (80, 64)
    assert len(prediction.boxes) == len(prediction.scores) == len(prediction.labels) > 0
    assert prediction.instances
    for instance in prediction.instances:
        assert instance.source == "suggested"
        assert instance.model == prediction.model
        assert instance.label in ("cell", "square")
    stages = [m.step for m in engine.heard if isinstance(m, Progress) and m.id == 10]
    assert stages[0] == "begun"
    assert "backbone" in stages
    assert [name for name, _ in prediction.milliseconds] == stages[1:]


def test_a_path_gives_the_same_as_its_pixels(engine: Engine, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    engine.send(Predict(20, pixels=PIXELS), Predict(21, path=str(tmp_path / "a.png")))
    a, b = engine.answer(20), engine.answer(21)
    assert isinstance(a, Prediction)
    assert isinstance(b, Prediction)
    np.testing.assert_array_equal(a.boxes, b.boxes)
    np.testing.assert_array_equal(a.scores, b.scores)


def test_what_fails_is_said_in_a_sentence_and_the_engine_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "broken.pt").write_bytes(b"no model")
    engine.send(
        Predict(30, path=str(tmp_path / "nothing.png")),
        LoadModel(31, "model", spec=str(tmp_path / "broken.pt")),
        LoadModel(32, spec="no such model"),
        LoadModel(33, spec="starter", precision="float7"),
        Predict(34, pixels=np.zeros((0, 5, 3), np.uint8)),
        Predict(35, pixels=PIXELS),
    )
    for id in (30, 31, 32, 33, 34):
        failed = engine.answer(id)
        assert isinstance(failed, Failed), failed
    assert isinstance(engine.answer(35), Prediction)  # by the model that was there before


def test_two_models_look_at_one_image_and_the_one_in_use_stays(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    from PIL import Image

    from core.engine.weights import load_file

    other = save_tiny_model(tmp_path / "other.pt", seed=1)
    here, there = load_file(model).revision, load_file(other).revision
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    ask = Compare(
        70,
        path=str(tmp_path / "a.png"),
        before=str(model),
        before_revision=here,
        after=str(other),
        after_revision=there,
    )
    engine.send(ask, replace(ask, id=71, after_revision="other"), Predict(72, pixels=PIXELS))
    compared, failed, predicted = engine.answer(70), engine.answer(71), engine.answer(72)
    assert isinstance(compared, Compared)
    assert isinstance(failed, Failed)
    assert failed.sentence.id == "learning.model_changed"
    assert isinstance(predicted, Prediction)
    assert predicted.model == here
    for seen, revision in ((compared.before, here), (compared.after, there)):
        assert all((one.score or 0) >= 0.5 and one.model == revision for one in seen)
    expected = [one for one in predicted.instances if (one.score or 0) >= 0.5]
    assert [one.polygons for one in compared.before] == [one.polygons for one in expected]


def test_urgent_work_goes_first_and_interrupts_batch_work(engine: Engine) -> None:
    big = np.random.default_rng(1).integers(0, 256, (600, 900, 3), dtype=np.uint8)
    batch = [Predict(40 + k, f"folder:{k}", Priority.BATCH, pixels=big) for k in range(4)]
    engine.send(*batch)
    engine.wait_for(lambda m: isinstance(m, Progress) and m.id == 40)
    engine.send(Predict(49, "current", pixels=PIXELS))
    for id in range(40, 44):
        assert isinstance(engine.answer(id), Prediction)
    finals = [m.id for m in engine.heard if isinstance(m, Answer) and m.FINAL]
    assert finals.index(49) < finals.index(42)


def test_newer_supersedes_older_and_cancel_cancels(engine: Engine) -> None:
    engine.send(*[Predict(50 + k, "current", pixels=PIXELS) for k in range(5)])
    engine.send(Predict(58, "other", Priority.BATCH, pixels=PIXELS), Cancel(58), Cancel(999))
    assert isinstance(engine.answer(54), Prediction)
    dropped = [engine.answer(id) for id in range(50, 54)]
    assert all(isinstance(m, Cancelled | Prediction) for m in dropped)
    assert Cancelled(52, CancelReason.SUPERSEDED) in dropped
    assert engine.answer(58) == Cancelled(58, CancelReason.ASKED)


def test_models_are_listed_beside_the_work(engine: Engine) -> None:
    engine.send(ListModels(60))
    models = engine.answer(60)
    assert isinstance(models, Models)
    assert models.models[0].name == "starter"


def test_no_model_no_prediction_and_eof_ends_it_at_once() -> None:
    engine = Engine()
    engine.send(Predict(1, pixels=PIXELS))
    assert isinstance(engine.answer(1), Failed)
    assert engine.process.stdin is not None
    start = time.monotonic()
    engine.process.stdin.close()
    assert engine.process.wait(PATIENCE) == 0
    assert time.monotonic() - start < 10
    assert engine.process.stdout is not None
    assert engine.process.stderr is not None
    engine.process.stdout.close()
    engine.process.stderr.close()


@pytest.mark.parametrize("how", ["shutdown", "eof", "garbage"])
def test_it_leaves_even_while_torch_is_being_loaded(how: str) -> None:
    engine = Engine()
    engine.wait_for(lambda m: isinstance(m, Ready))
    assert engine.process.stdin is not None
    if how == "shutdown":
        engine.send(Shutdown())
    elif how == "garbage":
        engine.process.stdin.write(b"this is not a frame")
    start = time.monotonic()
    engine.process.stdin.close()
    engine.process.wait(PATIENCE)
    assert time.monotonic() - start < 60  # importing torch may hold on to the interpreter
    assert engine.process.stdout is not None
    assert engine.process.stderr is not None
    rest = list(MessageReader().feed(engine.process.stdout.read()))
    assert any(isinstance(m, Failed) for m in rest) == (how == "garbage")
    engine.process.stdout.close()
    engine.process.stderr.close()


PRINTS = """
import os, sys
from core.stdio import set_stdin_aside, set_stdout_aside
source, target = set_stdin_aside(), set_stdout_aside()
print("from Python")
os.write(1, b"from C")
sys.stdout.flush()
assert sys.stdin.read() == "" and os.read(0, 10) == b""
os.write(target, b"frame:" + os.read(source, 100))
"""


def test_an_answer_that_cannot_travel_fails_its_request_alone() -> None:
    """A broken model answers NaN, which is no JSON."""
    mine, theirs = os.pipe()
    answer = Prediction(7, "m", 1, 1, (), *_no_boxes(), milliseconds=(("rpn", float("nan")),))
    Output(theirs).send(answer)
    (heard,) = MessageReader().feed(os.read(mine, 1 << 16))
    assert isinstance(heard, Failed)
    assert heard.id == 7
    assert "milliseconds" in str(heard.sentence.args["error"])
    os.close(mine)
    os.close(theirs)


def _no_boxes() -> tuple[Any, ...]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)


def test_prints_and_reads_do_not_touch_the_pipes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS],
        input=b"request",
        capture_output=True,
        env=python_environment(),
        check=True,
    )
    assert done.stdout == b"frame:request"
    assert b"from Python" in done.stderr
    assert b"from C" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_when_the_window_is_killed_the_engine_goes_too(tmp_path: Path) -> None:
    parent = (
        "import subprocess, time\n"
        "from core.child import python_command, python_environment\n"
        "child = subprocess.Popen(python_command('core.engine.worker'), stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE, env=python_environment())\n"
        "child.stdout.read(1)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    window = subprocess.Popen(
        [sys.executable, "-c", parent],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=python_environment(),
    )
    assert window.stdout is not None
    engine_pid = int(window.stdout.readline())
    window.send_signal(signal.SIGKILL)
    window.wait()
    window.stdout.close()
    until = time.monotonic() + 20
    while time.monotonic() < until and _lives(engine_pid):
        time.sleep(0.05)
    assert not _lives(engine_pid)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return sys.platform != "linux"
    return stat.rpartition(")")[2].split()[0] != "Z"


BOX = np.array([[8, 8, 60, 50]], np.float32)


def test_an_image_is_encoded_once_and_prompts_are_answered(engine: Engine, tmp_path: Path) -> None:
    from PIL import Image

    path = str(tmp_path / "seen.png")
    Image.fromarray(PIXELS).save(path)
    points = {"points": BOX[:, :2] + 20, "inside": np.ones(1, np.bool_)}
    engine.send(
        Encode(200, "encode", path=path),
        Prompt(201, "prompt a", path=path, boxes=BOX),
        Prompt(202, "prompt b", path=path, kind=PromptKind.POINTS, **points),
        Encode(203, path=path),
        Prompt(204, path=path, boxes=BOX, model="another@1"),
    )
    encoded, again = engine.answer(200), engine.answer(203)
    assert isinstance(encoded, Encoded)
    assert isinstance(again, Encoded)
    assert (encoded.width, encoded.height) == (80, 64)
    assert (encoded.was_kept, again.was_kept) == (False, True)
    for id in (201, 202):
        found = engine.answer(id)
        assert isinstance(found, Prompted)
        assert (found.path, found.model) == (path, encoded.model)
        assert found.encode_milliseconds == 0 < found.prompt_milliseconds
        assert found.first.tolist() == [0] if id == 201 else found.first[0] >= 0
        assert {one.source for one in found.instances} == {"prompted"}
        rows = (found.prompt, found.origin, found.steadiness, found.boxes)
        assert {len(each) for each in rows} == {len(found.instances)}
    refused = engine.answer(204)
    assert isinstance(refused, Failed)
    assert refused.sentence.id == "prompts.other_model"


def test_pixels_that_travelled_answer_by_their_version_alone(engine: Engine) -> None:
    engine.send(
        Prompt(220, path="far.png", version="1", boxes=BOX),
        Encode(221, path="far.png", version="1", pixels=PIXELS),
        Prompt(222, path="far.png", version="1", boxes=BOX),
        Prompt(223, path="far.png", version="2", boxes=BOX),
    )
    assert isinstance(engine.answer(220), PixelsWanted)
    assert isinstance(engine.answer(221), Encoded)
    found = engine.answer(222)
    assert isinstance(found, Prompted)
    assert (found.path, found.version) == ("far.png", "1")
    assert isinstance(engine.answer(223), PixelsWanted)
