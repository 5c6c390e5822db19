"""The suggestions of an image: what a model proposes, kept apart from the label file."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from core.codec import Codec, FieldError, encode
from core.document.instance import Instance, Source, are_outlines
from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, if_there, make_folder, write_atomic

_UNREADABLE: Final = say(
    "suggestions.unreadable", "The suggestions in {path} cannot be read ({reason})."
)
_BROKEN: Final = say("suggestions.broken", "The suggestions in {path} cannot be used. {problem}")


UNNAMED: Final = frozenset(("", "object", "cell"))
"""Labels that name nothing: what a model says of things that it has no name for, as the bundled
starter of everything."""

Setting = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class SuggestionSet:
    """Suggestions of one model for one image.

    `model` is the model revision that made them, `settings` what it ran with, by name. `rejected`
    are the ids that a person turned down; they stay in `instances`. `seen_label_file` is the
    SHA-256 of the label file there was when the set was written (None when there was none):
    suggestions inside that very file are older than these.
    """

    model: str | None = None
    settings: tuple[tuple[str, Setting], ...] = ()
    instances: tuple[Instance, ...] = ()
    rejected: frozenset[str] = field(default_factory=frozenset)
    seen_label_file: str | None = None

    def pending(self, taken: Container[str] = ()) -> tuple[Instance, ...]:
        """The suggestions nobody has answered: not rejected, and no instance in `taken`."""
        return tuple(
            each for each in self.instances if each.id not in self.rejected and each.id not in taken
        )


class _File(msgspec.Struct, frozen=True, tag_field="masklens_suggestions", tag=1):
    """The set as it lies in its file."""

    model: str | None
    settings: dict[str, Setting]
    instances: tuple[Instance, ...]
    rejected: tuple[str, ...]
    seen_label_file: str | None

    def __post_init__(self) -> None:
        if len({each.id for each in self.instances}) != len(self.instances):
            raise ValueError("an id is used twice")
        if not are_outlines(self.instances):
            raise ValueError("an outline has fewer than three points")


_FILE: Final[Codec[_File]] = Codec(_File, "suggestions")


def save_suggestions(path: Path, suggestions: SuggestionSet) -> None:
    """Write a set to its file, in one piece. Raises StorageError."""
    value = _File(
        suggestions.model,
        dict(suggestions.settings),
        suggestions.instances,
        tuple(sorted(suggestions.rejected)),
        suggestions.seen_label_file,
    )
    make_folder(path.parent)
    write_atomic(path, encode(value))


def load_suggestions(path: Path) -> SuggestionSet | None:
    """Read a set, each field checked; None when there is no file. Raises StorageError."""
    data = if_there(lambda: inside.read(path), path, _UNREADABLE)
    if data is None:
        return None
    try:
        found = _FILE.decode(data)
    except FieldError as error:
        raise StorageError(_BROKEN.given(path=str(path), problem=str(error))) from error
    return SuggestionSet(
        model=found.model,
        settings=tuple(found.settings.items()),
        instances=tuple(replace(each, source=Source.SUGGESTED) for each in found.instances),
        rejected=frozenset(found.rejected),
        seen_label_file=found.seen_label_file,
    )
