"""A label file: the shapes of one image, and all else that must survive a round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from core.document.instance import Instance, Polygons, Region, Shape
from core.sentences import Sentence

Json = Mapping[str, object]
Raws = Mapping[str, Raw]
"""The keys of a JSON object in their order, each with its value as it stood."""


class KeptShape(msgspec.Struct, frozen=True, eq=False):
    """A shape as it stood in the file, number for number.

    `kind` and `group` are its shape type and group, `polygons` are what it stands for; none for a
    shape that is no outline of an object. `outdated` says that what masklens wrote beside the
    outline no longer belongs to it.
    """

    raw: Raw
    kind: str
    group: int | None
    polygons: Polygons = ()
    outdated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What a label file held, as it stood. Opaque to all but the format that made it.

    `top` are the keys beside the shapes. `shapes` are in the order of the file, each with the id of
    its instance or region, or None. `read` are these as they were read, by id.
    """

    top: Raws = field(default_factory=dict)
    shapes: tuple[tuple[str | None, KeptShape], ...] = ()
    read: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels of one image.

    `image_name` is the image's path as the file has it, with forward slashes, relative to the
    file. `width` and `height` are those of the upright image, None where the file does not say.
    `shapes` are instances and regions in their order from back to front. `done` says that a person
    finished the image. `notes` are what a person should know about the file.
    """

    image_name: str
    width: int | None
    height: int | None
    shapes: tuple[Shape, ...] = ()
    done: bool = False
    kept: Kept = field(default_factory=Kept)
    notes: tuple[Sentence, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects, and what a model proposes."""
        return tuple(each for each in self.shapes if isinstance(each, Instance))

    @property
    def regions(self) -> tuple[Region, ...]:
        """The done regions and the areas to ignore."""
        return tuple(each for each in self.shapes if isinstance(each, Region))
