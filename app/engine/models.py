"""The model in use: which there are, load, download, and what the engine says about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.base.jobs import Jobs, JobState
from app.base.settings import (
    DEVICE,
    MIRRORS,
    MODEL,
    MODEL_ARCHS,
    MODEL_TRUNKS,
    PRECISION,
    Setting,
    Settings,
)
from app.base.words import bytes_text, sentence_text
from app.engine.boxes_choice import BoxesChoice
from app.engine.client import EngineClient, EngineState, Question
from core.protocol import (
    Download,
    Downloaded,
    ListModels,
    ModelInfo,
    ModelLoaded,
    Models,
    Progress,
)
from core.sentences import Sentence

_ARCH_NEEDED: Final = "engine.arch_needed"
_TRUNK_NEEDED: Final = "engine.backbone_needed"
OF_A_RUN: Final = "model"
"""What each run calls its model."""


@dataclass(frozen=True, slots=True, eq=False)
class _Loading:
    """A model on its way; `own` ones become the choice of the user for all folders."""

    spec: str
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a model file leaves open, and what to do with the user's answer."""

    text: str
    hint: str
    names: tuple[str, ...]
    """The possible answers; none when any text is one."""
    answer: Callable[[str], None]


class ModelControl(QObject):
    """`changed` when model or engine state changed; `failed` carries a key and a sentence."""

    changed = Signal()
    taken = Signal(str, bool)  # a model is in use: what was asked for, and whether by the user
    refused = Signal(str)  # a model could not be taken into use
    failed = Signal(str, str)
    succeeded = Signal(str)
    not_fetched = Signal(str, str)  # the name of a model, and why it could not be fetched
    file_wanted = Signal()
    asked = Signal(object)  # a Choice that only the user can make

    def __init__(self, client: EngineClient, settings: Settings, jobs: Jobs) -> None:
        super().__init__(client)
        self._client = client
        self._settings = settings
        self._jobs = jobs
        self._models: tuple[ModelInfo, ...] = ()
        self._proposers: tuple[str, ...] = ()
        self._detectors: tuple[str, ...] = ()
        self.boxes = BoxesChoice(settings, self)
        self.boxes.changed.connect(lambda spec: self.choose(spec))
        self._loading: _Loading | None = None
        self._names: dict[str, str] = {}
        self._downloads: set[str] = set()
        client.state_changed.connect(lambda _state: self.changed.emit())
        client.model_loaded.connect(self._on_loaded)
        client.model_lost.connect(self._on_lost)
        settings.changed.connect(self._on_setting)

    def start(self) -> None:
        """Start the engine with the model of the settings."""
        self._client.start()
        self._list()
        self.choose(self._settings.get(MODEL), own=False)  # it was the user's choice before

    def _list(self) -> None:
        self._client.ask(
            ListModels(0, "models"),
            done=self._on_models,
            failed=lambda sentence: self.failed.emit("model", sentence_text(sentence)),
        )

    def set_names(self, names: dict[str, str]) -> None:
        """How files are called that have a name for people, by path."""
        self._names = names
        self.changed.emit()

    def choose(self, spec: str, *, own: bool = True, try_on: Path | None = None) -> None:
        """Load a model by name or file; a named one that is not here is fetched first.

        With `own` it is the user's choice from now on, whatever folder is open. `try_on` is an
        image with instances: a model that finds nothing in it is refused.
        """
        info = self.info(spec)
        if info is not None and not info.present:
            self._download(info)
            return
        loading = _Loading(spec, own)
        self._client.load_model(
            spec,
            device=self._settings.get(DEVICE),
            precision=self._settings.get(PRECISION),
            arch=self._settings.get(MODEL_ARCHS).get(spec),
            backbone=self._settings.get(MODEL_TRUNKS).get(spec),
            try_on=try_on,
            boxes=self.boxes.of(spec),
            done=lambda _model: self._on_taken(loading),
            failed=lambda sentence: self._on_refused(loading, sentence),
            cancelled=lambda: self._forget(loading),
        )
        self._loading = loading
        self.changed.emit()

    @property
    def known(self) -> bool:
        """Whether the engine has said which models there are."""
        return bool(self._models)

    def info(self, name: str) -> ModelInfo | None:
        """What is known of a named model."""
        return next((info for info in self._models if info.name == name), None)

    def fetch(self, name: str, file: Path | None = None) -> None:
        """Fetch a named model, or take it from a copy of its file; then use it."""
        info = self.info(name)
        if info is not None:
            self._download(info, file)

    @property
    def model(self) -> ModelLoaded | None:
        """The model in use."""
        return self._client.model

    @property
    def name(self) -> str:
        """The name of the model in use, or of the one that is being loaded."""
        if self.model is None:
            return self.name_of(self.wanted)
        if self.model.name == OF_A_RUN:
            return self.name_of(self.model.spec)
        return self._names.get(self.model.spec, self.model.name)

    def name_of(self, spec: str) -> str:
        """How a model is called for people."""
        return self._names.get(spec) or _short(spec)

    @property
    def wanted(self) -> str:
        """The model that is being loaded, or is in use, or will be."""
        if self._loading is not None:
            return self._loading.spec
        return self._settings.get(MODEL) if self.model is None else self.model.spec

    @property
    def usable(self) -> bool:
        """Whether a suggestion can be asked for (it may wait until torch is loaded)."""
        return self._client.state not in (EngineState.STOPPED, EngineState.DEAD) and (
            self.model is not None or self._loading is not None
        )

    def status(self) -> str:
        """Model, device and state of the engine on one line."""
        parts = [self.name]
        if self.model is not None:
            parts.append(f"{self.model.device.upper()} {self.model.precision}".strip())
        parts.append(self._state_text())
        return " · ".join(parts)

    def fill(self, menu: QMenu) -> None:
        """The model menu: named models, the file in use, a file to choose."""
        menu.clear()
        group = QActionGroup(menu)
        current = self.wanted
        names = [info.name for info in self._models]
        for info in self._models:
            text = f"{info.name}  –  {sentence_text(info.summary)}"
            if not info.present:
                text += self.tr("  ({size} to download)").format(size=bytes_text(info.bytes))
            self._entry(menu, group, text, info.name, info.name == current)
        if current not in names:
            self._entry(menu, group, self.name_of(current), current, True)
        if not self._models:
            later = menu.addAction(self.tr("More models once the engine has started"))
            later.setEnabled(False)
        menu.addSeparator()
        if self._models:
            boxes = menu.addMenu(self.tr("Boxes from"))
            self.boxes.fill(boxes, current, self._proposers, self._detectors)
        menu.addAction(self.tr("A file…"), self.file_wanted.emit)

    def _entry(self, menu: QMenu, group: QActionGroup, text: str, spec: str, chosen: bool) -> None:
        action = QAction(text.replace("&", "&&"), menu)
        action.setCheckable(True)
        action.setChecked(chosen)
        action.setActionGroup(group)
        action.triggered.connect(lambda _checked: self.choose(spec))
        menu.addAction(action)

    def _state_text(self) -> str:
        if self._loading is not None and self._client.state is not EngineState.STARTING:
            return self.tr("loading the model")
        return {
            EngineState.STOPPED: self.tr("stopped"),
            EngineState.STARTING: self.tr("starting"),
            EngineState.READY: self.tr("ready"),
            EngineState.BUSY: self.tr("working"),
            EngineState.RESTARTING: self.tr("restarting"),
            EngineState.DEAD: self.tr("not running"),
        }[self._client.state]

    def _download(self, info: ModelInfo, file: Path | None = None) -> None:
        if info.name in self._downloads:
            return
        self._downloads.add(info.name)
        question: list[Question] = []
        title = self.tr("Downloading {model}").format(model=info.name)
        job = self._jobs.start(title, lambda: question[0].cancel())
        job.progress(0, info.bytes)

        def progress(message: Progress) -> None:
            if message.step == "bytes":
                job.progress(message.done, message.total)

        def end(state: JobState, outcome: str) -> None:
            self._downloads.discard(info.name)
            job.end(state, outcome)

        def done(_answer: Downloaded) -> None:
            end(JobState.DONE, self.tr("downloaded"))
            self._list()
            self._models = tuple(
                replace(each, present=True) if each.name == info.name else each
                for each in self._models
            )
            self.choose(info.name)

        def failed(sentence: Sentence) -> None:
            end(JobState.CANCELLED, self.tr("failed"))
            self.not_fetched.emit(info.name, sentence_text(sentence))

        question.append(
            self._client.ask(
                Download(
                    0,
                    f"download:{info.name}",
                    name=info.name,
                    mirrors=(*self._settings.get(MIRRORS),),
                    file=None if file is None else str(file),
                ),
                done=done,
                failed=failed,
                progress=progress,
                cancelled=lambda: end(JobState.CANCELLED, self.tr("cancelled")),
            )
        )

    def _on_models(self, message: Models) -> None:
        self._models = message.models
        self._proposers, self._detectors = message.proposers, message.detectors
        self.changed.emit()

    def _on_loaded(self, model: ModelLoaded) -> None:
        """A model is in use, perhaps the same one again after a restart."""
        self.succeeded.emit("model")
        if model.note is not None:
            self.failed.emit("model", sentence_text(model.note))
        self.changed.emit()

    def _on_taken(self, loading: _Loading) -> None:
        if loading is not self._loading:
            return
        self._loading = None
        if loading.own:
            self._settings.set(MODEL, loading.spec)
        self.taken.emit(loading.spec, loading.own)
        self.changed.emit()

    def _on_refused(self, loading: _Loading, sentence: Sentence) -> None:
        if loading is not self._loading:
            return
        self._loading = None
        choice = self._choice(loading, sentence)
        if choice is None:
            self.failed.emit("model", self._why_unusable(loading.spec, sentence))
        else:
            self.asked.emit(choice)
        self.refused.emit(loading.spec)
        if self.boxes.forget(loading.spec) and self.model is None:
            self.choose(loading.spec, own=loading.own)
        elif self.model is None and loading.spec != MODEL.default:
            self.choose(MODEL.default)  # better than none at all
        self.changed.emit()

    def _choice(self, loading: _Loading, sentence: Sentence) -> Choice | None:
        """What the user is asked when a file leaves a choice; None when it is unusable."""
        if not loading.own:
            return None
        if sentence.id == _ARCH_NEEDED:
            names = tuple(str(dict(sentence.args).get("known", "")).split(", "))
            text = self.tr(
                "{model} holds bare weights, and they do not tell of which network. Choose it."
            ).format(model=self.name_of(loading.spec))
            hint = self.tr("Architecture")
            return Choice(text, hint, names, self._answer(MODEL_ARCHS, loading.spec))
        if sentence.id == _TRUNK_NEEDED:
            text = self.tr(
                "{model} was built on a trunk of its author's own. Name the Python file and the "
                "function in it that makes the trunk. The file will be run, so name one you trust."
            ).format(model=self.name_of(loading.spec))
            hint = self.tr("FILE.py:FUNCTION")
            return Choice(text, hint, (), self._answer(MODEL_TRUNKS, loading.spec))
        return None

    def _answer(self, setting: Setting[dict[str, str]], spec: str) -> Callable[[str], None]:
        def take(value: str) -> None:
            kept: dict[str, str] = self._settings.get(setting)
            self._settings.set(setting, {**kept, spec: value.strip()})
            self.choose(spec)

        return take

    def _on_lost(self, sentence: Sentence) -> None:
        spec = self._settings.get(MODEL) if self.model is None else self.model.spec
        self.failed.emit("model", self._why_unusable(spec, sentence))

    def _why_unusable(self, spec: str, sentence: Sentence) -> str:
        text = self.tr("The model {model} cannot be used. {reason}").format(
            model=self.name_of(spec), reason=sentence_text(sentence)
        )
        if self.model is not None and self.model.spec != spec:
            text += " " + self.tr("{model} stays in use.").format(model=self.name)
        return text

    def _forget(self, loading: _Loading) -> None:
        if loading is self._loading:
            self._loading = None
            self.changed.emit()

    def _on_setting(self, key: str) -> None:
        if key in (DEVICE.key, PRECISION.key) and self.usable:
            self.choose(self.wanted, own=False)


def _short(spec: str) -> str:
    """A model by name, or the file's own name; that of a run's model alone says nothing."""
    path = Path(spec)
    if not ("/" in spec or "\\" in spec):
        return spec
    return f"{path.parent.name}/{path.name}" if path.stem == OF_A_RUN else path.name
