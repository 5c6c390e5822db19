"""Edits: frozen descriptions of one change to a document.

Applying an edit with `Document.apply` yields the edit that takes it back. All changes of a
document are edits, undo and redo included, so that a journal of edits is the whole story.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from core.codec import Codec, Count, Name
from core.document.instance import Attributes, ImageDetails, Keypoints, Polygons, Shape, Source
from core.document.regions import by_flags
from core.sentences import MasklensError


class EditError(MasklensError):
    """An edit does not fit the document; the document is as it was."""


class Overlap(StrEnum):
    """What becomes of neighbours that an edit would let cover each other."""

    KEEP = "keep"  # both stay as they are
    NEW = "new"  # what is drawn or changed wins: it is in front, the other is cut
    OLD = "old"  # what was there wins: what is drawn or changed is cut


class Add(msgspec.Struct, frozen=True, tag_field="do", tag="add", rename={"shapes": "instances"}):
    """Put instances or regions in. `at` gives the place of each in the resulting z order, rising.

    With an empty `at` they go on top, in the order given. The ids must be new to the document.
    """

    shapes: tuple[Shape, ...]
    at: tuple[Count, ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "shapes", tuple(map(by_flags, self.shapes)))


class Remove(msgspec.Struct, frozen=True, tag_field="do", tag="remove"):
    """Take instances out, by id."""

    ids: tuple[Name, ...]


class Reshape(msgspec.Struct, frozen=True, tag_field="do", tag="reshape"):
    """Give an instance other polygons, other keypoints, or both.

    With `source` None the rule of provenance decides: what a model proposed becomes "edited". With
    `box` None a box stays one as long as it is a rectangle. With `keypoints` None they stay.
    """

    id: Name
    polygons: Polygons
    source: Source | None = None
    box: bool | None = None
    keypoints: Keypoints | None = None


class Relabel(msgspec.Struct, frozen=True, tag_field="do", tag="relabel"):
    """Give instances another label: pairs of id and label.

    With `sources` empty the rule of provenance decides, else it holds one source a pair.
    """

    labels: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...] = ()

    @staticmethod
    def to(label: str, ids: Iterable[str]) -> Relabel:
        """Give all of `ids` the same label."""
        return Relabel(tuple((id, label) for id in ids))


class SetDone(msgspec.Struct, frozen=True, tag_field="do", tag="set_done"):
    """Mark the image as finished, or take the mark back."""

    done: bool


class SetDetails(msgspec.Struct, frozen=True, tag_field="do", tag="set_details"):
    """Replace what is said of the whole image."""

    details: ImageDetails


class SetFields(msgspec.Struct, frozen=True, tag_field="do", tag="set_fields"):
    """Replace what an instance carries beside its outline, label and provenance."""

    id: Name
    flags: tuple[tuple[str, bool], ...]
    description: str
    crowd: bool
    group_id: int | None
    attributes: Attributes = ()
    locked: bool = False

    @staticmethod
    def of(shape: Shape) -> SetFields:
        """What gives an instance the fields that this shape has."""
        return SetFields(
            shape.id,
            shape.flags,
            shape.description,
            shape.crowd,
            shape.group_id,
            shape.attributes,
            shape.locked,
        )


class SetRejected(msgspec.Struct, frozen=True, tag_field="do", tag="set_rejected"):
    """Turn suggestions down, or take that back, by the id of the suggestion."""

    ids: tuple[Name, ...]
    rejected: bool


class Batch(msgspec.Struct, frozen=True, tag_field="do", tag="batch"):
    """Several edits that happen, and are undone, together; `name` tells a person what they are."""

    edits: tuple[Edit, ...]
    name: str = ""

    def __post_init__(self) -> None:
        if _nested(self) > _DEEPEST:
            raise ValueError("too many batches inside each other")


Edit = Add | Remove | Reshape | Relabel | SetDone | SetDetails | SetFields | SetRejected | Batch

# A batch inside a batch is fine; a file that nests them deeper than this is not ours.
_DEEPEST = 16


def _nested(batch: Batch) -> int:
    return 1 + max((_nested(edit) for edit in batch.edits if isinstance(edit, Batch)), default=0)


EDIT: Final[Codec[Edit]] = Codec(Edit, "edit")
"""Edits as JSON objects; `do` names their kind."""
