"""Where the pooling looks: sample points and bilinear weights of one RoI, in plain numpy.

By default the unaligned kind that torchvision's Mask R-CNN is trained with: cell centres have
whole-number coordinates, a RoI is at least one cell wide and high.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.lens.settings import StageSettings

_TORCHVISION: Final = StageSettings()


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


def sample_points(
    box: NDArray[np.float32],
    scale: float,
    bins: int,
    settings: StageSettings = _TORCHVISION,
    *,
    grid: tuple[int, int] = (0, 0),
) -> Samples:
    """The points of a box x0, y0, x1, y1 in resized pixels, on a map with `scale` cells a pixel.

    `grid` are the rows and columns of the map, which `crop` needs.

    As `settings` read it (`core.engine.stages.pooling`). RoIPool has no points of its own: here
    they are the centres of the cells that it looks at, each once.
    """
    corners = box.astype(np.float32) * np.float32(scale)
    match settings.roi_pool:
        case "roipool":
            x0, y0, x1, y1 = np.round(corners)
            x, y = np.arange(x0, max(x1, x0) + 1), np.arange(y0, max(y1, y0) + 1)
            return Samples(x.astype(np.float32), y.astype(np.float32), bins)
        case "crop":
            x, y = (_between(box, scale, bins, grid[1 - axis], axis) for axis in (0, 1))
            return Samples(x, y, bins)
        case "roiwarp":
            corners = np.round(corners)
    aligned = settings.roi_pool == "roialign" and settings.roi_aligned == "yes"
    x, y = (
        _in_bins(corners[axis], corners[axis + 2], bins, settings.roi_sampling, aligned)
        for axis in (0, 1)
    )
    return Samples(x, y, bins)


def _in_bins(
    low: np.float32, high: np.float32, bins: int, per_bin: int, aligned: bool
) -> NDArray[np.float32]:
    """Evenly spread points in each bin; one for each cell of the map where `per_bin` is 0."""
    if aligned:
        low, high = low - np.float32(0.5), high - np.float32(0.5)
    length = high - low if aligned else np.maximum(high - low, np.float32(1))
    wide = np.float32(length / np.float32(bins))
    per_bin = per_bin or max(int(np.ceil(wide)), 1)
    steps = np.arange(bins * per_bin, dtype=np.float32) + np.float32(0.5)
    return np.asarray(low + steps / np.float32(per_bin) * wide, np.float32)


def _between(
    box: NDArray[np.float32], scale: float, bins: int, cells: int, axis: int
) -> NDArray[np.float32]:
    """One point a bin, the first and the last on the corners, in normalised coordinates."""
    last = np.float32(max(cells / scale - 1, 1))
    start, end = box[axis] / last, (box[axis + 2] - 1) / last
    return np.asarray(np.linspace(start, end, bins) * (cells - 1), np.float32)


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
