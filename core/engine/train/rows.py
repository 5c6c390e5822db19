"""A network for other classes: everything kept but the rows of the last layers, which are moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN

from core.engine.backbones import BackboneFactory
from core.engine.clicks import add_click_head, click_head
from core.engine.config import ModelConfig
from core.engine.zoo import build_model

_CLASS: Final = "roi_heads.box_predictor.cls_score"
_BOX: Final = "roi_heads.box_predictor.bbox_pred"
_MASK: Final = "roi_heads.mask_predictor.mask_fcn_logits"


def with_classes(
    module: MaskRCNN,
    config: ModelConfig,
    classes: Sequence[str],
    reuse: Mapping[str, str],
    factory: BackboneFactory | None = None,
) -> tuple[MaskRCNN, ModelConfig]:
    """A copy of a network that knows `classes`.

    A class that the network knows by that name, or by the name that `reuse` gives, takes its rows
    along. The class scores of the others start fresh, and they draw boxes and masks as the mean
    of the known classes does; a mask that is one for all stays. Fresh numbers come from
    torch's generator.
    """
    new_config = replace(config, class_names=tuple(classes))
    new = build_model(new_config, backbone_factory=factory)
    if click_head(module) is not None:
        add_click_head(new, new_config)
    state = dict(new.state_dict())
    old = module.state_dict()
    sources = [0] + [_source(name, config, reuse) for name in classes]
    moved = (_CLASS, _BOX, _MASK) if config.mask_outputs == "per_class" else (_CLASS, _BOX)
    for name, value in old.items():
        layer = name.rpartition(".")[0]
        if layer in moved:
            state[name] = _moved(value, state[name], sources, fresh=layer == _CLASS)
        else:
            state[name] = value
    new.load_state_dict(state)
    return new.eval(), new_config


def _source(name: str, config: ModelConfig, reuse: Mapping[str, str]) -> int | None:
    """The label index whose rows a class takes over; None for a fresh start."""
    known = reuse.get(name, name if name in config.class_names else "")
    return config.class_names.index(known) + 1 if known in config.class_names else None


def _moved(old: Tensor, new: Tensor, sources: Sequence[int | None], *, fresh: bool) -> Tensor:
    """The rows of a layer for other classes; each class has equally many rows."""
    each = len(new) // len(sources)
    rows = old.reshape(-1, each, *old.shape[1:])
    mean = rows[1:].mean(0)
    parts = [
        (new[k * each : (k + 1) * each] if fresh else mean) if source is None else rows[source]
        for k, source in enumerate(sources)
    ]
    return torch.cat([part.reshape(each, *old.shape[1:]) for part in parts])
