"""Messages: each type survives the pipe; each wrong field is named and refused."""

from __future__ import annotations

import dataclasses
import math
import time
import typing
from collections.abc import Mapping
from functools import cache
from json import dumps as json_of
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.codec import loads
from core.document.instance import Instance, Polygon, Source
from core.document.skeleton import Skeleton
from core.lens.arrays import Shape
from core.lens.detail import MOST_SMOOTHING, Detail
from core.lens.scores import BINS, ScoreRecord
from core.lens.settings import StageSettings
from core.protocol import (
    Cancel,
    Failed,
    Heartbeat,
    Message,
    MessageReader,
    ModelLoaded,
    Models,
    Predict,
    Prediction,
    Priority,
    ProtocolError,
    Request,
    decode,
    encode,
)
from core.protocol.codec import from_wire, to_wire
from core.protocol.frames import Frame, FrameReader
from core.protocol.messages import message_types
from core.protocol.messages.prompts import Encode, Prompt, PromptKind
from core.sentences import Sentence, say
from tests.pace import allowed


def polygon(seed: int) -> Polygon:
    """Up to two holes in an outline of any numbers."""
    random = np.random.default_rng(seed)
    rings = [
        tuple((float(x), float(y)) for x, y in random.normal(0, 1e3, (random.integers(3, 7), 2)))
        for _ in range(random.integers(1, 4))
    ]
    return Polygon(rings[0], tuple(rings[1:]))


polygons = st.integers(0, 2**16).map(polygon)
instances = st.builds(
    Instance,
    st.text(min_size=1),
    st.text(),
    st.lists(polygons, min_size=1, max_size=2).map(tuple),
    st.sampled_from(Source),
    st.none() | st.floats(0, 1),
    st.none() | st.text(),
    st.lists(st.tuples(st.text(), st.booleans()), max_size=2).map(tuple),
    st.text(),
    st.booleans(),
    st.none() | st.integers(-(2**40), 2**40),
)
settings = st.builds(StageSettings, score=st.floats(0, 1), detections_per_image=st.integers(1, 900))
arguments = st.text() | st.integers(-9, 9) | st.floats(-9, 9)
sentences = st.builds(Sentence, st.text(), st.dictionaries(st.text(), arguments, max_size=3))
counts = st.lists(st.floats(0, 1e9), min_size=BINS, max_size=BINS).map(tuple)
PLAIN: dict[object, st.SearchStrategy[Any]] = {
    Instance: instances,
    Polygon: polygons,
    StageSettings: settings,
    Sentence: sentences,
    Detail: st.builds(
        Detail,
        st.floats(0.01, 0.99),
        st.floats(0, MOST_SMOOTHING),
        st.floats(0, 99),
        st.integers(0, 99),
    ),
    Skeleton: st.integers(1, 9).map(lambda n: Skeleton(tuple(map(str, range(n))), ((0, n - 1),))),
    ScoreRecord: st.builds(ScoreRecord, st.text(), counts, counts),
    int: st.integers(-(2**60), 2**60),
    float: st.floats(allow_nan=False, allow_infinity=False),
}


def array(shape: Shape, seed: int) -> np.ndarray[Any, Any]:
    """An array of any bits: NaN among the floats."""
    random = np.random.default_rng(seed)
    sides = [int(random.integers(4)) if side is None else side for side in shape.sides]
    dtype = np.dtype(shape.dtype)
    return np.frombuffer(random.bytes(math.prod(sides) * dtype.itemsize), dtype).reshape(sides)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that fits an annotation."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        (shape,) = [each for each in args[1:] if isinstance(each, Shape)]
        return st.integers(0, 2**16).map(lambda seed: array(shape, seed))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if origin is Mapping:
        return st.dictionaries(*map(values, args), max_size=3)
    if args:
        return st.one_of(*map(values, args))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return messages(hint)
    return st.from_type(hint)


def finite(*shape: int) -> st.SearchStrategy[Any]:
    """An array of numbers that are numbers."""
    return hnp.arrays(np.float32, shape, elements=st.floats(-1e6, 1e6, width=32))


@cache
def messages(kind: type) -> st.SearchStrategy[Any]:
    """Any message of a type."""
    hints = typing.get_type_hints(kind, include_extras=True)
    given = {field.name: values(hints[field.name]) for field in dataclasses.fields(kind)}
    if kind is Predict:
        given["path"] = st.none()
        given["pixels"] = values(typing.get_args(hints["pixels"])[0])
    if kind is Encode:
        given["pixels"] = values(typing.get_args(hints["pixels"])[0])
        given["version"] = st.text(min_size=1)
    if kind is Prompt:
        given["boxes"] = finite(1, 4)
        given["points"], given["inside"] = finite(2, 2), hnp.arrays(np.bool_, 2)
        given["present"] = instances.map(lambda one: (one,))
        given["line"] = st.none() | st.floats(0, 1)
        given["most"] = st.integers(1, 99)
    return st.builds(kind, **given)


def to_bytes(message: Message) -> bytes:
    return b"".join(bytes(chunk) for chunk in encode(message))


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        alike = isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape
        return alike and a.tobytes() == b.tobytes()
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(
            same(getattr(a, field.name), getattr(b, field.name)) for field in dataclasses.fields(a)
        )
    return type(a) is type(b) and a == b


@given(st.data())
@hypothesis.settings(max_examples=30)
@pytest.mark.parametrize("kind", list(message_types().values()), ids=list(message_types()))
def test_every_message_survives_the_pipe(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    (back,) = MessageReader().feed(to_bytes(message))
    assert same(message, back)


def test_every_request_can_be_answered_and_has_an_id() -> None:
    requests = [kind for kind in message_types().values() if issubclass(kind, Request)]
    assert len(requests) >= 4
    for name, kind in message_types().items():
        assert name == kind.TYPE


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": PromptKind.BOX},
        {"kind": PromptKind.BOX, "boxes": np.array([[0, 0, np.nan, 4]], np.float32)},
        {"kind": PromptKind.POINTS},
        {"kind": PromptKind.POINTS, "points": np.zeros((2, 2), np.float32)},
        {"kind": PromptKind.TIGHTEN, "boxes": np.ones((1, 4), np.float32)},
        {"kind": PromptKind.ALIKE},
        {"boxes": np.ones((1, 4), np.float32), "most": 0},
        {"boxes": np.ones((1, 4), np.float32), "line": 1.5},
    ],
)
def test_a_prompt_that_points_at_nothing_cannot_be_made(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Prompt(1, path="a.jpg", **fields)


def test_pixels_travel_with_their_version_only() -> None:
    with pytest.raises(ValueError):
        Encode(1, path="a.jpg", version="1")
    with pytest.raises(ValueError):
        Encode(1, path="a.jpg", pixels=np.zeros((2, 2, 3), np.uint8))


def altered(message: Message, **fields: object) -> Frame:
    json, arrays = to_wire(message)
    return Frame(message.TYPE, encoded({**decoded(json), **fields}), arrays)


def prediction() -> Prediction:
    square = Polygon(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    return Prediction(
        3,
        "m@1",
        10,
        20,
        (Instance("a", "cell", (square,), Source.SUGGESTED, 0.5, "m@1"),),
        np.zeros((1, 4), np.float32),
        np.ones(1, np.int64),
        np.ones(1, np.float32),
    )


def decoded(json: bytes) -> dict[str, Any]:
    found = loads(json)
    assert isinstance(found, dict)
    return found


def encoded(value: object) -> bytes:
    return json_of(value).encode()


NAN = float("nan")
INSTANCE: dict[str, Any] = decoded(to_wire(prediction())[0])["instances"][0]


@pytest.mark.parametrize(
    "frame",
    [
        Frame(""),
        Frame("no such"),
        Frame("cancel"),
        Frame("cancel", b"[]"),
        Frame("cancel", b"{"),
        Frame("cancel", b'{"id": "1"}'),
        Frame("cancel", b'{"id": true}'),
        Frame("cancel", b'{"id": 1.5}'),
        Frame("cancel", b'{"id": 1e999}'),
        Frame("cancel", b"[" * 5000),
        altered(Heartbeat(None, 0), busy_with="x"),
        altered(Failed(1, say("a.b", "A text.")), sentence=None),
        altered(Failed(1, say("a.b", "A text.")), sentence={"id": "a.b", "args": [["x", [1]]]}),
        altered(prediction(), boxes=None),
        altered(prediction(), boxes=7),
        altered(prediction(), boxes=-1),
        altered(prediction(), boxes=3),
        altered(prediction(), labels=6),
        altered(prediction(), width=1.5),
        altered(prediction(), milliseconds=[["a"]]),
        altered(prediction(), milliseconds=[["a", 1e999]]),
        altered(prediction(), instances={}),
        altered(prediction(), boxes=[[2, 3], 0.0]),
        altered(prediction(), boxes=[[2], 0.0]),
        altered(prediction(), boxes=[[2**70, 4], 0.0]),
        altered(prediction(), boxes=[[-1, 4], 0.0]),
        altered(prediction(), boxes=[[1, 4], "x"]),
        altered(prediction(), boxes=[4]),
        altered(prediction(), labels=[[1], 0.0]),
        altered(prediction(), instances=[{**INSTANCE, "id": 7}]),
        altered(prediction(), instances=[{**INSTANCE, "id": ""}]),
        altered(prediction(), instances=[{**INSTANCE, "score": 2}]),
        altered(prediction(), instances=[{**INSTANCE, "source": "x"}]),
        altered(prediction(), instances=[{**INSTANCE, "polygons": []}]),
        altered(prediction(), instances=[{**INSTANCE, "polygons": [{"outer": []}]}]),
        altered(prediction(), instances=[{**INSTANCE, "polygons": [{"outer": [[1, NAN]] * 3}]}]),
        altered(Predict(1, path="x"), path=None),
        altered(Predict(1, path="x"), priority=9),
        altered(Predict(1, path="x"), settings={"score": 2}),
    ],
)
def test_a_wrong_field_is_refused(frame: Frame) -> None:
    with pytest.raises(ProtocolError):
        decode(frame)


def test_settings_out_of_range_are_refused() -> None:
    frame = altered(
        Predict(1, path="x", settings=StageSettings()),
        settings={**StageSettings().to_json(), "score": 2.0},
    )
    with pytest.raises(ProtocolError):
        decode(frame)


def test_the_error_names_the_field() -> None:
    with pytest.raises(ProtocolError, match=r"Cancel\.id"):
        decode(Frame("cancel", b'{"id": "x"}'))
    with pytest.raises(ProtocolError, match=r"Prediction\.instances\[0\]\.polygons\[0\]"):
        decode(altered(prediction(), instances=[{**INSTANCE, "polygons": [{}]}]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_gives_a_message_or_a_protocol_error(value: object) -> None:
    for kind in (ModelLoaded, Models, Prediction, Failed):
        with pytest.raises(ProtocolError):
            from_wire(kind, encoded(value), ())


def test_a_value_of_the_wrong_type_is_not_sent() -> None:
    with pytest.raises(ValueError, match="whole number"):
        encode(Cancel("7"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"milliseconds.*a number"):
        encode(dataclasses.replace(prediction(), milliseconds=(("rpn", NAN),)))
    with pytest.raises(TypeError, match="does not travel"):
        encode(Cancel(np.int64(7)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float64"):
        encode(Predict(1, pixels=np.zeros((2, 2, 3))))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape"):
        encode(Predict(1, pixels=np.zeros((2, 2), np.uint8)))


def test_of_an_array_that_is_the_same_everywhere_only_the_shape_travels() -> None:
    boxes = np.broadcast_to(np.float32(0.5), (100_000, 4))
    message = dataclasses.replace(prediction(), boxes=boxes)
    stream = to_bytes(message)
    assert len(stream) < 1000
    (back,) = MessageReader().feed(stream)
    assert same(message, back)


def test_names_of_files_may_hold_what_is_no_utf8() -> None:
    message = Predict(1, path="caf\udce9.jpg")
    assert list(MessageReader().feed(to_bytes(message))) == [message]


def test_an_image_comes_by_path_or_by_pixels_not_both() -> None:
    with pytest.raises(ValueError):
        Predict(1)
    with pytest.raises(ValueError):
        Predict(1, path="x", pixels=np.zeros((1, 1, 3), np.uint8))


def test_priorities_are_ordered_by_who_waits() -> None:
    assert Priority.NOW < Priority.SOON < Priority.BATCH


def test_a_thousand_instances_are_read_quickly() -> None:
    ring = tuple((float(k), k + 0.5) for k in range(40))
    many = tuple(
        Instance(f"id{k}", "cell", (Polygon(ring),), Source.SUGGESTED, 0.5, "m@1")
        for k in range(1000)
    )
    stream = to_bytes(dataclasses.replace(prediction(), instances=many))
    times = []
    for _ in range(3):
        start = time.process_time()
        (frame,) = FrameReader().feed(stream)
        message = decode(frame)
        times.append(time.process_time() - start)
    assert isinstance(message, Prediction)
    assert message.instances == many
    assert min(times) < allowed(0.03)
