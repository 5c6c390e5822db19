"""How finely an outline follows its mask: threshold, smoothing, distance and number of vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import simplify
from core.document.instance import Polygons
from core.lens.outline import outline

MOST_SMOOTHING: Final = 8.0
_COARSER: Final = 1.3
_STEPS: Final = 40


@dataclass(frozen=True, slots=True)
class Detail:
    """The choices; the defaults are those of a prediction. Raises ValueError out of range."""

    threshold: float = 0.5
    """Mask probability from which a pixel belongs to the instance, above 0 and below 1."""
    smoothing: float = 0.0
    """Sigma of a Gaussian over the mask, in its cells, 0 to `MOST_SMOOTHING`."""
    tolerance: float = 0.0
    """Pixels of the image that leaving out a vertex may move the outline; a prediction has 0.5."""
    vertices: int = 0
    """Vertices at most; 0 for any number. Small parts and holes keep three each."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1 or not 0 <= self.smoothing <= MOST_SMOOTHING:
            raise ValueError("the threshold or the smoothing is out of range")
        if not 0 <= self.tolerance < 1e6 or self.vertices < 0:
            raise ValueError("the tolerance or the number of vertices is out of range")


def detailed_outline(
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    image_size: tuple[int, int],
    detail: Detail,
) -> Polygons:
    """`core.lens.outline.outline` with these choices; the same when they are the defaults."""
    field = smoothed(probability, detail.smoothing)
    return reduced(outline(field, box, image_size, detail.threshold), detail)


def smoothed(probability: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A mask S×S blurred with a Gaussian; what lies outside is taken for its edge."""
    if sigma <= 0:
        return probability
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    field = np.pad(probability.astype(np.float64), reach, mode="edge")
    for axis in (0, 1):
        field = np.apply_along_axis(np.convolve, axis, field, weights, "valid")
    return field.astype(np.float32)


def reduced(polygons: Polygons, detail: Detail) -> Polygons:
    """Polygons with fewer vertices: to the tolerance, then on until there are few enough."""
    if not polygons:
        return polygons
    found = simplify(polygons, detail.tolerance) if detail.tolerance > 0 else polygons
    if not detail.vertices:
        return found or polygons
    tolerance = max(detail.tolerance, 0.25)
    for _ in range(_STEPS):
        if count_vertices(found) <= detail.vertices:
            break
        coarser = simplify(polygons, tolerance)
        found = coarser or found
        tolerance *= _COARSER
    return found


def count_vertices(polygons: Polygons) -> int:
    """Vertices of all rings."""
    return sum(len(ring) for polygon in polygons for ring in polygon.rings)
