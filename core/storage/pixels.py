"""Pixels of any format as 8-bit RGB, upright.

How each kind is shown; all of it is deterministic and depends on the file alone:

- 1-bit, 8-bit grey, RGB, palette, YCbCr, HSV, CMYK (Adobe's inverted too): the colours they stand
  for. CIE Lab goes through colour management to sRGB. Embedded colour profiles are not applied.
- Grey of 12, 16 or 32 bits and float, and several bands of such values: stretched linearly, so
  that the 0.1 and 99.9 percentile over all bands become black and white. Where these two are equal,
  minimum and maximum do; an image of one value is black when that is 0 and middle grey otherwise.
  Values that are not numbers count as black. Scaling by bit depth instead would show 12-bit
  microscope images, which are often stored in 16 bits, as nearly black.
- Colour of 16 bits in PNG and TIFF: the upper 8 bits, as Pillow decodes it.
- Transparency, from an alpha channel or a transparent colour: laid over middle grey.
"""

from __future__ import annotations

import operator
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from core.sentences import Sentence, say

_TRANSPARENT: Final = say(
    "images.transparent", "{path} is transparent in places; they are shown in grey."
)
_MANY_BANDS: Final = say(
    "images.many_bands",
    "{path} has {bands} channels; the first three are shown as red, green and blue. The view can "
    "show any one of them.",
)

Pixels = NDArray[np.uint8]

_GREY: Final = 128
_PERCENTILES: Final = (0.1, 99.9)
# Percentiles are taken over at most about this many values, evenly spaced.
_SAMPLE: Final = 4_000_000
# About this many pixels are copied at once.
_STRIP: Final = 1_000_000
WIDE_MODES: Final = ("I", "F")
# What Pillow's decoders raise on damaged files, besides MemoryError.
DECODER_ERRORS: Final = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(EOFError, RuntimeError, SystemError, struct.error, zlib.error, Image.DecompressionBombError),
)


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """Pixels (height, width, 3) and what a person should know about them."""

    pixels: Pixels
    notes: tuple[Sentence, ...] = ()


def convert(name: str, image: Image.Image) -> Converted:
    """The loaded picture as RGB. Raises what Pillow raises for modes it cannot convert."""
    if image.mode.startswith(WIDE_MODES):
        return _wide(name, image)
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        out, transparent = _over_grey(image)
        return Converted(out, (_TRANSPARENT.given(path=name),) if transparent else ())
    return Converted(_array(image))


def from_values(name: str, values: NDArray[Any]) -> Converted:
    """Values (height, width) or (height, width, bands) as RGB: one band is grey, of two the first
    counts, of four and more the first three. 8-bit values stay as they are, others are stretched.
    """
    bands = values.shape[2] if values.ndim == 3 else 1
    if values.ndim == 3:
        values = values[..., 0] if bands < 3 else values[..., :3]
    if bands > 4:
        first = from_values(name, values)
        return Converted(first.pixels, (*first.notes, _MANY_BANDS.given(path=name, bands=bands)))
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return Converted(_three_bands(values))
    low, high = limits(values)
    shown = np.empty((*values.shape[:2], 3), np.uint8)
    for rows in strips(*values.shape[:2]):
        shown[rows] = _three_bands(stretch(values[rows], low, high))
    as_it_is = (low, high) == (0, 255) and values.dtype.kind in "iu"
    return Converted(shown, () if as_it_is else (_stretch_note(name, values, low, high),))


def drops_low_bytes(image: Image.Image) -> bool:
    """Whether the file has 16 bits a colour, of which Pillow keeps 8; ask before loading."""
    if image.mode.startswith(WIDE_MODES):
        return False
    return any(";16" in str(getattr(tile, "args", "")) for tile in _tiles(image))


def _array(image: Image.Image) -> Pixels:
    """A picture in colours as a writable array (height, width, 3).

    Row by row in strips: asked for the whole, Pillow holds it several times over.
    """
    out = np.empty((image.height, image.width, 3), np.uint8)
    for strip, rows in _image_strips(image, "RGB"):
        out[rows] = np.asarray(strip)
    return out


def _image_strips(image: Image.Image, mode: str) -> Iterator[tuple[Image.Image, slice]]:
    for rows in strips(image.height, image.width):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        yield strip if strip.mode == mode else strip.convert(mode), rows


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture, about a million pixels at once."""
    step = max(1, _STRIP // max(1, width))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _tiles(image: Image.Image) -> list[Any]:
    """Pillow's plan for decoding: entries whose `args` begin with the pixel format in the file."""
    return list(getattr(image, "tile", []))


def _wide(name: str, image: Image.Image) -> Converted:
    values = np.asarray(image)
    shown = from_values(name, values)
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return shown
    for rows in strips(*values.shape[:2]):
        shown.pixels[rows][values[rows] == clear] = _GREY
    return Converted(shown.pixels, (*shown.notes, _TRANSPARENT.given(path=name)))


def _over_grey(image: Image.Image) -> tuple[Pixels, bool]:
    """The picture laid over grey, and whether anything of it is transparent."""
    out = np.empty((image.height, image.width, 3), np.uint8)
    transparent = False
    for strip, rows in _image_strips(image, "RGBA"):
        rgba = np.asarray(strip)
        alpha = rgba[..., 3]
        if alpha.min() == 255:
            out[rows] = rgba[..., :3]
            continue
        transparent = True
        weight = alpha.astype(np.uint32)[..., None]
        out[rows] = (rgba[..., :3] * weight + _GREY * (255 - weight) + 127) // 255
    return out, transparent


def _three_bands(values: Pixels) -> Pixels:
    if values.ndim == 3:
        return np.ascontiguousarray(values)
    return np.repeat(values[..., None], 3, axis=2)


def limits(values: NDArray[Any]) -> tuple[float, float]:
    """The values that become black and white."""
    flat = values.ravel()
    sample = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 0.0
    low, high = (float(value) for value in np.percentile(sample, _PERCENTILES))
    return (low, high) if low < high else (float(sample.min()), float(sample.max()))


def stretch(values: NDArray[Any], low: float, high: float) -> Pixels:
    """The values as 8 bits, `low` and what is below as 0, `high` and what is above as 255."""
    if not low < high:
        return np.full(values.shape, _GREY if low else 0, np.uint8)
    scaled = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
    scaled = np.nan_to_num(scaled, copy=False, nan=low, posinf=high, neginf=low)
    # Halved before subtracting, so that the largest floats do not overflow.
    scaled = (np.clip(scaled, low, high) / 2 - low / 2) / (high / 2 - low / 2)
    return np.asarray(np.rint(scaled * 255), np.uint8)


def _stretch_note(name: str, values: NDArray[Any], low: float, high: float) -> Sentence:
    least, most = np.inf, -np.inf
    for rows in strips(*values.shape[:2]):
        finite = values[rows][np.isfinite(values[rows])]
        if finite.size:
            least, most = min(least, float(finite.min())), max(most, float(finite.max()))
    bounds = (least, most) if least <= most else (0.0, 0.0)
    return say(
        "images.stretched",
        "{path} has values from {low} to {high}; they are stretched so that {black} is black and "
        "{white} is white.",
        path=name,
        low=_short(bounds[0]),
        high=_short(bounds[1]),
        black=_short(low),
        white=_short(high),
    )


def _short(value: float) -> str:
    return f"{value:.6g}"


def orientation(
    image: Image.Image, exif: Callable[[Image.Image], Image.Exif] = operator.methodcaller("getexif")
) -> int:
    """The EXIF orientation, 1 (upright) to 8; 1 where it is absent, invalid or unreadable."""
    try:
        value = exif(image).get(ExifTags.Base.Orientation, 1)
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(array: Pixels, orientation: int) -> Pixels:
    """The array (height, width, 3) turned as the EXIF orientation asks (EXIF 2.32, tag 0x0112)."""
    if orientation >= 5:
        array = array.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array
