"""Boxes as float arrays N×4 of x0, y0, x1, y1: overlap, clipping, and moving between frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import bounds
from core.document.instance import Polygons

Boxes = NDArray[Any]
"""N×4, float32 or float64."""
Floats = NDArray[np.float64]


def area(boxes: Boxes) -> Floats:
    """Width times height of each box: float64 N."""
    exact = boxes.astype(np.float64, copy=False)
    wide: Floats = (exact[:, 2] - exact[:, 0]) * (exact[:, 3] - exact[:, 1])
    return wide


def iou(boxes: Boxes, box: Boxes) -> Floats:
    """IoU of each of N boxes with one box: float64 N, 0 where neither has an area.

    Computed in float64, where products of float32 sides are exact.
    """
    many = boxes.astype(np.float64, copy=False)
    one = np.asarray(box, dtype=np.float64)
    wide = np.minimum(many[:, 2], one[2]) - np.maximum(many[:, 0], one[0])
    high = np.minimum(many[:, 3], one[3]) - np.maximum(many[:, 1], one[1])
    shared = np.maximum(wide, 0) * np.maximum(high, 0)
    covered = area(many) + (one[2] - one[0]) * (one[3] - one[1]) - shared
    ratio: Floats = np.divide(shared, covered, out=np.zeros(len(many)), where=covered > 0)
    return ratio


def pair_iou(boxes: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU of N boxes with one, in float32 like torchvision's kernel; NaN where none has an area."""
    shared = np.maximum(np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0]), 0)
    shared *= np.maximum(np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1]), 0)
    own = (box[2] - box[0]) * (box[3] - box[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        overlap: NDArray[np.float32] = shared / (own + areas - shared)
    return overlap


def iou_matrix(first: Boxes, second: Boxes) -> Floats:
    """IoU of every pair: float64 N×M."""
    if not len(first):
        return np.zeros((0, len(second)))
    return np.stack([iou(second, box) for box in first])


def clip(boxes: Boxes, size: tuple[int, int]) -> Boxes:
    """Boxes cut at the borders of an image of `size` height and width; the dtype stays."""
    height, width = size
    clipped = boxes.copy()
    clipped[..., 0::2] = np.clip(boxes[..., 0::2], 0, width)
    clipped[..., 1::2] = np.clip(boxes[..., 1::2], 0, height)
    return clipped


def scaled(boxes: Boxes, scale: tuple[float, float]) -> Floats:
    """Boxes multiplied by a factor across and one down: from image to resized pixels, or back."""
    across, down = scale
    moved: Floats = boxes.astype(np.float64) * np.array([across, down, across, down])
    return moved


def box_of(polygons: Polygons, image_size: tuple[int, int]) -> Floats:
    """The box around an outline, cut at the borders of the image: float64 4, image pixels.

    A box without area when nothing of the outline lies in the image, or there is no outline.
    """
    if not polygons:
        return np.zeros(4)
    around = bounds(polygons)
    return clip(np.array([around.x0, around.y0, around.x1, around.y1]), image_size)
