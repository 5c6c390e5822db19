"""Sentences of the engine process and of the protocol between it and the window."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "process.broken_message": "The engine sent something that is not a message ({detail}).",
    "process.version_mismatch": (
        "The engine speaks version {theirs} of the protocol and this program version {ours}. "
        "Install the same masklens on both sides."
    ),
}
