"""What of the labels a format has no place for: told before and after it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from core.document.instance import Instance, Shape, Source
from core.document.regions import BACKGROUND, NO_OBJECTS, comparable, is_done
from core.formats.coco_image import INFO, KEY
from core.formats.format import Format, Located
from core.formats.label_file import Json
from core.formats.labelled import Labelled
from core.sentences import Sentence, say

_CROWDS_LOST: Final = say(
    "convert.crowds_lost",
    "{count} instances are crowds, for which {format} has no place; they were left out ({files}).",
)
_KEPT_SHAPES: Final = say(
    "convert.kept_shapes",
    "{count} shapes are no outlines of objects and have no place in {format}; they were left out "
    "({files}).",
)
_REGIONS: Final = say(
    "convert.regions",
    "{count} finished regions are no objects and have no place in {format}; they were left out "
    "({files}).",
)
_SUGGESTIONS_LOST: Final = say(
    "convert.suggestions_lost",
    "{count} suggestions that nobody has accepted were left out, because "
    "{format} could not tell them from labels ({files}).",
)
_KEYS_LOST: Final = say(
    "convert.keys_lost",
    "{format} has no place for “{name}”, which {count} instances or images carry ({files}).",
)
_FILE_LOST: Final = say(
    "convert.file_lost",
    "{format} has no place for what the file says of all its images: {names}.",
)
_NAMED: Final = 5
"""So many files are named with their counts; the rest is counted."""
_NOTHING: Final[tuple[object, ...]] = (None, False, "", [], {}, ())
_SAYS_NOTHING: Final = (*_NOTHING, INFO)
# Where a field of an instance has a place, by what a format carries.
_FIELDS: Final[tuple[tuple[str, str], ...]] = (
    ("flags", "flags"),
    ("description", "description"),
    ("group_id", "group"),
    ("score", "score"),
    ("keypoints", "keypoints"),
)


def misfit(instance: Instance, format: Format) -> Sentence | None:
    """Why an instance cannot be written at all; None when it can."""
    if instance.crowd and "crowd" not in format.carries:
        return _CROWDS_LOST
    if instance.source is Source.SUGGESTED and "source" not in format.carries:
        return _SUGGESTIONS_LOST
    return None


def objects_for(shapes: Sequence[Shape], format: Format) -> tuple[Instance, ...]:
    """The instances that a format without regions is asked to hold, areas to ignore as crowds."""
    unlabelled = "unlabelled" in format.carries
    return comparable(shapes, (BACKGROUND,) if unlabelled else NO_OBJECTS)


def losses(images: Iterable[Located], format: Format, kind: str = "") -> list[Sentence]:
    """What the format has no place for, one sentence a kind of thing, with files and counts.

    `kind` is the format that the labels come from.
    """
    lost: dict[tuple[Sentence, str], Counter[str]] = {}

    def count(said: Sentence, image: Located, by: int = 1, name: str = "") -> None:
        if by:
            lost.setdefault((said, name), Counter())[image.labels.label_file.name] += by

    for image in images:
        labels = image.labels
        if "others" not in format.carries:
            lines = sum(each.line for each in labels.shapes)
            count(_KEPT_SHAPES, image, labels.others + lines)
        written = labels.shapes
        if "regions" not in format.carries:
            count(_REGIONS, image, sum(map(is_done, labels.shapes)))
            written = objects_for(labels.shapes, format)
            for each in written:
                said = misfit(each, format)
                if said is not None:
                    count(said, image)
        for name in _lost_fields(written, format):
            count(_KEYS_LOST, image, name=name)
        for name in _lost_keys(labels, format, kind):
            count(_KEYS_LOST, image, name=name)
    sentences: list[Sentence] = []
    for (said, name), found in lost.items():
        number, files, title = found.total(), _files(found), format.title
        if name:
            said = said.given(name=name, count=number, files=files, format=title)
        else:
            said = said.given(count=number, files=files, format=title)
        sentences.append(said)
    return sentences


def file_losses(extra: Json, format: Format) -> list[Sentence]:
    """What a COCO file says of all its images and of its categories that has no place elsewhere."""
    listed = extra.get("categories")
    entries = listed if isinstance(listed, list) else []
    categories = [each for each in entries if isinstance(each, dict)]
    ours = ("categories", KEY)
    names = [key for key, value in extra.items() if key not in ours and value not in _SAYS_NOTHING]
    names += dict.fromkeys(
        f"categories.{key}"
        for each in categories
        for key, value in each.items()
        if key not in ("id", "name") and value not in _NOTHING and value != each.get("name")
    )
    if [each.get("id") for each in categories] != list(range(1, len(categories) + 1)):
        names.append("categories.id")
    return [_FILE_LOST.given(format=format.title, names=", ".join(names))] if names else []


def _files(found: Counter[str]) -> str:
    """The files with their counts, as far as there is room."""
    if len(found) == 1:
        return next(iter(found))
    named = [f"{name}: {count}" for name, count in found.most_common(_NAMED)]
    more = len(found) - len(named)
    return ", ".join([*named, f"+ {more}"] if more else named)


def _lost_fields(shapes: Sequence[Shape], format: Format) -> Iterator[str]:
    """The fields that shapes have filled in and the format cannot hold."""
    for shape in shapes:
        for name, carried in _FIELDS:
            value = getattr(shape, name)
            if name == "group_id" and len(shape.polygons) > 1:
                continue  # it only holds the parts together
            if carried not in format.carries and value not in (None, (), ""):
                yield name


def _lost_keys(labels: Labelled, format: Format, kind: str) -> Iterator[str]:
    """The names of what entries have besides and the format cannot hold."""
    if kind != format.name:
        yield from (name for name, value in labels.extra.items() if value not in _NOTHING)
    attributes = "attributes" in format.carries
    for extra in labels.extras.values():
        for key, values in extra.items():
            if key == format.name or (attributes and key == "attributes"):
                continue
            inner = values if isinstance(values, dict) else {key: values}
            yield from (n for n, value in inner.items() if n != "id" and value not in _NOTHING)
