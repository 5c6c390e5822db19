"""The values of each stage as JSON and .npy files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Polygon
from core.lens.lineage import lineage
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, STAGES, Fate, Trace
from core.lens.views import VIEWS

ROWS: Final = 20
"""Rows of a stage that stand in its JSON; the rest is in the arrays."""

Arrays = dict[str, NDArray[Any]]


def arrays(trace: Trace, stage: str) -> Arrays:
    """The arrays of a stage by name; none for outlines. Raises KeyError for an unknown stage.

    Everything has the shape and dtype that `core.lens.trace` states.
    """
    if stage in ("backbone", "pyramid"):
        names = BACKBONE_LEVELS if stage == "backbone" else PYRAMID_LEVELS
        return dict(zip(names, getattr(trace, stage).maps, strict=True))
    return {
        name: value
        for name in _fields(trace, stage)
        if isinstance(value := getattr(getattr(trace, stage), name), np.ndarray)
    }


def _fields(trace: Trace, stage: str) -> tuple[str, ...]:
    if stage not in STAGES:
        raise KeyError(stage)
    return tuple(getattr(trace, stage).__dataclass_fields__)


def document(trace: Trace, stage: str) -> dict[str, object]:
    """What a stage holds as a JSON object: its count, time, arrays and what is particular to it."""
    values: dict[str, object] = {
        "name": stage,
        "count": trace.counts()[stage],
        "ms": round(float(trace.milliseconds.get(stage, 0.0)), 3),
        "arrays": {name: _summary(value) for name, value in arrays(trace, stage).items()},
    }
    extra = VIEWS[stage].document if stage in VIEWS else _EXTRA.get(stage)
    return values | (dict(extra(trace)) if extra else {})


def npy(array: NDArray[Any]) -> bytes:
    """An array as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def as_json(value: Mapping[str, object]) -> bytes:
    """A JSON document for people and programs; numbers that JSON does not know become null."""
    return (json.dumps(_finite(value), indent=1, ensure_ascii=False) + "\n").encode()


def _summary(array: NDArray[Any]) -> dict[str, object]:
    summary: dict[str, object] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    if array.size:
        summary |= {"min": _number(array.min()), "max": _number(array.max())}
        summary["mean"] = _number(array.mean(dtype=np.float64))
    return summary


def _number(value: Any) -> int | float:
    plain = value.item()
    return plain if isinstance(plain, int) else round(float(plain), 6)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _input(trace: Trace) -> dict[str, object]:
    return {
        "image_size": list(trace.input.image_size),
        "resized_size": list(trace.input.size),
        "padded_size": list(trace.input.padded),
        "scale": list(trace.input.scale),
    }


def _anchors(trace: Trace) -> dict[str, object]:
    levels = zip(
        PYRAMID_LEVELS,
        trace.anchors.grids,
        trace.anchors.strides,
        trace.anchors.level_counts,
        strict=True,
    )
    return {
        "per_cell": trace.anchors.per_cell,
        "order": "level, row, column, shape",
        "levels": [
            {"level": name, "rows_columns": list(grid), "stride": list(stride), "anchors": count}
            for name, grid, stride, count in levels
        ],
    }


def _decoded(trace: Trace) -> dict[str, object]:
    return {"fates": _fates(trace.decoded.fate)}


def _proposals(trace: Trace) -> dict[str, object]:
    stage = trace.proposals
    return {
        "first": [
            {
                "box": _box(stage.boxes[row]),
                "objectness": _number(stage.score[row]),
                "anchor": int(stage.anchor_index[row]),
            }
            for row in range(min(ROWS, len(stage.boxes)))
        ]
    }


def _detections(trace: Trace) -> dict[str, object]:
    rows = []
    for number in range(len(trace.detections.boxes)):
        one = lineage(trace, number)
        rows.append(
            {
                "label": one.label_name,
                "score": round(one.score, 6),
                "box": _box(one.image_box),
                "proposal": one.proposal,
                "anchor": one.anchor,
                "anchor_level": one.level,
                "row": one.cell.row,
                "column": one.cell.column,
                "shape": one.cell.shape,
                "box_level": one.box_level,
                "mask_level": one.mask_level,
            }
        )
    return {"detections": rows}


def _polygons(trace: Trace) -> dict[str, object]:
    return {
        "outlines": [
            [_polygon(polygon) for polygon in outline] for outline in trace.polygons.outlines
        ],
        "mask_threshold": trace.settings.mask,
    }


def _polygon(polygon: Polygon) -> dict[str, object]:
    return {"outer": _ring(polygon.outer), "holes": [_ring(hole) for hole in polygon.holes]}


def _ring(ring: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in ring]


def _fates(fate: NDArray[Any]) -> dict[str, int]:
    return {kind.name.lower(): int((fate == kind).sum()) for kind in Fate}


def _box(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


_EXTRA: Final = {
    "input": _input,
    "anchors": _anchors,
    "decoded": _decoded,
    "proposals": _proposals,
    "detections": _detections,
    "polygons": _polygons,
}
