"""Messages about models: which there are, fetch one, load one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.document.skeleton import Skeleton
from core.lens.scores import ScoreRecord
from core.lens.settings import StageSettings
from core.protocol.messages.base import Answer, Request
from core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class LoadModel(Request):
    """Load a model beside the one in use, try it, and swap it in. Answered by ModelLoaded.

    `spec` is a name from ListModels or a file; `arch` is for a bare state_dict, `backbone` the
    `module:function` of a user's own trunk. `try_on` is an image that holds instances: a model
    that finds none in it is not taken into use. `proposer` names what shall give the boxes in
    place of what the model has (empty: nothing else), `proposer_arch` the detector in its file,
    `tiles` at how many parts of an image it looks. On failure the model in use stays.
    """

    TYPE: ClassVar = "load_model"
    spec: str = "starter"
    arch: str | None = None
    backbone: str | None = None
    device: str = "auto"
    precision: str = "auto"
    try_on: str | None = None
    proposer: str = ""
    proposer_arch: str = ""
    tiles: int = 0


@dataclass(frozen=True, slots=True)
class ModelLoaded(Answer):
    """The model that is in use from now on. `labels[i]` is the name of label index i + 1.

    `scores` tells by kind of image how often its scores were right, as far as that was measured;
    `skeleton` what the keypoints of its instances are called; `note` why it runs less well than it
    was asked to.
    """

    TYPE: ClassVar = "model_loaded"
    spec: str
    name: str
    revision: str
    labels: tuple[str, ...]
    device: str
    precision: str
    settings: StageSettings
    scores: tuple[ScoreRecord, ...] = ()
    skeleton: Skeleton | None = None
    note: Sentence | None = None


@dataclass(frozen=True, slots=True)
class ListModels(Request):
    """Which models have a name. Answered by Models."""

    TYPE: ClassVar = "list_models"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be asked for by name; `bytes` is the size of its file."""

    name: str
    summary: Sentence
    arch: str
    classes: int
    bytes: int
    present: bool
    """Whether the file is on the engine's machine; if not, Download fetches it."""


@dataclass(frozen=True, slots=True)
class Models(Answer):
    """The named models, the starter first; the proposers that have a name; and the detectors that
    a file of weights may hold."""

    TYPE: ClassVar = "models"
    models: tuple[ModelInfo, ...]
    proposers: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Download(Request):
    """Fetch a named model. Answered by Progress in bytes, then Downloaded.

    `mirrors` are web addresses below which its file lies; `file` is a copy that is on the engine's
    machine, from which it is taken instead.
    """

    TYPE: ClassVar = "download"
    name: str = ""
    mirrors: tuple[str, ...] = ()
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Downloaded(Answer):
    """The model of that name is on the engine's machine now."""

    TYPE: ClassVar = "downloaded"
    name: str


MESSAGES: Final = (LoadModel, ModelLoaded, ListModels, Models, Download, Downloaded)
