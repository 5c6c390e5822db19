"""What of a PNG can be known without decoding it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = 8
# Chunks that can hold EXIF data: its own, and texts by which some programs carry it.
_TEXTS: Final = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")


_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Start and step across and down of the seven passes of an interlaced PNG.
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip
_ALL_AT_ONCE: Final = ((0, 0, 1, 1),)


def lacks_pixels(data: bytes) -> bool:
    """Whether the compressed pixels end before the last row, which decoders fill with black."""
    if len(data) < 29 or data[12:16] != b"IHDR":
        return False
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    bits *= _CHANNELS.get(colour, 1)
    expected = 0
    for left, top, across, down in _PASSES if data[28] else _ALL_AT_ONCE:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            expected += rows * (1 + (columns * bits + 7) // 8)
    return _inflated(data, expected) < expected


def _inflated(data: bytes, enough: int) -> int:
    """How many bytes the chunks of pixels hold, counted up to `enough`."""
    inflate, count = zlib.decompressobj(), 0
    for chunk in _pixel_chunks(data):
        while chunk and count < enough and not inflate.eof:
            try:
                count += len(inflate.decompress(chunk, 1 << 20))
            except zlib.error:
                return count
            chunk = inflate.unconsumed_tail
    return count


def _pixel_chunks(data: bytes) -> Iterator[bytes]:
    place = _SIGNATURE
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"IDAT":
            yield data[place + 8 : place + 8 + length]
        place += 12 + length


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
