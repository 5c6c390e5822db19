"""Frames: how a message and its arrays travel as bytes between the window and the engine.

A frame is a fixed prefix (magic, version, header length, body length), a JSON header in UTF-8
and the raw bytes of the arrays, in the order in which the header lists them. Lengths are bounded
and checked before anything is allocated, because a frame may come from a broken or foreign program.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from msgspec import Meta, Raw
from numpy.typing import NDArray

from core.codec import Codec, encode, members
from core.sentences import MasklensError, say

__all__ = ["VERSION", "AnyArray", "Frame", "FrameReader", "ProtocolError", "write_frame"]

AnyArray = NDArray[np.generic]

VERSION: Final = 1
MAGIC: Final = b"MLNS"
PREFIX: Final = struct.Struct("<4sHIQ")  # magic, version, bytes of header, bytes of body
MAX_HEADER: Final = 64 << 20
MAX_BODY: Final = 1 << 30  # the pixels of the largest image are 900 MB
MAX_ARRAYS: Final = 65536
_AT_ONCE: Final = 64 << 20
MAX_DIMENSIONS: Final = 8
DTYPES: Final = {
    name: np.dtype(name)
    for name in ("|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8")
}


class ProtocolError(MasklensError):
    """What came over the pipe is not a message of this protocol and version."""


def broken(detail: str) -> ProtocolError:
    """The error for a frame or message that does not hold together; `detail` is for the log."""
    return ProtocolError(
        say(
            "process.broken_message",
            "The engine sent something that is not a message ({detail}).",
            detail=detail,
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One message: its name, its fields as JSON, and its arrays."""

    type: str
    fields: bytes | Raw = b"{}"
    arrays: tuple[AnyArray, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """How one array lies in the body."""

    dtype: str
    shape: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=MAX_BODY)], ...], Meta(max_length=MAX_DIMENSIONS)
    ]

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError("no known dtype")

    @property
    def size(self) -> int:
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize


_TYPE: Final = Codec[str](str, "type")
_TABLE: Final = Codec[tuple[_Entry, ...]](
    Annotated[tuple[_Entry, ...], Meta(max_length=MAX_ARRAYS)], "arrays"
)


def write_frame(frame: Frame) -> list[bytes | memoryview]:
    """The frame as byte chunks, to be written in order; arrays are not copied if avoidable.

    Raises ValueError when the frame is over the limits that a reader accepts or holds an array
    whose dtype cannot travel.
    """
    arrays = [_portable(array) for array in frame.arrays]
    table = [_Entry(array.dtype.str, array.shape) for array in arrays]
    header = encode({"type": frame.type, "fields": Raw(frame.fields), "arrays": table})
    body = sum(array.nbytes for array in arrays)
    if len(header) > MAX_HEADER or body > MAX_BODY or len(arrays) > MAX_ARRAYS:
        raise ValueError("the message is too large for one frame")
    chunks: list[bytes | memoryview] = [PREFIX.pack(MAGIC, VERSION, len(header), body), header]
    chunks.extend(array.data.cast("B") for array in arrays if array.nbytes)
    return chunks


def _portable(array: AnyArray) -> AnyArray:
    """The array as contiguous little-endian memory."""
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPES:
        raise ValueError(f"arrays of {array.dtype} do not travel")
    if array.ndim > MAX_DIMENSIONS:
        raise ValueError("the array has too many dimensions")
    return np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)


class FrameReader:
    """Puts frames together from chunks of any size, as they come out of a pipe.

    After a ProtocolError nothing more can be read: there is no telling where the next frame starts.
    """

    def __init__(self) -> None:
        self._prefix = bytearray()
        self._sizes: tuple[int, int] | None = None  # bytes of header and body
        self._frame: tuple[str, Raw, tuple[_Entry, ...]] | None = None
        self._buffer = bytearray()  # of the part that is being read: header, then body
        self._filled = 0
        self._wanted = 0

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """Take in a chunk and yield the frames that it completes.

        Raises ProtocolError at the first byte that cannot belong to a frame, and when lengths,
        header or array table are not valid. The chunk is used up only as far as one iterates.
        """
        rest = memoryview(data).cast("B")
        while True:
            if self._sizes is None:
                rest = self._take_prefix(rest)
            if self._sizes is None:
                return
            rest = self._fill(rest)
            if self._filled < self._wanted:
                return
            frame = self._complete()
            if frame is not None:
                yield frame

    def _take_prefix(self, data: memoryview) -> memoryview:
        wanted = PREFIX.size - len(self._prefix)
        self._prefix += data[:wanted]
        if not MAGIC.startswith(self._prefix[: len(MAGIC)]):
            raise broken("does not begin as a frame")
        if len(self._prefix) == PREFIX.size:
            _, version, header, body = PREFIX.unpack(self._prefix)
            if version != VERSION:
                raise ProtocolError(
                    say(
                        "process.version_mismatch",
                        "The engine speaks version {theirs} of the protocol and this program "
                        "version {ours}. Install the same masklens on both sides.",
                        theirs=int(version),
                        ours=VERSION,
                    )
                )
            if header > MAX_HEADER or body > MAX_BODY:
                raise broken(f"header of {header} and body of {body} bytes")
            self._sizes = (header, body)
            self._start_buffer(header)
        return data[wanted:]

    def _start_buffer(self, size: int) -> None:
        # Grows with what comes: whoever announces gigabytes has not sent them yet.
        self._buffer = bytearray(min(size, _AT_ONCE))
        self._wanted = size
        self._filled = 0

    def _fill(self, data: memoryview) -> memoryview:
        taken = min(len(data), self._wanted - self._filled)
        end = self._filled + taken
        try:
            if end > len(self._buffer):
                self._buffer.extend(bytes(min(self._wanted, 2 * end) - len(self._buffer)))
            self._buffer[self._filled : end] = data[:taken]
        except MemoryError as error:
            raise broken(f"no memory for {self._wanted} bytes") from error
        self._filled = end
        return data[taken:]

    def _complete(self) -> Frame | None:
        """Go on from header to body; the frame when the body is there."""
        assert self._sizes is not None
        if self._frame is None:
            self._frame = _parse_header(bytes(self._buffer), self._sizes[1])
            self._start_buffer(self._sizes[1])
            return None
        (name, fields, table), body = self._frame, self._buffer
        self._prefix, self._sizes, self._frame = bytearray(), None, None
        return Frame(name, fields, _cut(table, body))


def _parse_header(data: bytes, body: int) -> tuple[str, Raw, tuple[_Entry, ...]]:
    try:
        header = members(data, "header")
        name, fields = _TYPE.decode(header["type"]), header["fields"]
        table = _TABLE.decode(header["arrays"])
    except KeyError as error:
        raise broken(f"the header has no {error}") from error
    except MasklensError as error:
        raise broken(str(error)) from error
    if sum(entry.size for entry in table) != body:
        raise broken("the arrays do not fill the body")
    return name, fields, table


def _cut(table: Sequence[_Entry], body: bytearray) -> tuple[AnyArray, ...]:
    """The arrays as views of the body."""
    arrays, offset = [], 0
    for entry in table:
        dtype, count = DTYPES[entry.dtype], math.prod(entry.shape)
        array = np.frombuffer(body, dtype, count, offset) if count else np.empty(0, dtype)
        arrays.append(array.reshape(entry.shape))
        offset += entry.size
    return tuple(arrays)
