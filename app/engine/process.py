"""One life of the engine process: start it, talk to it, notice when it dies, hangs or babbles.

Nothing here blocks: bytes are taken from the pipe in small helpings, and every wait is a timer.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from core.protocol import (
    Heartbeat,
    Message,
    MessageReader,
    ProtocolError,
    Readiness,
    Ready,
    Shutdown,
    encode,
)
from core.sentences import Sentence, say

log = logging.getLogger(__name__)

HELPING: Final = 256 << 10  # bytes taken from the pipe at once
HELPING_SECONDS: Final = 0.008  # then the window gets its turn
LOG_LINES: Final = 200
LOG_LETTERS: Final = 2000  # of a line
LOG_HELPING: Final = 16 << 10  # bytes of stderr that are looked at, of all that came at once
LOG_A_TICK: Final = 64 << 10  # bytes of stderr from which on nothing is logged until the next tick


class EngineProcess(QObject):
    """A child that speaks `core.protocol` on its stdin and stdout.

    `received` carries every message but heartbeats. `ended` comes exactly once, with the reason as
    a sentence, or None when it ended because it was asked to.
    """

    received = Signal(object)
    ended = Signal(object)

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        parent: QObject | None = None,
        *,
        tick_ms: int,
        patience_ticks: int,
        starting_ticks: int,
    ) -> None:
        """`tick_ms` is how often to look for a sign of life.

        The engine counts as hung after `patience_ticks` without one, or `starting_ticks` while
        it loads. Ticks are counted, not seconds: a laptop that slept has missed none.
        """
        super().__init__(parent)
        self._messages = MessageReader()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._reason: Sentence | None = None
        self._asked_to_stop = False
        self._is_over = False
        self._silent_ticks = 0
        self._logged = 0
        self._patience = starting_ticks
        self._patience_when_ready = patience_ticks
        self._process = self._make_process(environment)
        self._command = list(command)
        self._watch = QTimer(self, interval=tick_ms)
        self._watch.timeout.connect(self._tick)
        self._more = QTimer(self, interval=0, singleShot=True)
        self._more.timeout.connect(self._read)

    def _make_process(self, environment: Mapping[str, str]) -> QProcess:
        process = QProcess(self)
        variables = QProcessEnvironment()
        for name, value in environment.items():
            variables.insert(name, value)
        process.setProcessEnvironment(variables)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        return process

    @property
    def log_text(self) -> str:
        """The last lines that the engine wrote to stderr, for *Copy details*."""
        return "\n".join(self._log)

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return int(self._process.processId())

    def start(self) -> None:
        """Start the child; `ended` tells when that does not work."""
        self._process.start(self._command[0], self._command[1:])
        self._watch.start()

    def send(self, message: Message) -> None:
        """Queue a message for the child. Raises TypeError or ValueError for a malformed one."""
        for chunk in encode(message):
            self._process.write(bytes(chunk))

    def stop(self, grace_ms: int) -> None:
        """Ask the child to exit, and kill it after `grace_ms`; at once for 0."""
        if self._asked_to_stop or self._is_over:
            return
        self._asked_to_stop = True
        self._watch.stop()
        self._process.closeReadChannel(QProcess.ProcessChannel.StandardError)
        if not grace_ms:
            self._process.kill()
            return
        self.send(Shutdown())
        self._process.closeWriteChannel()
        QTimer.singleShot(grace_ms, self, self._process.kill)

    def wait(self, milliseconds: int) -> None:
        """Block until the child is gone, killing it when time is up; for closing down only."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.waitForFinished(milliseconds)
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(milliseconds)

    def fail(self, reason: Sentence) -> None:
        """Kill the child; `ended` will give this reason."""
        if self._reason is None:
            self._reason = reason
        self._watch.stop()
        self._process.kill()

    def _read(self) -> None:
        if self._reason is not None or self._asked_to_stop:
            self._process.readAllStandardOutput()
            return
        until = time.perf_counter() + HELPING_SECONDS
        self._process.setReadChannel(QProcess.ProcessChannel.StandardOutput)
        while data := bytes(self._process.read(HELPING).data()):
            self._silent_ticks = 0
            if not self._take(data):
                return
            if time.perf_counter() > until:
                self._more.start()
                return

    def _take(self, data: bytes) -> bool:
        try:
            for message in self._messages.feed(data):
                if isinstance(message, Ready) and message.readiness is Readiness.READY:
                    self._patience = self._patience_when_ready
                if not isinstance(message, Heartbeat):
                    self.received.emit(message)
        except ProtocolError as error:
            self.fail(error.sentence)
            return False
        return True

    def _read_log(self) -> None:
        """Take what was written to stderr; of a flood only the end, and that is not logged."""
        data = self._process.readAllStandardError()
        if self._asked_to_stop:
            return
        self._logged += data.size()
        text = bytes(data.right(LOG_HELPING).data()).decode("utf-8", "replace")
        for line in text.splitlines()[-LOG_LINES:]:
            self._log.append(line[:LOG_LETTERS])
            if self._logged < LOG_A_TICK:
                log.info("engine: %s", line)

    def _tick(self) -> None:
        self._logged = 0
        self._silent_ticks += 1
        if self._silent_ticks > self._patience:
            self.fail(
                say(
                    "process.hung",
                    "The engine gave no sign of life for {seconds} seconds and was ended.",
                    seconds=self._patience * self._watch.interval() // 1000,
                )
            )

    def _error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._end(
                say(
                    "process.not_started",
                    "The engine could not be started: {why}.",
                    why=self._process.errorString(),
                )
            )

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_log()
        if self._asked_to_stop:
            self._end(None)
        elif self._reason is not None:
            self._end(self._reason)
        elif status is QProcess.ExitStatus.CrashExit:
            self._end(
                say(
                    "process.killed",
                    "The engine crashed or was ended from outside. If this happens with large "
                    "images, memory may be short.",
                )
            )
        else:
            self._end(
                say(
                    "process.exited", "The engine ended by itself with exit code {code}.", code=code
                )
            )

    def _end(self, reason: Sentence | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._watch.stop()
        self._more.stop()
        with contextlib.suppress(RuntimeError):  # the receiver is already destroyed
            self.ended.emit(reason)
