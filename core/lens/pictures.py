"""Feature maps, objectness and masks as small pictures that lie over the image.

A window gets these instead of the maps: uint8, one pixel a cell, with the place they cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.geometry import Rect
from core.lens.arrays import Shape
from core.lens.colours import TARGET, cold_to_warm, heat
from core.lens.logits import sigmoid
from core.lens.outline import paste_box
from core.lens.trace import Anchors, Prepared

Map = NDArray[Any]

_OPAQUE: Final = 255


class PictureKind(StrEnum):
    """What a picture shows."""

    INPUT = "input"
    NORM = "norm"
    CHANNEL = "channel"
    COMPONENTS = "components"
    MASK = "mask"
    KEYPOINT = "keypoint"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and the part of the image that it covers; it may reach beyond the image."""

    pixels: Annotated[NDArray[np.uint8], Shape(np.uint8, None, None, 4)]
    """H×W×4: red, green, blue, opacity."""
    place: Rect
    """Pixels of the image."""
    low: float = 0.0
    """The value that the first colour of the scale stands for, where there is a scale."""
    high: float = 1.0


def network_view(prepared: Prepared, mean: tuple[float, ...], std: tuple[float, ...]) -> Picture:
    """The input as the network sees it, normalisation undone; the padding has the mean colour."""
    tensor = np.asarray(prepared.tensor, dtype=np.float32)
    colours = tensor * np.array(std, np.float32)[:, None, None]
    colours += np.array(mean, np.float32)[:, None, None]
    pixels = np.clip(colours.transpose(1, 2, 0) * 255 + 0.5, 0, 255).astype(np.uint8)
    return Picture(_with_opacity(pixels), padded_place(prepared))


def padded_place(prepared: Prepared) -> Rect:
    """The padded input in pixels of the image: it reaches beyond the right and bottom border."""
    across, down = prepared.scale
    height, width = prepared.padded
    return Rect(0.0, 0.0, width / across, height / down)


def feature_norm(values: Map, prepared: Prepared) -> Picture:
    """The length of the feature vector C of each cell of a map C×H×W as heat."""
    norm = np.sqrt(np.square(values, dtype=np.float32).sum(axis=0))
    return _heat_picture(norm, prepared)


def feature_channel(values: Map, channel: int, prepared: Prepared) -> Picture:
    """One channel of a map C×H×W: blue below zero, red above.

    Raises IndexError when there is no such channel.
    """
    plane = np.asarray(values[channel], dtype=np.float32)
    most = float(np.abs(plane).max(initial=0)) or 1.0
    pixels = _with_opacity(cold_to_warm(plane / most))
    return Picture(pixels, padded_place(prepared), -most, most)


def feature_components(values: Map, prepared: Prepared) -> Picture:
    """A map C×H×W in the colours of its three principal components: like features look alike."""
    channels, height, width = values.shape
    flat = np.asarray(values, dtype=np.float32).reshape(channels, -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    _, directions = np.linalg.eigh(centred @ centred.T)
    strongest = directions[:, ::-1][:, :3]
    # The sign of a direction is open; fix it, so that the same map has the same colours.
    strongest = strongest * np.where(strongest.sum(axis=0) < 0, -1, 1)
    parts = strongest.T @ centred
    low, high = np.percentile(parts, [2, 98], axis=1, keepdims=True)
    shares = (parts - low) / np.maximum(high - low, 1e-9)
    colours = np.full((height * width, 3), 128, dtype=np.uint8)
    colours[:, : len(shares)] = (np.clip(shares, 0, 1) * 255).T.astype(np.uint8)
    return Picture(_with_opacity(colours.reshape(height, width, 3)), padded_place(prepared))


def objectness(logits: Map, anchors: Anchors, level: int, prepared: Prepared) -> Picture:
    """The best objectness of each cell of a level, 0 to 1, as heat; opacity follows it.

    The middle of a cell lies where its anchors are centred: that of the first in the corner of the
    image.
    """
    counts = anchors.level_counts
    start = sum(counts[:level])
    rows, columns = anchors.grids[level]
    grid = logits[start : start + counts[level]].reshape(rows, columns, anchors.per_cell)
    best = sigmoid(grid.max(axis=2))
    opacity = (60 + 195 * best).astype(np.uint8)
    wide, high = (
        stride / factor
        for stride, factor in zip(anchors.strides[level][::-1], prepared.scale, strict=True)
    )
    place = Rect(-wide / 2, -high / 2, (columns - 0.5) * wide, (rows - 0.5) * high)
    return Picture(np.dstack([heat(best), opacity]), place, 0.0, 1.0)


def mask_logits(logits: Map, box: Map) -> Picture:
    """The logits of one class S×S of a detection: red above zero, blue below, clear around it.

    `box` is in image pixels. The picture lies where torchvision pastes the mask, so it has a
    border of one cell without opacity.
    """
    values = np.asarray(logits, dtype=np.float32)
    side = values.shape[-1]
    # Logits beyond 4 are as good as certain: sigmoid(4) is 0.98.
    colours = cold_to_warm(np.clip(values / 4, -1, 1))
    sure = np.minimum(np.abs(values) / 4, 1)
    inside = np.dstack([colours, (50 + 170 * sure).astype(np.uint8)])
    pixels = np.zeros((side + 2, side + 2, 4), dtype=np.uint8)
    pixels[1:-1, 1:-1] = inside
    place = paste_box(np.asarray(box, dtype=np.float32), side)
    rect = Rect(place.x, place.y, place.x + place.width, place.y + place.height)
    return Picture(pixels, rect, -4.0, 4.0)


def keypoint_maps(logits: Map, box: Map) -> Picture:
    """The maps K×S×S of a detection's keypoints in one: how likely each place is, by the softmax
    over the places of a map, in shares of the likeliest; the largest of all maps.

    `box` is in image pixels: the cells divide it evenly.
    """
    values = np.asarray(logits, dtype=np.float32)
    likely = np.exp(values - values.max(axis=(1, 2), keepdims=True)).max(axis=0)
    opacity = (225 * np.sqrt(likely)).astype(np.uint8)
    x0, y0, x1, y1 = (float(value) for value in box)
    return Picture(np.dstack([heat(likely), opacity]), Rect(x0, y0, x1, y1), 0.0, 1.0)


def mask_target(values: Map, box: Map) -> Picture:
    """A mask target S×S, 0 to 1, over the RoI that it belongs to; clear where it is 0.

    `box` is in image pixels: the cells divide it evenly.
    """
    share = np.clip(np.asarray(values, dtype=np.float32), 0, 1)
    pixels = np.empty((*share.shape, 4), dtype=np.uint8)
    pixels[..., :3] = TARGET
    pixels[..., 3] = (share * 200).astype(np.uint8)
    x0, y0, x1, y1 = (float(value) for value in box)
    return Picture(pixels, Rect(x0, y0, x1, y1))


def _heat_picture(values: Map, prepared: Prepared) -> Picture:
    # A few cells can be far brighter than the rest.
    low, high = (float(v) for v in np.percentile(values, [1, 99])) if values.size else (0.0, 1.0)
    shares = (values - low) / (high - low if high > low else 1.0)
    return Picture(_with_opacity(heat(shares)), padded_place(prepared), low, high)


def _with_opacity(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opacity = np.full((*colours.shape[:2], 1), _OPAQUE, dtype=np.uint8)
    return np.concatenate([colours, opacity], axis=2)
