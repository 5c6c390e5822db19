"""EfficientNet-Lite2 as a trunk: EfficientNet (Tan and Le 2019, table 1) without squeeze-excite.

Lite networks scale neither stem nor the first and last stage, and use ReLU6 throughout. Strided
convolutions pad at the bottom right only, as the published weights were trained.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from torch import Tensor, nn
from torch.nn import functional

# Kernel, stride, expansion, channels and number of the blocks of each stage: width 1.1, depth 1.2.
_STAGES: Final = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 3),
    (5, 2, 6, 48, 3),
    (3, 2, 6, 88, 4),
    (5, 1, 6, 120, 4),
    (5, 2, 6, 208, 5),
    (3, 1, 6, 352, 1),
)
_STEM: Final = 32
ENDS: Final = (4, 7, 15, 21)
"""The child of the trunk that holds each of C2 to C5."""
NORM_EPS: Final = 1e-3
IMAGE_MEAN: Final = (127 / 255,) * 3
IMAGE_STD: Final = (128 / 255,) * 3

NormLayer = Callable[[int], nn.Module]


class _Strided(nn.Conv2d):
    """A convolution of stride 2 whose padding lies right and below, for even sides."""

    def forward(self, input: Tensor) -> Tensor:
        total = self.kernel_size[0] - 2
        less = total // 2
        padded = functional.pad(input, (less, total - less, less, total - less))
        return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, 1, self.groups)


class _Block(nn.Module):
    """Expansion, depthwise convolution and projection, with a shortcut where shapes allow."""

    def __init__(
        self, kernel: int, stride: int, expansion: int, ins: int, outs: int, norm: NormLayer
    ) -> None:
        super().__init__()
        wide = ins * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [_conv(ins, wide, 1, 1, 1), norm(wide), nn.ReLU6(inplace=True)]
        layers += [_conv(wide, wide, kernel, stride, wide), norm(wide), nn.ReLU6(inplace=True)]
        self.conv = nn.Sequential(*layers, _conv(wide, outs, 1, 1, 1), norm(outs))
        self.shortcut = stride == 1 and ins == outs
        self.out_channels = outs

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = self.conv(maps)
        return maps + result if self.shortcut else result


def efficientnet_lite2(norm: NormLayer) -> nn.Sequential:
    """The stem and the 21 blocks as children `0` to `21`; the classifier's layers are left out."""
    stem = nn.Sequential(_conv(3, _STEM, 3, 2, 1), norm(_STEM), nn.ReLU6(inplace=True))
    blocks: list[nn.Module] = []
    ins = _STEM
    for kernel, stride, expansion, outs, repeats in _STAGES:
        for index in range(repeats):
            blocks.append(_Block(kernel, stride if index == 0 else 1, expansion, ins, outs, norm))
            ins = outs
    return nn.Sequential(stem, *blocks)


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state_dict (`_conv_stem`, `_blocks.3._bn1`, ...) under the names of the trunk.

    Names that are none of those stay as they are.
    """
    return {_name(key): value for key, value in state.items()}


def _name(key: str) -> str:
    found = re.fullmatch(r"_blocks\.(\d+)\._(\w+?)(_conv|\d)\.(\w+)", key)
    if found is None:
        return key.replace("_conv_stem.", "0.0.", 1).replace("_bn0.", "0.1.", 1)
    block = int(found[1])
    layer = {"expand_conv": 0, "bn0": 1, "depthwise_conv": 3, "bn1": 4, "project_conv": 6, "bn2": 7}
    place = layer[found[2] + found[3]] - (3 if block == 0 else 0)
    return f"{block + 1}.conv.{place}.{found[4]}"


def _conv(ins: int, outs: int, kernel: int, stride: int, groups: int) -> nn.Conv2d:
    kind = nn.Conv2d if stride == 1 else _Strided
    padding = kernel // 2 if stride == 1 else 0
    return kind(ins, outs, kernel, stride, padding, groups=groups, bias=False)
