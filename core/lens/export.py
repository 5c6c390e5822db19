"""The values of each stage as JSON and .npy files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Trace
from core.lens.views import VIEWS

Arrays = dict[str, NDArray[Any]]


def arrays(trace: Trace, stage: str) -> Arrays:
    """The arrays of a stage by name; none for outlines, or for one without a field of the trace.

    Everything has the shape and dtype that `core.lens.trace` states. Raises KeyError for an unknown
    stage.
    """
    if stage in ("backbone", "pyramid"):
        names = BACKBONE_LEVELS if stage == "backbone" else PYRAMID_LEVELS
        return dict(zip(names, getattr(trace, stage).maps, strict=True))
    held = {name: getattr(getattr(trace, stage), name) for name in _fields(trace, stage)}
    cells = held.get("cells")
    if cells is not None:
        held |= {f"cells.{each.name}": getattr(cells, each.name) for each in fields(cells)}
    return {name: value for name, value in held.items() if isinstance(value, np.ndarray)}


def _fields(trace: Trace, stage: str) -> tuple[str, ...]:
    if stage not in VIEWS:
        raise KeyError(stage)
    return tuple(getattr(getattr(trace, stage, None), "__dataclass_fields__", ()))


def document(trace: Trace, stage: str) -> dict[str, object]:
    """What a stage holds as a JSON object: its count, time, arrays and what is particular to it."""
    values: dict[str, object] = {
        "name": stage,
        "count": VIEWS[stage].count(trace),
        "ms": round(float(trace.milliseconds.get(stage, 0.0)), 3),
        "arrays": {name: _summary(value) for name, value in arrays(trace, stage).items()},
    }
    return {**values, **VIEWS[stage].document(trace)}


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
