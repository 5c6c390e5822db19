"""What of a PNG can be known without decoding it."""

from __future__ import annotations

import struct
from typing import Final

_SIGNATURE: Final = 8
# Chunks that can hold EXIF data: its own, and texts by which some programs carry it.
_TEXTS: Final = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")


def text_follows_pixels(data: bytes) -> bool:
    """Whether a chunk that can hold EXIF data comes after the first chunk of pixels."""
    place = _SIGNATURE
    pixels = False
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if pixels and kind in _TEXTS:
            return True
        pixels = pixels or kind == b"IDAT"
        place += 12 + length
    return False
