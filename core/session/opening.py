"""What opening an image brings together: label file and suggestions, held against limits."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.document.document import Document
from core.document.limits import why_too_large
from core.formats.label_file import LabelFile
from core.sentences import MasklensError, Sentence, english, say
from core.session.label_io import ReadLabels, doubts, read_labels
from core.session.suggest import set_broken_aside, split
from core.storage.atomic import StorageError
from core.storage.project import ImageEntry, Project
from core.storage.suggestions import SuggestionSet, load_suggestions


class SessionError(MasklensError):
    """An edit was refused; the sentence says why and the document is as it was."""


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


def why_read_only(project: Project, image: ImageEntry) -> Sentence | None:
    """Why the labels of an image cannot be changed; None when they can."""
    try:
        project.check_writable()
    except StorageError as error:
        return error.sentence
    return project.write_problem(image)


def load_stored(project: Project, image: ImageEntry, opened: Opened) -> SuggestionSet | None:
    """The suggestions of the store; what is wrong with them becomes a note."""
    try:
        found = load_suggestions(project.suggestions_path(image))
        if found is not None and (reason := why_too_large(found.instances, opened.size)):
            raise StorageError(reason)
        return found
    except StorageError as error:
        opened.notes.append(error.sentence)
        if project.locked:
            with contextlib.suppress(StorageError):
                set_broken_aside(project.suggestions_path(image))
        return None


def load_labels(path: Path, image: ImageEntry, opened: Opened) -> ReadLabels:
    """The label file, fit to be worked on. Raises EditError, FormatError or StorageError."""
    labels = read_labels(path)
    content = labels.content
    if content is None:
        return labels
    # The document judges outlines and ids; a file that it refuses must not be written over.
    Document(*opened.size, content.shapes)
    if (reason := why_too_large(content.shapes, opened.size)) is not None:
        raise SessionError(
            say(
                "session.too_large",
                "{path} is left as it is, and its labels are not shown. {reason}",
                path=str(path),
                reason=english(reason),
            )
        )
    opened.notes.extend(content.notes)
    opened.notes.extend(doubts(path, content, image.path, opened.size))
    return labels


def read_theirs(path: Path, image: ImageEntry, size: tuple[int, int]) -> tuple[LabelFile, str]:
    """A label file as another program wrote it, without suggestions, and its hash.

    Raises as `load_labels`, and SessionError when there is none.
    """
    read = load_labels(path, image, Opened(size, path))
    if read.content is None or read.sha256 is None:
        raise SessionError(say("session.gone", "{path} is not there any more.", path=str(path)))
    own, _ = split(read.content.shapes)
    return replace(read.content, shapes=own), read.sha256
