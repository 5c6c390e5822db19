"""Reading values that come from files, field by field, with errors that name the field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from core.codec import wrong


def as_object(value: object, where: str) -> Mapping[str, object]:
    """The value as a JSON object. Raises FieldError."""
    if not isinstance(value, dict) or not {*map(type, value)} <= {str}:
        raise wrong(where, "expected an object")
    return value


def as_list(value: object, where: str) -> list[object]:
    """The value as a JSON list, or the tuple that JSON writes as one. Raises FieldError."""
    if not isinstance(value, list | tuple):
        raise wrong(where, "expected a list")
    return value if isinstance(value, list) else list(value)


def as_text(value: object, where: str, *, empty: bool = True) -> str:
    """The value as a text, which may be empty or not. Raises FieldError."""
    if not isinstance(value, str):
        raise wrong(where, "expected a text")
    if not value and not empty:
        raise wrong(where, "expected a text that is not empty")
    return value


def as_label(value: object, where: str) -> str:
    """The value as a label, which some programs write as a number. Raises FieldError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return as_text(value, where)


def as_int(value: object, where: str, *, least: int | None = None) -> int:
    """The value as a whole number. Raises FieldError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(where, "expected a whole number")
    if least is not None and value < least:
        raise wrong(where, f"expected at least {least}")
    return value


def as_number(value: object, where: str) -> float:
    """The value as a finite number. Raises FieldError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(where, "expected a number")
    try:
        number = float(value)
    except OverflowError:
        raise wrong(where, "expected a finite number") from None
    if not math.isfinite(number):
        raise wrong(where, "expected a finite number")
    return number


def get(value: Mapping[str, object], key: str, where: str) -> object:
    """The value of a key that must be there. Raises FieldError."""
    if key not in value:
        raise wrong(f"{where}.{key}", "missing")
    return value[key]


def number_of(value: object) -> object:
    """The number that a text stands for, where it is finite; anything else as it is."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        if math.isfinite(number):
            return int(number) if number.is_integer() else number
    return value


def json_text(value: object, *, ensure_ascii: bool = True, indent: int | None = None) -> str:
    """JSON; NaN and the infinities, which travelled along with what others wrote, are null."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=ensure_ascii, indent=indent)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return value
