"""What to say of a file that is of no format we read: what it seems to be, and what can be done."""

from __future__ import annotations

from core.formats.format import Source
from core.sentences import Sentence, say


def explain(source: Source) -> Sentence:
    """The sentence about a file that no format recognises. Raises FormatError."""
    path = str(source.path)
    if not source.is_json:
        return say("formats.unknown", path=path)
    value = source.json
    if isinstance(value, list):
        return say("formats.results", path=path)
    if isinstance(value, dict) and "project" in value and "view" in value:
        return say("formats.via3", path=path)
    return say("formats.unknown", path=path)
