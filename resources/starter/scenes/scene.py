"""What the generator makes: an image and which pixels of it belong to which instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CLASS_NAMES: Final = ("cell", "object")
"""Label 1 is what a microscope shows, label 2 everything else: see docs/starter.md."""

CELL: Final = 1
OBJECT: Final = 2
MOST_INSTANCES: Final = 250
LEAST_AREA: Final = 10
LEAST_VISIBLE: Final = 0.12


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled picture.

    `pixels` is uint8 (H, W, 3). `index` is uint8 (H, W): 0 where nothing is labelled, else the
    number of the instance seen at that pixel, counted from 1, so visible masks never overlap.
    `labels` holds one label index (position in CLASS_NAMES plus one) an instance.
    """

    pixels: NDArray[np.uint8]
    index: NDArray[np.uint8]
    labels: tuple[int, ...]

    def masks(self) -> NDArray[np.bool_]:
        """Visible masks, bool (N, H, W)."""
        numbers = np.arange(1, len(self.labels) + 1, dtype=np.uint8)
        return np.asarray(self.index[None] == numbers[:, None, None])

    def boxes(self) -> NDArray[np.float32]:
        """Tight boxes of the visible masks, float32 (N, 4), x0 y0 x1 y1 in pixels, outer edges."""
        return boxes_of(self.index, len(self.labels))


def boxes_of(index: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """Tight boxes of instances 1..count in an index picture; all must be present."""
    ys, xs = np.nonzero(index)
    numbers = index[ys, xs].astype(np.intp) - 1
    boxes = np.empty((count, 4), dtype=np.float32)
    boxes[:, :2] = np.inf
    boxes[:, 2:] = -np.inf
    np.minimum.at(boxes[:, 0], numbers, xs.astype(np.float32))
    np.minimum.at(boxes[:, 1], numbers, ys.astype(np.float32))
    np.maximum.at(boxes[:, 2], numbers, xs.astype(np.float32) + 1)
    np.maximum.at(boxes[:, 3], numbers, ys.astype(np.float32) + 1)
    return boxes
