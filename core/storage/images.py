"""Reading images: any of the usual files becomes upright 8-bit RGB, or a sentence says why not.

`read_image` looks at the content of a file, never at its name alone, checks the size in the header
before it decodes, turns the picture upright (EXIF), and brings every pixel format to RGB as
`core.storage.pixels` describes. Each failure is an ImageError that names file, reason and remedy.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from core.sentences import Sentence, say
from core.storage import pixels, png, tiff
from core.storage.image_limits import (
    MAX_PIXELS,
    OUT_OF_MEMORY,
    TRUNCATED,
    ImageError,
    check_length,
    check_memory,
    check_size,
)
from core.storage.pixels import Pixels
from core.storage.quiet import Quiet

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
]

UNREADABLE: Final = say(
    "images.unreadable", "{path} cannot be read ({reason}): check the drive and the permissions."
)
_DAMAGED: Final = say(
    "images.damaged",
    "{path} looks like {format} but cannot be decoded ({reason}): copy it again, or save it anew "
    "as PNG.",
)
_MISSING: Final = say(
    "images.missing", "{path} is not there: it may have been moved, renamed or deleted."
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
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
# The size of an image is checked here, against a limit that a caller may set, before decoding;
# Pillow's own fixed limit would refuse images that are meant to be read.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns about oddities of files; what matters to a person is said in notes and errors.
_QUIET: Final = Quiet(r"PIL\.")


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An upright image.

    `pixels` is uint8 of shape (height, width, 3), RGB, C-contiguous. `notes` say what was left
    out or changed on the way; `source_mode` is the file's own pixel format as Pillow names it.
    """

    pixels: Pixels
    width: int
    height: int
    notes: tuple[Sentence, ...]
    source_mode: str


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """Decode the first picture of an image file, upright.

    Raises ImageError when the file is missing, not an image, damaged, cut off, of a kind that
    needs a package that is not installed, or has over `max_pixels` pixels.
    """
    return _decode(_Input.of_file(Path(path)), max_pixels)


def decode_image(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """As `read_image`, for the bytes of a file; `name` is what sentences call it."""
    return _decode(_Input(name, Path(name).suffix.lower(), data), max_pixels)


def image_size(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height of the upright image, from the header alone.

    Raises ImageError as `read_image` does, as far as the header shows.
    """
    source = _Input.of_file(Path(path))
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
    source = _Input.of_file(Path(path))
    with _QUIET, _explained(source):
        image = _open(source)
        if image is None:
            return 1
        with image:
            return _orientation(image, source)


def is_image_name(name: str) -> bool:
    """Whether a file name has the suffix of an image and is not hidden."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


@dataclass(frozen=True, slots=True)
class _Input:
    """Where an image comes from: bytes already in memory, or a file."""

    name: str
    suffix: str
    content: bytes | Path

    @staticmethod
    def of_file(path: Path) -> _Input:
        """The file, seen to be there and not empty. Raises ImageError."""
        try:
            if path.is_dir():
                raise ImageError(
                    say("images.folder", "{path} is a folder, not an image.", path=str(path))
                )
            if path.stat().st_size == 0:
                raise ImageError(
                    say(
                        "images.empty",
                        "{path} is an empty file: copy it again from where it came from.",
                        path=str(path),
                    )
                )
        except FileNotFoundError as error:
            raise ImageError(_MISSING.given(path=str(path))) from error
        except OSError as error:
            raise ImageError(
                UNREADABLE.given(path=str(path), reason=error.strerror or "unknown")
            ) from error
        except ValueError as error:  # a null byte in the name
            raise ImageError(_MISSING.given(path=str(path))) from error
        return _Input(str(path), path.suffix.lower(), path)

    @property
    def head(self) -> bytes:
        """The first bytes, enough to tell the kind of file."""
        if isinstance(self.content, bytes):
            return self.content[:16]
        with self.content.open("rb") as stream:
            return stream.read(16)

    @property
    def length(self) -> int:
        """How many bytes there are."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    @property
    def kind(self) -> str | None:
        """The image format that the first bytes announce."""
        head = self.head
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "WebP"
        return next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), None)


def _decode(source: _Input, max_pixels: int) -> DecodedImage:
    with _QUIET, _explained(source):
        image = _open(source)
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


def _check_header(source: _Input, image: Image.Image, max_pixels: int) -> None:
    check_size(source.name, image.size, max_pixels)
    check_length(source.name, image.size, source.length, image.format)
    check_memory(source.name, image.size)


def _open(source: _Input) -> Image.Image | None:
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


def _to_rgb(source: _Input, image: Image.Image, notes: tuple[Sentence, ...]) -> DecodedImage:
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
    return DecodedImage(np.ascontiguousarray(upright), width, height, notes, mode)


def _decode_with_tifffile(source: _Input, max_pixels: int) -> DecodedImage:
    data = source.data
    height, width = tiff.shape(data)
    check_size(source.name, (width, height), max_pixels)
    check_memory(source.name, (width, height))
    array = tiff.read(data)
    if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= 4):
        text = " x ".join(map(str, array.shape))
        raise ImageError(
            say(
                "images.unknown_layout",
                "{path} holds an array of shape {shape}, which is no picture of one to four "
                "channels: save the part to label as PNG.",
                path=source.name,
                shape=text,
            )
        )
    converted = pixels.from_values(source.name, array)
    return DecodedImage(converted.pixels, width, height, converted.notes, str(array.dtype))


def _frame_notes(source: _Input, image: Image.Image) -> tuple[tuple[Sentence, ...], bool]:
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


def _upright_size(image: Image.Image, source: _Input) -> tuple[int, int]:
    # For a TIFF recent versions of Pillow give the size as it is when upright, older ones as
    # stored; the stored size is asked for by its tags.
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    return (height, width) if _orientation(image, source) >= 5 else (width, height)


def _orientation(image: Image.Image, source: _Input) -> int:
    if image.format == "PNG" and not png.text_follows_pixels(source.data):
        # Pillow would decode the whole PNG, in case its EXIF data follow the pixels.
        return pixels.orientation(image, Image.Image.getexif)
    return pixels.orientation(image)


@contextmanager
def _explained(source: _Input) -> Iterator[None]:
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
