"""Model files: one `*.pt` with weights, configuration and class names; and bare state_dicts.

Everything is loaded with `weights_only`, so a file cannot run code.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN

from core.engine.backbones import CUSTOM, BackboneFactory, import_factory
from core.engine.bare import (
    check_widths,
    config_of_bare,
    guess_archs,
    load_backbone_state,
    load_into,
)
from core.engine.clicks import PREFIX, add_click_head, has_clicks, without_old_clicks
from core.engine.config import ConfigError, ModelConfig
from core.engine.keras import UNUSED, is_keras, load_keras
from core.engine.model_reading import MODEL_UNREADABLE, ModelFileError, read_checked, sha256
from core.engine.models import resolve
from core.engine.proposers.base import Proposer
from core.engine.proposers.registry import load_proposer
from core.engine.zoo import ARCHES, build_model
from core.lens.scores import ScoreRecord, records_from
from core.lens.settings import Value
from core.sentences import say
from core.storage.atomic import write_atomic

FORMAT: Final = "masklens-model"
FORMAT_VERSION: Final = 1
_HASH_LENGTH: Final = 12
ARCH_NEEDED: Final = say(
    "engine.arch_needed",
    "{path} holds bare weights, and their names and shapes do not tell of which network. Name it "
    "with --arch, one of {known}; or name the callable that makes its trunk with --backbone.",
)
ARCH_UNNEEDED: Final = say(
    "engine.arch_unneeded",
    "{path} says itself what network it is, so --arch {arch} would do nothing; leave it out.",
)
BACKBONE_UNNEEDED: Final = say(
    "engine.backbone_unneeded",
    "{path} has the backbone {arch}, so --backbone would do nothing; leave it out.",
)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network ready to predict (eval mode, CPU), with what is known about it."""

    module: MaskRCNN
    config: ModelConfig
    name: str
    revision: str
    """Name and the first digits of the file's SHA-256: the same file has the same revision."""
    extra: Mapping[str, object]
    """What `save_model` was given beside the configuration: figures, seeds, provenance."""
    proposer: Proposer | None = None
    """What gives the boxes in place of the network's own RPN and box head, if anything does."""
    alone: LoadedModel | None = None
    """The network without its proposer, when it has one."""

    @property
    def network(self) -> LoadedModel:
        """The network as it is without a proposer: what can be trained."""
        return self.alone or self

    @property
    def scores(self) -> tuple[ScoreRecord, ...]:
        """How often its scores were right on held-out images, as its file says."""
        if self.proposer is None:
            return records_from(self.extra)
        by_proposer = self.extra.get("proposer_scores")
        listed = by_proposer.get(self.proposer.name) if isinstance(by_proposer, dict) else None
        return records_from({"scores": listed})

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of what it finds; `class_names[i]` belongs to label index i + 1."""
        return self.config.class_names if self.proposer is None else self.proposer.class_names


def save_model(
    path: Path,
    module: MaskRCNN,
    config: ModelConfig,
    extra: Mapping[str, object] | None = None,
    *,
    store: Literal["float32", "float16"] = "float32",
) -> str:
    """Write one model file, whole or not at all, and return its SHA-256 in hex.

    `extra` holds plain JSON values. With `store="float16"` weights of two or more dimensions
    take half the room; vectors (biases, normalisation statistics) stay float32.
    Raises ModelFileError when `path` is a folder, StorageError when it cannot be written.
    """
    if path.is_dir():
        raise ModelFileError(
            say(
                "engine.model_exists",
                "{path} is a folder, so no model can be saved there.",
                path=str(path),
            )
        )
    state = {name: _stored(value, store) for name, value in module.state_dict().items()}
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "config": config.to_json(),
        "extra": dict(extra or {}),
        "state": state,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getvalue()
    write_atomic(path, data)
    return hashlib.sha256(data).hexdigest()


def export_state(path: Path, loaded: LoadedModel) -> str:
    """Write the weights alone, by torchvision's names and in float32; returns the SHA-256 in hex.

    What torchvision has no name for, the click-correct head, is left out.

    `torch.load(path, weights_only=True)` gives a state_dict for a network of the same description.
    Raises StorageError when the file cannot be written.
    """
    state = {
        name: _stored(value, "float32")
        for name, value in loaded.module.state_dict().items()
        if not name.startswith(PREFIX)
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def load_file(
    path: Path, *, name: str | None = None, arch: str | None = None, backbone: str | None = None
) -> LoadedModel:
    """Load a masklens model file, or a bare state_dict of the network that `arch` names.

    Without `arch` the tensors tell, where they leave no choice.
    `backbone` is the `module:function` of a user's own trunk; it comes from the command line or
    the settings, never from the file. Raises ModelFileError or ConfigError.
    """
    factory = import_factory(backbone) if backbone is not None else None
    keras_file = is_keras(path)
    content: Mapping[str, Any] = {} if keras_file else read_checked(path)
    digest = sha256(path)
    extra: object = None
    if arch is not None and (keras_file or content.get("format") == FORMAT):
        raise ModelFileError(ARCH_UNNEEDED.given(path=str(path), arch=arch))
    if keras_file:
        keras = load_keras(path)
        module, config, extra = keras.module, keras.config, {UNUSED: list(keras.unused)}
    elif content.get("format") == FORMAT:
        module, config = _from_masklens(path, content, factory)
        extra = content.get("extra")
    else:
        module, config = _from_bare(path, content, digest, arch, factory)
    if factory is not None and config.arch != CUSTOM:
        raise ModelFileError(BACKBONE_UNNEEDED.given(path=str(path), arch=config.arch))
    label = name or path.stem
    return LoadedModel(
        module.eval(),
        config,
        label,
        f"{label}@{digest[:_HASH_LENGTH]}",
        dict(extra) if isinstance(extra, Mapping) else {},
    )


def load_model(
    spec: str | Path,
    *,
    arch: str | None = None,
    backbone: str | None = None,
    proposer: str | None = None,
    proposer_arch: str | None = None,
    tiles: int | None = None,
) -> LoadedModel:
    """Load a model by its name (`starter`, or one from `models.list_models`) or its file.

    `proposer` names what shall give the boxes (`registry.load_proposer`); a named model may have
    one of its own. `tiles` replaces at how many it looks. Raises ModelFileError, ConfigError,
    ProposerError, or ModelError when a named model is not on this machine.
    """
    source = resolve(spec)
    if arch is not None and source.arch is not None:
        raise ModelFileError(ARCH_UNNEEDED.given(path=source.name, arch=arch))
    loaded = load_file(source.path, name=source.name, arch=arch or source.arch, backbone=backbone)
    if proposer is not None:
        found = load_proposer(proposer, arch=proposer_arch)
        own = {} if tiles is None else {"proposer_tiles": tiles}
        return with_proposer(loaded, found, f"{source.name}+{found.name}", **own)
    if source.proposer is not None:
        found = load_proposer(source.proposer)
        return with_proposer(loaded, found, source.name, **source.settings)
    return loaded


def with_proposer(
    loaded: LoadedModel, proposer: Proposer, name: str, **settings: Value
) -> LoadedModel:
    """The model with another giver of boxes, whose thresholds, and `settings`, it takes.

    Raises SettingError when the proposer's settings are none.
    """
    both = f"{loaded.revision} {proposer.revision}".encode()
    digest = hashlib.sha256(both).hexdigest()[:_HASH_LENGTH]
    own = loaded.config.settings.with_(**{**proposer.settings, **settings})
    return replace(
        loaded,
        config=replace(loaded.config, settings=own),
        name=name,
        revision=f"{name}@{digest}",
        proposer=proposer,
        alone=loaded,
    )


def load_backbone_weights(module: MaskRCNN, file: Path) -> int:
    """Fill the backbone's body from its own state_dict, such as an ImageNet classifier's.

    Returns the number of tensors taken. Raises ModelFileError when they do not fit.
    """
    content = read_checked(file)
    state = _bare_state(file, content)
    body = module.backbone.body
    try:
        return load_backbone_state(getattr(body, "trunk", body), state)
    except ValueError as error:
        raise ModelFileError(
            say(
                "engine.backbone_mismatch",
                "The weights in {path} do not fit the backbone: {problem}.",
                path=str(file),
                problem=str(error),
            )
        ) from error


def _from_masklens(
    path: Path, content: Mapping[str, Any], factory: BackboneFactory | None
) -> tuple[MaskRCNN, ModelConfig]:
    version = content.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise _damaged(path, "format_version", "is not a version number")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            say(
                "engine.model_newer",
                "{path} was written by a newer masklens (file format {found}; this one reads "
                "{known}).",
                path=str(path),
                found=version,
                known=FORMAT_VERSION,
            )
        )
    config = ModelConfig.from_json(content.get("config"))
    state = content.get("state")
    if not is_state(state):
        raise _damaged(path, "state", "is not a state_dict")
    try:
        check_widths(config, state)
    except ValueError as error:
        raise _mismatch(path, config.arch, str(error)) from error
    module = build_model(config, backbone_factory=factory)
    _fill(path, module, state, config.arch, config)
    return module, config


def _from_bare(
    path: Path,
    content: Mapping[str, Any],
    digest: str,
    arch: str | None,
    factory: BackboneFactory | None,
) -> tuple[MaskRCNN, ModelConfig]:
    state = _bare_state(path, content)
    if arch is None:
        arch = CUSTOM if factory is not None else _guessed(path, state)
    try:
        config = config_of_bare(state, arch, digest)
    except ValueError as error:
        raise _mismatch(path, arch, str(error)) from error
    module = build_model(config, backbone_factory=factory)
    _fill(path, module, state, arch, config)
    return module, config


def _guessed(path: Path, state: Mapping[str, Tensor]) -> str:
    """The architecture that bare weights are of. Raises ModelFileError when they do not tell."""
    if not any(key.startswith("roi_heads.") for key in state):
        raise ModelFileError(
            say(
                "engine.not_a_detector",
                "{path} holds weights, but not those of a Mask R-CNN by torchvision's names: none "
                "begins with roi_heads.",
                path=str(path),
            )
        )
    fitting = guess_archs(state)
    if len(fitting) != 1:
        known = ", ".join(fitting or ARCHES)
        raise ModelFileError(ARCH_NEEDED.given(path=str(path), known=known))
    return fitting[0]


def _fill(
    path: Path, module: MaskRCNN, state: Mapping[str, Tensor], arch: str, config: ModelConfig
) -> None:
    state = without_old_clicks(state)
    if has_clicks(state):
        add_click_head(module, config)
    try:
        load_into(module, state)
    except ValueError as error:
        raise _mismatch(path, arch, str(error)) from error


def _bare_state(path: Path, content: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """The state_dict in a file: the whole of it, or below `model` or `state_dict`."""
    for candidate in (content.get("model"), content.get("state_dict"), content):
        if is_state(candidate):
            return candidate
    raise ModelFileError(MODEL_UNREADABLE.given(path=str(path)))


def is_state(value: object) -> TypeGuard[Mapping[str, Tensor]]:
    """Whether a value looks like a state_dict: a mapping of names to tensors that is not empty."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items())
    )


def _stored(value: Tensor, store: str) -> Tensor:
    plain = value.detach().cpu().contiguous()
    if store == "float16" and plain.dtype == torch.float32 and plain.dim() >= 2:
        return plain.half()
    # A view would carry the whole storage that it looks into.
    return plain.clone()


def _damaged(path: Path, field: str, problem: str) -> ModelFileError:
    return ModelFileError(
        say(
            "engine.model_field",
            "{path} is damaged: {field} {problem}.",
            path=str(path),
            field=field,
            problem=problem,
        )
    )


def _mismatch(path: Path, arch: str, problem: str) -> ModelFileError:
    return ModelFileError(
        say(
            "engine.weights_mismatch",
            "The weights in {path} do not fit the architecture {arch}: {problem}.",
            path=str(path),
            arch=arch,
            problem=problem,
        )
    )


__all__ = [
    "ConfigError",
    "LoadedModel",
    "ModelFileError",
    "export_state",
    "load_backbone_weights",
    "load_file",
    "load_model",
    "save_model",
    "with_proposer",
]
