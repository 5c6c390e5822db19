"""A proposer that says what it is told to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.engine.proposers.base import Boxes


class FakeProposer:
    """Gives the same boxes for every image (or what `seen` makes of it), and counts the looks."""

    name = "fake"
    revision = "fake@1"
    class_names = ("apple", "pear")
    settings: Mapping[str, int | float] = {"score": 0.3, "nms": 0.5}

    def __init__(self, *rows: tuple[float, float, float, float, int, float]) -> None:
        self.rows = rows
        self.sizes: list[tuple[int, int]] = []
        self.device: torch.device | None = None

    def to(self, device: torch.device) -> None:
        self.device = device

    def propose(self, image: Tensor) -> Boxes:
        assert image.dtype == torch.uint8
        self.sizes.append((int(image.shape[-2]), int(image.shape[-1])))
        table = torch.tensor(self.rows, dtype=torch.float32).reshape(-1, 6)
        return Boxes(table[:, :4], table[:, 4].long(), table[:, 5])
