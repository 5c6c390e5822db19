"""Non-maximum suppression within groups, with who suppressed whom; plain numpy.

The same survivors in the same order as torchvision's `batched_nms` on a CPU: its comparison is
strict, so that an overlap equal to the threshold survives, and equal scores go by their place
(with more than `SHIFT_UP_TO` boxes torchvision leaves the order of equal scores open).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SHIFT_UP_TO: Final = 1000
"""Up to so many boxes torchvision shifts the groups apart and runs one NMS over all of them,
which rounds the corners a little; with more it takes the groups one by one."""


def grouped_nms(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    groups: NDArray[Any],
    threshold: float,
    *,
    limit: int | None = None,
) -> tuple[Ints, Ints]:
    """Survivors, strongest first, and for each of N boxes the survivor that suppressed it or -1.

    A box goes when its IoU with a stronger survivor of its group is above the threshold; the
    strongest such survivor is named. With a `limit` the search ends after so many survivors, and
    the second array says nothing of the boxes behind them.
    """
    order = np.argsort(-scores, kind="stable")
    corners = _apart(boxes, groups)[order]
    members = _members(groups[order])
    flags = bytearray(len(order))
    gone = np.frombuffer(flags, dtype=np.bool_)
    blame = np.full(len(order), -1, dtype=np.int64)
    kept: list[int] = []
    place = flags.find(0)
    while place >= 0 and (limit is None or len(kept) < limit):
        kept.append(place)
        inside, start = members[int(groups[order[place]])], place + 1
        rivals = inside[np.searchsorted(inside, start) :]
        # A float64 threshold: the kernel widens the overlap before it compares.
        above = pair_iou(corners[rivals], corners[place]) > np.float64(threshold)
        fallen = rivals[above & ~gone[rivals]]
        gone[fallen] = True
        blame[order[fallen]] = order[place]
        place = flags.find(0, start)
    return order[kept].astype(np.int64), blame


def _apart(boxes: NDArray[np.float32], groups: NDArray[Any]) -> NDArray[np.float32]:
    if not 0 < len(boxes) <= SHIFT_UP_TO:
        return boxes
    step = boxes.max() + np.float32(1)
    shifted: NDArray[np.float32] = boxes + (groups.astype(np.float32) * step)[:, None]
    return shifted


def _members(groups: NDArray[Any]) -> dict[int, Ints]:
    """The places of each group, in ascending order."""
    by_group = np.argsort(groups, kind="stable")
    names, starts, counts = np.unique(groups[by_group], return_index=True, return_counts=True)
    return {
        int(name): by_group[start : start + count]
        for name, start, count in zip(names, starts, counts, strict=True)
    }


def pair_iou(boxes: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU of N boxes with one, in float32 like torchvision's kernel; NaN where none has an area."""
    shared = np.maximum(np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0]), 0)
    shared *= np.maximum(np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1]), 0)
    own = (box[2] - box[0]) * (box[3] - box[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        overlap: NDArray[np.float32] = shared / (own + areas - shared)
    return overlap
