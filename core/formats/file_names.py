"""Names of images as other programs write them: URLs, percent signs, Windows, Label Studio."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


def image_name(text: str) -> str:
    """The image that a text names, as a path with forward slashes.

    Of a URL it is the path, or what `?d=` says where Label Studio serves local files.
    """
    query = urlsplit(text).query if "?" in text else ""
    if "d=" in query:
        local = parse_qs(query).get("d", [""])[0]
        if local:
            return local.replace("\\", "/")
    if _SCHEME.match(text):
        try:
            parts = urlsplit(text)
        except ValueError:
            return PurePosixPath(text).name
        return unquote(parts.path).lstrip("/") or text
    return text.replace("\\", "/")
