"""Traces without what a window has no use for, so that they are quick to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from core.lens.arrays import Array
from core.lens.trace import Backbone, Polygons, Proposed, Pyramid, Rpn, Trace, to_numpy

_FIXED: Final = ("start", "raw", "inside", "probability")
"""Arrays of the cells that no setting changes."""


def without_maps(trace: Trace) -> Trace:
    """The trace with arrays, as a window needs it: of input and maps only the shapes."""
    backbone, pyramid = (tuple(map(_hollow, each.maps)) for each in (trace.backbone, trace.pyramid))
    return to_numpy(
        replace(
            trace,
            input=replace(trace.input, tensor=_hollow(trace.input.tensor)),
            backbone=Backbone(backbone),
            pyramid=Pyramid(pyramid),
            mask_logits=replace(trace.mask_logits, logits=None),
            polygons=Polygons(trace.polygons.outlines),
            keypoints=trace.keypoints and replace(trace.keypoints, logits=None),
        )
    )


def without_fixed(trace: Trace) -> Trace:
    """The trace with arrays, but of what no setting changes only the shapes."""
    return without_maps(
        replace(
            trace,
            anchors=replace(trace.anchors, boxes=_hollow(trace.anchors.boxes)),
            rpn=Rpn(_hollow(trace.rpn.logits), _hollow(trace.rpn.deltas)),
            decoded=replace(trace.decoded, boxes=_hollow(trace.decoded.boxes)),
            proposer=_with_cells(trace.proposer, trace.proposer, _hollow),
        )
    )


def with_fixed(trace: Trace, whole: Trace) -> Trace:
    """What `without_fixed` left, put together with a whole trace of the same image.

    Raises ValueError when it is of another one.
    """
    if len(trace.decoded.fate) != len(whole.decoded.fate):
        raise ValueError("a trace of another image")
    return replace(
        trace,
        anchors=whole.anchors,
        rpn=whole.rpn,
        decoded=replace(trace.decoded, boxes=whole.decoded.boxes),
        proposer=_with_cells(trace.proposer, whole.proposer, lambda array: array),
    )


def _with_cells(
    one: Proposed | None, other: Proposed | None, each: Callable[[Array], Array]
) -> Proposed | None:
    """`one` with the cells of `other`, and each of their arrays changed but for the sources.

    Sources follow the tiles, which are a setting.
    """
    if one is None or other is None or one.cells is None or other.cells is None:
        return one
    fixed = {name: each(getattr(other.cells, name)) for name in _FIXED}
    return replace(one, cells=replace(one.cells, **fixed))


def _hollow(array: Array) -> Array:
    """Zeros of the same shape that take no room."""
    return np.broadcast_to(np.float32(0), tuple(array.shape))
