"""Masks as run lengths in the pixels of an image, and their overlap: one reckoning for all.

What a model is measured by (`core.engine.evaluate`), the verdicts of the lens, the effort of a
person and a training's before and after all compare masks here, as pycocotools draws and counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from core.codec import wrong
from core.document.geometry import clip_to_image
from core.document.instance import Instance, Polygon, Polygons

Mask = NDArray[np.bool_]
RunLength = Mapping[str, object]
"""A mask as COCO has it: `{"size": [height, width], "counts": text}`."""

# A run length takes this many characters at most; more would not fit 64 bits.
_LONGEST_RUN: Final = 12


@dataclass(frozen=True, slots=True)
class Runs:
    """A mask as a compressed COCO run length, with what follows from it.

    `area` counts its pixels; `box` is left, top, width, height, all zero for an empty mask.
    """

    size: tuple[int, int]
    counts: str
    area: int
    box: tuple[float, float, float, float]

    def to_json(self) -> dict[str, object]:
        """The run length as COCO has it."""
        return {"size": list(self.size), "counts": self.counts}


def encode(polygons: Polygons, width: int, height: int) -> Runs:
    """The pixels of an image that the polygons cover, holes left out, as COCO draws them."""
    # pycocotools walks along every pixel of an edge, also outside of the image.
    inside = clip_to_image(polygons, width, height)
    parts = [_draw(polygon, width, height) for polygon in inside]
    empty = {"size": [height, width], "counts": [width * height]}
    runs = coco_mask.merge(parts) if parts else coco_mask.frPyObjects(empty, height, width)
    left, top, across, down = (float(value) for value in coco_mask.toBbox(runs))
    return Runs(
        size=(height, width),
        counts=runs["counts"].decode("ascii"),
        area=int(coco_mask.area(runs)),
        box=(left, top, across, down),
    )


def runs_of(instances: Iterable[Instance], width: int, height: int) -> list[RunLength]:
    """The pixels of each instance as COCO has them."""
    return [encode(each.polygons, width, height).to_json() for each in instances]


def rasterise(polygons: Polygons, width: int, height: int) -> Mask:
    """The mask (height, width) of the pixels that `encode` counts."""
    lengths = run_lengths(encode(polygons, width, height).counts, "counts")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(width, height).T


def mask_iou(
    some: Sequence[RunLength], others: Sequence[RunLength], crowds: Sequence[bool] = ()
) -> NDArray[np.float64]:
    """IoU in pixels of all pairs of masks of one image: some × others.

    With a crowd it is the share of the mask of `some` that lies in it, as COCO counts. 0 where a
    mask is empty.
    """
    if not some or not others:
        return np.zeros((len(some), len(others)))
    marks = [int(one) for one in crowds] or [0] * len(others)
    return np.asarray(coco_mask.iou(list(some), list(others), marks), dtype=np.float64)


def _draw(polygon: Polygon, width: int, height: int) -> dict[str, Any]:
    outer, *holes = (
        coco_mask.frPyObjects([[value for point in ring for value in point]], height, width)[0]
        for ring in polygon.rings
    )
    if not holes:
        return cast("dict[str, Any]", outer)
    around = _complement(coco_mask.merge(holes), width, height)
    return cast("dict[str, Any]", coco_mask.merge([outer, around], True))


def _complement(runs: Mapping[str, Any], width: int, height: int) -> dict[str, Any]:
    """All other pixels: runs take turns, beginning with those outside."""
    lengths = run_lengths(runs["counts"].decode("ascii"), "counts").tolist()
    turned = lengths[1:] if lengths[0] == 0 else [0, *lengths]
    value = {"size": [height, width], "counts": turned}
    return cast("dict[str, Any]", coco_mask.frPyObjects(value, height, width))


def run_lengths(text: str, where: str) -> NDArray[np.int64]:
    """The run lengths in COCO's text: five bits a character, from the third on as differences."""
    # A letter beyond ASCII becomes more than one, none of which COCO has.
    codes = np.frombuffer(text.encode(errors="replace"), np.uint8).astype(np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise wrong(where, "not a COCO run length")
    last = np.flatnonzero(codes < 32)
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
