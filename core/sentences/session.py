"""Sentences about an open image: its label file, saving, and edits left by a crash."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "session.unreadable": "{path} cannot be read ({reason}).",
    "session.changed_on_disk": (
        "{path} was changed by another program since it was opened. Nothing was overwritten."
    ),
    "session.saving": "{image} is being saved; it can be changed again in a moment.",
    "session.size_differs": (
        "{path} was made for an image of {was} pixels, but this one has {size}. "
        "Check that the outlines fit."
    ),
    "recovery.found": (
        "{count} edits of {image} were not saved the last time. They can be recovered."
    ),
    "recovery.partly": (
        "{count} edits of {image} were not saved the last time and can be recovered; "
        "{lost} more cannot be read."
    ),
    "recovery.other_base": (
        "{count} edits of {image} were not saved the last time, but its label file or the image "
        "has changed since. The edits are kept aside and the label file stays as it is."
    ),
    "recovery.first": (
        "{image} has unsaved edits from the last time. Recover them or set them aside first."
    ),
    "recovery.none": "There are no edits of {image} to recover.",
}
