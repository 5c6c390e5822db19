"""XML from strangers: no document types, no entities, no more than fits, as a tree of elements."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from core.codec import FieldError, wrong
from core.formats.errors import FormatError, read_bytes
from core.formats.fields import as_number
from core.formats.said import TOO_LARGE
from core.sentences import say

_LARGEST: Final = 500_000_000
_DEEPEST: Final = 60


class _Refused(Exception):
    """The file uses what no label file needs."""


def read_xml(path: Path) -> Element:
    """The root element of an XML file. Raises FormatError."""
    data = read_bytes(path)
    if len(data) > _LARGEST:
        raise FormatError(TOO_LARGE.given(path=str(path), limit=_LARGEST))
    try:
        return parse_xml(data)
    except (expat.ExpatError, _Refused, ValueError, LookupError) as error:
        raise FormatError(
            say(
                "formats.not_xml",
                "{path} is not XML that can be read safely ({reason}), so it was left as it is.",
                path=str(path),
                reason=str(error),
            )
        ) from error


def parse_xml(data: bytes) -> Element:
    """The root element. Raises ExpatError or _Refused."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _Refused("nested too deeply")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> int:
        raise _Refused("it declares a document type or entities")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.Parse(data, True)
    return builder.close()


def text_of(element: Element, tag: str) -> str:
    """The text of a child, without space around it; empty when there is none."""
    return (element.findtext(tag) or "").strip()


def number_of(text: str | None, where: str) -> float:
    """A finite number in a text, also one with a decimal comma. Raises FieldError."""
    text = text or ""
    try:
        return as_number(float(text.replace(",", ".") if text.count(",") == 1 else text), where)
    except ValueError:
        raise wrong(where, "expected a number") from None


def whole_of(text: str | None, where: str) -> int:
    """A whole number in a text. Raises FieldError."""
    number = number_of(text, where)
    if not number.is_integer():
        raise wrong(where, "expected a whole number")
    return int(number)


def side_in(text: str | None) -> int | None:
    """A side of an image in a text; None where it says none, or 0, or -1."""
    try:
        side = whole_of(text, "")
    except FieldError:
        return None
    return side if side > 0 else None
