"""What a journal left by a crash can give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.document.document import Document
from core.document.edits import Edit, EditError
from core.document.instance import NO_DETAILS
from core.document.limits import why_too_large
from core.sentences import Sentence, say
from core.storage.journal import JournalContent

FIRST: Final = say(
    "recovery.first",
    "{image} has unsaved edits from the last time. Recover them or set them aside first.",
)
NOTHING: Final = say("recovery.none", "There are no edits of {image} to recover.")


@dataclass(frozen=True, slots=True)
class Recovery:
    """Edits found in a journal that the label file lacks.

    `edits` is empty when they cannot be made again because the label file has changed since; the
    journal is then only set aside, never deleted. `sentence` says what was found; `lost` counts
    the lines of the journal that could not be used.
    """

    edits: tuple[Edit, ...]
    sentence: Sentence
    lost: int = 0

    @property
    def possible(self) -> bool:
        return bool(self.edits)


def examine(
    content: JournalContent, document: Document, image: str, label_sha256: str | None
) -> Recovery | None:
    """What a journal can give back onto the document of its image; None when nothing is missing."""
    edits = content.edits_after(label_sha256)
    nothing_own = document.held == ((), False, NO_DETAILS)
    if edits is None and content.header.label_sha256 is None and nothing_own:
        # The label file that has come since holds suggestions alone: for a person's edits that is
        # as if there were none.
        edits = content.edits
    fits = (content.header.width, content.header.height) == (document.width, document.height)
    if edits is None or not fits:
        sentence = say(
            "recovery.other_base",
            "{count} edits of {image} were not saved the last time, but its label file or the "
            "image has changed since. The edits are kept aside and the label file stays as it is.",
            image=image,
            count=len(content.edits),
        )
        return (
            Recovery((), sentence, len(content.edits) + content.unread) if content.edits else None
        )
    usable, same, reason = _usable(edits, document)
    if reason is not None:
        return Recovery((), reason, len(content.edits) + content.unread)
    # One unread line is the edit that the crash cut short; it was never made.
    lost = len(edits) - usable + max(0, content.unread - 1)
    if same and not lost:
        return None  # all was taken back
    if lost:
        return Recovery(
            edits[:usable],
            say(
                "recovery.partly",
                "{count} edits of {image} were not saved the last time and can be recovered; "
                "{lost} more cannot be read.",
                image=image,
                count=usable,
                lost=lost,
            ),
            lost,
        )
    return (
        Recovery(
            edits,
            say(
                "recovery.found",
                "{count} edits of {image} were not saved the last time. They can be recovered.",
                image=image,
                count=len(edits),
            ),
        )
        if edits
        else None
    )


def _usable(edits: tuple[Edit, ...], document: Document) -> tuple[int, bool, Sentence | None]:
    """How many of the edits, from the first on, fit the document, which is not changed; whether
    it would be after them what it was before; and why that would be too large to be shown.
    """
    trial = Document(
        document.width,
        document.height,
        document.shapes,
        document.done,
        document.rejected,
        document.details,
    )
    for count, edit in enumerate(edits):
        try:
            trial.apply(edit)
        except EditError:
            return count, False, None
    same = _state(trial) == _state(document)
    return len(edits), same, why_too_large(trial.shapes, (trial.width, trial.height))


def _state(document: Document) -> tuple[object, ...]:
    return *document.held, document.rejected
