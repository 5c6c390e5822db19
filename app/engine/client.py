"""The window's side of the engine: ask it, and hear the answer in a callback.

The engine is a child process that is restarted when it dies or hangs. What was asked and not
answered is asked again, except for the request that was in work when it died.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from app.engine.boxes_choice import NETWORK, BoxesFrom
from app.engine.process import EngineProcess
from core.child import python_command, python_environment
from core.lens.settings import StageSettings
from core.protocol import (
    Answer,
    Cancel,
    Cancelled,
    Failed,
    LoadModel,
    Message,
    ModelLoaded,
    Predict,
    Priority,
    Progress,
    Readiness,
    Ready,
    Request,
    Surest,
)
from core.sentences import Sentence, say

BACKOFF_MS: Final = (300, 1000, 3000, 10000)
"""Pause before each restart; when all are used up without an answer in between, we give up."""
TICK_MS: Final = 1000
PATIENCE_TICKS: Final = 20
STARTING_TICKS: Final = 120
GRACE_MS: Final = 2000


class EngineState(StrEnum):
    """What the engine is doing, for the status bar."""

    STOPPED = "stopped"  # not started yet, or stopped on purpose
    STARTING = "starting"  # the process comes up; requests are taken and wait
    READY = "ready"
    BUSY = "busy"  # at least one request waits for its answer
    RESTARTING = "restarting"  # it died; a new one will be started after a pause
    DEAD = "dead"  # it died too often in a row; `start` tries again


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request without its final answer yet, and who wants to hear it."""

    request: Request
    done: Callable[[Any], object]
    failed: Callable[[Sentence], object]
    progress: Callable[[Progress], object]
    cancelled: Callable[[], object]
    surest: Callable[[Surest], object]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; to give it up."""

    id: int
    client: EngineClient

    def cancel(self) -> None:
        """Give it up; an answer that is on its way is dropped."""
        self.client.cancel(self.id)


def _nothing(*_heard: object) -> None:
    """Nobody wants to hear of it."""


class EngineClient(QObject):
    """Talks to the engine process. All methods return at once; ids are never used twice.

    An answer to a request that was cancelled or superseded is dropped.
    """

    state_changed = Signal(object)
    """EngineState."""
    stopped = Signal(object)
    """Sentence: why the engine as a whole stopped (it died, it hangs)."""
    model_loaded = Signal(object)
    """ModelLoaded: the model in use from now on, also after a restart."""
    model_lost = Signal(object)
    """Sentence: why the model could not be loaded again after a restart."""
    answered = Signal(object)
    """Answer: every final one but failures, for who keeps figures of them."""

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        command: Sequence[str] | None = None,
        elsewhere: bool = False,
        tick_ms: int = TICK_MS,
        patience_ticks: int = PATIENCE_TICKS,
        starting_ticks: int = STARTING_TICKS,
        backoff_ms: Sequence[int] = BACKOFF_MS,
    ) -> None:
        """`command` starts the engine, by default ours here; `elsewhere` it sees other files."""
        super().__init__(parent)
        self.elsewhere = elsewhere
        self._command = list(command or python_command("core.engine.worker"))
        self._ticks = {
            "tick_ms": tick_ms,
            "patience_ticks": patience_ticks,
            "starting_ticks": starting_ticks,
        }
        self._backoff_ms = tuple(backoff_ms)
        self._deaths = 0
        self._state = EngineState.STOPPED
        self._process: EngineProcess | None = None
        self._last_words = ""
        self._hears = False  # the process has said that it takes requests
        self._asked: dict[int, _Asked] = {}
        self._in_work: int | None = None
        self._last_id = 0
        self.model: ModelLoaded | None = None
        """The model in use, or None before the first was loaded."""
        self._model_request: LoadModel | None = None
        self.ready: Ready | None = None
        """What the engine said about itself once torch was loaded: device and version."""
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._launch)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shutdown)

    @property
    def state(self) -> EngineState:
        """What the engine is doing."""
        return self._state

    @property
    def engine_log(self) -> str:
        """The last lines on stderr: of the engine that ended last, then of the one that runs."""
        now = self._process.log_text if self._process is not None else ""
        return "\n".join(filter(None, (self._last_words, now)))

    @property
    def engine_pid(self) -> int:
        """The engine's process id; 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start the engine unless it runs; after DEAD this tries anew."""
        if self._state in (EngineState.STOPPED, EngineState.DEAD):
            self._deaths = 0
            self._launch()

    def stop(self) -> None:
        """Stop the engine without waiting for it; requests without an answer are cancelled."""
        self._again.stop()
        if self._process is not None:
            # One that still comes up has nothing to end, and would read its farewell late.
            self._process.stop(0 if self._state is EngineState.STARTING else GRACE_MS)
        self._hears = False
        for id in list(self._asked):
            self._asked.pop(id).cancelled()
        self._set_state(EngineState.STOPPED)

    def shutdown(self) -> None:
        """Stop the engine and wait until it is gone (for the end of the program)."""
        process = self._process
        self.stop()
        if process is not None:
            process.wait(GRACE_MS)

    def load_model(
        self,
        spec: str | Path,
        *,
        try_on: Path | None = None,
        boxes: BoxesFrom = NETWORK,
        done: Callable[[ModelLoaded], object],
        failed: Callable[[Sentence], object],
        cancelled: Callable[[], object] = _nothing,
        **how: Any,
    ) -> Question:
        """Load a model; if that fails, or it finds nothing in the image `try_on`, the old stays.

        `boxes` is what gives its boxes; device, precision, arch, backbone as `LoadModel` has them.
        """
        request = LoadModel(
            0,
            "model",
            spec=str(spec),
            **how,
            try_on=None if try_on is None else str(try_on),
            proposer=boxes.proposer,
            proposer_arch=boxes.arch,
            tiles=boxes.tiles,
        )
        return self.ask(request, done=done, failed=failed, cancelled=cancelled)

    def predict(
        self,
        image: Path | None,
        purpose: str,
        priority: Priority = Priority.NOW,
        *,
        pixels: NDArray[np.uint8] | None = None,
        settings: StageSettings | None = None,
        surest_from: float | None = None,
        **heard: Callable[..., object],
    ) -> Question:
        """Ask for the instances of an image: a file, or H×W×3 uint8 RGB that is sent along.

        Use one purpose for everything that a newer request makes useless (`"current"`), and one
        for each image when all answers are wanted (`f"folder:{image}"`). Those with a score of at
        least `surest_from` may come before all others. `heard` is what `ask` takes.
        """
        path = str(image) if image is not None and pixels is None else None
        request = Predict(0, purpose, priority, path, pixels, settings, surest_from)
        return self.ask(request, **heard)

    def ask(
        self,
        request: Request,
        *,
        done: Callable[[Any], object],
        failed: Callable[[Sentence], object],
        progress: Callable[[Progress], object] = _nothing,
        cancelled: Callable[[], object] = _nothing,
        surest: Callable[[Surest], object] = _nothing,
    ) -> Question:
        """Send any request; its id is set here. Exactly one of `done` (with the answer),
        `failed` and `cancelled` follows; the last too when a newer request of the same purpose
        supersedes it. `progress` and `surest` may be called before."""
        self._last_id += 1
        request = replace(request, id=self._last_id)
        for id, asked in list(self._asked.items()):
            if request.purpose and asked.request.purpose == request.purpose:
                self.cancel(id)
        self._asked[request.id] = _Asked(request, done, failed, progress, cancelled, surest)
        if self._hears and self._process is not None:
            self._process.send(request)
        self._settle()
        return Question(request.id, self)

    def cancel(self, id: int) -> None:
        """Give up a request; its answer, should it be on its way, is dropped."""
        if id in self._asked:
            if self._hears and self._process is not None:
                self._process.send(Cancel(id))
            self._asked.pop(id).cancelled()
            self._settle()

    def waiting(self, purpose_prefix: str = "") -> tuple[int, ...]:
        """Ids of the requests without an answer whose purpose begins so, oldest first."""
        asked = self._asked.items()
        return tuple(id for id, one in asked if one.request.purpose.startswith(purpose_prefix))

    def _launch(self) -> None:
        self.ready = None
        self._hears = False
        self._in_work = None
        process = EngineProcess(self._command, python_environment(), self, **self._ticks)
        process.received.connect(self._receive)
        process.ended.connect(self._ended)
        self._process = process
        self._set_state(EngineState.STARTING)
        process.start()

    def _receive(self, message: Message) -> None:
        if self.sender() is not self._process:
            return  # the last words of one that was already given up
        if isinstance(message, Ready):
            self._greet(message)
        elif isinstance(message, Answer):
            self._answer(message)

    def _greet(self, message: Ready) -> None:
        if message.readiness is Readiness.READY:
            self.ready = message
            self._settle()
        elif not self._hears:
            self._hears = True
            self._ask_again()

    def _ask_again(self) -> None:
        """Send what has no answer yet, the model first."""
        assert self._process is not None
        loads = [a.request for a in self._asked.values() if isinstance(a.request, LoadModel)]
        if not loads and self._model_request is not None:
            # This also sends it.
            self.ask(self._model_request, done=_nothing, failed=self.model_lost.emit)
        for request in loads:
            self._process.send(request)
        for asked in list(self._asked.values()):
            if not isinstance(asked.request, LoadModel):
                self._process.send(asked.request)

    def _answer(self, message: Answer) -> None:
        asked = self._asked.get(message.id)
        if asked is None:
            if isinstance(message, Failed) and message.id == 0:
                self.stopped.emit(message.sentence)
            return
        if isinstance(message, Progress):
            if message.step == "begun":
                self._in_work = message.id
            asked.progress(message)
        elif isinstance(message, Surest):
            asked.surest(message)
        elif message.FINAL:
            del self._asked[message.id]
            self._in_work = None if self._in_work == message.id else self._in_work
            self._deliver(asked, message)
            self._settle()

    def _deliver(self, asked: _Asked, message: Answer) -> None:
        match message:
            case Failed():
                asked.failed(message.sentence)
                return
            case Cancelled():
                asked.cancelled()
                return
            case ModelLoaded():
                self.model = message
                if isinstance(asked.request, LoadModel):
                    # It was tried; after a restart the image may be gone.
                    self._model_request = replace(asked.request, try_on=None)
                self.model_loaded.emit(message)
        self._deaths = 0
        self.answered.emit(message)
        asked.done(message)

    def _ended(self, reason: Sentence | None) -> None:
        process = self.sender()
        if isinstance(process, EngineProcess):
            process.deleteLater()
        if process is not self._process:
            return
        self._last_words = self._process.log_text
        self._process = None
        self._hears = False
        if reason is None or self._state is EngineState.STOPPED:
            self._set_state(EngineState.STOPPED)
            return
        self.stopped.emit(reason)
        self._fail_what_was_in_work()
        if self._deaths < len(self._backoff_ms):
            self._set_state(EngineState.RESTARTING)
            self._again.start(self._backoff_ms[self._deaths])
            self._deaths += 1
        else:
            self._give_up()

    def _fail_what_was_in_work(self) -> None:
        """It may be what killed the engine, so it is not asked again."""
        id, self._in_work = self._in_work, None
        asked = None if id is None else self._asked.pop(id, None)
        if asked is not None:
            asked.failed(say("process.died_on_it", "The engine ended while it worked on this."))

    def _give_up(self) -> None:
        self._set_state(EngineState.DEAD)
        for id in list(self._asked):
            asked = self._asked.pop(id, None)
            if asked is not None:
                asked.failed(
                    say(
                        "process.gave_up",
                        "The engine ended several times in a row and is not started again.",
                    )
                )

    def _settle(self) -> None:
        """READY or BUSY, once the engine has come up."""
        if self.ready is not None and self._process is not None and self._hears:
            self._set_state(EngineState.BUSY if self._asked else EngineState.READY)

    def _set_state(self, state: EngineState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
