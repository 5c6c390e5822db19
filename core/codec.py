"""Values from JSON and back: the annotations of a frozen class are the schema of what it reads.

Everything that comes from a file or another process goes through a `Codec`. It checks types,
ranges and lengths while it reads (msgspec), refuses NaN and numbers without end, and names the
field that is wrong. Keys that a class does not know are passed over.
"""

from __future__ import annotations

import gc
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar

import msgspec
from msgspec import Meta, Raw

from core.sentences import MasklensError, say

T = TypeVar("T")
Back = Callable[[type, Any], Any]
Plain = Callable[[object], object]

Fraction = Annotated[float, Meta(ge=0, le=1)]
"""A number from 0 to 1."""
Count = Annotated[int, Meta(ge=0)]
"""A whole number that is not negative."""
Size = Annotated[int, Meta(ge=1)]
"""A whole number from 1 on."""
Name = Annotated[str, Meta(min_length=1)]
"""A text that is not empty."""


_PROBLEM: Final = say("fields.problem", "{where}: {problem}.")


class FieldError(MasklensError):
    """A value from outside is not what it should be; the sentence names the field."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(_PROBLEM.given(where=where, problem=problem))
        self.where = where
        self.problem = problem


class NotJson(FieldError):
    """What was to be read is not JSON at all; `reason` says why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, f"not JSON ({reason})")
        self.reason = reason


def wrong(where: str, problem: str) -> FieldError:
    """The error for a field: `wrong("edits[2].id", "expected a text")`."""
    return FieldError(where, problem)


def _back(kind: type, value: object) -> object:
    if kind is object:
        return value
    if issubclass(kind, Path) and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("expected a path")


class Codec(Generic[T]):
    """Reads values of one type; `where` is what errors call the whole of it.

    `back` makes a value of a class that msgspec does not know: of a path, when nothing is given.
    """

    def __init__(self, kind: Any, where: str = "value", back: Back = _back) -> None:
        self._kind = kind
        self._where = where
        self._back = back

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[T]:
        return msgspec.json.Decoder(self._kind, strict=True, dec_hook=self._back)

    def decode(self, data: bytes | Raw, where: str | None = None) -> T:
        """Read JSON. Raises FieldError, NotJson among them."""
        name = self._where if where is None else where
        try:
            return self.decode_strictly(data, name)
        except NotJson:
            # Names of files may hold lone surrogates, which JSON can say and msgspec refuses.
            return self.convert(loads(data, name), name)

    def decode_strictly(self, data: bytes | Raw, where: str) -> T:
        """Read JSON in UTF-8 without lone surrogates. Raises FieldError, NotJson among them."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise _told(error, where) from None
        except RecursionError:
            raise _too_deep(where) from None
        except ValueError as error:
            raise NotJson(where, str(error)) from None

    def convert(self, value: object, where: str | None = None) -> T:
        """Take a value that JSON was read into already. Raises FieldError."""
        name = self._where if where is None else where
        try:
            found: T = msgspec.convert(value, self._kind, strict=True, dec_hook=self._back)
        except msgspec.ValidationError as error:
            raise _told(error, name) from None
        except RecursionError:
            raise _too_deep(name) from None
        except UnicodeEncodeError:  # half a pair of surrogates where a word is looked up
            raise wrong(name, "half of a character where a word is expected") from None
        return found


def loads(data: bytes | Raw, where: str = "value", *, constants: bool = False) -> object:
    """Read any JSON, in UTF-8, -16 or -32, lone surrogates too. Raises FieldError.

    With `constants`, NaN and the infinities, which are not JSON, are let through.
    """
    hooks: dict[str, Any] = {}
    if not constants:
        hooks = {"parse_constant": _refuse, "parse_float": _finite}
    try:
        return json.loads(bytes(data), **hooks)
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:
        raise NotJson(where, str(error)) from error


_SET_ASIDE: Final = Event()
"""Asked whether anything is set aside, the collector would count it object by object."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Read or write a large file without Python's search for cycles: its values have none.

    The search would walk them again and again, a third of the time in all. Afterwards they count
    as old, so that they are looked at with all others and not at once.
    """
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wanted:
            if not _SET_ASIDE.is_set():  # else all that was set aside would come back
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def set_loaded_aside() -> None:
    """Leave what the program has loaded, and keeps, out of every later search for cycles.

    It would else walk over some 60,000 objects now and then, in the middle of a drag: 40 ms.
    """
    gc.freeze()
    _SET_ASIDE.set()


def members(data: bytes | Raw, where: str = "value") -> dict[str, Raw]:
    """The keys of an object in their order, each with its value as it stands.

    NaN and the infinities are let through: whoever reads a value refuses them. Raises FieldError.
    """
    try:
        if isinstance(data, bytes):
            data.decode()  # what is not looked into here is passed over, whatever its bytes are
        return _MEMBERS.decode_strictly(data, where)
    except (NotJson, UnicodeDecodeError):
        value = loads(data, where, constants=True)
    if not isinstance(value, dict):
        raise wrong(where, "expected an object")
    return {key: _raw(item) for key, item in value.items()}


def items(data: bytes | Raw, where: str = "value") -> list[Raw]:
    """The values of a list, each as it stands, like `members`. Raises FieldError."""
    try:
        return _ITEMS.decode_strictly(data, where)
    except NotJson:
        value = loads(data, where, constants=True)
    if not isinstance(value, list):
        raise wrong(where, "expected a list")
    return [_raw(item) for item in value]


_MEMBERS: Final[Codec[dict[str, Raw]]] = Codec(dict[str, Raw])
_ITEMS: Final[Codec[list[Raw]]] = Codec(list[Raw])


def _raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode("ascii"))


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def builtins(value: object, plain: Plain = _plain) -> Any:
    """A value as plain dictionaries, lists, texts and numbers."""
    return msgspec.to_builtins(value, enc_hook=plain)


def encode(value: object, plain: Plain = _plain) -> bytes:
    """A value as JSON in one line without spaces. Raises ValueError for what JSON cannot say.

    `plain` takes values apart that msgspec does not know: paths, when nothing is given.
    """
    try:
        return msgspec.json.encode(value, enc_hook=plain)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can name and UTF-8 cannot hold
        found = builtins(value, plain)
        return json.dumps(found, separators=(",", ":"), allow_nan=False).encode("ascii")


def pretty(value: object, indent: int = 1) -> bytes:
    """A value as JSON for people to read; `indent` 0 keeps it on one line, with spaces."""
    return layout(encode(value), indent)


def layout(data: bytes | Raw, indent: int = 0) -> bytes:
    """JSON as it stands, number for number, with other white space."""
    plain = bytes(data)
    try:
        return msgspec.json.format(plain, indent=indent)
    except msgspec.DecodeError:  # lone surrogates, or numbers that are none of JSON's
        return json.dumps(json.loads(plain), indent=indent or None).encode("ascii")


_TYPES: Final[Mapping[str, str]] = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
_EXPECTED = re.compile(r"Expected `(?P<kind>[^`]+)`(?: (?P<limit>.+))?$")
_MISSING = re.compile(r"Object missing required field `(?P<name>.+)`$")
_UNKNOWN = re.compile(r"Invalid (?:enum )?value (?P<value>.+)$")


def _told(error: msgspec.ValidationError, name: str) -> FieldError:
    """What msgspec found wrong, in our words, with the place named from `name` on."""
    text, _, place = str(error).partition(" - at `")
    # Of a value by any name, msgspec says [...].
    where = name + place.rstrip("`").removeprefix("$").partition("[...]")[0]
    if not name:
        where = where.removeprefix(".") or "file"
    missing = _MISSING.match(text)
    if missing:
        return wrong(f"{where}.{missing['name']}".removeprefix("file."), "missing")
    unknown = _UNKNOWN.match(text)
    if unknown:
        return wrong(where, f"{unknown['value']} is not known")
    if text.startswith("Number out of range"):
        return wrong(where, "expected a finite number")
    expected = _EXPECTED.match(text.partition(", got ")[0])
    return wrong(where, _problem(expected) if expected else text)


def _problem(expected: re.Match[str]) -> str:
    kinds = expected["kind"].split(" | ")
    words = " or ".join(_TYPES.get(kind, kind) for kind in kinds if kind != "null")
    limit = expected["limit"]
    if limit is None:
        return f"expected {words}"
    if limit == "of length >= 1":
        return "expected a text that is not empty" if kinds[0] == "str" else "expected one or more"
    limit = limit.replace(">= ", "at least ").replace("<= ", "at most ").replace(".0", "")
    length = limit.removeprefix("of length ")
    return f"expected {words} of {length}" if length != limit else f"expected {words}, {limit}"


def _too_deep(where: str) -> NotJson:
    return NotJson(where, "nested too deeply")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number
