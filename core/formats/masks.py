"""Masks, run lengths and polygons: one into another, exactly.

A polygon traced from a mask and drawn again gives the mask back, pixel for pixel: its vertices lie
halfway between the centres of pixels inside and outside, where the rule that COCO draws by
(pycocotools) cannot go wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

from core.codec import wrong
from core.document.instance import Polygon, Polygons, Ring
from core.document.runs import run_lengths
from core.formats.fields import as_int, as_list, get
from core.storage.image_limits import MAX_PIXELS

MOST_TRACED: Final = 25_000_000
"""Pixels of the largest box around a mask whose outline is traced."""


def trace(mask: NDArray[Any], x: float = 0.0, y: float = 0.0) -> Polygons:
    """The outlines of a mask (height, width), with holes, its upper left corner at (x, y).

    Corners of pixels are cut at the middle of their edges. Empty for an empty mask.
    """
    filled = np.pad(mask != 0, 1)
    # contourpy takes 32 bytes for each value, so rows and columns that repeat are left out.
    rows = _told(filled)
    columns = _told(filled[rows].T)
    lines = contour_generator(
        columns.astype(np.float64),
        rows.astype(np.float64),
        filled[np.ix_(rows, columns)].astype(np.float32),
        name="serial",
        fill_type=FillType.OuterOffset,
    )
    traced: tuple[Any, ...] = lines.filled(0.5, np.inf)
    points, offsets = traced
    # Pixel (0, 0) has index (1, 1) after padding and its centre at (0.5, 0.5).
    shift = np.array([x - 0.5, y - 0.5])
    found: list[Polygon] = []
    for ring_points, ring_offsets in zip(points, offsets, strict=True):
        bounds = pairwise(ring_offsets)
        rings = [_ring(ring_points[start:end], shift) for start, end in bounds]
        found.append(Polygon(rings[0], tuple(rings[1:])))
    return tuple(found)


def _told(filled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The rows that differ from one of their neighbours, and the first and the last."""
    differs = np.concatenate(([True], (filled[1:] != filled[:-1]).any(axis=1), [True]))
    return np.flatnonzero(differs[1:] | differs[:-1])


def _ring(closed: NDArray[np.float64], shift: NDArray[np.float64]) -> Ring:
    """The closed line as an open ring without the vertices in the middle of a straight edge."""
    after = closed[1:] - closed[:-1]
    before = np.concatenate((after[-1:], after[:-1]))
    bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return tuple(map(tuple, (closed[:-1][bends] + shift).tolist()))


def trace_runs(runs: Mapping[str, object], width: int, height: int, where: str) -> Polygons:
    """The outlines of a COCO run length, compressed or not, on an image of that size.

    Raises FieldError, before anything is decoded, when it does not fit the image.
    """
    if width * height > MAX_PIXELS:
        raise wrong(f"{where}.size", f"expected an image of at most {MAX_PIXELS} pixels")
    size = as_list(get(runs, "size", where), f"{where}.size")
    if size != [height, width]:
        raise wrong(f"{where}.size", f"expected [{height}, {width}], the size of the image")
    counts = get(runs, "counts", where)
    if isinstance(counts, str):
        lengths = run_lengths(counts, f"{where}.counts")
    else:
        numbers = as_list(counts, f"{where}.counts")
        values = [as_int(n, f"{where}.counts[{k}]", least=0) for k, n in enumerate(numbers)]
        lengths = np.minimum(np.array(values, dtype=object), width * height + 1).astype(np.int64)
    if (lengths < 0).any() or int(lengths.sum(dtype=object)) != width * height:
        raise wrong(f"{where}.counts", f"they do not add up to the {width * height} pixels")
    return _trace_lengths(lengths, height, f"{where}.counts")


def _trace_lengths(lengths: NDArray[np.int64], height: int, where: str) -> Polygons:
    """Outlines of runs down the columns that begin with a run of pixels outside."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    inside = np.arange(len(lengths)) % 2 == 1
    inside &= lengths > 0
    if not inside.any():
        return ()
    # Only the columns and rows that the object touches are drawn.
    starts, lengths = starts[inside], lengths[inside]
    left, right = int(starts[0]) // height, int(starts[-1] + lengths[-1] - 1) // height + 1
    above = starts % height
    top, bottom = int(above.min()), int((above + lengths).max())
    if bottom > height:  # a run that goes on in the next column touches all rows
        top, bottom = 0, height
    rows = bottom - top
    if (right - left) * rows > MOST_TRACED:
        raise wrong(where, f"expected an object within {MOST_TRACED} pixels")
    first = (starts // height - left) * rows + above - top
    change = np.zeros((right - left) * rows + 1, np.int8)
    np.add.at(change, first, 1)
    np.add.at(change, first + lengths, -1)
    columns = np.cumsum(change[:-1], dtype=np.int8).reshape(right - left, rows)
    return trace(columns.T, left, top)
