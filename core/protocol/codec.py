"""Between typed values and what a frame can hold: JSON, and arrays beside it.

The annotations of a message say how each field travels (`core.codec`), so a new message is a new
dataclass and nothing else. In place of an array stands its number in the frame; its annotation
holds a `Shape`, which is checked on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from msgspec import Raw

from core.codec import Codec, encode
from core.lens.arrays import Shape
from core.protocol.frames import AnyArray, ProtocolError, broken
from core.sentences import MasklensError

__all__ = ["from_wire", "to_wire"]


def to_wire(message: object) -> tuple[bytes, tuple[AnyArray, ...]]:
    """The fields of a dataclass as JSON, and its arrays.

    Raises TypeError or ValueError when a value is not what its annotation says.
    """
    _check_arrays(message, type(message).__name__)
    arrays: dict[int, AnyArray] = {}

    def number(value: object) -> object:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} does not travel")
        if value.size and value.dtype == np.float32 and not any(value.strides):
            return value.shape, value.flat[0].item()  # the same everywhere
        arrays.setdefault(id(value), value)
        return list(arrays).index(id(value))

    fields, together = encode(message, number), tuple(arrays.values())
    try:
        # What the other side would not take does not leave: NaN, for one, is no JSON.
        from_wire(type(message), fields, together)
    except ProtocolError as error:
        raise ValueError(f"{message!r:.200}: {error}") from error
    return fields, together


def from_wire(kind: type, fields: bytes | Raw, arrays: Sequence[AnyArray]) -> Any:
    """Build a dataclass of this kind from what `to_wire` made of one.

    Raises ProtocolError that names the field when something is missing or of a wrong type.
    """

    def back(_kind: type, value: object) -> AnyArray:
        if isinstance(value, list):
            shape, filling = value
            return np.broadcast_to(np.float32(filling), tuple(shape))
        if type(value) is not int or not 0 <= value < len(arrays):
            raise ValueError("no such array")
        return arrays[value]

    name = kind.__name__
    try:
        message = Codec[Any](kind, name, back).decode(fields)
        _check_arrays(message, name)
    except (MasklensError, TypeError, ValueError, OverflowError) as error:
        raise broken(str(error)) from error
    return message


def _check_arrays(value: Any, where: str) -> None:
    for name, expected in _holders(value.__class__):
        held, place = getattr(value, name), f"{where}.{name}"
        for one in held if isinstance(held, tuple) else (held,):
            if one is not None:
                expected(one, place)


@cache
def _holders(kind: type) -> tuple[tuple[str, Callable[[Any, str], None]], ...]:
    """The fields of a class in which arrays are, with what checks them."""
    hints = get_type_hints(kind, include_extras=True)
    found = ((name, _checking(hint)) for name, hint in hints.items())
    return tuple((name, check) for name, check in found if check is not None)


def _checking(hint: Any) -> Callable[[Any, str], None] | None:
    if get_origin(hint) is Annotated:
        shapes = [extra for extra in hint.__metadata__ if isinstance(extra, Shape)]
        if shapes:
            return shapes[0].check
    if isinstance(hint, type) and is_dataclass(hint):
        return _check_arrays if _holders(hint) else None
    return next(filter(None, map(_checking, get_args(hint))), None)
