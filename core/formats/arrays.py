"""Arrays from strangers: NumPy's files, sizes checked before anything is held, no pickle run."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from tokenize import TokenError
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.codec import wrong
from core.storage.images import MAX_PIXELS

_BYTES: Final = MAX_PIXELS * 8
_PACKED: Final = 100_000_000
"""Bytes that any compressed array may have; beyond, no more than `_RATIO` times what is packed."""
_RATIO: Final = 20
_MEMBERS: Final = 1000
_BAD_HEADER: Final = (
    # What NumPy raises where the text of a header is cut or no text of Python's.
    *(ValueError, EOFError, OSError, SyntaxError, TypeError, TokenError, zlib.error),
)
_BROKEN: Final = (
    # What zipfile raises where a directory leads to nowhere: ValueError, OverflowError and others.
    *(OSError, EOFError, ValueError, OverflowError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def read_npy(file: IO[bytes], where: str) -> NDArray[Any]:
    """The array in a `.npy` stream, of plain numbers or texts only. Raises FieldError."""
    shape, fortran, dtype = read_header(file, where)
    if dtype.hasobject or dtype.kind not in "biufUS":
        raise wrong(where, "it holds objects instead of numbers")
    return array_from(dtype, shape, fortran, file, where)


def read_header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of what follows in a `.npy` stream.

    Raises FieldError.
    """
    try:
        version = npy.read_magic(file)
        if version == (1, 0):
            return npy.read_array_header_1_0(file)
        if version == (2, 0):
            return npy.read_array_header_2_0(file)
    except _BAD_HEADER as error:
        raise wrong(where, f"no array of NumPy's ({error})") from error
    raise wrong(where, "an unknown version of NumPy's format")


def array_from(
    dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool, file: IO[bytes], where: str
) -> NDArray[Any]:
    """The array in a stream of plain values. Raises FieldError when it is too large or cut off."""
    if len(shape) > 4 or any(side < 0 for side in shape):
        raise wrong(where, f"an array of shape {shape} is no label image")
    count = 1
    for side in shape:
        count *= side
    size = count * dtype.itemsize
    if size > _BYTES:
        raise wrong(where, f"an array of {size} bytes is too large")
    try:
        data = file.read(size)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise wrong(where, f"it cannot be read ({error})") from error
    if len(data) != size:
        raise wrong(where, "it ends too early")
    values = np.frombuffer(data, dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def read_npz(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays in the bytes of a `.npz` file by name.

    Those of objects are left out. Raises FieldError.
    """
    found: dict[str, NDArray[Any]] = {}
    left = _BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            for info in names[:_MEMBERS]:
                name = info.filename.removesuffix(".npy")
                left -= info.file_size
                if left < 0 or info.file_size > max(_PACKED, _RATIO * info.compress_size):
                    raise wrong(name, "the arrays are too large")
                with archive.open(info) as member:
                    found[name] = read_npy(member, name)
    except _BROKEN as error:
        raise wrong("file", f"no file of NumPy's arrays ({error})") from error
    return found


def npz_of(**arrays: NDArray[Any]) -> bytes:
    """A compressed `.npz` file, the same for the same arrays."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return out.getvalue()
