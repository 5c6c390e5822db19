"""The values of an image as its file holds them, and the range of them that is shown.

Labels and models know an image as `core.storage.images.read_image` gives it. What is chosen here
changes only what a person sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.storage import pixels
from core.storage.pixels import Pixels

_BINS: Final = 128
# A histogram counts at most about this many values, evenly spaced.
_SAMPLE: Final = 500_000


@dataclass(frozen=True)
class Values:
    """`array` is (height, width, bands), upright, of any kind of number, as stored.

    `read_image` shows the first `colours` of the bands, 1 or 3, by their percentiles or, where
    `high_bytes`, by the upper 8 of 16 bits.
    """

    array: NDArray[Any]
    colours: int = 3
    high_bytes: bool = False

    @property
    def bands(self) -> int:
        """How many channels there are."""
        return int(self.array.shape[2])

    @property
    def kind(self) -> str:
        """The kind of number, such as `uint16`."""
        return self.array.dtype.newbyteorder("=").name

    @property
    def _first(self) -> NDArray[Any]:
        return self.array[..., :3] if min(self.bands, self.colours) >= 3 else self.array[..., :1]

    @property
    def by_model(self) -> tuple[float, float]:
        """The values that `read_image` shows as black and as white."""
        if self.kind == "uint8":
            return 0.0, 255.0
        return (0.0, 65535.0) if self.high_bytes else self.percentiles

    @cached_property
    def percentiles(self) -> tuple[float, float]:
        """The 0.1 and 99.9 percentile of what `read_image` shows."""
        return pixels.limits(self._first)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value that is a number."""
        if self.array.dtype.kind in "iub":
            return float(self.array.min()), float(self.array.max())
        finite = self.array[np.isfinite(self.array)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    @cached_property
    def histogram(self) -> NDArray[np.int64]:
        """How many values lie in each of 128 equal parts of `bounds`, counted in a sample."""
        return histogram(self.array, self.bounds, _BINS)

    def at(self, row: int, column: int) -> tuple[float, ...]:
        """The values of one pixel."""
        return tuple(float(value) for value in self.array[row, column])

    def shown(self, low: float, high: float, band: int | None = None) -> Pixels:
        """RGB with `low` as black and `high` as white: one band as grey, or as `read_image` does.

        Raises IndexError for a band that is not there.
        """
        array = self.array[..., band : band + 1] if band is not None else self._first
        if array.shape[2] == 0:
            raise IndexError(f"there is no channel {band}")
        out = np.empty((*array.shape[:2], 3), np.uint8)
        table = _table(array.dtype, low, high)
        for rows in pixels.strips(*array.shape[:2]):
            part = array[rows]
            out[rows] = pixels.stretch(part, low, high) if table is None else table[part]
        return out


def histogram(array: NDArray[Any], bounds: tuple[float, float], bins: int) -> NDArray[np.int64]:
    """How many values lie in each of `bins` equal parts of `bounds`, counted in a sample."""
    flat = array.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    low, high = bounds
    counts, _ = np.histogram(
        sample[np.isfinite(sample)], bins, (low, high if low < high else low + 1)
    )
    return np.asarray(counts, np.int64)


def _table(dtype: np.dtype[Any], low: float, high: float) -> Pixels | None:
    """What each value becomes, for kinds of numbers of which there are few."""
    if dtype.kind != "u" or dtype.itemsize > 2:
        return None
    return pixels.stretch(np.arange(1 << 8 * dtype.itemsize, dtype=dtype.newbyteorder("=")), low,
                          high)  # fmt: skip
