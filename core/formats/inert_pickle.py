"""Values out of a pickle without running it: numbers, texts, lists, dicts and NumPy's arrays.

A pickle is a program. This reads its steps one by one and knows only those that build plain values;
a name of code becomes a mark, and of all calls only the few by which NumPy stores arrays are
understood, none of which is made. Anything else is refused.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from core.codec import FieldError, wrong
from core.formats.arrays import array_from

_STEPS: Final = 20_000_000
_KINDS: Final = "biufSU"


@dataclass(slots=True)
class _Name:
    """The name of code; nothing is looked up."""

    text: str


@dataclass(slots=True)
class _Made:
    """What a call or the making of an object would give, as far as it is understood."""

    kind: str
    arguments: tuple[Any, ...]
    state: Any = None


_MARK: Final = object()
_T = TypeVar("_T")


def load(data: bytes, where: str) -> object:
    """The value in a pickle. Raises FieldError when it holds more than plain values."""
    try:
        return _Machine(where).run(data)
    except FieldError:
        raise
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise wrong(where, f"it is damaged ({type(error).__name__})") from error


class _Machine:
    """Stack and memory of one pickle."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}

    def run(self, data: bytes) -> object:
        for count, (step, argument, _) in enumerate(pickletools.genops(io.BytesIO(data))):
            if count > _STEPS:
                raise wrong(self._where, "it has too many steps")
            if step.name == "STOP":
                return self._plain(self._stack.pop())
            self._step(step.name, argument)
        raise wrong(self._where, "it ends too early")

    def _step(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memory[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            self._memory[len(self._memory)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self._memory[int(argument)])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            size = int(name[-1])
            stack[-size:] = [tuple(stack[-size:])]
        elif name == "TUPLE":
            stack.append(tuple(self._to_mark()))
        elif name == "LIST":
            stack.append(self._to_mark())
        elif name == "DICT":
            items = self._to_mark()
            stack.append(dict(zip(items[::2], items[1::2], strict=True)))
        elif name == "APPEND":
            value = stack.pop()
            self._of(list).append(value)
        elif name == "APPENDS":
            items = self._to_mark()
            self._of(list).extend(items)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            self._of(dict)[key] = value
        elif name == "SETITEMS":
            items = self._to_mark()
            self._of(dict).update(zip(items[::2], items[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(_Name(str(argument).replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_Name(f"{module}.{attribute}"))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, what = stack.pop(), stack.pop()
            stack.append(self._call(what, arguments))
        elif name == "BUILD":
            state = stack.pop()
            self._of(_Made).state = state
        elif name not in ("PROTO", "FRAME"):
            raise wrong(self._where, f"it holds a step ({name}) that no array needs")

    def _to_mark(self) -> list[Any]:
        place = max(k for k, value in enumerate(self._stack) if value is _MARK)
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _of(self, kind: type[_T]) -> _T:
        top = self._stack[-1]
        if not isinstance(top, kind):
            raise wrong(self._where, "it is damaged")
        return top

    def _call(self, what: Any, arguments: Any) -> Any:
        if not isinstance(what, _Name) or not isinstance(arguments, tuple):
            raise wrong(self._where, "it is damaged")
        kind = _CALLS.get(what.text.replace("numpy._core", "numpy.core"))
        if kind is None:
            raise wrong(self._where, f"it wants to call {what.text}, which is not done")
        if kind == "encode":
            text, code = arguments
            if code not in ("latin1", "latin-1") or not isinstance(text, str):
                raise wrong(self._where, "it is damaged")
            return text.encode("latin-1")
        return _Made(kind, arguments)

    def _plain(self, value: Any) -> Any:
        """The value with arrays made from what was understood."""
        return _plain(value, self._where, 0)


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > 50:
        raise wrong(where, "nested too deeply")
    if isinstance(value, dict):
        return {key: _plain(item, where, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where, depth + 1) for item in value]
    if isinstance(value, _Made):
        return _array(value, where, depth)
    if isinstance(value, _Name):
        raise wrong(where, f"it names {value.text}, which is no plain value")
    return value


def _array(made: _Made, where: str, depth: int) -> Any:
    """An array or a number of NumPy's."""
    if made.kind == "array":
        _, shape, described, fortran, content = made.state
        if isinstance(content, list):  # of objects: what np.save wraps a dict in
            if len(content) != 1:
                raise wrong(where, "it holds an array of objects")
            return _plain(content[0], where, depth + 1)
        return array_from(
            _dtype(described, where), shape, bool(fortran), io.BytesIO(content), where
        )
    if made.kind == "buffer":
        content, described, shape, order = made.arguments
        return array_from(_dtype(described, where), shape, order == "F", io.BytesIO(content), where)
    if made.kind == "scalar":
        described, content = made.arguments
        return array_from(_dtype(described, where), (), False, io.BytesIO(content), where).item()
    raise wrong(where, "it holds something that is no plain value")


def _dtype(made: Any, where: str) -> np.dtype[Any]:
    if not isinstance(made, _Made) or made.kind != "dtype":
        raise wrong(where, "it is damaged")
    text = made.arguments[0]
    order = made.state[1] if made.state else "|"
    if not isinstance(text, str) or text[:1] not in _KINDS or order not in ("<", ">", "|", "="):
        raise wrong(where, "it holds an array of objects")
    dtype = np.dtype(text)
    return dtype.newbyteorder(">") if order == ">" else dtype


_VALUES: Final = frozenset(
    (
        *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINBYTES"),
        *("SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    )
)
_CONSTANTS: Final[dict[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_CALLS: Final = {
    "numpy.core.multiarray._reconstruct": "array",
    "numpy.core.multiarray.scalar": "scalar",
    "numpy.core.numeric._frombuffer": "buffer",
    "numpy.dtype": "dtype",
    "_codecs.encode": "encode",
}
