"""Sentences about files on disk: writing, the journal, the project folder."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "storage.full": (
        "{path} could not be written: the disk is full. What was there before is unchanged."
    ),
    "storage.denied": (
        "{path} could not be written: no permission. What was there before is unchanged."
    ),
    "storage.gone": "{path} could not be written: its folder is no longer there.",
    "storage.failed": (
        "{path} could not be written ({reason}). What was there before is unchanged."
    ),
}
