"""Backbones with a feature pyramid: C2 to C5 at strides 4 to 32, P2 to P6 over them.

The FPN follows Lin et al. 2017, section 3; P6 is every second value of P5 and feeds the RPN only.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet, resnet, vgg
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from core.engine import efficientnet_lite, matterport
from core.engine.config import ConfigError, ModelConfig
from core.engine.light_import import complete_torch
from core.sentences import say

_BACKBONE_LEVELS: Final = say(
    "engine.backbone_levels",
    "The backbone must return four feature maps at strides 4, 8, 16 and 32, the finest first; "
    "this one returned {found}.",
)
ARCH_UNKNOWN: Final = say(
    "engine.arch_unknown", "There is no architecture named {arch!r}. Known are: {known}."
)

BackboneFactory = Callable[[], nn.Module]
"""Makes a trunk: N×3×H×W in, four maps at strides 4, 8, 16 and 32 out, the finest first."""

CUSTOM: Final = "custom"
STRIDES: Final = (4, 8, 16, 32)
_RESNETS: Final = {
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnext50": "resnext50_32x4d",
    "resnext101": "resnext101_32x8d",
}
# The last block of each stride among `features`; torchvision's own detection models take only the
# two coarsest of these, which loses small objects.
_MOBILENETS: Final = {
    "mobilenet_v2": (3, 6, 13, 18),
    "mobilenet_v3_large": (3, 6, 12, 16),
    "mobilenet_v3_small": (1, 3, 8, 12),
}
VGG16: Final = "vgg16"
# After the ReLU of conv3_3, conv4_3 and conv5_3, and after the last pooling.
_VGG_LAYERS: Final = (("15", 256), ("22", 512), ("29", 512), ("30", 512))
EFFICIENTNET_LITE2: Final = "efficientnet_lite2"
# Trunks that are a row of blocks, of which some end a stage.
_ROWS: Final = {**_MOBILENETS, EFFICIENTNET_LITE2: efficientnet_lite.ENDS}
BACKBONES: Final[tuple[str, ...]] = (*_RESNETS, *_ROWS, VGG16)
PUBLISHED: Final[Mapping[str, Mapping[str, Any]]] = {
    EFFICIENTNET_LITE2: {
        "norm_eps": efficientnet_lite.NORM_EPS,
        "image_mean": efficientnet_lite.IMAGE_MEAN,
        "image_std": efficientnet_lite.IMAGE_STD,
    }
}
"""Fields of a configuration that the published weights of a backbone need, where they differ."""
NormLayer = Callable[[int], nn.Module]


class CustomBackbone(nn.Module):
    """A user's own trunk under a feature pyramid, shaped like `BackboneWithFPN`."""

    def __init__(self, trunk: nn.Module, out_channels: int, norm: NormLayer | None) -> None:
        """Probe the trunk with one small image. Raises ConfigError when its maps do not fit."""
        super().__init__()
        self.body = CustomTrunk(trunk)
        self.fpn = FeaturePyramidNetwork(
            probe_channels(self.body), out_channels, LastLevelMaxPool(), norm
        )
        self.out_channels = out_channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The maps P2 to P6 by the names that torchvision gives them."""
        return cast(dict[str, Tensor], self.fpn(self.body(images)))


class OneMap(nn.Module):
    """In the place of a pyramid: the map of stride 16 as it is, as Faster R-CNN has it (Ren et al.
    2015). The other levels hold a single cell of zeros, which nothing reads."""

    PLACE: Final = 2

    def forward(self, maps: Mapping[str, Tensor]) -> OrderedDict[str, Tensor]:
        """The levels by torchvision's names."""
        one = list(maps.values())[self.PLACE]
        nothing = one.new_zeros((*one.shape[:2], 1, 1))
        names = ("0", "1", "2", "3", "pool")
        return OrderedDict((n, one if k == self.PLACE else nothing) for k, n in enumerate(names))


class OneMapBackbone(nn.Module):
    """A trunk of which only the map of stride 16 is read, shaped like `BackboneWithFPN`."""

    def __init__(self, trunk: nn.Module, layers: Mapping[str, str], out_channels: int) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(trunk, dict(layers))
        self.fpn = OneMap()
        self.out_channels = out_channels

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """The levels by the names that torchvision gives them."""
        return cast("OrderedDict[str, Tensor]", self.fpn(self.body(images)))


class CustomTrunk(nn.Module):
    """A user's own trunk, its maps named `0` to `3` in whatever container they come."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """C2 to C5. Raises ConfigError when the trunk returns something else than maps."""
        maps = self.trunk(images)
        if isinstance(maps, Mapping):
            maps = tuple(maps.values())
        if not isinstance(maps, Sequence) or not all(isinstance(m, Tensor) for m in maps):
            raise ConfigError(_BACKBONE_LEVELS.given(found=type(maps).__name__))
        return OrderedDict((str(index), level) for index, level in enumerate(maps))


def build_backbone(
    config: ModelConfig, norm: NormLayer, factory: BackboneFactory | None
) -> nn.Module:
    """The backbone of a configuration, its frozen stages without gradients.

    Raises ConfigError for an unknown name, or `custom` without a factory.
    """
    pyramid_norm = norm if config.version == 2 else None
    if config.arch == CUSTOM:
        if factory is None:
            raise ConfigError(
                say(
                    "engine.backbone_needed",
                    "This model was built on a backbone of its author's own. Name the callable "
                    "that makes it as MODULE:FUNCTION or FILE.py:FUNCTION with --backbone.",
                )
            )
        backbone: nn.Module = CustomBackbone(factory(), config.fpn_channels, pyramid_norm)
    elif config.arch in BACKBONES:
        trunk, layers = _trunk(config.arch, norm)
        if config.family == "matterport":
            trunk = matterport.as_caffe(trunk)
        if config.one_map:
            names = {name: str(index) for index, (name, _) in enumerate(layers)}
            backbone = OneMapBackbone(trunk, names, layers[OneMap.PLACE][1])
            freeze_stages(backbone, config.arch, config.trainable_layers)
            return backbone
        backbone = BackboneWithFPN(
            trunk,
            {name: str(index) for index, (name, _) in enumerate(layers)},
            [channels for _, channels in layers],
            config.fpn_channels,
            extra_blocks=LastLevelMaxPool(),
            norm_layer=pyramid_norm,
        )
    else:
        known = ", ".join(BACKBONES)
        raise ConfigError(ARCH_UNKNOWN.given(arch=config.arch, known=known))
    freeze_stages(backbone, config.arch, config.trainable_layers)
    return backbone


def freeze_stages(backbone: nn.Module, arch: str, trainable: int) -> None:
    """Let the last `trainable` stages of the body learn (0 to 5) and freeze the rest.

    Stages count from the end: C5, C4, C3, C2, stem. A custom trunk cannot be cut into stages:
    it learns whole, unless `trainable` is 0. The pyramid always learns.
    """
    body = cast(nn.Module, backbone.body)
    frozen = _frozen_prefixes(arch, trainable)
    for name, parameter in body.named_parameters():
        parameter.requires_grad_(name.partition(".")[0] not in frozen)


def frozen_modules(backbone: nn.Module, arch: str, trainable: int) -> tuple[nn.Module, ...]:
    """The children of the body that `freeze_stages` froze."""
    frozen = _frozen_prefixes(arch, trainable)
    body = cast(nn.Module, backbone.body)
    return tuple(module for name, module in body.named_children() if name in frozen)


def probe_channels(body: nn.Module) -> list[int]:
    """Channels of the four maps of a body. Raises ConfigError unless the strides are 4 to 32."""
    was_training = body.training
    body.eval()
    with torch.no_grad():
        maps = list(body(torch.zeros(1, 3, 64, 64)).values())
    body.train(was_training)
    sizes = [tuple(level.shape[-2:]) for level in maps]
    if sizes != [(64 // stride, 64 // stride) for stride in STRIDES]:
        found = ", ".join(f"{h}x{w}" for h, w in sizes) + " for a 64x64 image"
        raise ConfigError(_BACKBONE_LEVELS.given(found=found))
    return [level.shape[1] for level in maps]


def import_factory(spec: str) -> BackboneFactory:
    """The callable that `module:function` or `file.py:function` names.

    Raises ConfigError when it cannot be had.
    """
    module_name, colon, name = spec.rpartition(":")
    if not colon or not module_name or not name:
        raise _unusable(spec, "it has no colon between module and function")
    complete_torch()
    try:
        factory = getattr(_module(module_name), name)
    except (ImportError, AttributeError, OSError, SyntaxError) as error:
        raise _unusable(spec, str(error)) from error
    if not callable(factory):
        raise _unusable(spec, f"{name} is not callable")
    return cast(BackboneFactory, factory)


def _module(name: str) -> ModuleType:
    """A module by its name, or the file of one."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unusable(spec: str, problem: str) -> ConfigError:
    return ConfigError(
        say(
            "engine.backbone_callable",
            "The backbone {spec!r} cannot be used: {problem}. Name it as MODULE:FUNCTION.",
            spec=spec,
            problem=problem,
        )
    )


def _trunk(arch: str, norm: NormLayer) -> tuple[nn.Module, list[tuple[str, int]]]:
    """A classification network and the children, with channels, that hold C2 to C5."""
    if arch in _RESNETS:
        network = getattr(resnet, _RESNETS[arch])(weights=None, norm_layer=norm)
        narrowest = network.inplanes // 8
        return network, [(f"layer{i + 1}", narrowest * 2**i) for i in range(4)]
    if arch == VGG16:
        return vgg.vgg16(weights=None).features, list(_VGG_LAYERS)
    if arch == EFFICIENTNET_LITE2:
        features: Any = efficientnet_lite.efficientnet_lite2(norm)
    else:
        features = getattr(mobilenet, arch)(weights=None, norm_layer=norm).features
    return features, [(str(i), features[i].out_channels) for i in _ROWS[arch]]


def _frozen_prefixes(arch: str, trainable: int) -> frozenset[str]:
    """First parts of the parameter names of the frozen stages."""
    if arch in _RESNETS:
        stages = [("layer4",), ("layer3",), ("layer2",), ("layer1",), ("conv1", "bn1")]
    elif arch == VGG16:
        stages = _stages_of_row(tuple(int(name) for name, _ in _VGG_LAYERS))
    elif arch in _ROWS:
        stages = _stages_of_row(_ROWS[arch])
    else:
        stages = [("trunk",)]
    return frozenset(name for stage in stages[trainable:] for name in stage)


def _stages_of_row(ends: tuple[int, ...]) -> list[tuple[str, ...]]:
    """The children of each stage, from the last: a stage ends where a pyramid level is taken.

    The stem is the first convolution; the blocks up to the first level form C2.
    """
    starts = [1, *(end + 1 for end in ends[:-1])]
    stages = [
        tuple(str(i) for i in range(start, end + 1))
        for start, end in zip(starts, ends, strict=True)
    ]
    return [*reversed(stages), ("0",)]
