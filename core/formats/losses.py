"""What of the labels a format has no place for: told before and after it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from core.document.instance import Instance, Source
from core.document.regions import comparable, is_done
from core.formats.format import Format, Located
from core.sentences import Sentence, say

_CROWDS_LOST: Final = say(
    "convert.crowds_lost",
    "{count} instances are crowds, for which {format} has no place; they were left out.",
)
_KEPT_SHAPES: Final = say(
    "convert.kept_shapes",
    "{count} shapes are no outlines of objects and have no place in {format}; they were left out.",
)
_REGIONS: Final = say(
    "convert.regions",
    "{count} finished regions are no objects and have no place in {format}; they were left out.",
)
_SUGGESTIONS_LOST: Final = say(
    "convert.suggestions_lost",
    "{count} suggestions that nobody has accepted were left out, because "
    "{format} could not tell them from labels.",
)

CARRIES: Final = (
    *("holes", "parts", "overlap", "bridges", "overlap_masks", "source", "crowd", "group"),
    *("others", "regions", "sizeless", "size", "attributes", "keys"),
)
"""What a format may carry: holes and parts as such, or by bridges; instances that overlap; who made
an instance; crowds; groups; shapes that are no outlines; finished regions; images whose size is not
known; the size that labels were made for; attributes of instances; every key of an entry that is
not known here."""


def misfit(instance: Instance, format: Format) -> Sentence | None:
    """Why an instance cannot be written at all; None when it can."""
    if instance.crowd and "crowd" not in format.carries:
        return _CROWDS_LOST
    if instance.source is Source.SUGGESTED and "source" not in format.carries:
        return _SUGGESTIONS_LOST
    return None


def losses(images: Sequence[Located], format: Format) -> list[Sentence]:
    """What the format has no place for, one sentence a kind."""
    counts: Counter[Sentence] = Counter()
    names: Counter[str] = Counter()
    for image in images:
        if "others" not in format.carries:
            counts[_KEPT_SHAPES] += image.labels.others
        if "regions" not in format.carries:
            counts[_REGIONS] += sum(map(is_done, image.labels.shapes))
            objects = comparable(image.labels.shapes)
            counts.update(said for each in objects if (said := misfit(each, format)))
        names.update(_lost_keys(image, format))
    found = [
        said.given(count=count, format=format.title) for said, count in counts.items() if count
    ]
    if names:
        listed = ", ".join(f"{name} ({count})" for name, count in names.most_common(20))
        found.append(
            say(
                "convert.keys_lost",
                "{format} has no place for what instances carry besides: {names}.",
                names=listed,
                format=format.title,
            )
        )
    return found


def _lost_keys(image: Located, format: Format) -> list[str]:
    """The names of what instances have beside their outlines and the format cannot hold."""
    if "keys" in format.carries:
        return []
    attributes = "attributes" in format.carries
    names: list[str] = []
    for extra in image.labels.extras.values():
        for kind, values in extra.items():
            if kind == format.name or (attributes and kind == "attributes"):
                continue
            inner = values if isinstance(values, dict) else {kind: values}
            names += [name for name in inner if name != "id"]
    return names
