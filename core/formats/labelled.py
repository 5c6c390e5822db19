"""The common value of all formats: labels by image, whatever file they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.document.instance import Instance, Shape
from core.document.regions import labelled
from core.formats.label_file import Json
from core.formats.mismatch import Answer, Mismatch
from core.sentences import Sentence
from core.storage.natural import natural_key

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the image."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labels of one image: which file they come from, and how it names the image.

    `image_path` is set where the format itself says which file the image is. `split` is train, val
    or test, None where nothing says so. `extra` holds keys of the image's entry, and `extras` those
    of instances by id, that this program has no use for and that travel. `boxes` are those that the
    file itself gives, by instance. Of labelme's files:
    `done` says that a person finished the image, `embedded` that the file has the image inside, and
    `others` counts shapes that are no outlines. `fitted` says how they came to fit an image of
    another size than their file says.
    """

    label_file: Path
    file_name: str
    width: int | None
    height: int | None
    shapes: tuple[Shape, ...]
    image_id: int | str | None = None
    done: bool = False
    embedded: bool = False
    others: int = 0
    image_path: Path | None = None
    split: str | None = None
    extra: Json = field(default_factory=dict)
    extras: Mapping[str, Json] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
    fitted: tuple[Mismatch, Answer] | None = None

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects, and what a model proposes."""
        return tuple(each for each in self.shapes if isinstance(each, Instance))


@dataclass(frozen=True, slots=True)
class Collection:
    """All labels found. `labels` are those that the format declares, else those used, sorted.

    `kind` is the name of the format. `problems` name the files that could not be read; `notes` what
    was noticed, repaired or left out in the others. `extra` is what the format keeps of the file.
    """

    kind: str
    labels: tuple[str, ...]
    images: tuple[Labelled, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()
    extra: Json = field(default_factory=dict)


def used_labels(images: Iterable[Labelled]) -> tuple[str, ...]:
    """The labels in use, in natural order."""
    used = {each.label for image in images for each in labelled(image.shapes)}
    return tuple(sorted(used, key=natural_key))


def merged(parts: Sequence[Collection], *, declared: bool = False) -> Collection:
    """Several files of one format as one collection.

    With `declared` the labels stay in the order of the files, else they are sorted.
    """
    if len(parts) == 1:
        return parts[0]
    images = tuple(image for part in parts for image in part.images)
    listed = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    return Collection(
        kind=parts[0].kind,
        labels=listed if declared else tuple(sorted(listed, key=natural_key)),
        images=images,
        notes=tuple(note for part in parts for note in part.notes),
        problems=tuple(problem for part in parts for problem in part.problems),
        extra=parts[0].extra,
    )
