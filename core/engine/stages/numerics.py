"""In which precision the convolutions run; boxes, anchors and NMS are always float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Numerics:
    """The arithmetic of convolutions and fully connected layers.

    `autocast` is the dtype that autocast lowers them to, or None for float32 throughout.
    """

    autocast: torch.dtype | None = None

    def lowered(self, device: torch.device) -> AbstractContextManager[object]:
        """A context in which layers run in the lower precision, if there is one."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(device.type, dtype=self.autocast)

    def laid_out(self, images: Tensor) -> Tensor:
        """Images in the memory order that the lowered kernels want."""
        if self.autocast is None:
            return images
        return images.contiguous(memory_format=torch.channels_last)


FLOAT32 = Numerics()
