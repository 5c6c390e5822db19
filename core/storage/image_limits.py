"""What the header of an image may announce: held against limits, the file's length, and memory."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from core.sentences import MasklensError, say

MAX_PIXELS: Final = 300_000_000
"""The largest image that is decoded, in pixels; as RGB it takes 900 MB."""
MAX_SIDE: Final = 100_000
"""The longest side in pixels; tiles of a picture that is all length cannot be shown."""
BYTES_A_PIXEL: Final = 8
"""Memory that decoding takes at its peak: up to four in the decoder, three as RGB, one to spare."""
LARGE_ONES: Final = threading.Lock()
"""Held while a large image is decoded: one at a time, so that each finds the memory it needs."""
_CHECKED_FROM: Final = 20_000_000
"""Pixels below which memory is not asked for."""
# The most pixels that one byte of a file can stand for. Deflate repeats 258 bytes with two bits,
# and a byte may hold eight pixels; LZW names up to 4096 pixels by 12 bits; a block of 64 pixels
# takes at least a bit in JPEG; a run of BMP has 255 pixels in two bytes.
MOST_A_BYTE: Final = {
    "PNG": 8 * 1032,
    "GIF": 4096,
    "JPEG": 600,
    "MPO": 600,
    "BMP": 256,
    "PPM": 8,
    "TGA": 128,
}


class ImageError(MasklensError):
    """An image cannot be read; the sentence names the file, the reason and what to do."""


TRUNCATED: Final = say(
    "images.truncated",
    "{path} ends too early, so part of the picture is missing: copy it again from where it came "
    "from.",
)
OUT_OF_MEMORY: Final = say(
    "images.out_of_memory",
    "{path} does not fit into memory: close other programs or cut it into parts.",
)


def check_size(path: str, size: tuple[int, int], max_pixels: int) -> None:
    """Hold width and height against the limits. Raises ImageError."""
    width, height = size
    if width <= 0 or height <= 0:
        raise ImageError(
            say(
                "images.no_pixels",
                "{path} claims to be {width} x {height} pixels, so there is nothing to show.",
                path=path,
                width=width,
                height=height,
            )
        )
    if width * height > max_pixels:
        limit, megapixels = round(max_pixels / 1e6, 1), round(width * height / 1e6, 1)
        raise ImageError(
            say(
                "images.too_large",
                "{path} is {width} x {height} pixels, {megapixels} megapixels; the limit is "
                "{limit}: cut it into parts.",
                path=path,
                width=width,
                height=height,
                megapixels=megapixels,
                limit=limit,
            )
        )
    if max(width, height) > MAX_SIDE:
        raise ImageError(
            say(
                "images.too_long",
                "{path} is {width} x {height} pixels; no side may be longer than {limit}: cut it "
                "into parts.",
                path=path,
                width=width,
                height=height,
                limit=MAX_SIDE,
            )
        )


def check_length(path: str, size: tuple[int, int], length: int, format: str | None) -> None:
    """Refuse a file that is too short for the pixels that it announces. Raises ImageError."""
    most = MOST_A_BYTE.get(format or "")
    if most is not None and size[0] * size[1] > length * most:
        raise ImageError(TRUNCATED.given(path=path))


def check_memory(path: str, size: tuple[int, int]) -> None:
    """Refuse a large image that the free memory does not hold. Raises ImageError."""
    pixels = size[0] * size[1]
    free = _free_memory() if is_large(size) else None
    if free is not None and pixels * BYTES_A_PIXEL > free:
        raise ImageError(OUT_OF_MEMORY.given(path=path))


def is_large(size: tuple[int, int]) -> bool:
    """Whether decoding an image of that size takes so much memory that it is asked for first."""
    return size[0] * size[1] > _CHECKED_FROM


def _free_memory() -> int | None:
    """Bytes that can be had without swapping, where the system says so."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None
