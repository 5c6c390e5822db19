"""Gradients shared between processes through memory: a file descriptor, two barriers, no server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.multiprocessing import get_context

_PATIENCE: Final = 900.0
"""Seconds after which a process that meets nobody gives up."""


class Exchange:
    """A meeting place for `count` processes that train one model in step."""

    def __init__(self, count: int, room: int = 20_000_000) -> None:
        self.count = count
        self._barrier = get_context("spawn").Barrier(count)
        self._slots = torch.zeros(count, room if count > 1 else 0)
        self._slots.share_memory_()  # type: ignore[no-untyped-call]

    def average(self, rank: int, gradients: Sequence[Tensor]) -> None:
        """Replace each gradient by its mean over the processes, the same bits in all of them."""
        if self.count == 1:
            return
        sizes = [gradient.numel() for gradient in gradients]
        total = sum(sizes)
        mine = torch.split(self._slots[rank, :total], sizes)
        views = [
            part.as_strided(g.size(), g.stride(), part.storage_offset())
            for part, g in zip(mine, gradients, strict=True)
        ]
        torch._foreach_copy_(views, list(gradients))
        self._barrier.wait(_PATIENCE)
        mean = self._slots[:, :total].mean(dim=0)
        parts = torch.split(mean, sizes)
        shaped = [
            part.as_strided(g.size(), g.stride(), part.storage_offset())
            for part, g in zip(parts, gradients, strict=True)
        ]
        torch._foreach_copy_(list(gradients), shaped)
        self._barrier.wait(_PATIENCE)
