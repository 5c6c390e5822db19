"""The training view in the window: the step that was replayed, where one looks, what is chosen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.tasks import Task, Tasks
from app.base.words import error_text, sentence_text
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from app.lens.lens import Lens
from core.document.instance import Instance
from core.document.regions import comparable
from core.lens.trace import Trace
from core.lens.views.training import PLACES
from core.lens.views.training.replayed import Replayed, replayed
from core.protocol.messages.lens_training import LensTrained, TrainLens
from core.sentences import Sentence

TRAIN: Final = "lens:train"
PAUSE: Final = 500
"""Milliseconds without an edit after which the step is replayed with the new labels."""
MOST_SEED: Final = 999_999


class Training(QObject):
    """What the training page and its layers show. Works only while it is `active`."""

    changed = Signal()
    """Another replay, or none; see `replayed`."""
    place_changed = Signal()
    chosen_changed = Signal()
    hovered_changed = Signal()
    busy_changed = Signal()
    active_changed = Signal()
    failed = Signal(str)

    def __init__(
        self, client: EngineClient, workspace: Workspace, lens: Lens, tasks: Tasks
    ) -> None:
        super().__init__(lens)
        self._client, self._workspace, self._lens, self._tasks = client, workspace, lens, tasks
        self._active = False
        self._place = next(iter(PLACES))
        self._asked: Question | None = None
        self._working: Task[Replayed] | None = None
        self._known: tuple[object, tuple[Instance, ...], int] | None = None
        """Anchors, instances and seed of what is shown or on its way."""
        self.seed = 0
        self.replayed: Replayed | None = None
        self.chosen: int | None = None
        self.hovered: int | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self._ask)
        lens.trace_changed.connect(self._on_trace)
        workspace.document_changed.connect(lambda _changed: self._on_labels())

    # State

    @property
    def active(self) -> bool:
        """Whether somebody looks."""
        return self._active

    @property
    def busy(self) -> bool:
        """Whether a replay is on its way."""
        return self._asked is not None or (self._working is not None and not self._working.finished)

    @property
    def place(self) -> str:
        """Where one looks, of `PLACES`."""
        return self._place

    @property
    def has_labels(self) -> bool:
        """Whether a person has labelled anything in the open image."""
        return bool(self._instances())

    # What a person does

    def set_active(self, active: bool) -> None:
        """Begin or end to look; a replay is asked for when it is not here."""
        if active != self._active:
            self._active = active
            self._ask()
            self.active_changed.emit()

    def set_place(self, name: str) -> None:
        """Look at a place."""
        if name != self._place:
            self._place = name
            self.hover(None)
            self.place_changed.emit()

    def step(self, by: int) -> None:
        """Go on to the next place, or back; the ends hold."""
        names = tuple(PLACES)
        place = min(max(names.index(self._place) + by, 0), len(names) - 1)
        self.set_place(names[place])

    def set_seed(self, seed: int) -> None:
        """Draw again with another seed."""
        if seed != self.seed:
            self.seed = seed % (MOST_SEED + 1)
            self._ask()
            self.changed.emit()

    def choose(self, number: int | None) -> None:
        """Choose a box on the canvas or in the table."""
        if number != self.chosen:
            self.chosen = number
            self.chosen_changed.emit()

    def hover(self, number: int | None) -> None:
        """Point at a box on the canvas or in the table."""
        if number != self.hovered:
            self.hovered = number
            self.hovered_changed.emit()

    # The engine

    def _instances(self) -> tuple[Instance, ...]:
        document = self._workspace.document
        return () if document is None else comparable(document.shapes)

    def _on_trace(self) -> None:
        trace = self._lens.trace
        known = self._known
        if trace is None or (known is not None and known[0] is not trace.anchors.boxes):
            self._forget()
        self._ask()

    def _on_labels(self) -> None:
        if self._active:
            self._pause.start()

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
        if self._working is not None:
            self._working.cancel()
        self._known = self._working = None
        if self.replayed is not None:
            self.replayed = None
            self.chosen = self.hovered = None
            self.changed.emit()
        self.busy_changed.emit()

    def _ask(self) -> None:
        self._pause.stop()
        trace, path, instances = self._lens.trace, self._lens.path, self._instances()
        if not self._active or trace is None or path is None or path != self._workspace.path:
            return
        # The settings of inference play no part: one trace of an image is as good as another.
        wanted = (trace.anchors.boxes, instances, self.seed)
        if self._known is not None and _same(self._known, wanted):
            return
        if not instances:
            self._forget()
            return
        self._known = wanted
        request = TrainLens(0, TRAIN, path=str(path), instances=instances, seed=self.seed)
        self._asked = self._client.ask(
            request,
            done=lambda answer: self._on_answer(answer, trace, instances),
            failed=self._on_failed,
            cancelled=self._on_cancelled,
        )
        self.busy_changed.emit()

    def _on_answer(
        self, answer: LensTrained, trace: Trace, instances: tuple[Instance, ...]
    ) -> None:
        self._asked = None
        if self._working is not None:
            self._working.cancel()
        self._working = self._tasks.run(
            lambda _context: replayed(trace, answer.view, instances),
            done=self._take,
            failed=lambda error: self._fail(error_text(error)),
        )

    def _take(self, found: Replayed) -> None:
        before, self.replayed = self.replayed, found
        self._working = None
        self.hovered = None
        if before is None or before.instances != found.instances:
            self.chosen = None
        elif self.chosen is not None and found.is_roi(self.chosen):
            # Another seed draws others, but the pool is the same.
            last = found.first_roi + len(found.view.pool)
            self.chosen = self.chosen if self.chosen < last else None
        self.busy_changed.emit()
        self.changed.emit()
        self.chosen_changed.emit()

    def _on_failed(self, sentence: Sentence) -> None:
        self._asked = None
        self._fail(sentence_text(sentence))

    def _fail(self, text: str) -> None:
        self._known = self._working = None
        self.busy_changed.emit()
        self.failed.emit(text)

    def _on_cancelled(self) -> None:
        self._asked = None
        self.busy_changed.emit()


def _same(
    one: tuple[object, tuple[Instance, ...], int], other: tuple[object, tuple[Instance, ...], int]
) -> bool:
    return one[0] is other[0] and one[1] == other[1] and one[2] == other[2]
