"""The lens: the traced image, the stage one looks at, the box one has chosen, the knobs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.words import sentence_text
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from core.lens.hollow import with_fixed
from core.lens.items import Item, valid
from core.lens.settings import ANCHOR_SETTINGS, PYRAMID_SETTINGS, StageSettings
from core.lens.trace import STAGES, Trace
from core.lens.views.marks import PictureAsked
from core.protocol import Progress, Request
from core.protocol.messages.lens import (
    DrawLens,
    LensDrawn,
    LensOpened,
    LensSet,
    OpenLens,
    SetLens,
)
from core.sentences import Sentence

OPEN: Final = "lens:open"
BOXES: Final = "lens:boxes"
MASKS: Final = "lens:masks"
PICTURE: Final = "lens:picture:"


class Lens(QObject):
    """What the panel and the layers show. Works only while it is `active`."""

    trace_changed = Signal()
    """Another trace, or none; see `trace`."""
    stage_changed = Signal()
    chosen_changed = Signal()
    hovered_changed = Signal()
    settings_changed = Signal()
    busy_changed = Signal()
    drawn = Signal(str, object)
    """Slot, Picture."""
    failed = Signal(str)

    def __init__(self, client: EngineClient, workspace: Workspace) -> None:
        super().__init__(client)
        self._client = client
        self._workspace = workspace
        self._active = False
        self._asked: dict[Request, Question] = {}
        self._opened: LensOpened | None = None
        self._path: Path | None = None
        self._settings: StageSettings | None = None
        self._stage = STAGES[0]
        self._stages: tuple[str, ...] = ()
        self.trace: Trace | None = None
        self.before: Trace | None = None
        """The trace under the model's own settings, as far as it is known."""
        self.chosen: Item | None = None
        self.hovered: Item | None = None
        self.progress: tuple[int, int] | None = None
        workspace.image_changed.connect(self._on_image)
        client.model_loaded.connect(self._on_model)

    # State

    @property
    def active(self) -> bool:
        """Whether somebody looks."""
        return self._active

    @property
    def path(self) -> Path | None:
        """The image that the trace is of."""
        return self._path

    @property
    def busy(self) -> bool:
        """Whether the engine owes an answer."""
        return bool(self._asked)

    @property
    def stage(self) -> str:
        """The stage one looks at, of `stages`."""
        return self._stage

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the model; none until it has traced an image."""
        return self._stages

    @property
    def own(self) -> StageSettings | None:
        """The settings of the model."""
        return None if self._opened is None else self._opened.own

    @property
    def matching(self) -> tuple[float, float] | None:
        """From which IoU an anchor is positive in training, and below which it is negative."""
        return None if self._opened is None else self._opened.matching

    @property
    def idle(self) -> tuple[str, ...]:
        """The settings that the model never looks at."""
        return () if self._opened is None else self._opened.idle

    @property
    def settings(self) -> StageSettings | None:
        """The settings in force."""
        return self._settings

    # What a person does

    def set_active(self, active: bool) -> None:
        """Begin or end to look; the trace of the open image is asked for when it is not here."""
        if active == self._active:
            return
        self._active = active
        if active and self._path != self._workspace.path:
            self._open()
        self.stage_changed.emit()

    def set_stage(self, name: str) -> None:
        """Look at a stage."""
        if name not in self.stages:
            return
        if name != self._stage:
            self._stage = name
            self.hover(None)
            self.stage_changed.emit()

    def step(self, by: int) -> None:
        """Go on to the next stage, or back; the ends hold."""
        here = self.stages.index(self._stage) if self._stage in self.stages else 0
        if self.stages:
            self.set_stage(self.stages[min(max(here + by, 0), len(self.stages) - 1)])

    def choose(self, item: Item | None) -> None:
        """Choose a box on the canvas or in the table."""
        if item != self.chosen:
            self.chosen = item
            self.chosen_changed.emit()

    def hover(self, item: Item | None) -> None:
        """Point at a box on the canvas or in the table."""
        if item != self.hovered:
            self.hovered = item
            self.hovered_changed.emit()

    def set_settings(self, settings: StageSettings) -> None:
        """Run again what follows: boxes at once, masks after them."""
        if self._path is None or settings == self._settings:
            return
        self._settings = settings
        self.settings_changed.emit()
        names = (*PYRAMID_SETTINGS, *ANCHOR_SETTINGS)
        if self.trace is None or set(settings.changed_from(self.trace.settings)) & set(names):
            # What else stays as it was follows from these, too.
            self._ask(OpenLens(0, OPEN, path=str(self._path), settings=settings))
        else:
            self._ask(SetLens(0, BOXES, path=str(self._path), settings=settings))

    def draw(self, slot: str, asked: PictureAsked) -> None:
        """Ask for a picture; `drawn` brings it. A newer request for the slot replaces an older."""
        if self._path is None or self.trace is None:
            return
        self._ask(
            DrawLens(
                0,
                f"{PICTURE}{slot}",
                path=str(self._path),
                settings=self._settings,
                kind=asked.kind,
                level=asked.level,
                channel=asked.channel,
                detection=asked.detection,
                label=asked.label,
                step=asked.step,
            )
        )

    def again(self) -> None:
        """Trace the open image anew."""
        self._open()

    # The engine

    def _open(self) -> None:
        self._forget()
        path = self._workspace.path
        if path is None or not self._active or self._workspace.staged is None:
            return
        self._path = path
        self._ask(OpenLens(0, OPEN, path=str(path)))

    def _forget(self) -> None:
        for question in list(self._asked.values()):
            question.cancel()
        self._opened = self._settings = self._path = self.before = None
        self.progress = None
        if self.trace is not None:
            self.trace = None
            self.chosen = self.hovered = None
            self.trace_changed.emit()

    def _ask(self, request: OpenLens | SetLens | DrawLens) -> None:
        self._asked[request] = self._client.ask(
            request,
            done=lambda answer: self._on_answer(request, answer),
            failed=lambda sentence: self._on_failed(request, sentence),
            progress=self._on_progress,
            cancelled=lambda: self._over(request),
        )
        self.busy_changed.emit()

    def _on_image(self) -> None:
        if self._workspace.path != self._path:
            self._open()

    def _on_model(self, _model: object) -> None:
        self._stages = ()  # another kind of model may have others
        self.stage_changed.emit()
        if self._active:
            self._open()
        else:
            self._forget()

    def _over(self, request: Request) -> None:
        if self._asked.pop(request, None) is not None:
            self.progress = None
            self.busy_changed.emit()

    def _on_progress(self, message: Progress) -> None:
        if message.total:
            self.progress = (message.done, message.total)
            self.busy_changed.emit()

    def _on_failed(self, request: Request, sentence: Sentence) -> None:
        if self.trace is None:
            self._path = None
        self._over(request)
        self.failed.emit(sentence_text(sentence))

    def _on_answer(
        self, request: OpenLens | SetLens | DrawLens, answer: LensOpened | LensSet | LensDrawn
    ) -> None:
        self._over(request)
        path = Path(request.path)
        if path != self._path:
            return
        match answer:
            case LensOpened() if request.settings in (None, self._settings):
                self._opened, self._settings = answer, answer.trace.settings
                self._take(answer.trace)
                self.settings_changed.emit()
            case LensSet() if self._opened is not None:
                if answer.trace.settings == self._settings:
                    self._take(with_fixed(answer.trace, self._opened.trace))
                    if not answer.masks:
                        settings = self._settings
                        self._ask(SetLens(0, MASKS, path=str(path), settings=settings, masks=True))
            case LensDrawn():
                self.drawn.emit(request.purpose.removeprefix(PICTURE), answer.picture)
            case _:
                pass

    def _take(self, trace: Trace) -> None:
        self.trace, self._stages = trace, trace.stages
        if trace.settings == self.own:
            self.before = trace
        self.hovered = None
        if self.chosen is not None and not valid(trace, self.chosen):
            self.chosen = None
        self.trace_changed.emit()
        if self._stage not in trace.stages:  # another kind of model is in use now
            self.set_stage("detections")
        self.chosen_changed.emit()
