"""The engine process: `python -m core.engine.worker` reads requests on stdin, answers on stdout.

Threads: one reads messages, one gives a sign of life every second, one runs errands that need no
computing (listing, downloading); the main thread computes. When stdin ends, the process exits.
torch is loaded after the first message is out, so that the window knows at once that we live.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from core.engine.jobs import Job, JobQueue, JobStopped, unexpected
from core.engine.light_import import import_torchvision
from core.protocol import (
    Answer,
    Cancel,
    Cancelled,
    CancelReason,
    Download,
    Failed,
    Heartbeat,
    ListModels,
    Message,
    MessageReader,
    Progress,
    ProtocolError,
    Readiness,
    Ready,
    Request,
    Shutdown,
    encode,
)
from core.sentences import say
from core.stdio import set_stdin_aside, set_stdout_aside

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 2.0
READ_BYTES: Final = 1 << 18
NICENESS: Final = 5
ERRANDS: Final = (ListModels, Download)
ERRAND_GRACE_SECONDS: Final = 0.5

Say = Callable[[Answer], None]


class Output:
    """Writes whole messages to a descriptor, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write a message; one that cannot travel fails its request.

        When nobody reads any more the process exits.
        """
        try:
            chunks = encode(message)
        except (TypeError, ValueError) as error:
            if not isinstance(message, Answer):
                raise
            log.exception("an answer to request %d cannot travel", message.id)
            chunks = encode(Failed(message.id, unexpected(error)))
        try:
            with self._lock:
                for chunk in chunks:
                    self._write(memoryview(chunk))
        except OSError:
            os._exit(0)

    def _write(self, rest: memoryview) -> None:
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


class Worker:
    """Takes messages in and works on them."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._computing = JobQueue()
        self._errands = JobQueue()
        self._loaded = threading.Event()

    def receive(self, message: Message) -> None:
        """Take in one message from the reading thread."""
        if isinstance(message, Cancel):
            if self._computing.cancel(message.id) or self._errands.cancel(message.id):
                self._output.send(Cancelled(message.id, CancelReason.ASKED))
        elif isinstance(message, Shutdown):
            self.leave()
        elif isinstance(message, Request):
            queue = self._errands if isinstance(message, ERRANDS) else self._computing
            for dropped in queue.put(message):
                self._output.send(Cancelled(dropped.id, CancelReason.SUPERSEDED))
        else:
            log.warning("the window has no business sending %s", message.TYPE)

    def leave(self) -> None:
        """Exit without waiting for a computation; a download may remove its unfinished file."""
        self._computing.cancel_all()
        self._errands.cancel_all()
        self._errands.wait_until_idle(ERRAND_GRACE_SECONDS)
        sys.stderr.flush()
        os._exit(0)

    def beat(self) -> None:
        """Give signs of life for ever."""
        pause = threading.Event()
        while True:
            state = self._computing.state()
            self._output.send(Heartbeat(state.in_work, state.waiting))
            pause.wait(HEARTBEAT_SECONDS)

    def compute(self) -> None:
        """Load torch, then do the requests that compute, for ever."""
        try:
            import_torchvision()
            from core.engine import serve
        except (ImportError, OSError) as error:
            log.exception("torch cannot be loaded")
            self._output.send(
                Failed(
                    0,
                    say("process.no_torch", "The engine cannot load torch: {why}.", why=str(error)),
                )
            )
            raise SystemExit(1) from error
        device, version = serve.description()
        self._output.send(Ready(Readiness.READY, os.getpid(), device, version))
        self._loaded.set()
        engine = serve.Engine()
        self._work(self._computing, partial(serve.answer, engine), engine.use_time)

    def run_errands(self) -> None:
        """Once torch is loaded, do the requests that compute nothing, for ever."""
        self._loaded.wait()
        from core.engine import serve

        self._work(self._errands, partial(serve.answer, serve.Engine()))

    def _work(
        self,
        queue: JobQueue,
        answer: Callable[[Job, Say], Answer],
        use_time: Callable[[], bool] = lambda: False,
    ) -> None:
        """Do what is asked, and `use_time` where nothing was for a while, until it says False."""
        left = False
        while True:
            job = queue.take(IDLE_SECONDS if left else None)
            if job is None:
                left = use_time()
                continue
            left = True
            if queue is self._computing:
                self._output.send(Progress(job.request.id, "begun"))
            try:
                message = answer(job, self._output.send)
            except JobStopped:
                self._stopped(queue, job)
            else:
                queue.finish(job)
                self._finish(job, message)

    def _stopped(self, queue: JobQueue, job: Job) -> None:
        reason = queue.finish_stopped(job)
        if reason is not None:
            self._output.send(Cancelled(job.request.id, reason))

    def _finish(self, job: Job, message: Answer) -> None:
        if job.given_up is None:
            self._output.send(message)
        else:
            self._output.send(Cancelled(job.request.id, job.given_up))


def read_messages(descriptor: int, worker: Worker, output: Output) -> None:
    """Pass on messages until stdin ends or babbles, then leave."""
    messages = MessageReader()
    try:
        while data := os.read(descriptor, READ_BYTES):
            for message in messages.feed(data):
                worker.receive(message)
    except ProtocolError as error:
        log.error("%s", error)
        output.send(Failed(0, error.sentence))
    except OSError as error:
        log.error("stdin: %s", error)
    worker.leave()


def lower_priority() -> None:
    """Let the window go first when the cores are contended."""
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
    else:
        os.nice(NICENESS)


def main() -> None:
    """Run the engine; never returns."""
    source, output = set_stdin_aside(), Output(set_stdout_aside())
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    lower_priority()
    output.send(Ready(Readiness.STARTING, os.getpid()))
    worker = Worker(output)
    for work in (
        lambda: read_messages(source, worker, output),
        worker.beat,
        worker.run_errands,
    ):
        threading.Thread(target=work, daemon=True).start()
    worker.compute()


if __name__ == "__main__":
    main()
