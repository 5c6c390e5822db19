"""Suggestions of an image from both places they can come from: the store, and its label file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from core.document.instance import Instance, Shape, Source
from core.project.project import ImageEntry, Project
from core.project.suggestions import SuggestionSet, load_suggestions, save_suggestions
from core.session.label_io import hash_of
from core.storage.atomic import StorageError, move_aside


def split(shapes: Iterable[Shape]) -> tuple[tuple[Shape, ...], tuple[Instance, ...]]:
    """The instances and regions that are a person's, and the instances only suggested."""
    own: list[Shape] = []
    suggested: list[Instance] = []
    for shape in shapes:
        if shape.source is Source.SUGGESTED and isinstance(shape, Instance):
            suggested.append(shape)
        else:
            own.append(shape)
    return tuple(own), tuple(suggested)


def merged(
    stored: SuggestionSet | None, in_file: tuple[Instance, ...], label_sha256: str | None
) -> SuggestionSet:
    """The suggestions that count: those of the label file when they are newer than the store."""
    known = stored or SuggestionSet()
    if not in_file or (stored is not None and stored.seen_label_file == label_sha256):
        return known
    return replace(known, model=in_file[0].model, settings=(), instances=in_file)


def set_broken_aside(path: Path) -> None:
    """Move suggestions that cannot be read out of the way of new ones. Raises StorageError."""
    move_aside(path, path.parent / "aside")


def store_suggestions(project: Project, image: ImageEntry, suggestions: SuggestionSet) -> None:
    """Write suggestions for an image that is not open, in place of those there were.

    What a person rejected before stays rejected. The label file is not touched. Raises
    StorageError, also when the folder is open for looking only.
    """
    project.check_writable()
    path = project.suggestions_path(image)
    try:
        old = load_suggestions(path) or SuggestionSet()
    except StorageError:
        set_broken_aside(path)
        old = SuggestionSet()
    save_suggestions(
        path,
        replace(
            suggestions,
            rejected=suggestions.rejected | old.rejected,
            seen_label_file=hash_of(image.label_file),
        ),
    )
