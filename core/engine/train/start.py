"""The network at step 0: the base model, taught the names of the classes that are to be learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import torch

from core.engine.backbones import CUSTOM, import_factory
from core.engine.clicks import add_click_head
from core.engine.predict import Predictor
from core.engine.train.fresh import new_network
from core.engine.train.rows import with_classes
from core.engine.train.size import suit_size
from core.engine.weights import LoadedModel, load_file, load_model, save_model
from core.engine.zoo import ARCHES
from core.learning.classes import LEARNED_CLASSES, class_order, taught_classes
from core.learning.frozen import FrozenImage, FrozenLabels
from core.learning.resemblance import Votes
from core.learning.spec import RunSpec
from core.sentences import MasklensError
from core.storage.images import ImageError, read_image

_LOOKED_AT: Final = 6
"""Images on which the base model is asked what it takes a new label for."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run starts."""

    base: LoadedModel | None
    """The model as it was, for the figures before; None when it is not there any more."""
    loaded: LoadedModel
    """The network that learns, freshly read from `start.pt`."""
    reused: tuple[tuple[str, str], ...]
    """Pairs of a new label and the class whose rows it took over."""
    new: bool
    """Whether the network is new, not fine-tuned."""

    @property
    def base_revision(self) -> str:
        """The revision of the base model, also when it is gone."""
        return str(self.loaded.extra.get("base", ""))


def make_start(spec: RunSpec, labels: FrozenLabels, path: Path, predictor_device: str) -> Start:
    """Build the network of step 0 and write it to `path`.

    Raises ModelFileError, ModelError or ConfigError when the base model cannot be had.
    """
    torch.manual_seed(spec.seed)
    factory = import_factory(spec.backbone) if spec.backbone is not None else None
    some = list(islice(labels.images(held_out=False), 64))
    new = is_new(spec)
    if new:
        weights = None if spec.backbone_weights is None else Path(spec.backbone_weights)
        module, config = new_network(
            spec.model,
            labels.labels,
            some,
            weights,
            size=spec.schedule.size,
            factory=factory,
            skeleton=spec.skeleton,
        )
        base = LoadedModel(module, config, spec.model, f"{spec.model}@new", {})
        reused: tuple[tuple[str, str], ...] = ()
        taught: tuple[str, ...] = ()
    else:
        base = load_model(spec.model, arch=spec.arch, backbone=spec.backbone).network
        taught = taught_classes(base.extra)
        classes = class_order(base.config.class_names, taught, labels.labels)
        predictor = Predictor(base, device=predictor_device, precision="float32")
        reused = choose_reuse(predictor, classes, dict(spec.reuse), some)
        module, config = with_classes(
            base.module.cpu(),
            suit_size(base.config, some, spec.schedule.size),
            classes,
            dict(reused),
            factory,
        )
    if spec.settings:
        config = replace(config, settings=config.settings.with_text(spec.settings))
    if config.draws_masks:
        add_click_head(module, config)
    extra = {
        LEARNED_CLASSES: list(dict.fromkeys((*taught, *labels.labels))),
        "base": base.revision,
        "reused": [list(pair) for pair in reused],
        "learns_norms": new and spec.backbone_weights is None,
    }
    save_model(path, module, config, extra)
    return Start(base, load_file(path, backbone=spec.backbone), reused, new)


def read_start(spec: RunSpec, path: Path) -> Start:
    """The network of step 0 of a run that goes on, and its base model if it is still the same."""
    loaded = load_file(path, backbone=spec.backbone)
    pairs = loaded.extra.get("reused", [])
    reused = tuple((str(a), str(b)) for a, b in pairs) if isinstance(pairs, list) else ()
    new = is_new(spec)
    base: LoadedModel | None = loaded
    if not new:
        try:
            base = load_model(spec.model, arch=spec.arch, backbone=spec.backbone).network
        except MasklensError:
            base = None
        if base is not None and base.revision != loaded.extra.get("base"):
            base = None
    return Start(base, loaded, reused, new)


def is_new(spec: RunSpec) -> bool:
    """Whether the request names an architecture, not a model."""
    return spec.model in (*ARCHES, CUSTOM)


def choose_reuse(
    predictor: Predictor,
    classes: Sequence[str],
    asked: Mapping[str, str],
    images: Iterable[FrozenImage],
) -> tuple[tuple[str, str], ...]:
    """Which known class each new one takes over: what was asked for, else what the model says."""
    known = predictor.loaded.config.class_names
    new = [name for name in classes if name not in known and name not in asked]
    chosen = {name: kind for name, kind in asked.items() if kind in known and name in classes}
    if new:
        chosen |= _resemblances(predictor, set(new), islice(images, _LOOKED_AT))
    return tuple((name, chosen[name]) for name in classes if name in chosen)


def _resemblances(
    predictor: Predictor, labels: set[str], images: Iterable[FrozenImage]
) -> dict[str, str]:
    """The class that the model gives to most instances of each label, where one stands out."""
    votes = Votes(labels)
    for image in images:
        try:
            found = predictor.predict(read_image(image.path).pixels).instances
        except ImageError:  # the stream of samples will say so
            continue
        votes.add(image.objects, found, image.width, image.height)
    return votes.winners()
