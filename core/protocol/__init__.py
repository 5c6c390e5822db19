"""The messages between the window and the engine: typed, framed, versioned, checked when read.

for chunk in encode(Cancel(7)):
    pipe.write(chunk)

for message in MessageReader().feed(pipe.read1()):
    ...
"""

from __future__ import annotations

from collections.abc import Iterator

from core.protocol.codec import from_wire, to_wire
from core.protocol.frames import (
    VERSION,
    Frame,
    FrameReader,
    ProtocolError,
    broken,
    write_frame,
)
from core.protocol.messages import message_types
from core.protocol.messages.base import Answer, Message, Priority, Request
from core.protocol.messages.life import (
    Cancel,
    Cancelled,
    CancelReason,
    Failed,
    Heartbeat,
    Progress,
    Readiness,
    Ready,
    Shutdown,
)
from core.protocol.messages.models import (
    Download,
    Downloaded,
    ListModels,
    LoadModel,
    ModelInfo,
    ModelLoaded,
    Models,
)
from core.protocol.messages.predictions import Predict, Prediction, Surest

__all__ = [
    "VERSION",
    "Answer",
    "Cancel",
    "CancelReason",
    "Cancelled",
    "Download",
    "Downloaded",
    "Failed",
    "Heartbeat",
    "ListModels",
    "LoadModel",
    "Message",
    "MessageReader",
    "ModelInfo",
    "ModelLoaded",
    "Models",
    "Predict",
    "Prediction",
    "Priority",
    "Progress",
    "ProtocolError",
    "Readiness",
    "Ready",
    "Request",
    "Shutdown",
    "Surest",
    "decode",
    "encode",
]


def encode(message: Message) -> list[bytes | memoryview]:
    """The message as byte chunks of one frame, arrays uncopied where possible.

    Raises TypeError or ValueError when a field is not what its annotation says.
    """
    return write_frame(Frame(message.TYPE, *to_wire(message)))


def decode(frame: Frame) -> Message:
    """The message in a frame.

    Raises ProtocolError when its type is unknown or a field is missing or wrong.
    """
    kind = message_types().get(frame.type)
    if kind is None:
        raise broken(f"no message is called {frame.type!r:.60}")
    message = from_wire(kind, frame.fields, frame.arrays)
    assert isinstance(message, Message)
    return message


class MessageReader:
    """Puts messages together from chunks of any size; see `FrameReader`."""

    def __init__(self) -> None:
        self._frames = FrameReader()

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Message]:
        """Take in a chunk and yield the messages that it completes. Raises ProtocolError."""
        for frame in self._frames.feed(data):
            yield decode(frame)
