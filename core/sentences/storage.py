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
    "storage.refused": (
        "{path} is not opened: {reason}. Take it away if you did not put it there yourself."
    ),
    "journal.unreadable": "The edits kept in {path} cannot be read ({reason}).",
    "journal.no_header": "{path} is not a journal of edits that this version can read.",
    "lock.held": (
        "Another masklens (process {pid} on {host}) is working in {folder}. "
        "Here the images can be looked at, but not changed."
    ),
    "suggestions.unreadable": "The suggestions in {path} cannot be read ({reason}).",
    "suggestions.broken": "The suggestions in {path} cannot be used. {problem}",
    "project.unreadable": "The project settings in {path} cannot be read ({reason}).",
    "project.labels_unusable": (
        "{path} is not a label file that masklens can read. It is left as it is."
    ),
    "project.broken": "The project settings in {path} cannot be used. {problem}",
    "project.link_leaves": "{path} is a link out of the folder; nothing is written through it.",
    "project.not_locked": "{folder} is open for looking only; nothing is written there.",
}
