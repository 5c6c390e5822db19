"""Stages `backbone`, `pyramid`, `anchors` and `rpn`: one pass of convolutions over a batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import concat_box_prediction_layers

from core.engine.backbones import OneMap
from core.engine.config import ONE_MAP
from core.engine.stages.inputs import Batch
from core.engine.stages.numerics import FLOAT32, Numerics, Part
from core.lens.settings import StageSettings
from core.lens.trace import BACKBONE_LEVELS, Anchors, Backbone, Pyramid, Rpn

Maps = OrderedDict[str, Tensor]
"""Feature maps N×C×H×W by torchvision's names: `0` to `3`, and `pool` for P6."""


def run_backbone(model: MaskRCNN, batch: Batch, numerics: Numerics = FLOAT32) -> Maps:
    """C2 to C5 of a batch."""
    with numerics.context(Part.BODY, batch.tensors.device):
        maps: Maps = model.backbone.body(numerics.fit(Part.BODY, batch.tensors))
    return maps


def own_settings(model: MaskRCNN) -> StageSettings:
    """The settings that a model was built with; the defaults for one that torchvision built."""
    return cast(StageSettings, getattr(model, "own_settings", StageSettings()))


def run_pyramid(
    model: MaskRCNN,
    maps: Maps,
    numerics: Numerics = FLOAT32,
    settings: StageSettings | None = None,
) -> Maps:
    """P2 to P6 of a batch (Lin et al. 2017, section 3).

    Where one map stands for all (`fpn`), its level holds that map after its 1×1 and 3×3
    convolutions, with nothing added from the coarser ones.
    """
    fitting = OrderedDict((name, numerics.fit(Part.PYRAMID, m)) for name, m in maps.items())
    fpn, alone = model.backbone.fpn, (settings or own_settings(model)).fpn
    if isinstance(fpn, OneMap):
        return cast(Maps, fpn(fitting))
    with numerics.context(Part.PYRAMID, next(iter(maps.values())).device):
        levels: Maps = fpn(fitting)
        if alone != "on":
            place = BACKBONE_LEVELS.index(alone)
            name = list(fitting)[place]
            levels[name] = fpn.layer_blocks[place](fpn.inner_blocks[place](fitting[name]))
    return levels


def pyramid_step(model: MaskRCNN, maps: Sequence[Tensor], level: int, summed: bool) -> Tensor:
    """A level C×H×W of one image on its way through the pyramid, before its 3×3 convolution.

    Raises IndexError when there is no pyramid.
    `maps` are C2 to C5, each C×H×W. The lateral 1×1 convolution comes first, then, where `summed`,
    the coarser levels are added, each enlarged by repeating its cells.
    """
    fpn = model.backbone.fpn
    if isinstance(fpn, OneMap):
        raise IndexError(level)
    last = len(maps) - 1 if summed else level
    found: Tensor = fpn.inner_blocks[last](maps[last][None].float())
    for place in range(last - 1, level - 1, -1):
        lateral = fpn.inner_blocks[place](maps[place][None].float())
        found = lateral + functional.interpolate(found, size=lateral.shape[-2:], mode="nearest")
    return found[0]


def fitted(model: MaskRCNN, settings: StageSettings) -> StageSettings:
    """The settings with the one map of a network that has no pyramid."""
    one = isinstance(model.backbone.fpn, OneMap)
    return settings.with_(fpn=ONE_MAP) if one and settings.fpn != ONE_MAP else settings


def only_level(settings: StageSettings) -> int | None:
    """The level that stands for all, 0 for P2; None where all count."""
    return None if settings.fpn == "on" else BACKBONE_LEVELS.index(settings.fpn)


def make_anchors(
    model: MaskRCNN, batch: Batch, levels: Maps, settings: StageSettings | None = None
) -> Anchors:
    """The anchors of every image of the batch: they share one padded size.

    Always float32: lower precision would move anchors by several pixels.
    """
    generator = _generator(model, settings or own_settings(model))
    maps = list(levels.values())
    # The generator takes only shape, dtype and device from the maps.
    float32 = batch.tensors.new_empty((1, 1, 1, 1), dtype=torch.float32)
    shapes = [float32.expand(1, 1, *level.shape[-2:]) for level in maps]
    boxes = generator(batch.as_list(), shapes)[0]
    grids = tuple((int(level.shape[-2]), int(level.shape[-1])) for level in maps)
    height, width = batch.tensors.shape[-2:]
    return Anchors(
        boxes=boxes,
        grids=grids,
        strides=tuple((height // rows, width // columns) for rows, columns in grids),
        per_cell=generator.num_anchors_per_location()[0],
    )


def _generator(model: MaskRCNN, settings: StageSettings) -> AnchorGenerator:
    """The model's anchors, or larger and taller ones."""
    own: AnchorGenerator = model.rpn.anchor_generator
    scale, stretch = settings.anchor_scale, settings.anchor_stretch
    if (scale, stretch) == (1.0, 1.0):
        return own
    return type(own)(
        tuple(tuple(size * scale for size in level) for level in own.sizes),
        tuple(tuple(ratio * stretch for ratio in level) for level in own.aspect_ratios),
    )


def run_rpn(model: MaskRCNN, levels: Maps, numerics: Numerics = FLOAT32) -> Rpn:
    """Objectness and deltas of a batch: logits (N·A)×1 and deltas (N·A)×4, image after image.

    The last layers run in float32, so that close scores keep their order.
    """
    head = model.rpn.head
    logits, deltas = [], []
    for level in levels.values():
        with numerics.context(Part.RPN, level.device):
            hidden = head.conv(numerics.fit(Part.RPN, level))
        hidden = hidden.float()
        logits.append(head.cls_logits(hidden))
        deltas.append(head.bbox_pred(hidden))
    flat_logits, flat_deltas = concat_box_prediction_layers(logits, deltas)
    return Rpn(flat_logits, flat_deltas)


def roi_maps(levels: Maps) -> Maps:
    """The levels that RoIs are pooled from as RoIAlign wants them: float32, rows together.

    RoIAlign would do this for itself at every call.
    """
    return OrderedDict((name, levels[name].contiguous().float()) for name in ("0", "1", "2", "3"))


def split_rpn(rpn: Rpn, images: int) -> list[Rpn]:
    """The RPN's answer image by image: logits A, deltas A×4."""
    logits = rpn.logits.reshape(images, -1)
    deltas = rpn.deltas.reshape(images, -1, 4)
    return [Rpn(one, two) for one, two in zip(logits, deltas, strict=True)]


def backbone_of(maps: Maps, index: int) -> Backbone:
    """The stage `backbone` of one image of a batch."""
    return Backbone(tuple(level[index] for level in maps.values()))


def pyramid_of(levels: Maps, index: int) -> Pyramid:
    """The stage `pyramid` of one image of a batch."""
    return Pyramid(tuple(level[index] for level in levels.values()))


def maps_of(pyramids: Sequence[Pyramid]) -> Maps:
    """The pyramids of images of one padded size as a batch again."""
    names = ("0", "1", "2", "3", "pool")
    stacked = [torch.stack(level) for level in zip(*(p.maps for p in pyramids), strict=True)]
    return OrderedDict(zip(names, stacked, strict=True))
