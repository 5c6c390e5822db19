"""What opening an image brings together: label file, suggestions, and what to say of them.

Both are held against what a window can show.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.document.document import Document
from core.document.history import History
from core.document.limits import why_too_large
from core.formats.label_file import LabelFile
from core.formats.mismatch import Mismatch, mismatch_of
from core.project.project import ImageEntry, Project
from core.project.suggestions import SuggestionSet, load_suggestions
from core.sentences import MasklensError, Sentence, english, say
from core.session.label_io import MISMATCH, ReadLabels, doubts, read_labels
from core.session.suggest import merged, set_broken_aside, split
from core.storage.atomic import StorageError
from core.storage.images import image_size


class SessionError(MasklensError):
    """An edit was refused; the sentence says why and the document is as it was."""


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """The edits of an image that is not open any more, and the hash of its label file by then."""

    history: History
    sha256: str | None

    @property
    def cost(self) -> int:
        """What it costs to keep, in edits."""
        return self.history.steps


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


def _load_labels(path: Path, image: ImageEntry, opened: Opened) -> ReadLabels:
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
    opened.notes.extend(doubts(path, content, image.path))
    if content.kept.shapes:
        opened.mismatch = mismatch_of(content.width, content.height, opened.size, image.path)
    return labels


def read_theirs(path: Path, image: ImageEntry, size: tuple[int, int]) -> tuple[LabelFile, str]:
    """A label file as another program wrote it, without suggestions, and its hash.

    Raises MasklensError when there is none, or none that can be worked with.
    """
    opened = Opened(size, path)
    read = _load_labels(path, image, opened)
    if opened.mismatch is not None:
        raise SessionError(MISMATCH.given(image=image.name))
    if read.content is None or read.sha256 is None:
        raise SessionError(say("session.gone", "{path} is not there any more.", path=str(path)))
    own, _ = split(read.content.shapes)
    return replace(read.content, shapes=own), read.sha256
