"""The error of formats, and reading JSON so that nothing else can come out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.document.fields import FieldError
from core.sentences import MasklensError, say
from core.storage import inside

MOST_DATASET: Final = 2_000_000_000
"""Bytes of the largest file with the labels of a whole data set."""


class FormatError(MasklensError):
    """A label file cannot be used; the sentence names the file, the place in it and a remedy."""


def read_bytes(path: Path, most: int = MOST_DATASET) -> bytes:
    """The bytes of a plain file of at most `most`. Raises FormatError."""
    try:
        return inside.read_named(path, most)
    except FileNotFoundError as error:
        raise FormatError(say("formats.missing", path=str(path))) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise FormatError(say("formats.unreadable", path=str(path), reason=reason)) from error
    except ValueError as error:  # a null byte in the name
        raise FormatError(say("formats.missing", path=str(path))) from error


def read_json(path: Path, most: int = MOST_DATASET) -> object:
    """The JSON value in a file, in UTF-8, -16 or -32. Raises FormatError."""
    data = read_bytes(path, most)
    try:
        value: object = json.loads(data)
    except RecursionError as error:
        reason = "nested too deeply"
        raise FormatError(say("formats.not_json", path=str(path), reason=reason)) from error
    except ValueError as error:
        raise FormatError(say("formats.not_json", path=str(path), reason=str(error))) from error
    return value


@contextmanager
def reading(path: Path, format: str) -> Iterator[None]:
    """Turn what a wrong field raises into a FormatError about the file."""
    try:
        yield
    except FieldError as error:
        raise FormatError(
            say("formats.field", path=str(path), format=format, problem=str(error))
        ) from error
