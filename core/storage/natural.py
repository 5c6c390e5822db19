"""Natural order of file names: image2 comes before image10."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"([0-9]+)")

NaturalKey = tuple[tuple[tuple[int, int, str], ...], str]


def natural_key(text: str) -> NaturalKey:
    """A sort key that reads digits as numbers and ignores case; equal only for equal texts."""
    parts = _NUMBER.split(text.casefold())
    # Odd positions hold the numbers; a text sorts after a number, so no two kinds are compared.
    return tuple(
        (0, int(part), "") if position % 2 else (1, 0, part)
        for position, part in enumerate(parts)
        if part
    ), text
