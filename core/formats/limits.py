"""What a label file may claim at most; every reader checks against these before it allocates."""

from __future__ import annotations

from typing import Final

from core.codec import FieldError, wrong
from core.formats.fields import as_int
from core.storage.images import MAX_PIXELS

MAX_FILE: Final = 2_000_000_000
"""Bytes of one label file."""
MAX_SIDE: Final = 1_000_000
"""Pixels of one side of an image."""
MAX_COORDINATE: Final = 10_000_000.0
"""How far from the corner of its image, in pixels, an outline may reach."""
MAX_FILES: Final = 500_000
"""Files that are looked at below a folder: it may be somebody's home."""
MAX_LIST: Final = 50_000_000
"""Bytes of a list of names."""


def check_size(width: int, height: int, where: str) -> None:
    """Raise FieldError when an image or mask of that size is more than anybody has."""
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise wrong(where, f"{width} x {height} pixels is no size of an image")


def side_of(value: object) -> int | None:
    """A side of an image; None where a file does not know it: null, -1, 0, NaN, no number."""
    try:
        return whole(value, "", least=1)
    except FieldError:
        return None


def whole(value: object, where: str, *, least: int) -> int:
    """A whole number, also where a file has it as 640.0 or as a text. Raises FieldError."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return as_int(value, where, least=least)
