"""In which precision the convolutions run; boxes, anchors and NMS are always float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class Part(Enum):
    """A part of the network that can run in a lower precision than the rest."""

    BODY = "body"
    PYRAMID = "pyramid"
    RPN = "rpn"
    BOX_HEAD = "box_head"
    MASK_HEAD = "mask_head"
    KEYPOINT_HEAD = "keypoint_head"


ALL_PARTS = frozenset(Part)


@dataclass(frozen=True, slots=True)
class Numerics:
    """The arithmetic of convolutions and fully connected layers.

    `autocast` is the dtype that autocast lowers `parts` to, or None for float32 throughout.
    """

    autocast: torch.dtype | None = None
    parts: frozenset[Part] = ALL_PARTS
    contiguous: frozenset[Part] = frozenset()
    """Parts in float32 whose input is laid out channel by channel."""

    def lowers(self, part: Part) -> bool:
        """Whether a part runs in the lower precision."""
        return self.autocast is not None and part in self.parts

    def context(self, part: Part, device: torch.device) -> AbstractContextManager[object]:
        """A context in which the layers of a part run in the precision meant for them."""
        if not self.lowers(part):
            return nullcontext()
        return torch.autocast(device.type, dtype=self.autocast)

    def fit(self, part: Part, values: Tensor) -> Tensor:
        """The input of a part as its kernels want it: channels last, or float32."""
        if self.lowers(part):
            return values.contiguous(memory_format=torch.channels_last)
        return values.float().contiguous() if part in self.contiguous else values.float()


FLOAT32 = Numerics()
