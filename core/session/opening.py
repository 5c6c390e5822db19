"""What opening an image brings together: label file, suggestions, and what to say of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from core.document.document import Document
from core.formats.mismatch import Mismatch, mismatch_of
from core.sentences import MasklensError, Sentence
from core.session.label_io import ReadLabels, doubts, read_labels
from core.session.suggest import merged, set_broken_aside, split
from core.storage.atomic import StorageError
from core.storage.images import image_size
from core.storage.project import ImageEntry, Project
from core.storage.suggestions import SuggestionSet, load_suggestions


@dataclass(slots=True)
class Opened:
    """What opening an image brought together, before the session is made."""

    size: tuple[int, int]
    label_path: Path
    labels: ReadLabels = field(default_factory=ReadLabels)
    suggestions: SuggestionSet = field(default_factory=SuggestionSet)
    suggestions_only_in_file: bool = False
    notes: list[Sentence] = field(default_factory=list)
    read_only: Sentence | None = None
    mismatch: Mismatch | None = None


def gather(project: Project, image: ImageEntry, size: tuple[int, int] | None) -> Opened:
    """Read all that belongs to an image. Raises ImageError; see `ImageSession.open`."""
    path = image.label_file
    inside = path.resolve() if path.is_symlink() else path
    opened = Opened(size or image_size(image.path), inside)
    opened.read_only = _why_read_only(project, image)
    stored = _load_stored(project, image, opened)
    try:
        opened.labels = _load_labels(path, image, opened)
    except MasklensError as error:
        opened.labels = ReadLabels()
        opened.read_only = error.sentence
    content = opened.labels.content
    _, in_file = split(content.shapes if content else ())
    opened.suggestions = merged(stored, in_file, opened.labels.sha256)
    opened.suggestions_only_in_file = opened.suggestions is not stored and bool(in_file)
    return opened


def _why_read_only(project: Project, image: ImageEntry) -> Sentence | None:
    try:
        project.check_writable()
    except StorageError as error:
        return error.sentence
    return project.write_problem(image)


def _load_stored(project: Project, image: ImageEntry, opened: Opened) -> SuggestionSet | None:
    try:
        return load_suggestions(project.suggestions_path(image))
    except StorageError as error:
        opened.notes.append(error.sentence)
        if project.locked:
            with contextlib.suppress(StorageError):
                set_broken_aside(project.suggestions_path(image))
        return None


def _load_labels(path: Path, image: ImageEntry, opened: Opened) -> ReadLabels:
    labels = read_labels(path)
    content = labels.content
    if content is None:
        return labels
    # The document judges outlines and ids; a file that it refuses must not be written over.
    Document(*opened.size, content.shapes)
    opened.notes.extend(content.notes)
    opened.notes.extend(doubts(path, content, image.path))
    if content.kept.shapes:
        opened.mismatch = mismatch_of(content.width, content.height, opened.size, image.path)
    return labels
