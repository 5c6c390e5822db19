"""What a suggestion costs alone and beside a training, and what that training costs a step.

    python -m tests.bench.bench_beside IMAGE DATASET IMAGES_DIR [--model photos] [--times 4]

Engine and trainer are processes of their own, with the threads that they give themselves (all
cores, and one less at a lower priority), then with a thread for each core both; that again with
threads that spin while they wait, as they do where nobody tells them to sleep. The training is of
the starter on a few images of DATASET, and is ended once it was measured beside. Each suggestion
is of a file that has just changed, so that nothing of it is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QTest

from app.engine.client import EngineClient
from core.child import python_command, python_environment
from core.formats.dataset import open_dataset
from core.learning.events import Stepped
from core.learning.folder import RunFolder, create_run
from core.learning.gather import gather_dataset
from core.learning.launch import TRAINER
from core.learning.spec import RunSpec
from core.protocol import Answer, Predict
from core.sentences import Sentence

PATIENCE = 1200.0
STEPS = 400
IMAGES = 6
SPINNING = "300000"
"""What libgomp does when nothing is said."""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_beside")
    parser.add_argument("image", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--model", default="photos")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--times", type=int, default=4)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    os.environ.pop("OMP_NUM_THREADS", None)
    cores = os.cpu_count() or 1
    application = QCoreApplication([])
    with tempfile.TemporaryDirectory() as folder:
        image = Path(shutil.copy(given.image, folder))
        for name, spin, threads in (
            ("threads by rule, asleep while they wait", None, None),
            (f"{cores} threads each, asleep", None, cores),
            (f"{cores} threads each, spinning", SPINNING, cores),
        ):
            if spin is not None:
                os.environ["GOMP_SPINCOUNT"] = spin
            with _engine(application, given.model, given.precision, image) as client:
                if threads is None:
                    _tell("alone", client, image, given.times, None)
                with _training(given, Path(folder) / name, threads) as trainer:
                    _tell(name, client, image, given.times, trainer)


@contextlib.contextmanager
def _engine(
    parent: QCoreApplication, model: str, precision: str, image: Path
) -> Iterator[EngineClient]:
    """An engine that has suggested once."""
    client = EngineClient(parent)
    loaded: list[object] = []
    client.start()
    try:
        client.load_model(model, precision=precision, done=loaded.append, failed=_fail)
        _wait(lambda: loaded)
        _suggest(client, image)
        yield client
    finally:
        process = Path(f"/proc/{client.engine_pid}")
        client.shutdown()
        _wait(lambda: client.engine_pid == 0 or not process.exists())


class Trainer:
    """A training in work."""

    def __init__(self, run: RunFolder, process: subprocess.Popen[bytes]) -> None:
        self._run, self._process = run, process

    def taken(self) -> tuple[int, float]:
        """Steps so far, and milliseconds of the processor."""
        steps = [told.event.step for told in self._run.events().read() if _stepped(told.event)]
        if self._process.poll() is not None:
            raise RuntimeError("the training has ended")
        return max(steps, default=0), _processor(self._process.pid)


def _stepped(event: object) -> bool:
    return isinstance(event, Stepped)


@contextlib.contextmanager
def _training(given: argparse.Namespace, path: Path, threads: int | None) -> Iterator[Trainer]:
    """A training that has taken a step, and is ended whatever happens."""
    spec = RunSpec(
        model="starter",
        dataset=str(given.dataset),
        steps=STEPS,
        hold_out=0.0,
        precision="float32",
        threads=threads,
        validations=0,
        picture_every=0,
    )
    dataset = open_dataset(given.dataset, images_dir=given.images)
    few = replace(dataset, items=dataset.items[:IMAGES])
    run = create_run(path, spec, gather_dataset(few, share=0.0))
    process = subprocess.Popen(
        python_command(TRAINER, str(run.path)),
        env=python_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        trainer = Trainer(run, process)
        _wait(lambda: trainer.taken()[0])
        yield trainer
    finally:
        process.kill()
        process.wait()


def _tell(
    name: str, client: EngineClient, image: Path, times: int, trainer: Trainer | None
) -> None:
    before = (0, 0.0) if trainer is None else trainer.taken()
    values = [_suggest(client, image) for _ in range(times)]
    text = ""
    if trainer is not None:
        steps, spent = (now - then for now, then in zip(trainer.taken(), before, strict=True))
        text = f"; {steps} steps of {spent / max(steps, 1):.0f} ms of the processor meanwhile"
    clock, processor = (statistics.median(column) for column in zip(*values, strict=True))
    print(
        f"{name}: {clock:.0f} ms by the clock, {processor:.0f} of the processor{text} "
        f"(load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def _suggest(client: EngineClient, image: Path) -> tuple[float, float]:
    """Milliseconds of one suggestion: by the clock, and of the engine's processor time."""
    os.utime(image)
    answers: list[Answer] = []
    before, start = _processor(client.engine_pid), time.perf_counter()
    client.ask(Predict(0, "bench", path=str(image)), done=answers.append, failed=_fail)
    _wait(lambda: answers)
    return (time.perf_counter() - start) * 1000, _processor(client.engine_pid) - before


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def _fail(sentence: Sentence) -> None:
    raise RuntimeError(sentence.text)


def _wait(holds: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("it did not get there")
        QTest.qWait(20)


if __name__ == "__main__":
    main()
