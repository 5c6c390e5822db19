"""What a proposer is: it looks at an image and gives boxes, labels and scores, no masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from core.lens.cells import Cells
from core.sentences import MasklensError


class ProposerError(MasklensError):
    """A proposer is unknown, its file cannot be used, or its answer makes no sense."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a proposer sees in one image, in any order and before any NMS."""

    boxes: Tensor
    """float32 N×4: x0, y0, x1, y1 in pixels of the image."""
    label: Tensor
    """int64 N, from 1: the place in the proposer's `class_names`."""
    score: Tensor
    """float32 N, 0 to 1."""
    cells: Callable[[], Cells] | None = None
    """What a one-stage detector said of each cell, for the lens; a prediction does not ask."""


@runtime_checkable
class Proposer(Protocol):
    """A detector. Score threshold, NMS and limit are not its business: the program makes these
    cuts, so that the lens can say why a box did not go on."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    @property
    def revision(self) -> str:
        """Its name and what tells its weights from others."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """`class_names[i]` belongs to label i + 1."""

    @property
    def settings(self) -> Mapping[str, int | float]:
        """What suits its scores, by the names of `StageSettings`: mostly `score` and `nms`."""

    def to(self, device: torch.device) -> None:
        """Move to a device."""

    def propose(self, image: Tensor) -> Boxes:
        """Look at an upright image, uint8 3×H×W in RGB, on the device it was moved to."""
