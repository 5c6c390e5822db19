"""Label files by content: reading with the hash of what was read, and noticing that it changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

from core.document.limits import MOST_POINTS_TOGETHER, MOST_SHAPES
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.sentences import Sentence, say
from core.storage import inside
from core.storage.atomic import StorageError, if_there

CHANGED_ON_DISK: Final = say(
    "session.changed_on_disk",
    "{path} was changed by another program since it was opened. Nothing was overwritten.",
)

MISMATCH: Final = say(
    "session.mismatch",
    "The labels of {image} were made for another size. Say first what becomes of them.",
)
MOST_BRACKETS: Final = MOST_POINTS_TOGETHER + 2 * MOST_SHAPES
"""More lists than this in a file are more points than can be shown, which is seen at a glance."""
TOO_LARGE: Final = say(
    "session.too_many",
    "{path} is left as it is, and its labels are not shown: {count} points and outlines together "
    "are too many.",
)


class LabelsChanged(StorageError):
    """Somebody else wrote the label file since it was read."""


@dataclass(frozen=True, slots=True)
class ReadLabels:
    """A label file as read, and the SHA-256 of its bytes; both None when there is no file."""

    content: LabelFile | None = None
    sha256: str | None = None


def read_labels(path: Path) -> ReadLabels:
    """Read a label file.

    Raises StorageError when it cannot be read or holds too much, FormatError when it is no label
    file.
    """
    data = read_bytes(path)
    if data is None:
        return ReadLabels()
    brackets = data.count(b"[")
    if brackets > MOST_BRACKETS:
        around = 1  # the list of outlines itself
        raise StorageError(TOO_LARGE.given(path=str(path), count=brackets - around))
    return ReadLabels(labelme.parse(data, path), digest(data))


def doubts(path: Path, content: LabelFile, image: Path) -> tuple[Sentence, ...]:
    """Why a label file may belong to another image than this one."""
    found = []
    named = PureWindowsPath(content.image_name).name
    if named != image.name and PureWindowsPath(named).stem == image.stem:
        found.append(
            say(
                "session.other_image",
                "{path} was made for {named}, not for {image}. Check that the outlines fit.",
                path=str(path),
                named=named,
                image=image.name,
            )
        )
    return tuple(found)


def check_unchanged(path: Path, sha256: str | None) -> None:
    """Raise LabelsChanged when a label file is there and not the one with this hash.

    A file that is gone is no obstacle: nothing can be overwritten.
    """
    data = read_bytes(path)
    if data is not None and digest(data) != sha256:
        raise LabelsChanged(CHANGED_ON_DISK.given(path=str(path)))


def hash_of(path: Path) -> str | None:
    """The SHA-256 of a file; None when there is none. Raises StorageError."""
    data = read_bytes(path)
    return None if data is None else digest(data)


def digest(data: bytes) -> str:
    """The SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes | None:
    """The bytes of a file; None when there is none. Raises StorageError."""
    return if_there(lambda: inside.read_named(path), path)
