"""Frames: every array comes back, torn at any place; nothing that is not a frame is believed."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.protocol.frames import (
    DTYPES,
    MAGIC,
    PREFIX,
    VERSION,
    Frame,
    FrameReader,
    ProtocolError,
    write_frame,
)

arrays = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
fields = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
).map(lambda value: json.dumps(value).encode())


def header(**others: object) -> dict[str, object]:
    return {"type": "x", "fields": {}, "arrays": [], **others}


def to_bytes(frame: Frame) -> bytes:
    return b"".join(bytes(chunk) for chunk in write_frame(frame))


def same(a: Frame, b: Frame) -> bool:
    return (
        a.type == b.type
        and json.loads(bytes(a.fields)) == json.loads(bytes(b.fields))
        and len(a.arrays) == len(b.arrays)
        and all(
            x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
            for x, y in zip(a.arrays, b.arrays, strict=True)
        )
    )


def raw(header: object, body: bytes = b"", version: int = VERSION, magic: bytes = MAGIC) -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return PREFIX.pack(magic, version, len(text), len(body)) + text + body


@given(
    frames=st.lists(st.builds(Frame, st.text(), fields, st.lists(arrays, max_size=3).map(tuple))),
    data=st.data(),
)
def test_frames_survive_being_torn_anywhere(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(to_bytes(frame) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader, read = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        read += reader.feed(stream[start:end])
    assert len(read) == len(frames)
    assert all(same(a, b) for a, b in zip(frames, read, strict=True))


def test_one_byte_at_a_time() -> None:
    frame = Frame("x", b"{}", (np.arange(6, dtype=np.float32).reshape(2, 3),))
    reader, read = FrameReader(), []
    for byte in to_bytes(frame):
        read += reader.feed(bytes([byte]))
    assert len(read) == 1
    assert same(read[0], frame)


def test_a_frame_that_is_cut_short_is_not_given_out() -> None:
    stream = to_bytes(Frame("x", b"{}", (np.arange(5),)))
    reader = FrameReader()
    assert list(reader.feed(stream[:-1])) == []
    assert len(list(reader.feed(stream[-1:]))) == 1


def test_big_endian_and_strided_arrays_arrive_as_equal_values() -> None:
    strided = np.arange(24, dtype=">i4").reshape(4, 6)[::2, ::3]
    (frame,) = FrameReader().feed(to_bytes(Frame("x", b"{}", (strided,))))
    np.testing.assert_array_equal(frame.arrays[0], strided)
    assert frame.arrays[0].dtype == np.dtype("<i4")


@given(st.binary(min_size=4))
def test_garbage_is_refused_at_once(data: bytes) -> None:
    if data.startswith(MAGIC):
        return
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(data))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_garbage_behind_a_prefix_is_refused_or_waits_for_more(header: bytes, body: bytes) -> None:
    try:
        frames = list(FrameReader().feed(raw(header, body)))
    except ProtocolError:
        return
    assert len(frames) == 1  # the bytes happened to be a valid header


def test_a_print_in_the_stream_is_garbage() -> None:
    reader = FrameReader()
    with pytest.raises(ProtocolError):
        list(reader.feed(to_bytes(Frame("x")) + b"hello from a library\n"))


def test_another_version_says_both_versions() -> None:
    with pytest.raises(ProtocolError, match=r"version 9 .* version 1"):
        list(FrameReader().feed(raw(header(), version=9)))


@pytest.mark.parametrize(("header", "body"), [(1 << 31, 0), (0, 1 << 40)])
def test_absurd_lengths_are_refused_before_memory_is_taken(header: int, body: int) -> None:
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(struct.pack("<4sHIQ", MAGIC, VERSION, header, body)))


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        header(arrays={}),
        header(arrays=[3]),
        header(arrays=[{"dtype": "|u1"}]),
        header(arrays=[{"dtype": "|O", "shape": [4]}]),
        header(arrays=[{"dtype": "object", "shape": [4]}]),
        header(arrays=[{"dtype": "|u1", "shape": [-4]}]),
        header(arrays=[{"dtype": "|u1", "shape": [True, 4]}]),
        header(arrays=[{"dtype": "|u1", "shape": ["4"]}]),
        header(arrays=[{"dtype": "|u1", "shape": [5]}]),
        header(arrays=[{"dtype": "|u1", "shape": [1] * 40 + [4]}]),
        header(arrays=[{"dtype": "<f8", "shape": [2**32, 2**32]}]),
        header(arrays=[{"dtype": "|u1", "shape": [4]}], type=3),
        {"fields": {}, "arrays": [{"dtype": "|u1", "shape": [4]}]},
        {"type": "x", "arrays": [{"dtype": "|u1", "shape": [4]}]},
        b"\xff\xfe",
        b'{"type": "x", "fields": {}, "arrays": [{"dtype": "|u1", "shape": [NaN]}]}',
        b"[" * 5000,
    ],
)
def test_a_header_that_does_not_describe_the_body_is_refused(header: object) -> None:
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(raw(header, b"1234")))


def test_objects_do_not_travel() -> None:
    with pytest.raises(ValueError, match="do not travel"):
        write_frame(Frame("x", b"{}", (np.array([object()]),)))
