"""The steps between two stages, computed again with plain numpy.

They check the values of a trace, and answer a change of the settings that come after the heads
without the engine. Boxes and scores are float32 like torchvision's, so that the same boxes win.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.nms import grouped_nms
from core.lens.settings import StageSettings
from core.lens.trace import Candidates

Float32 = NDArray[np.float32]
Ints = NDArray[np.int64]

RPN_WEIGHTS: Final = (1.0, 1.0, 1.0, 1.0)
"""What the deltas of the RPN are divided by."""
BOX_WEIGHTS: Final = (10.0, 10.0, 5.0, 5.0)
"""What the deltas of the box head are divided by."""
LARGEST_GROWTH: Final = math.log(1000.0 / 16)
"""dw and dh are cut here, so that exp cannot overflow (torchvision's `bbox_xform_clip`)."""


def decode(deltas: Float32, boxes: Float32, weights: tuple[float, float, float, float]) -> Float32:
    """Boxes N×4 moved by deltas N×4K, the same for each of K classes: float32 N×4K.

    dx, dy move the centre in units of the box, dw, dh are logarithms of its growth
    (Faster R-CNN, equation 2; torchvision's `BoxCoder.decode`). Not clipped.
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + np.float32(0.5) * width, boxes[:, 1] + np.float32(0.5) * height
    dx, dy, dw, dh = (deltas[:, i::4] / np.float32(weights[i]) for i in range(4))
    limit = np.float32(LARGEST_GROWTH)
    centre_x, centre_y = dx * width[:, None] + x[:, None], dy * height[:, None] + y[:, None]
    half_w = np.float32(0.5) * (np.exp(np.minimum(dw, limit)) * width[:, None])
    half_h = np.float32(0.5) * (np.exp(np.minimum(dh, limit)) * height[:, None])
    corners = (centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h)
    decoded: Float32 = np.stack(corners, axis=2).reshape(len(boxes), -1).astype(np.float32)
    return decoded


def sigmoid(logits: NDArray[Any]) -> Float32:
    """1 / (1 + exp(-x)), float32 of any shape, without overflow."""
    small = np.exp(-np.abs(logits.astype(np.float64)))
    exact = np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    return np.asarray(exact, dtype=np.float32)


def softmax(logits: NDArray[Any]) -> Float32:
    """Class probabilities of logits R×K: float32 R×K, each row sums to 1."""
    exact = logits.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True)) if exact.size else exact
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def top_of_each_level(logits: Float32, level_counts: tuple[int, ...], count: int) -> Ints:
    """Indices of the `count` strongest anchors of each level, level after level, strongest first.

    Among equal logits the lower index comes first; torch leaves their order open.
    """
    chosen, before = [], 0
    for size in level_counts:
        part = logits[before : before + size]
        chosen.append(np.argsort(-part, kind="stable")[:count] + before)
        before += size
    return np.concatenate(chosen).astype(np.int64)


def large_enough(boxes: Float32, shortest: float) -> NDArray[np.bool_]:
    """Which boxes have no side below `shortest`."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray((sides >= np.float32(shortest)).all(axis=1))


def proposals(
    boxes: Float32,
    logits: Float32,
    level_counts: tuple[int, ...],
    settings: StageSettings,
) -> tuple[Ints, Float32]:
    """The anchors that become proposals, strongest first, and their objectness.

    `boxes` are the decoded boxes A×4, clipped to the image.
    """
    index = top_of_each_level(logits, level_counts, settings.rpn_pre_nms_top_n)
    level = np.repeat(np.arange(len(level_counts)), level_counts)[index]
    score = sigmoid(logits[index])
    stays = large_enough(boxes[index], settings.rpn_min_size)
    stays &= score >= np.float32(settings.rpn_score)
    index, level, score = index[stays], level[stays], score[stays]
    kept, _ = grouped_nms(
        boxes[index], score, level, settings.rpn_nms, limit=settings.rpn_post_nms_top_n
    )
    return index[kept], score[kept]


def roi_level(boxes: Float32, canonical_size: int = 224, levels: int = 4) -> Ints:
    """From which level boxes R×4 are pooled: 0 for P2 (FPN paper, equation 1).

    floor(4 + log2(sqrt(area) / 224)), cut to P2 to P5; resized pixels.
    """
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    with np.errstate(divide="ignore"):
        exact = np.float32(4) + np.log2(side / np.float32(canonical_size)) + np.float32(1e-6)
    level: Ints = np.clip(np.floor(exact), 2, levels + 1).astype(np.int64) - 2
    return level


def candidates(
    logits: Float32, deltas: Float32, boxes: Float32, size: tuple[int, int]
) -> tuple[Float32, Float32]:
    """Boxes (R·(K-1))×4, clipped, and class probabilities R·(K-1), without the background.

    From class logits R×K, deltas R×4K and proposals R×4; `size` is height and width of the
    resized image. The rows are those of the stage `candidates`.
    """
    classes = logits.shape[1]
    decoded = decode(deltas, boxes, BOX_WEIGHTS).reshape(-1, classes, 4)
    height, width = np.float32(size[0]), np.float32(size[1])
    decoded[..., 0::2] = np.clip(decoded[..., 0::2], 0, width)
    decoded[..., 1::2] = np.clip(decoded[..., 1::2], 0, height)
    return decoded[:, 1:].reshape(-1, 4), softmax(logits)[:, 1:].reshape(-1)


def detect(stage: Candidates, settings: StageSettings) -> Ints:
    """The candidates that become detections under other settings, strongest first.

    The settings that count are `score`, `box_min_size`, `nms` and `detections_per_image`. The
    same rows as the engine finds, but it stops as soon as the detections are full.
    """
    index = np.flatnonzero(stage.score > np.float32(settings.score))
    index = index[large_enough(stage.boxes[index], settings.box_min_size)]
    kept, _ = grouped_nms(
        stage.boxes[index],
        stage.score[index],
        stage.label[index],
        settings.nms,
        limit=settings.detections_per_image,
    )
    return index[kept].astype(np.int64)
