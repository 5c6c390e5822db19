"""Masks in the pixels of the image, one crop at a time: torchvision's paste without its memory.

torchvision's `paste_masks_in_image` makes a float image of full size for every mask. Here each
mask is resized within its own box only, bit-equal, and goes straight into run lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from torch.nn import functional

from core.lens.outline import paste_box


class Rle(TypedDict):
    """A compressed run-length mask as COCO files hold it."""

    size: list[int]
    counts: str


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a mask that can be set: bits h×w with their top left pixel in the image."""

    x: int
    y: int
    bits: NDArray[np.bool_]


def paste(
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    image_size: tuple[int, int],
    threshold: float = 0.5,
) -> Crop:
    """One mask resized into its box: where it is at least `threshold`.

    `probability` is float32 S×S, `box` x0, y0, x1, y1 in image pixels, `image_size` height and
    width. Equal to `paste_masks_in_image(...) >= threshold` inside the crop, and that is zero
    outside it.
    """
    place = paste_box(box, probability.shape[-1])
    padded = functional.pad(torch.from_numpy(probability)[None, None], (1, 1, 1, 1))
    values = functional.interpolate(
        padded, size=(place.height, place.width), mode="bilinear", align_corners=False
    )[0, 0]
    height, width = image_size
    left, top = max(place.x, 0), max(place.y, 0)
    right = max(min(place.x + place.width, width), left)
    bottom = max(min(place.y + place.height, height), top)
    inside = values[top - place.y : bottom - place.y, left - place.x : right - place.x]
    return Crop(left, top, (inside >= threshold).numpy())


def encode(crop: Crop, image_size: tuple[int, int]) -> Rle:
    """The crop as a compressed mask of the whole image, without ever making that image."""
    height, width = image_size
    runs = _run_ends(crop, height)
    counts = np.diff(np.concatenate(([0], runs, [height * width])))
    if len(counts) > 1 and counts[-1] == 0:  # the mask ends set: no run follows
        counts = counts[:-1]
    plain = {"size": [height, width], "counts": counts.tolist()}
    packed = coco_mask.frPyObjects(plain, height, width)
    return Rle(size=[height, width], counts=cast(bytes, packed["counts"]).decode("ascii"))


def run_length(
    probability: NDArray[np.float32],
    box: NDArray[np.float32],
    image_size: tuple[int, int],
    threshold: float,
) -> Rle:
    """The pixels of a mask that is resized into its box: `encode` of `paste`."""
    return encode(paste(probability, box, image_size, threshold), image_size)


def _run_ends(crop: Crop, height: int) -> NDArray[np.int64]:
    """Where the mask changes along the image read column by column: on, off, on, off, ..."""
    columns = crop.bits.T.astype(np.int8)
    if columns.size == 0:
        return np.zeros(0, dtype=np.int64)
    steps = np.diff(columns, axis=1, prepend=0, append=0)
    start = np.arange(columns.shape[0], dtype=np.int64)[:, None] + crop.x
    place = start * height + crop.y + np.arange(steps.shape[1], dtype=np.int64)
    on, off = place[steps == 1], place[steps == -1]
    # A run that reaches the last row goes on in the next column if that starts in the first.
    joined = off[:-1] == on[1:]
    first, last = np.ones(len(on), dtype=bool), np.ones(len(off), dtype=bool)
    first[1:], last[:-1] = ~joined, ~joined
    return np.stack((on[first], off[last]), axis=1).reshape(-1)
