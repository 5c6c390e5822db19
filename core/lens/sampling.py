"""Where RoIAlign looks: sample points and bilinear weights of one RoI, in plain numpy.

The unaligned kind that torchvision's Mask R-CNN is trained with (`roi_align(aligned=False)`):
cell centres have whole-number coordinates, a RoI is at least one cell wide and high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Samples:
    """The points that one RoI is averaged from; S = bins × points in a bin, along each axis."""

    x: NDArray[np.float32]
    """S: columns of the map, cell centres at whole numbers."""
    y: NDArray[np.float32]
    """S: rows of the map."""
    bins: int

    def in_image(self, scale: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The points in pixels of the resized image: columns and rows."""
        return self.x / np.float32(scale), self.y / np.float32(scale)


def sample_points(box: NDArray[np.float32], scale: float, bins: int, per_bin: int = 2) -> Samples:
    """The points of a box x0, y0, x1, y1 in resized pixels, on a map with `scale` cells a pixel."""
    x0, y0, x1, y1 = box.astype(np.float32) * np.float32(scale)
    steps = (np.arange(bins * per_bin, dtype=np.float32) + np.float32(0.5)) / np.float32(per_bin)
    width = np.maximum(x1 - x0, np.float32(1)) / np.float32(bins)
    height = np.maximum(y1 - y0, np.float32(1)) / np.float32(bins)
    return Samples(x0 + steps * width, y0 + steps * height, bins)


def axis_weights(points: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """How much each cell along one axis counts for each point: float32 points × cells.

    The weight of cell (row, column) for a point is the product of its two axis weights. Points
    more than one cell outside the map count nothing, others are pulled onto it.
    """
    inside = (points >= -1) & (points <= cells)
    held = np.clip(points, 0, cells - 1)
    low = np.minimum(held.astype(np.int64), cells - 1)
    high = np.minimum(low + 1, cells - 1)
    share = held - low.astype(np.float32)
    weights = np.zeros((len(points), cells), dtype=np.float32)
    rows = np.arange(len(points))
    np.add.at(weights, (rows, low), 1 - share)
    np.add.at(weights, (rows, high), share)
    return weights * inside[:, None].astype(np.float32)


def pool(feature_map: NDArray[np.float32], samples: Samples) -> NDArray[np.float32]:
    """RoIAlign of a map C×H×W: the mean of the points in each bin, C×bins×bins."""
    channels, height, width = feature_map.shape
    down, across = axis_weights(samples.y, height), axis_weights(samples.x, width)
    values = down @ feature_map @ across.T
    per_bin = len(samples.x) // samples.bins
    shape = (channels, samples.bins, per_bin, samples.bins, per_bin)
    return np.asarray(values.reshape(shape).mean(axis=(2, 4)), dtype=np.float32)
