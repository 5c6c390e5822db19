"""What is repaired in labelme's files where the meaning is beyond doubt: of a shape, of the top.

Only values that are of no use as they stand are touched, and the file keeps them as they stood.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Final

from core.formats.fields import number_of
from core.formats.label_file import Json


def repaired_shape(shape: Json) -> Json:
    """A shape with what can be repaired repaired."""
    return {key: _SHAPE[key](value) if key in _SHAPE else value for key, value in shape.items()}


def repaired_top(top: Json, stem: str) -> Json:
    """The keys of a file but for its shapes; `stem` names an image that the file does not."""
    path = top.get("imagePath", "")
    found = {
        **top,
        **{key: _side(top[key]) for key in ("imageHeight", "imageWidth") if key in top},
    }
    return {**found, "imagePath": stem} if path in (None, "") and "imagePath" in top else found


def _side(value: object) -> object:
    """A side of an image; None where it says none, as -1 and 0 do."""
    number = number_of(value)
    if isinstance(number, int | float) and not isinstance(number, bool) and number < 1:
        return None
    return number


def _points(value: object) -> object:
    """Pairs of numbers: of x, y, z the first two, and of a flat list two at a time."""
    if not isinstance(value, list):
        return [] if value is None else value
    if value and len(value) % 2 == 0 and not any(isinstance(each, list) for each in value):
        value = [list(pair) for pair in zip(value[::2], value[1::2], strict=True)]
    return [
        [number_of(number) for number in (point[:2] if len(point) in (3, 4) else point)]
        if isinstance(point, list)
        else point
        for point in value
    ]


def _text(value: object) -> object:
    if value is None:
        return ""
    whole = isinstance(value, int) or (isinstance(value, float) and isfinite(value))
    return str(value) if whole and not isinstance(value, bool) else value


def _group(value: object) -> object:
    number = number_of(value)
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return None if number == "" or (isinstance(number, float) and number != number) else number


def _flags(value: object) -> object:
    if value == []:
        return {}
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, True)
    if isinstance(value, dict):
        return {name: _switch(on) for name, on in value.items()}
    return value


def _switch(on: object) -> object:
    """True or false, which programs also write as numbers and texts."""
    if on is None or isinstance(on, int | float):
        return bool(on)
    return _SWITCHES.get(on.lower(), on) if isinstance(on, str) else on


def _description(value: object) -> object:
    return _text(value) if value is not None else None


_SWITCHES: Final = {"true": True, "false": False, "1": True, "0": False, "": False}
_SHAPE: Final[dict[str, Callable[[object], object]]] = {
    "label": _text,
    "points": _points,
    "group_id": _group,
    "flags": _flags,
    "description": _description,
}
