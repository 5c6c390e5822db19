"""TIFF files that Pillow cannot open, such as three bands of floats, through the package tifffile.

tifffile is optional; `available` says whether it is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import logging
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# The axes of a picture as tifffile names them: rows, columns, samples of a pixel.
_PICTURE_AXES: Final = "YXS"
# Without a handler of its own its log would reach the terminal; errors are raised and told there.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def available() -> bool:
    return importlib.util.find_spec("tifffile") is not None


def looks_whole(data: bytes) -> bool:
    """Whether the file has a TIFF header that points to a directory inside the file."""
    return _first_directory(data) is not None


def _first_directory(data: bytes) -> int | None:
    """Where the directory of the first picture begins; None when it is not in the file."""
    if len(data) < 16:
        return None
    order = "<" if data.startswith(b"II") else ">"
    if data[2:4] in (b"+\0", b"\0+"):  # BigTIFF
        start, size, count_format = int(struct.unpack_from(order + "Q", data, 8)[0]), 20, "Q"
    else:
        start, size, count_format = int(struct.unpack_from(order + "I", data, 4)[0]), 12, "H"
    header = struct.calcsize(order + count_format)
    if start < 8 or start + header > len(data):
        return None
    count = int(struct.unpack_from(order + count_format, data, start)[0])
    return start if count > 0 and start + header + count * size <= len(data) else None


def shape(data: bytes) -> tuple[int, int]:
    """Height and width of the first picture, from the header. Raises what tifffile raises."""
    with _file(data) as tiff:
        _check_first(tiff, data)
        sizes = dict(zip(tiff.series[0].axes, tiff.series[0].shape, strict=True))
        return int(sizes["Y"]), int(sizes["X"])


def channels(data: bytes) -> int:
    """How many channels the first picture has, on however many pages. Raises what tifffile raises.

    1 where they are not told apart from pages, depth or time.
    """
    with _file(data) as tiff:
        _check_first(tiff, data)
        sizes = dict(zip(tiff.series[0].axes, tiff.series[0].shape, strict=True))
        return int(sizes["S" if "S" in sizes else "C"]) if {"S", "C"} & sizes.keys() else 1


def read(data: bytes) -> NDArray[Any]:
    """The first picture as an array (height, width) or (height, width, samples), values as stored.

    Of axes other than rows, columns and samples (pages, depth, time) the first entry is taken;
    what tifffile calls channels counts as samples. Raises what tifffile raises.
    """
    with _file(data) as tiff:
        _check_first(tiff, data)
        series = tiff.series[0]
        axes = series.axes if "S" in series.axes else series.axes.replace("C", "S")
        array: NDArray[Any] = np.asarray(series.asarray())
    first = tuple(slice(None) if axis in _PICTURE_AXES else 0 for axis in axes)
    kept = [axis for axis in axes if axis in _PICTURE_AXES]
    order = [kept.index(axis) for axis in _PICTURE_AXES if axis in kept]
    return array[first].transpose(order)


def _check_first(tiff: Any, data: bytes) -> None:
    """Raise ValueError when a damaged first picture was passed over in favour of the next."""
    if int(tiff.series[0].pages[0].offset) != _first_directory(data):
        raise ValueError("the description of its first picture is damaged")


def _file(data: bytes) -> Any:
    # An optional package, so it is loaded only when a file needs it.
    return importlib.import_module("tifffile").TiffFile(io.BytesIO(data))
