"""The outline of a 28×28 mask: resized inside its own box, traced with holes, simplified.

The mask is laid over the image exactly as torchvision's `paste_masks_in_image` does it, so that
the outline encloses the pixels which a pasted mask would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from core.document.instance import Polygon, Polygons, Ring

TOLERANCE: Final = 0.5
"""Largest distance in pixels that simplification may move an outline."""
_FINEST: Final = 8
"""Samples across one mask cell at most: more would bend an outline by less than the tolerance."""
_SPECK: Final = 1.0
"""Parts and holes below this area, in square pixels, are noise beside a larger part."""
_DUST: Final = 1e-6
"""Parts below this area, in square pixels, are rounding and not mask."""


@dataclass(frozen=True, slots=True)
class PasteBox:
    """Where a mask, padded by one cell on each side, lies on the image: whole pixels."""

    x: int
    y: int
    width: int
    height: int


def paste_box(box: NDArray[np.float32], side: int) -> PasteBox:
    """The pixels that the mask of a box covers: torchvision's `expand_boxes`, then truncation.

    `box` is float32 x0, y0, x1, y1 in image pixels, `side` the cells along a side of the mask.
    """
    x0, y0, x1, y1 = box.astype(np.float32)
    half, scale = np.float32(0.5), np.float32((side + 2) / side)
    half_width, half_height = (x1 - x0) * half * scale, (y1 - y0) * half * scale
    centre_x, centre_y = (x1 + x0) * half, (y1 + y0) * half
    left, top = int(centre_x - half_width), int(centre_y - half_height)
    right, bottom = int(centre_x + half_width), int(centre_y + half_height)
    return PasteBox(left, top, max(right - left + 1, 1), max(bottom - top + 1, 1))


def outline(
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    image_size: tuple[int, int],
    threshold: float,
) -> Polygons:
    """The polygons around mask values of at least `threshold`, in pixels of the image.

    `probability` is float32 S×S, `box` x0, y0, x1, y1 in image pixels, `image_size` height and
    width. Vertices lie at most half a pixel off the traced line. Empty when the mask is. What is
    certain in every cell is the box itself, as it is where a network gives boxes alone.
    """
    if probability.size and probability.min() == 1.0:
        return _rectangle(box, image_size)
    padded = np.pad(probability, 1)
    place = paste_box(box, probability.shape[-1])
    across = _positions(place.width, padded.shape[1])
    down = _positions(place.height, padded.shape[0])
    field = _between(_between(padded, down).T, across).T
    # The padding is zero, so that a level above zero closes every line inside the field.
    level = max(threshold, 1e-6)
    if not (field >= level).any():
        return ()
    filled = contour_generator(
        x=_to_image(across, place.x, place.width, padded.shape[1]),
        y=_to_image(down, place.y, place.height, padded.shape[0]),
        z=field,
        fill_type=FillType.OuterOffset,
    ).filled(level, np.inf)
    shape = shapely.simplify(_shape(*filled), TOLERANCE, preserve_topology=True)
    height, width = image_size
    left, top, right, bottom = shape.bounds
    if left < 0 or top < 0 or right > width or bottom > height:
        shape = shapely.intersection(shape, shapely.box(0, 0, width, height))
    return _polygons(shape)


def _rectangle(box: NDArray[np.float32], image_size: tuple[int, int]) -> Polygons:
    """The part of a box inside the image."""
    height, width = image_size
    x0, x1 = (min(max(float(value), 0.0), float(width)) for value in (box[0], box[2]))
    y0, y1 = (min(max(float(value), 0.0), float(height)) for value in (box[1], box[3]))
    if (x1 - x0) * (y1 - y0) <= _DUST:
        return ()
    return (Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), ()),)


def _positions(pixels: int, cells: int) -> NDArray[np.float64]:
    """Where to sample along one axis, in cells: at pixel centres, but no coarser than the cells
    and no finer than needed."""
    count = int(np.clip(pixels, cells, cells * _FINEST))
    return np.clip((np.arange(count) + 0.5) * cells / count - 0.5, 0, cells - 1)


def _between(rows: NDArray[Any], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows at positions between the given ones, interpolated linearly."""
    below = np.minimum(positions.astype(np.int64), len(rows) - 2)
    share = (positions - below)[:, None]
    return np.asarray(rows[below] * (1 - share) + rows[below + 1] * share)


def _to_image(
    positions: NDArray[np.float64], start: int, pixels: int, cells: int
) -> NDArray[np.float64]:
    """Positions in cells as image coordinates: cell 0 has its centre half a cell inside."""
    return start + (positions + 0.5) * pixels / cells


def _shape(points: list[Any], offsets: list[Any]) -> BaseGeometry:
    """What contourpy traced as one valid geometry, without specks."""
    traced = [
        [outer_or_hole[a:b] for a, b in pairwise(ends)]
        for outer_or_hole, ends in zip(points, offsets, strict=True)
    ]
    areas = [_area(rings[0]) for rings in traced]
    largest = max(areas)
    parts = [
        shapely.Polygon(rings[0], [hole for hole in rings[1:] if _area(hole) >= _SPECK])
        for rings, size in zip(traced, areas, strict=True)
        if size == largest or size >= _SPECK
    ]
    shape = shapely.multipolygons(parts)
    return shape if shape.is_valid else shapely.make_valid(shape)


def _area(ring: NDArray[np.float64]) -> float:
    """What a closed ring encloses, by the shoelace formula about its first point."""
    x, y = (ring - ring[0]).T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2


def _polygons(shape: BaseGeometry) -> Polygons:
    """The parts of a geometry that have an area."""
    valid = shape if shape.is_valid else shapely.make_valid(shape)
    parts = shapely.get_parts(shapely.get_parts(valid))  # collections may hold multipolygons
    return tuple(
        Polygon(_ring(part.exterior), tuple(_ring(hole) for hole in part.interiors))
        for part in parts
        if isinstance(part, shapely.Polygon) and part.area > _DUST
    )


def _ring(line: shapely.LinearRing) -> Ring:
    return tuple((x, y) for x, y in shapely.get_coordinates(line)[:-1].tolist())
