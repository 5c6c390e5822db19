"""A label file: the shapes of one image, and all else that must survive a round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
from msgspec import Raw

from core.codec import items, layout, members
from core.document.instance import NO_DETAILS, Held, ImageDetails, Instance, Polygons, Region, Shape
from core.sentences import Sentence

Json = Mapping[str, object]
Raws = Mapping[str, Raw]
"""The keys of a JSON object in their order, each with its value as it stood."""


class KeptShape(msgspec.Struct, frozen=True, eq=False):
    """A shape of the file, by its number there.

    `kind` and `group` are its shape type and group, `polygons` are what it stands for; none for a
    shape that is no outline of an object. `outdated` says that what masklens wrote beside the
    outline no longer belongs to it.
    """

    number: int
    kind: str
    group: int | None
    polygons: Polygons = ()
    outdated: bool = False


@dataclass(frozen=True, eq=False)
class Kept:
    """What a label file held, as it stood. Opaque to all but the format that made it.

    `source` is the file in UTF-8. `shapes` are in its order, each with the id of its instance or
    region, or None. `read` are these as they were read, by id.
    """

    source: bytes = b"{}"
    shapes: tuple[tuple[str | None, KeptShape], ...] = ()
    read: Mapping[str, Shape] = field(default_factory=dict)

    @cached_property
    def top(self) -> Raws:
        """The keys of the file with their values, number for number."""
        return members(self.source)

    @cached_property
    def raw_shapes(self) -> Sequence[Raw]:
        """Each shape as it stood, number for number, on one line."""
        found = map(bytes, items(self.top["shapes"]) if "shapes" in self.top else [])
        return [Raw(layout(each) if b"\n" in each else each) for each in found]


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels of one image.

    `image_name` is the image's path as the file has it, with forward slashes, relative to the
    file. `width` and `height` are those of the upright image, None where the file does not say.
    `shapes` are instances and regions in their order from back to front. `done` says that a person
    finished the image, `details` what else is said of it. `split` is train, val or test where the
    file came from such a part of a data set. `notes` are what a person should know about the file.
    """

    image_name: str
    width: int | None
    height: int | None
    shapes: tuple[Shape, ...] = ()
    done: bool = False
    details: ImageDetails = NO_DETAILS
    split: str | None = None
    kept: Kept = field(default_factory=Kept)
    notes: tuple[Sentence, ...] = ()

    @property
    def held(self) -> Held:
        """What of it is a person's."""
        return self.shapes, self.done, self.details

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects, and what a model proposes."""
        return tuple(each for each in self.shapes if isinstance(each, Instance))

    @property
    def regions(self) -> tuple[Region, ...]:
        """The done regions and the areas to ignore."""
        return tuple(each for each in self.shapes if isinstance(each, Region))
