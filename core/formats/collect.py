"""The labels in a file or folder, whatever the format: what data sets and conversion stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from core.formats.entries import Tell, unheard
from core.formats.errors import FormatError
from core.formats.format import Format, Source
from core.formats.labelled import Collection, Labelled, merged
from core.formats.registry import FORMATS, recognise
from core.formats.splits import are_splits, split_of
from core.formats.unknown import explain
from core.sentences import Sentence, say

__all__ = ["Collection", "FormatError", "Labelled", "collect"]

# Files of the first endings win over those of the next, which are often copies of the same labels.
_ENDINGS: Final = ((".json", ".xml", "_seg.npy", ".npz"), (".csv",))


def collect(path: Path, tell: Tell = unheard) -> Collection:
    """The labels in a file, or in a folder and all below it.

    Of several formats in a folder the first in the registry is taken, and the others are named.
    `tell` hears how far it is. Raises FormatError when a file cannot be read, or a folder holds
    none that can.
    """
    source = Source(path, tell)
    if source.is_dir:
        return _with_splits(_folder(source), path)
    format = recognise(source)
    if format is None:
        raise FormatError(explain(source))
    return format.read(source)


@dataclass(slots=True)
class _Found:
    """What a folder holds, by the name of the format."""

    parts: dict[str, list[tuple[Path, Collection]]] = field(default_factory=dict)
    problems: list[Sentence] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)

    def take(self, source: Source) -> None:
        """Read a file and put it where it belongs; what cannot be read becomes a problem."""
        try:
            format = recognise(source)
            if format is not None:
                entry = (source.path, format.read(source))
                self.parts.setdefault(format.name, []).append(entry)
            elif source.suffix == ".json":
                self.notes.append(explain(source))
        except FormatError as error:
            self.problems.append(error.sentence)

    def of(self, format: Format, folder: Path) -> Collection:
        """All files of a format as one. Raises FormatError when they may repeat each other."""
        entries = self.parts[format.name]
        paths = [path for path, _ in entries]
        if format.declared and len(entries) > 1 and not are_splits(paths, folder):
            raise FormatError(
                say(
                    "formats.several_coco",
                    "{path} holds several COCO files ({names}): name one of them.",
                    path=str(folder),
                    names=", ".join(path.name for path in paths),
                )
            )
        # A file that covers more images goes first: where two label one image, it is the one used.
        parts = sorted((part for _, part in entries), key=lambda part: -len(part.images))
        return merged(parts, declared=format.declared)


def _folder(source: Source) -> Collection:
    found = _Found()
    for endings in _ENDINGS:
        for path in source.ending(*endings):
            found.take(Source(path, source.tell))
        if found.parts:
            break
    for format in FORMATS:
        if format.name in found.parts:
            return _with_others(found.of(format, source.path), found)
    whole = recognise(source)
    if whole is not None:
        return _with_others(whole.read(source), found)
    if found.problems:
        raise FormatError(found.problems[0])
    raise FormatError(
        say(
            "formats.no_labels",
            "{path} holds no labels of a kind that is read.",
            path=str(source.path),
        )
    )


def _with_others(chosen: Collection, found: _Found) -> Collection:
    """The collection, saying which files were left out for being of another kind."""
    titles = {format.name: format.title for format in FORMATS}
    left_out = [
        say(
            "formats.other_kind",
            "{path} is a {kind} file and was left out, because the folder has {used} files.",
            path=str(path),
            kind=titles[name],
            used=titles[chosen.kind],
        )
        for name, entries in found.parts.items()
        if name != chosen.kind
        for path, _ in entries
    ]
    notes = (*chosen.notes, *found.notes, *left_out)
    return replace(chosen, notes=notes, problems=(*chosen.problems, *found.problems))


def _with_splits(collection: Collection, folder: Path) -> Collection:
    """The collection with the splits that names of files and folders speak of."""
    images: Sequence[Labelled] = collection.images
    marked = tuple(
        image
        if image.split is not None or not image.label_file.is_relative_to(folder)
        else replace(image, split=split_of(image.label_file.relative_to(folder)))
        for image in images
    )
    return replace(collection, images=marked)
