"""Between typed values and what a frame can hold: JSON and arrays.

The annotations of a message say how each field travels, so a new message is a new dataclass and
nothing else: bool, int, float, str, None, unions of these, tuples, enumerations, frozen
dataclasses, arrays (`Annotated[NDArray[np.float32], Shape(None, 4)]`) and the types listed
in `STAND_INS`. Everything read is checked against the annotation; nothing is converted silently,
except an integer where a float is expected.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Final, Union, get_args, get_origin

import numpy as np

from core.document.instance import Instance
from core.protocol.frames import AnyArray, ProtocolError, broken
from core.protocol.packing import PackedInstances, pack, unpack
from core.protocol.shape import Shape
from core.sentences import MasklensError

__all__ = ["from_wire", "to_wire"]

MAX_INT: Final = 2**63


@dataclass(frozen=True, slots=True)
class StandIn:
    """A type that travels as another one, which is quicker to write and to read.

    `back` raises ValueError when its argument is not what `into` makes.
    """

    kind: type
    into: Callable[[Any], Any]
    back: Callable[[Any], Any]


STAND_INS: Final[dict[object, StandIn]] = {
    tuple[Instance, ...]: StandIn(PackedInstances, pack, unpack),
}


def to_wire(value: object, kept: list[AnyArray]) -> object:
    """The fields of a dataclass as JSON; its arrays are appended to `kept`.

    Raises TypeError when a value is not what its annotation says.
    """

    def keep(array: AnyArray) -> int:
        kept.append(array)
        return len(kept) - 1

    return _write(value, type(value), keep)


def from_wire(kind: type, json: object, arrays: Sequence[AnyArray]) -> Any:
    """Build a dataclass of this kind from what `to_wire` made of one.

    Raises ProtocolError that names the field when something is missing, unknown or of a wrong type.
    """

    def take(number: object) -> AnyArray:
        if type(number) is not int or not 0 <= number < len(arrays):
            raise ValueError("no such array")
        return arrays[number]

    return _read(json, kind, take, kind.__name__)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def _write(value: Any, hint: Any, keep: Callable[[AnyArray], int]) -> object:
    if hint in STAND_INS:
        instead = STAND_INS[hint]
        return _write(instead.into(value), instead.kind, keep)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        _check_shape(value, args)
        return _write(value, args[0], keep)
    if origin in (Union, types.UnionType):
        return _write(value, _member(value, args), keep)
    if origin is np.ndarray:
        return keep(_checked_array(value, args))
    if origin is tuple and _is_plain(value, args):
        return value
    if origin is tuple:
        members = _members(value, args)
        return [_write(item, member, keep) for item, member in zip(value, members, strict=True)]
    if origin is Mapping:
        return {str(name): _write(item, args[1], keep) for name, item in value.items()}
    if is_dataclass(hint) and isinstance(hint, type) and type(value) is hint:
        return {
            name: _write(getattr(value, name), of, keep) for name, of in _hints(type(value)).items()
        }
    if isinstance(hint, type) and issubclass(hint, Enum) and isinstance(value, hint):
        return value.value
    return _scalar(value, hint)


def _read(json: Any, hint: Any, take: Callable[[object], AnyArray], where: str) -> Any:
    try:
        return _read_one(json, hint, take, where)
    except ProtocolError:
        raise
    except (MasklensError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise broken(f"{where}: {error}") from error


def _read_one(json: Any, hint: Any, take: Callable[[object], AnyArray], where: str) -> Any:
    if hint in STAND_INS:
        instead = STAND_INS[hint]
        return instead.back(_read(json, instead.kind, take, where))
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        value = _read(json, args[0], take, where)
        _check_shape(value, args)
        return value
    if origin in (Union, types.UnionType):
        return _read_union(json, args, take, where)
    if origin is np.ndarray:
        return _checked_array(take(json), args)
    if origin is tuple and _is_plain(json, args):
        return tuple(json)
    if origin is tuple:
        members = _members(json, args)
        return tuple(
            _read(item, member, take, f"{where}[{index}]")
            for index, (item, member) in enumerate(zip(json, members, strict=True))
        )
    if origin is Mapping:
        named = dict(json) if isinstance(json, dict) else {}
        if named != json:
            raise TypeError("not an object")
        return {name: _read(item, args[1], take, f"{where}.{name}") for name, item in named.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(json, hint, take, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(json)
    return _scalar(json, hint)


def _read_dataclass(json: Any, kind: type, take: Callable[[object], AnyArray], where: str) -> Any:
    hints = _hints(kind)
    if not isinstance(json, dict) or json.keys() != hints.keys():
        raise ValueError(f"needs exactly the fields {sorted(hints)}")
    return kind(**{n: _read(json[n], of, take, f"{where}.{n}") for n, of in hints.items()})


def _read_union(
    json: Any, args: tuple[Any, ...], take: Callable[[object], AnyArray], where: str
) -> Any:
    """None and scalars are told apart by their type; at most one other member can be meant."""
    if json is None and type(None) in args:
        return None
    scalars = [hint for hint in args if hint in (bool, int, float, str)]
    if scalars and type(json) in (bool, int, float, str):
        return _scalar(json, _member(json, tuple(scalars)))
    others = [hint for hint in args if hint not in (bool, int, float, str, type(None))]
    if len(others) != 1:
        raise ValueError("fits none of the types allowed here")
    return _read(json, others[0], take, where)


def _member(value: object, args: tuple[Any, ...]) -> Any:
    """Which member of a union a value belongs to."""
    for hint in args:
        if type(value) is hint or get_origin(hint) is type(value):
            return hint
    if type(value) is int and float in args:
        return float
    others = [hint for hint in args if hint not in (bool, int, float, str, type(None))]
    if value is None or len(others) != 1:
        raise TypeError(f"{type(value).__name__} is not among the types allowed here")
    return others[0]


def _members(value: object, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The type of each item of a tuple, as many as there are items."""
    if not isinstance(value, tuple | list):
        raise TypeError("not a list")
    if len(args) == 2 and args[1] is Ellipsis:
        return (args[0],) * len(value)
    if len(args) != len(value):
        raise ValueError(f"has {len(value)} items in place of {len(args)}")
    return args


def _is_plain(items: object, args: tuple[Any, ...]) -> bool:
    """Whether a long tuple can be taken as it is: only texts, truths, None and finite floats.

    A shortcut for columns of thousands of values; what it does not know is looked at one by one.
    """
    if len(args) != 2 or args[1] is not Ellipsis or not isinstance(items, tuple | list):
        return False
    found = set(map(type, items))
    if not found <= {str, bool, float, type(None)} & {args[0], *get_args(args[0])}:
        return False
    return float not in found or all(map(math.isfinite, filter(None, items)))


def _scalar(value: object, hint: object) -> object:
    if hint is float and type(value) in (int, float):
        number = float(typing.cast(float, value))
        if math.isfinite(number):
            return number
    elif hint is int and type(value) is int:
        if -MAX_INT <= value < MAX_INT:
            return value
    elif (hint in (bool, str) and type(value) is hint) or (hint is type(None) and value is None):
        return value
    raise TypeError(f"{value!r:.60} is not {getattr(hint, '__name__', hint)}")


def _checked_array(value: object, args: tuple[Any, ...]) -> AnyArray:
    """The array itself, if its dtype is the annotated one (`np.generic` stands for any)."""
    if not isinstance(value, np.ndarray):
        raise TypeError("not an array")
    wanted = get_args(args[1])[0]
    if not issubclass(value.dtype.type, wanted):
        raise TypeError(f"an array of {value.dtype}, not {wanted.__name__}")
    return value


def _check_shape(value: object, args: tuple[Any, ...]) -> None:
    for shape in (extra for extra in args[1:] if isinstance(extra, Shape)):
        if isinstance(value, np.ndarray) and not shape.fits(value.shape):
            raise ValueError(f"an array of shape {value.shape}, not {shape.sides}")
