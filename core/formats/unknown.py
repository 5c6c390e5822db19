"""What to say of a file that is of no format we read: what it seems to be, and what can be done."""

from __future__ import annotations

from core.formats.format import Source
from core.formats.said import RESULTS, UNKNOWN
from core.formats.via import VIA3
from core.sentences import Sentence


def explain(source: Source) -> Sentence:
    """The sentence about a file that no format recognises. Raises FormatError."""
    path = str(source.path)
    if not source.is_json:
        return UNKNOWN.given(path=path)
    value = source.json
    if isinstance(value, list):
        return RESULTS.given(path=path)
    if isinstance(value, dict) and "project" in value and "view" in value:
        return VIA3.given(path=path)
    return UNKNOWN.given(path=path)
