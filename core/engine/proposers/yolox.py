"""YOLOX-Nano: the network of Ge et al. 2021 (arXiv 2107.08430), depthwise, a quarter as wide.

Normalisation is folded into the convolutions, as the published export has it. Names of parameters
follow the published code, so that a checkpoint of it can be told layer by layer.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

import resources
from core.engine.proposers.base import Boxes, ProposerError
from core.lens.cells import CellLevel, Cells
from core.sentences import say

NAME: Final = "yolox-nano"
FILE: Final = "yolox_nano.pt"
FORMAT: Final = "masklens-proposer"
SETTINGS: Final[Mapping[str, int | float]] = {"score": 0.02, "nms": 0.5}
_GREY: Final = 114.0
SIDE: Final = 416
"""Side of the square input in pixels."""
STRIDES: Final = (8, 16, 32)
_STEM, _HEAD = 16, 64
_WIDTHS: Final = (32, 64, 128, 256)
"""Channels after each of the four stages; the pyramid takes the last three."""
_DEPTHS: Final = (1, 3, 3)
_SPP_KERNELS: Final = (5, 9, 13)


class Conv(nn.Module):
    """A convolution with bias and SiLU that keeps, or with stride 2 halves, the sides."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)

    def forward(self, values: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H/stride×W/stride."""
        return functional.silu(self.conv(values), inplace=True)


class DepthwiseConv(nn.Module):
    """A 3×3 convolution of each channel for itself, then a 1×1 across them."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.dconv = Conv(inputs, inputs, 3, stride, groups=inputs)
        self.pconv = Conv(inputs, outputs, 1)

    def forward(self, values: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H/stride×W/stride."""
        result: Tensor = self.pconv(self.dconv(values))
        return result


class Bottleneck(nn.Module):
    """A 1×1 and a depthwise convolution, added to what came in if `shortcut`."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = Conv(channels, channels, 1)
        self.conv2 = DepthwiseConv(channels, channels)
        self.shortcut = shortcut

    def forward(self, values: Tensor) -> Tensor:
        """The same shape as comes in."""
        result: Tensor = self.conv2(self.conv1(values))
        return result + values if self.shortcut else result


class CspLayer(nn.Module):
    """Half of the channels through bottlenecks, half past them (Wang et al. 2020)."""

    def __init__(self, inputs: int, outputs: int, depth: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        self.conv1 = Conv(inputs, outputs // 2, 1)
        self.conv2 = Conv(inputs, outputs // 2, 1)
        self.m = nn.Sequential(*(Bottleneck(outputs // 2, shortcut) for _ in range(depth)))
        self.conv3 = Conv(outputs, outputs, 1)

    def forward(self, values: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        main, past = self.conv1(values), self.conv2(values)
        result: Tensor = self.conv3(torch.cat((self.m(main), past), dim=1))
        return result


class Focus(nn.Module):
    """Each 2×2 block of pixels as one place of twelve channels, then a convolution."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv = Conv(12, outputs, 3)

    def forward(self, image: Tensor) -> Tensor:
        """N×3×H×W to N×outputs×H/2×W/2."""
        corners = [image[..., y::2, x::2] for x in (0, 1) for y in (0, 1)]
        result: Tensor = self.conv(torch.cat(corners, dim=1))
        return result


class SppBottleneck(nn.Module):
    """Maxima over windows of several sizes beside the values themselves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = Conv(channels, channels // 2, 1)
        self.conv2 = Conv(channels * 2, channels, 1)

    def forward(self, values: Tensor) -> Tensor:
        """The same shape as comes in."""
        values = self.conv1(values)
        pooled = [functional.max_pool2d(values, k, 1, k // 2) for k in _SPP_KERNELS]
        result: Tensor = self.conv2(torch.cat((values, *pooled), dim=1))
        return result


class Darknet(nn.Module):
    """The trunk: maps at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        two, three, four, five = _WIDTHS
        self.stem = Focus(_STEM)
        self.dark2 = nn.Sequential(DepthwiseConv(_STEM, two, 2), CspLayer(two, two, _DEPTHS[0]))
        self.dark3 = nn.Sequential(DepthwiseConv(two, three, 2), CspLayer(three, three, _DEPTHS[1]))
        self.dark4 = nn.Sequential(DepthwiseConv(three, four, 2), CspLayer(four, four, _DEPTHS[2]))
        self.dark5 = nn.Sequential(
            DepthwiseConv(four, five, 2), SppBottleneck(five), CspLayer(five, five, shortcut=False)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """N×3×H×W to three maps."""
        three = self.dark3(self.dark2(self.stem(image)))
        four = self.dark4(three)
        return three, four, self.dark5(four)


class Pyramid(nn.Module):
    """PAFPN: down from coarse to fine and up again (Liu et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        three, four, five = _WIDTHS[1:]
        self.backbone = Darknet()
        self.lateral_conv0 = Conv(five, four, 1)
        self.C3_p4 = CspLayer(2 * four, four, shortcut=False)
        self.reduce_conv1 = Conv(four, three, 1)
        self.C3_p3 = CspLayer(2 * three, three, shortcut=False)
        self.bu_conv2 = DepthwiseConv(three, three, 2)
        self.C3_n3 = CspLayer(2 * three, four, shortcut=False)
        self.bu_conv1 = DepthwiseConv(four, four, 2)
        self.C3_n4 = CspLayer(2 * four, five, shortcut=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """N×3×H×W to three maps at strides 8, 16 and 32."""
        three, four, five = self.backbone(image)
        top = self.lateral_conv0(five)
        middle = self.reduce_conv1(self.C3_p4(torch.cat((_twice(top), four), dim=1)))
        fine = self.C3_p3(torch.cat((_twice(middle), three), dim=1))
        out4 = self.C3_n3(torch.cat((self.bu_conv2(fine), middle), dim=1))
        return fine, out4, self.C3_n4(torch.cat((self.bu_conv1(out4), top), dim=1))


def _twice(values: Tensor) -> Tensor:
    return functional.interpolate(values, scale_factor=2.0, mode="nearest")


class Head(nn.Module):
    """Classes on one side, box and objectness on the other."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stems = nn.ModuleList(Conv(width, _HEAD, 1) for width in _WIDTHS[1:])
        self.cls_convs = nn.ModuleList(_two_convs() for _ in STRIDES)
        self.reg_convs = nn.ModuleList(_two_convs() for _ in STRIDES)
        self.cls_preds = nn.ModuleList(nn.Conv2d(_HEAD, classes, 1) for _ in STRIDES)
        self.reg_preds = nn.ModuleList(nn.Conv2d(_HEAD, 4, 1) for _ in STRIDES)
        self.obj_preds = nn.ModuleList(nn.Conv2d(_HEAD, 1, 1) for _ in STRIDES)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Three maps to N×cells×(5 + classes): see `YoloxNano`."""
        found = []
        for level, values in enumerate(maps):
            hidden = self.stems[level](values)
            classes = self.cls_preds[level](self.cls_convs[level](hidden)).sigmoid()
            place = self.reg_convs[level](hidden)
            parts = self.reg_preds[level](place), self.obj_preds[level](place).sigmoid(), classes
            found.append(torch.cat(parts, dim=1).flatten(2))
        return torch.cat(found, dim=2).transpose(1, 2)


def _two_convs() -> nn.Sequential:
    return nn.Sequential(DepthwiseConv(_HEAD, _HEAD), DepthwiseConv(_HEAD, _HEAD))


class YoloxNano(nn.Module):
    """float32 N×3×H×W (BGR, 0 to 255, sides multiples of 32) to N×cells×(5 + classes).

    Of each cell: dx, dy, log w, log h in cells, objectness and the probability of each class.
    Cells come row by row, the finest level first; `decode` makes boxes of them.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = Pyramid()
        self.head = Head(classes)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = self.head(self.backbone(images))
        return result


def decode(answer: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Boxes N×4 (x0, y0, x1, y1 in pixels of the input) and scores N×classes of one image.

    `answer` is cells×(5 + classes) for an input of that height and width. A score is objectness
    times the probability of the class.
    """
    corners, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        corners.append(torch.stack((x, y), dim=-1).reshape(-1, 2))
        strides.append(torch.full((rows * columns, 1), float(stride)))
    corner = torch.cat(corners).to(answer)
    stride_of = torch.cat(strides).to(answer)
    centre = (answer[:, :2] + corner) * stride_of
    half = answer[:, 2:4].exp() * stride_of / 2
    return torch.cat((centre - half, centre + half), dim=1), answer[:, 4:5] * answer[:, 5:]


def letterbox(image: Tensor) -> tuple[Tensor, float]:
    """An image, uint8 3×H×W in RGB, as the network wants it: float32 1×3×416×416, BGR.

    It is made as large as fits and put at the top left; the rest is grey. Also returns the factor.
    """
    height, width = image.shape[-2:]
    factor = min(SIDE / height, SIDE / width)
    size = max(1, int(height * factor)), max(1, int(width * factor))
    small = functional.interpolate(
        image[None].float(), size, mode="bilinear", align_corners=False, antialias=False
    )
    square = small.new_full((1, 3, SIDE, SIDE), _GREY)
    square[..., : size[0], : size[1]] = small.flip(1)
    return square.contiguous(memory_format=torch.channels_last), factor


class YoloxProposer:
    """YOLOX-Nano as a proposer: the likeliest class of each of its 3549 cells.

    `module` is a `YoloxNano`, or says what one says.
    """

    def __init__(self, module: nn.Module, class_names: tuple[str, ...], revision: str) -> None:
        self.module = module.eval().requires_grad_(False)
        self.module.to(memory_format=torch.channels_last)
        self.name = NAME
        self.revision = revision
        self.class_names = class_names
        self.settings = SETTINGS

    def to(self, device: torch.device) -> None:
        """Move to a device."""
        self.module.to(device)

    @torch.inference_mode()
    def propose(self, image: Tensor) -> Boxes:
        """Look at an upright image, uint8 3×H×W in RGB."""
        square, factor = letterbox(image)
        answer = self.module(square)[0]
        boxes, scores = decode(answer, SIDE, SIDE)
        score, label = scores.max(dim=1)
        return Boxes(boxes / factor, label + 1, score, lambda: cells_of(answer, factor))


def cells_of(answer: Tensor, factor: float) -> Cells:
    """The answer cells×(5 + classes) as the lens takes it; each cell gives one box.

    `factor` is pixels of the input for one pixel of the image.
    """
    levels = tuple(
        CellLevel(stride, SIDE // stride, SIDE // stride, 1, (step, step), (step / 2, step / 2))
        for stride in STRIDES
        for step in (stride / factor,)
    )
    unit = torch.zeros_like(answer)
    corner = decode(unit, SIDE, SIDE)[0]  # middle in the corner of the cell, sides of a cell
    half = (corner[:, 2:] - corner[:, :2]).repeat(1, 2) / 2
    probability, label = answer[:, 5:].max(dim=1)
    return Cells(
        "yolox",
        levels,
        (corner + half) / factor,
        answer[:, :4].float(),
        answer[:, 4].float(),
        probability.float(),
        label + 1,
        torch.arange(len(answer), device=answer.device),
    )


def load_bundled() -> YoloxProposer:
    """The network whose weights come with the program. Raises ProposerError when it is missing."""
    path = Path(resources.__file__).parent / FILE
    if not path.is_file():
        raise ProposerError(
            say(
                "proposers.missing",
                "The proposer {name!r} belongs to the program but its file {path} is missing. "
                "Install masklens again.",
                name=NAME,
                path=str(path),
            )
        )
    data = path.read_bytes()
    content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    names = tuple(content["class_names"])
    module = YoloxNano(len(names))
    module.load_state_dict(content["state"])
    digest = hashlib.sha256(data).hexdigest()
    return YoloxProposer(module, names, f"{NAME}@{digest[:12]}")
