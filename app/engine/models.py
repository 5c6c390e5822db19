"""The model in use: which there are, load, download, and what the engine says about itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.base.jobs import Job, Jobs, JobState
from app.base.settings import DEVICE, MODEL, PRECISION, Settings
from app.base.words import bytes_text, sentence_text
from app.engine.client import EngineClient, EngineState
from core.protocol import ModelInfo, ModelLoaded, Models, Progress
from core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class _Loading:
    """A model on its way; `own` ones become the choice of the user for all folders."""

    id: int
    spec: str
    own: bool


class ModelControl(QObject):
    """`changed` when model or engine state changed; `failed` carries a key and a sentence."""

    changed = Signal()
    taken = Signal(str, bool)  # a model is in use: what was asked for, and whether by the user
    refused = Signal(str)  # a model could not be taken into use
    failed = Signal(str, str)
    succeeded = Signal(str)
    file_wanted = Signal()

    def __init__(self, client: EngineClient, settings: Settings, jobs: Jobs) -> None:
        super().__init__(client)
        self._client = client
        self._settings = settings
        self._jobs = jobs
        self._models: tuple[ModelInfo, ...] = ()
        self._loading: _Loading | None = None
        self._names: dict[str, str] = {}
        self._downloads: dict[int, tuple[str, Job]] = {}
        client.state_changed.connect(lambda _state: self.changed.emit())
        client.models_listed.connect(self._on_models)
        client.model_loaded.connect(self._on_loaded)
        client.progress.connect(self._on_progress)
        client.downloaded.connect(self._on_downloaded)
        client.failed.connect(self._on_failed)
        client.cancelled.connect(self._on_cancelled)
        settings.changed.connect(self._on_setting)

    def start(self) -> None:
        """Start the engine with the model of the settings."""
        self._client.start()
        self._client.list_models()
        self.choose(self._settings.get(MODEL), own=False)  # it was the user's choice before

    def set_names(self, names: dict[str, str]) -> None:
        """How files are called that have a name for people, by path."""
        self._names = names
        self.changed.emit()

    def choose(self, spec: str, *, own: bool = True, try_on: Path | None = None) -> None:
        """Load a model by name or file; a named one that is not here is fetched first.

        With `own` it is the user's choice from now on, whatever folder is open. `try_on` is an
        image with instances: a model that finds nothing in it is refused.
        """
        info = next((info for info in self._models if info.name == spec), None)
        if info is not None and not info.present:
            self._download(info)
            return
        id = self._client.load_model(
            spec,
            device=self._settings.get(DEVICE),
            precision=self._settings.get(PRECISION),
            try_on=try_on,
        )
        self._loading = _Loading(id, spec, own)
        self.changed.emit()

    @property
    def model(self) -> ModelLoaded | None:
        """The model in use."""
        return self._client.model

    @property
    def name(self) -> str:
        """The name of the model in use, or of the one that is being loaded."""
        if self.model is not None:
            return self._names.get(self.model.spec, self.model.name)
        return self.name_of(self.wanted)

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

    def _download(self, info: ModelInfo) -> None:
        if any(name == info.name for name, _ in self._downloads.values()):
            return
        id = self._client.download(info.name)
        title = self.tr("Downloading {model}").format(model=info.name)
        job = self._jobs.start(title, lambda: self._client.cancel(id))
        job.progress(0, info.bytes)
        self._downloads[id] = (info.name, job)

    def _on_models(self, message: Models) -> None:
        self._models = message.models
        self.changed.emit()

    def _on_loaded(self, message: ModelLoaded) -> None:
        loading = self._loading
        if loading is not None and loading.spec == message.spec:
            self._loading = None
            if loading.own:
                self._settings.set(MODEL, message.spec)
            self.taken.emit(message.spec, loading.own)
        self.succeeded.emit("model")
        self.changed.emit()

    def _on_progress(self, id: int, message: Progress) -> None:
        if id in self._downloads and message.step == "bytes":
            self._downloads[id][1].progress(message.done, message.total)

    def _on_downloaded(self, id: int, name: str) -> None:
        if id in self._downloads:
            _, job = self._downloads.pop(id)
            job.end(JobState.DONE, self.tr("downloaded"))
            self._client.list_models()
            self._models = tuple(
                info if info.name != name else _present(info) for info in self._models
            )
            self.choose(name)

    def _on_failed(self, id: int, sentence: Sentence) -> None:
        if id in self._downloads:
            _, job = self._downloads.pop(id)
            job.end(JobState.FAILED, self.tr("failed"))
            self.failed.emit("model", sentence_text(sentence))
        elif self._loading is not None and id == self._loading.id:
            spec = self._loading.spec
            self._loading = None
            text = self.tr("The model {model} cannot be used. {reason}").format(
                model=self.name_of(spec), reason=sentence_text(sentence)
            )
            if self.model is not None:
                text += " " + self.tr("{model} stays in use.").format(model=self.name)
            self.failed.emit("model", text)
            self.refused.emit(spec)
            if self.model is None and spec != MODEL.default:
                self.choose(MODEL.default)  # better than none at all
            self.changed.emit()

    def _on_cancelled(self, id: int) -> None:
        if id in self._downloads:
            _, job = self._downloads.pop(id)
            job.end(JobState.CANCELLED, self.tr("cancelled"))
        elif self._loading is not None and id == self._loading.id:
            self._loading = None
            self.changed.emit()

    def _on_setting(self, key: str) -> None:
        if key in (DEVICE.key, PRECISION.key) and self.usable:
            self.choose(self.wanted, own=False)


def _present(info: ModelInfo) -> ModelInfo:
    return replace(info, present=True)


def _short(spec: str) -> str:
    """A model by name, or the file's own name."""
    return Path(spec).name if ("/" in spec or "\\" in spec) else spec
