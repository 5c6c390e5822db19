"""Reading images: any of the usual files becomes upright 8-bit RGB, or a sentence says why not.

`read_image` looks at the content of a file, never at its name alone, checks the size in the header
before it decodes, turns the picture upright (EXIF), and brings every pixel format to RGB as
`core.storage.pixels` describes. Each failure is an ImageError that names file, reason and remedy.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.sentences import Sentence, say
from core.storage import pixels, png, tiff
from core.storage.image_input import UNREADABLE, ImageInput
from core.storage.image_limits import (
    LARGE_ONES,
    MAX_PIXELS,
    OUT_OF_MEMORY,
    TRUNCATED,
    ImageError,
    check_length,
    check_memory,
    check_size,
    is_large,
)
from core.storage.pixels import Pixels
from core.storage.quiet import Quiet
from core.storage.values import Values

__all__ = [
    "BESIDE",
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "OVERLAY_SUFFIX",
    "DecodedImage",
    "ImageError",
    "decode_image",
    "image_orientation",
    "image_size",
    "is_image_name",
    "read_image",
    "read_values",
]

_DAMAGED: Final = say(
    "images.damaged",
    "{path} looks like {format} but cannot be decoded ({reason}): copy it again, or save it anew "
    "as PNG.",
)
IMAGE_SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".bmp", ".dib", ".webp"),
    *(".tif", ".tiff", ".gif", ".tga", ".pbm", ".pgm", ".ppm", ".pnm"),
)
# What is written beside an image to show what a model saw in it; and Cellpose's label images.
OVERLAY_SUFFIX: Final = ".overlay.png"
BESIDE: Final = re.compile(r"(.+?)(?:\.overlay\.png|_(?:cp_)?masks\.(?:png|tiff?))")

_FORMATS: Final = ("JPEG", "PNG", "BMP", "DIB", "WEBP", "TIFF", "GIF", "PPM")
# A TGA file has no signature of its own, so only its name can tell.
_TGA: Final = (*_FORMATS, "TGA")
# The size of an image is checked here, against a limit that a caller may set, before decoding;
# Pillow's own fixed limit would refuse images that are meant to be read.
Image.MAX_IMAGE_PIXELS = None
_MOST_BANDS: Final = 64
# Pillow warns about oddities of files; what matters to a person is said in notes and errors.
_QUIET: Final = Quiet(r"PIL\.")


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An upright image.

    `pixels` is uint8 of shape (height, width, 3), RGB, C-contiguous. `notes` say what was left
    out or changed on the way; `source_mode` is the file's own pixel format as Pillow names it. A
    `deep` one holds more bits or channels than are in `pixels`; `read_values` gives them.
    """

    pixels: Pixels
    width: int
    height: int
    notes: tuple[Sentence, ...]
    source_mode: str
    deep: bool = False


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """Decode the first picture of an image file, upright.

    Raises ImageError when the file is missing, not an image, damaged, cut off, of a kind that
    needs a package that is not installed, or has over `max_pixels` pixels.
    """
    return _decode(ImageInput.of_file(Path(path)), max_pixels)


def decode_image(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """As `read_image`, for the bytes of a file; `name` is what sentences call it."""
    return _decode(ImageInput(name, Path(name).suffix.lower(), data), max_pixels)


def read_values(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Values | None:
    """The values of a `deep` image as stored, upright; None for any other.

    Raises ImageError as `read_image` does.
    """
    source = ImageInput.of_file(Path(path))
    with _QUIET, _explained(source):
        image = _open(source)
        if image is None:
            array = _tifffile_array(source, max_pixels)
            return Values(array.reshape(*array.shape[:2], -1)) if _is_deep(array) else None
        with image, LARGE_ONES if is_large(image.size) else nullcontext():
            _check_header(source, image, max_pixels)
            if _has_channel_pages(source, image):
                turn, colours = pixels.orientation(image), 3 if image.mode == "RGB" else 1
                array = tiff.read(source.data)
                return Values(np.ascontiguousarray(pixels.upright(array, turn)), colours)
            high_bytes = pixels.drops_low_bytes(image)
            if image.mode.startswith(pixels.WIDE_MODES):
                image.load()
                turn = 1 if image.format == "TIFF" else pixels.orientation(image)
                array = np.asarray(image)[..., None]
            elif high_bytes and source.kind == "TIFF" and tiff.available():
                turn = pixels.orientation(image)
                array = tiff.read(source.data)
            else:
                return None
            upright = np.ascontiguousarray(pixels.upright(array, turn))
            return Values(upright, high_bytes=high_bytes)


def image_size(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height of the upright image, from the header alone.

    Raises ImageError as `read_image` does, as far as the header shows.
    """
    source = ImageInput.of_file(Path(path))
    with _QUIET, _explained(source):
        image = _open(source)
        if image is None:
            height, width = tiff.shape(source.data)
            check_size(source.name, (width, height), max_pixels)
            return width, height
        with image:
            check_size(source.name, image.size, max_pixels)
            check_length(source.name, image.size, source.length, image.format)
            return _upright_size(image, source)


def image_orientation(path: Path | str) -> int:
    """The EXIF orientation, 1 to 8, by which an image was turned upright; 1 where there is none.

    Raises ImageError as `read_image` does, as far as the header shows.
    """
    source = ImageInput.of_file(Path(path))
    with _QUIET, _explained(source):
        image = _open(source)
        if image is None:
            return 1
        with image:
            return _orientation(image, source)


def is_image_name(name: str) -> bool:
    """Whether a file name has the suffix of an image and is not hidden."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


def _decode(source: ImageInput, max_pixels: int) -> DecodedImage:
    with _QUIET, _explained(source):
        image = _open(source)
        if image is not None and is_large(image.size):
            image.close()
            with LARGE_ONES:
                return _decode_opened(source, _open(source), max_pixels)
        return _decode_opened(source, image, max_pixels)


def _decode_opened(source: ImageInput, image: Image.Image | None, max_pixels: int) -> DecodedImage:
    if image is None:
        return _decode_with_tifffile(source, max_pixels)
    with image:
        _check_header(source, image, max_pixels)
        notes, first = _frame_notes(source, image)
        if first:
            return _to_rgb(source, image, notes)
    # Looking for more pictures left another one open than the first.
    again = _open(source)
    assert again is not None
    with again:
        return _to_rgb(source, again, notes)


def _check_header(source: ImageInput, image: Image.Image, max_pixels: int) -> None:
    check_size(source.name, image.size, max_pixels)
    check_length(source.name, image.size, source.length, image.format)
    check_memory(source.name, image.size)


def _open(source: ImageInput) -> Image.Image | None:
    """The image with its header read, or None for a TIFF that only tifffile can read."""
    stream = io.BytesIO(source.content) if isinstance(source.content, bytes) else source.content
    try:
        return Image.open(stream, formats=_TGA if source.suffix == ".tga" else _FORMATS)
    except UnidentifiedImageError as error:
        kind = source.kind
        if kind == "TIFF" and tiff.looks_whole(source.data):
            if not tiff.available():
                raise ImageError(
                    say(
                        "images.needs_tifffile",
                        "{path} is a TIFF of a kind that needs the package tifffile: install it "
                        "with `pip install masklens[tiff]`, or save the image as 8-bit PNG.",
                        path=source.name,
                    )
                ) from error
            return None
        if kind is None:
            raise ImageError(
                say(
                    "images.not_an_image",
                    "{path} is not an image of a kind that masklens reads: use JPEG, PNG, BMP, "
                    "WebP or TIFF.",
                    path=source.name,
                )
            ) from error
        raise ImageError(
            _DAMAGED.given(path=source.name, format=kind, reason="its header makes no sense")
        ) from error


def _to_rgb(source: ImageInput, image: Image.Image, notes: tuple[Sentence, ...]) -> DecodedImage:
    mode = image.mode
    high_bytes = pixels.drops_low_bytes(image)
    # First of all, and once: what is asked of an image may load it and keep silent about damage,
    # and a second try then gives the part that was read.
    image.load()
    # Pillow turns a TIFF upright while it loads.
    orientation = 1 if image.format == "TIFF" else pixels.orientation(image)
    converted = pixels.convert(source.name, image)
    last = converted.pixels[-1:]
    if image.format == "PNG" and (last == last[:, :1]).all() and png.lacks_pixels(source.data):
        raise ImageError(TRUNCATED.given(path=source.name))
    notes += converted.notes
    if high_bytes:
        notes += (
            say(
                "images.high_bytes",
                "{path} has 16 bits a colour, of which the upper 8 are shown.",
                path=source.name,
            ),
        )
    upright = pixels.upright(converted.pixels, orientation)
    height, width = upright.shape[:2]
    deep = mode.startswith(pixels.WIDE_MODES)
    deep |= high_bytes and image.format == "TIFF" and tiff.available()
    deep |= _has_channel_pages(source, image)
    return DecodedImage(np.ascontiguousarray(upright), width, height, notes, mode, deep)


def _has_channel_pages(source: ImageInput, image: Image.Image) -> bool:
    """Whether a TIFF has further channels on pages of their own, and they can be read."""
    if image.format != "TIFF" or not tiff.available():
        return False
    try:
        more = getattr(image, "n_frames", 1) > 1
        return more and 1 < tiff.channels(source.data) <= _MOST_BANDS
    except pixels.DECODER_ERRORS:  # a later page is damaged; the first is whole
        return False


def _decode_with_tifffile(source: ImageInput, max_pixels: int) -> DecodedImage:
    array = _tifffile_array(source, max_pixels)
    height, width = array.shape[:2]
    converted = pixels.from_values(source.name, array)
    notes, deep = converted.notes, _is_deep(array)
    return DecodedImage(converted.pixels, width, height, notes, str(array.dtype), deep)


def _tifffile_array(source: ImageInput, max_pixels: int) -> NDArray[Any]:
    data = source.data
    height, width = tiff.shape(data)
    check_size(source.name, (width, height), max_pixels)
    check_memory(source.name, (width, height))
    array = tiff.read(data)
    if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= _MOST_BANDS):
        text = " x ".join(map(str, array.shape))
        raise ImageError(
            say(
                "images.unknown_layout",
                "{path} holds an array of shape {shape}, which is no picture of one to {most} "
                "channels: save the part to label as PNG.",
                path=source.name,
                shape=text,
                most=_MOST_BANDS,
            )
        )
    return array


def _is_deep(array: NDArray[Any]) -> bool:
    """Whether values say more than three channels of 8 bits do."""
    eight = array.dtype in (np.uint8, np.bool_)
    return not eight or (array.ndim == 3 and array.shape[2] > 4)


def _frame_notes(source: ImageInput, image: Image.Image) -> tuple[tuple[Sentence, ...], bool]:
    """What to say of further pictures, and whether the first is still the one that is open."""
    try:
        frames = int(getattr(image, "n_frames", 1))
        image.seek(0)
    except pixels.DECODER_ERRORS:  # a later frame is damaged; the first may be whole
        note = say(
            "images.first_page",
            "{path} holds more than one picture; only the first is shown and labelled.",
            path=source.name,
        )
        return (note,), False
    if frames == 1:
        return (), True
    note = say(
        "images.first_frame",
        "{path} holds {frames} pictures; only the first is shown and labelled.",
        path=source.name,
        frames=frames,
    )
    return (note,), True


def _upright_size(image: Image.Image, source: ImageInput) -> tuple[int, int]:
    # For a TIFF recent versions of Pillow give the size as it is when upright, older ones as
    # stored; the stored size is asked for by its tags.
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    return (height, width) if _orientation(image, source) >= 5 else (width, height)


def _orientation(image: Image.Image, source: ImageInput) -> int:
    if image.format == "PNG" and not png.text_follows_pixels(source.data):
        # Pillow would decode the whole PNG, in case its EXIF data follow the pixels.
        return pixels.orientation(image, Image.Image.getexif)
    return pixels.orientation(image)


@contextmanager
def _explained(source: ImageInput) -> Iterator[None]:
    """Turn what a decoder raises into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(OUT_OF_MEMORY.given(path=source.name)) from error
    except pixels.DECODER_ERRORS as error:
        text = str(error)
        if isinstance(error, EOFError) or "truncat" in text.lower():
            raise ImageError(TRUNCATED.given(path=source.name)) from error
        if isinstance(error, OSError) and error.errno is not None:
            reason = error.strerror or text
            raise ImageError(UNREADABLE.given(path=source.name, reason=reason)) from error
        kind = source.kind or "image"
        raise ImageError(
            _DAMAGED.given(path=source.name, format=kind, reason=text or type(error).__name__)
        ) from error
