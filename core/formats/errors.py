"""The error of formats, and reading JSON so that nothing else can come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.codec import Codec, FieldError, NotJson, loads, uncollected
from core.sentences import MasklensError, say
from core.storage import inside

MOST_DATASET: Final = 2_000_000_000
"""Bytes of the largest file with the labels of a whole data set."""

UNREADABLE: Final = say(
    "formats.unreadable", "{path} cannot be read ({reason}): check the drive and the permissions."
)
MISSING: Final = say(
    "formats.missing", "{path} is not there: it may have been moved, renamed or deleted."
)
_NOT_JSON: Final = say(
    "formats.not_json",
    "{path} is not valid JSON ({reason}), so it was left as it is: restore it from a copy, or "
    "save it again in the program that wrote it.",
)
_NOT_UTF8: Final = say(
    "formats.not_utf8",
    "{path} is not in UTF-8, so it was left as it is: an old program may have written it in the "
    "code page of its system. Convert a copy, for example with: iconv -f GBK -t UTF-8",
)
_EMPTY: Final = say(
    "formats.empty_file", "{path} is empty: restore it from a copy, or write it again."
)
PACKED: Final = say(
    "formats.packed",
    "{path} is an archive ({kind}): unpack it first, then name what was inside.",
)
_LINES: Final = say(
    "formats.json_lines",
    "{path} has one JSON value a line (JSON Lines), which is not read: export its labels as COCO, "
    "or as another format in docs/formats.md.",
)
NO_AREA_DROPPED: Final = say(
    "formats.no_area_dropped", "{path}: {count} regions enclose nothing and were left out."
)


_ARCHIVES: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"Rar!", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_PLAIN: Final[Codec[object]] = Codec(object)


class FormatError(MasklensError):
    """A label file cannot be used; the sentence names the file, the place in it and a remedy."""


def read_bytes(path: Path, most: int = MOST_DATASET) -> bytes:
    """The bytes of a plain file of at most `most`. Raises FormatError."""
    try:
        return inside.read_named(path, most)
    except FileNotFoundError as error:
        raise FormatError(MISSING.given(path=str(path))) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise FormatError(UNREADABLE.given(path=str(path), reason=reason)) from error
    except ValueError as error:  # a null byte in the name
        raise FormatError(MISSING.given(path=str(path))) from error


def read_json(path: Path, most: int = MOST_DATASET) -> object:
    """The JSON value in a file, in UTF-8, -16 or -32. Raises FormatError."""
    return json_value(read_bytes(path, most), path)


def json_value(data: bytes, path: Path) -> object:
    """The JSON value in the bytes of a file. Raises FormatError."""
    check_unpacked(data, path)
    if not data.strip():
        raise FormatError(_EMPTY.given(path=str(path)))
    try:
        with uncollected():
            return _PLAIN.decode_strictly(data, "file")
    except FieldError:
        pass  # another encoding, NaN, half a pair of surrogates, or no JSON at all
    try:
        return loads(data, "file", constants=True)
    except NotJson as error:
        if isinstance(error.__cause__, UnicodeDecodeError):
            raise FormatError(_NOT_UTF8.given(path=str(path))) from error
        if error.reason.startswith("Extra data: line 2 column 1 "):
            raise FormatError(_LINES.given(path=str(path))) from error
        raise FormatError(_NOT_JSON.given(path=str(path), reason=error.reason)) from error
    except FieldError as error:
        reason = "nested too deeply"
        raise FormatError(_NOT_JSON.given(path=str(path), reason=reason)) from error


def check_unpacked(data: bytes, path: Path) -> None:
    """Raise FormatError where a file is an archive, whatever its name says."""
    kind = next((kind for begin, kind in _ARCHIVES if data.startswith(begin)), None)
    kind = "tar" if kind is None and data[257:262] == b"ustar" else kind
    if kind is not None:
        raise FormatError(PACKED.given(path=str(path), kind=kind))


def plain_text(data: bytes, errors: str = "replace") -> str:
    """A text in UTF-8 or UTF-16, without its mark, each line ended by a line feed alone.

    What is neither stands as a sign for it, or raises UnicodeDecodeError where `errors` is strict.
    """
    encoding = _UTF16.get(data[:2])
    if encoding is None and data[1:2] == b"\0" and data[3:4] == b"\0":
        encoding = "utf-16-le"  # without a mark, as some editors write it
    text = data.decode(encoding or "utf-8", errors).removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def reading(path: Path, format: str) -> Iterator[None]:
    """Turn what a wrong field raises into a FormatError about the file."""
    try:
        yield
    except NotJson as error:
        raise FormatError(_NOT_JSON.given(path=str(path), reason=error.reason)) from error
    except FieldError as error:
        raise FormatError(
            say(
                "formats.field",
                "{path} cannot be used as {format}, and was left as it is: {problem} Correct that "
                "place, or save the file again in the program that wrote it.",
                path=str(path),
                format=format,
                problem=str(error),
            )
        ) from error
