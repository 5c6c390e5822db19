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
from pycocotools import mask as coco_mask

from core.document.fields import as_int, as_list, get, wrong
from core.document.geometry import clip_to_image
from core.document.instance import Polygon, Polygons, Ring

Mask = NDArray[np.bool_]

# A run length takes this many characters at most; more would not fit 64 bits.
_LONGEST_RUN: Final = 12


def trace(mask: NDArray[Any], x: float = 0.0, y: float = 0.0) -> Polygons:
    """The outlines of a mask (height, width), with holes, its upper left corner at (x, y).

    Corners of pixels are cut at the middle of their edges. Empty for an empty mask.
    """
    filled = np.pad(mask != 0, 1).astype(np.float32)
    lines = contour_generator(z=filled, name="serial", fill_type=FillType.OuterOffset)
    traced: tuple[Any, ...] = lines.filled(0.5, np.inf)
    points, offsets = traced
    # Pixel (0, 0) has index (1, 1) after padding and its centre at (0.5, 0.5).
    shift = np.array([x - 0.5, y - 0.5])
    found: list[Polygon] = []
    for ring_points, ring_offsets in zip(points, offsets, strict=True):
        bounds = pairwise(ring_offsets)
        rings = [_ring(ring_points[start : end - 1], shift) for start, end in bounds]
        found.append(Polygon(rings[0], tuple(rings[1:])))
    return tuple(found)


def _ring(points: NDArray[np.float64], shift: NDArray[np.float64]) -> Ring:
    """The ring without the vertices in the middle of a straight edge."""
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return tuple((float(px), float(py)) for px, py in points[bends] + shift)


def rasterise(polygons: Polygons, width: int, height: int) -> Mask:
    """The mask (height, width) of the pixels that the polygons cover, holes left out."""
    covered = np.zeros((height, width), np.bool_)
    # pycocotools walks along every pixel of an edge, also outside of the image.
    for polygon in clip_to_image(polygons, width, height):
        inside = _draw(polygon.outer, width, height)
        for hole in polygon.holes:
            inside &= ~_draw(hole, width, height)
        covered |= inside
    return covered


def _draw(ring: Ring, width: int, height: int) -> Mask:
    flat = [value for point in ring for value in point]
    drawn = coco_mask.decode(coco_mask.frPyObjects([flat], height, width))
    return np.asarray(drawn[:, :, 0], np.bool_)


def encode(mask: Mask) -> dict[str, object]:
    """The mask as a compressed COCO run length: `{"size": [height, width], "counts": text}`."""
    runs = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": [int(side) for side in runs["size"]], "counts": runs["counts"].decode("ascii")}


def trace_runs(runs: Mapping[str, object], width: int, height: int, where: str) -> Polygons:
    """The outlines of a COCO run length, compressed or not, on an image of that size.

    Raises FieldError, before anything is decoded, when it does not fit the image.
    """
    size = as_list(get(runs, "size", where), f"{where}.size")
    if size != [height, width]:
        raise wrong(f"{where}.size", f"expected [{height}, {width}], the size of the image")
    counts = get(runs, "counts", where)
    if isinstance(counts, str):
        lengths = _decompress(counts, f"{where}.counts")
    else:
        numbers = as_list(counts, f"{where}.counts")
        values = [as_int(n, f"{where}.counts[{k}]", least=0) for k, n in enumerate(numbers)]
        lengths = np.minimum(np.array(values, dtype=object), width * height + 1).astype(np.int64)
    if (lengths < 0).any() or int(lengths.sum(dtype=object)) != width * height:
        raise wrong(f"{where}.counts", f"they do not add up to the {width * height} pixels")
    return _trace_lengths(lengths, height)


def _trace_lengths(lengths: NDArray[np.int64], height: int) -> Polygons:
    """Outlines of runs down the columns that begin with a run of pixels outside."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    inside = np.arange(len(lengths)) % 2 == 1
    inside &= lengths > 0
    if not inside.any():
        return ()
    # Only the columns that the object touches are drawn.
    left, right = int(starts[inside][0]) // height, (int(ends[inside][-1]) - 1) // height + 1
    change = np.zeros((right - left) * height + 1, np.int8)
    np.add.at(change, starts[inside] - left * height, 1)
    np.add.at(change, ends[inside] - left * height, -1)
    columns = np.cumsum(change[:-1], dtype=np.int8).reshape(right - left, height)
    rows = np.flatnonzero(columns.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return trace(columns[:, top:bottom].T, left, top)


def _decompress(text: str, where: str) -> NDArray[np.int64]:
    """The run lengths in COCO's text: five bits a character, from the third on as differences."""
    codes = np.array([ord(letter) for letter in text], np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise wrong(where, "not a COCO run length")
    last = np.flatnonzero(codes & 32 == 0)
    first = np.concatenate(([0], last[:-1] + 1))
    if int((last - first).max()) >= _LONGEST_RUN:
        raise wrong(where, "not a COCO run length")
    place = 5 * (np.arange(codes.size) - np.repeat(first, last - first + 1))
    values = np.add.reduceat((codes & 31) << place, first)
    # The highest bit of the last character is the sign.
    values -= np.where(codes[last] & 16, np.int64(1) << (place[last] + 5), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
