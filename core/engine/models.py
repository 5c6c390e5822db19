"""The models that have a name: the bundled starter and torchvision's COCO models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import torch
from torchvision.models import WeightsEnum
from torchvision.models.detection import (
    MaskRCNN_ResNet50_FPN_V2_Weights,
    MaskRCNN_ResNet50_FPN_Weights,
)

import resources
from core.engine.fetching import OnProgress, Wanted, fetch, mirrored, take
from core.engine.proposers import yolox
from core.lens.settings import Value
from core.sentences import MasklensError, Sentence, say

_STARTER_MISSING: Final = say(
    "models.starter_missing",
    "The model {name!r} belongs to the program but its file {path} is missing. Install masklens "
    "again.",
)

STARTER: Final = "starter"
PHOTOS: Final = "photos"
_PHOTO_SETTINGS: Final[Mapping[str, Value]] = {"proposer_tiles": 4, "mask_colours": "yes"}


class ModelError(MasklensError):
    """A named model is unknown, not on this machine, or could not be fetched."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that can be asked for by name."""

    name: str
    summary: Sentence
    arch: str
    classes: int
    bytes: int
    """Size of its file, to be fetched or on disk."""
    path: Path
    """Where its file lies, or will lie once fetched."""
    url: str | None
    """Where it is fetched from; None for a model that comes with the program."""
    proposer: str | None = None
    """What gives the boxes for it, when the network does not."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Those that the pair with this proposer has of its own."""

    @property
    def present(self) -> bool:
        """Whether the file is on this machine."""
        return self.path.is_file()


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where to load a model from: its file, its name and, for bare weights, its architecture."""

    path: Path
    name: str
    arch: str | None
    proposer: str | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Those that the pair with this proposer has of its own."""


def list_models() -> tuple[NamedModel, ...]:
    """Every named model, the bundled ones first, on this machine or not."""
    return (_starter(), _photos(), *(_coco(name, arch, weights) for name, arch, weights in _COCO))


def info(name: str) -> NamedModel:
    """One named model. Raises ModelError when there is none of that name."""
    for model in list_models():
        if model.name == name:
            return model
    known = ", ".join(model.name for model in list_models())
    raise ModelError(
        say(
            "models.unknown",
            "There is no model named {name!r}. The names are: {known}.",
            name=name,
            known=known,
        )
    )


def resolve(spec: str | Path) -> ModelSource:
    """Where a model named on the command line lies: a name first, else a file.

    Raises ModelError when the model of that name has to be fetched first, or when the text is
    neither a name nor a file.
    """
    by_name = {model.name: model for model in list_models()}
    if isinstance(spec, str) and spec in by_name:
        model = by_name[spec]
        if not model.present:
            if model.url is None:
                raise ModelError(_STARTER_MISSING.given(name=model.name, path=str(model.path)))
            raise ModelError(
                say(
                    "models.not_fetched",
                    "The model {name!r} is not on this machine yet. Fetch it with: masklens models "
                    "get {name}",
                    name=model.name,
                )
            )
        arch = model.arch if model.url else None
        return ModelSource(model.path, model.name, arch, model.proposer, model.settings)
    path = Path(spec)
    if not path.exists():
        raise ModelError(
            say(
                "models.no_such",
                "{spec!r} is neither a model file nor one of the names {known}.",
                spec=str(spec),
                known=", ".join(by_name),
            )
        )
    return ModelSource(path, path.stem, None)


def download(
    name: str,
    on_progress: OnProgress | None = None,
    *,
    mirrors: Sequence[str] = (),
    file: Path | None = None,
) -> Path:
    """Have a named model on this machine, and return its file.

    It is taken from `file`, a copy that is here, or fetched: from the mirrors, web addresses below
    which it lies by its own name, then from where torchvision has it. Its hash is checked either
    way. Raises ModelError when the name is unknown, FetchError and StorageError when it cannot be
    had.
    """
    model = info(name)
    if model.present:
        return model.path
    if model.url is None:
        raise ModelError(_STARTER_MISSING.given(name=name, path=str(model.path)))
    # torchvision names a file by the first digits of its SHA-256, after the last dash.
    digest = model.path.stem.rpartition("-")[2]
    wanted = Wanted(name, model.path, digest, model.bytes, mirrored(model.url, mirrors))
    if file is None:
        fetch(wanted, on_progress)
    else:
        take(wanted, file, on_progress)
    return model.path


def _starter() -> NamedModel:
    path = Path(resources.__file__).parent / "starter.pt"
    return NamedModel(
        name=STARTER,
        summary=say(
            "models.starter",
            "Small general model, learnt from generated scenes and photos: cells, objects; fast",
        ),
        arch="maskrcnn_mobilenet_v2_fpn",
        classes=2,
        bytes=path.stat().st_size if path.is_file() else 0,
        path=path,
        url=None,
    )


def _photos() -> NamedModel:
    """Boxes and names from the bundled proposer, masks from the starter."""
    starter = _starter()
    weights = starter.path.parent / yolox.FILE
    return replace(
        starter,
        name=PHOTOS,
        summary=say(
            "models.photos",
            "For photos: boxes and names of 80 kinds of things from {proposer}, masks from the "
            "starter",
            proposer=yolox.NAME,
        ),
        classes=80,
        bytes=starter.bytes + (weights.stat().st_size if weights.is_file() else 0),
        proposer=yolox.NAME,
        settings=_PHOTO_SETTINGS,
    )


_COCO: Final[tuple[tuple[str, str, WeightsEnum], ...]] = (
    ("coco", "maskrcnn_resnet50_fpn", MaskRCNN_ResNet50_FPN_Weights.COCO_V1),
    ("coco-v2", "maskrcnn_resnet50_fpn_v2", MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1),
)


def _coco(name: str, arch: str, weights: WeightsEnum) -> NamedModel:
    meta = weights.meta
    figures = meta["_metrics"]["COCO-val2017"]
    return NamedModel(
        name=name,
        summary=say(
            "models.coco",
            "torchvision's {arch} trained on COCO: box AP {box}, mask AP {mask}",
            arch=arch,
            box=figures["box_map"],
            mask=figures["mask_map"],
        ),
        arch=arch,
        classes=len(meta["categories"]) - 1,
        bytes=round(meta["_file_size"] * 1024 * 1024),
        path=Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2],
        url=weights.url,
    )
