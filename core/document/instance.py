"""What is labelled on an image: instances and regions, made of polygons with holes, and lines.

Coordinates are float pixels of the upright image (after EXIF): x right, y down, (0, 0) the outer
corner of the first pixel. A ring is open (its first vertex is not repeated) and has three or
more vertices; its direction carries no meaning. Points, lines and line strips have one
ring of a vertex or more that does not run back to its start, and no area.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import compress
from operator import attrgetter
from typing import Annotated, Final

from msgspec import Meta

from core.codec import Fraction, Name

Point = tuple[float, float]
Value = str | bool | int | float
Attributes = tuple[tuple[Name, Value], ...]
"""What else a person says of an instance: names with texts, numbers, choices or switches."""
Ring = Annotated[tuple[Point, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """What a person says of the whole image."""

    flags: tuple[tuple[str, bool], ...] = ()
    description: str = ""
    attributes: Attributes = ()


NO_DETAILS: Final = ImageDetails()


class Seen(IntEnum):
    """Whether a keypoint is there, with COCO's numbers."""

    ABSENT = 0  # nobody has said where it is; its place means nothing
    HIDDEN = 1  # its place is known, but something covers it
    VISIBLE = 2


Keypoint = tuple[float, float, Annotated[int, Meta(ge=0, le=2)]]
"""x, y in image pixels, and what `Seen` says of it."""
Keypoints = tuple[Keypoint, ...]
"""The keypoints of an instance in the order of its label's skeleton; none for most."""


class Source(StrEnum):
    """Where an instance comes from."""

    DRAWN = "drawn"  # a person drew it
    IMPORTED = "imported"  # it came with a file of labels, and nobody has changed it here
    EDITED = "edited"  # a model proposed it, or it was imported; a person changed outline or label
    ACCEPTED = "accepted"  # a model proposed it and a person took it as it was
    PROMPTED = "prompted"  # a model drew it where a person pointed
    SUGGESTED = "suggested"  # a model proposes it; nobody has accepted it


Extent = tuple[float, float, float, float]
"""Left, top, right and bottom in image pixels."""


class _Measured:
    """Keeps what an outline, which never changes, was found to measure; no part of its value."""

    __slots__ = ("_extent",)
    _extent: Extent

    @property
    def known_extent(self) -> Extent | None:
        """The box around it; None where nobody has looked yet."""
        return getattr(self, "_extent", None)

    def know_extent(self, extent: Extent) -> None:
        """Keep the box around it."""
        object.__setattr__(self, "_extent", extent)


@dataclass(frozen=True, slots=True)
class Polygon(_Measured):
    """One part of an instance: an outer ring and the holes in it, in image pixels."""

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """All rings: number 0 is the outer one, the holes follow."""
        return (self.outer, *self.holes)


Polygons = Annotated[tuple[Polygon, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Shape:
    """A label and the polygons that it is for: what instances, regions and lines have in common.

    `score` is the detector's, 0 to 1, and `model` the model revision that proposed the shape;
    both stay when a person accepts or edits it. `crowd` marks one that stands for many objects.
    `flags` are named yes/no marks in the order of the label file; they decide whether a shape is
    an instance or a region (core/document/regions.py), unless `line` says that it is none. `box`
    says that the outline is a rectangle, upright or turned, and stays one while its corners are
    moved. `keypoints` may lie outside of it. What is `locked` is not changed, and not taken with
    the mouse, until it is unlocked.
    """

    id: Name
    label: str
    polygons: Polygons
    source: Source = Source.DRAWN
    score: Fraction | None = None
    model: str | None = None
    flags: tuple[tuple[str, bool], ...] = ()
    description: str = ""
    crowd: bool = False
    group_id: int | None = None
    attributes: Attributes = ()
    box: bool = False
    keypoints: Keypoints = ()
    line: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Instance(Shape):
    """One object."""


@dataclass(frozen=True, slots=True)
class Line(Shape):
    """A point, a line of two ends or a line strip: it has a label and no area, and is no object."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Its vertices, from one end to the other."""
        return self.polygons[0].outer


@dataclass(frozen=True, slots=True)
class Region(Shape):
    """A part of the image that is no object: done (all in it is labelled), or to be ignored.

    An area to ignore keeps the label of what lies there.
    """


Held = tuple[tuple[Shape, ...], bool, ImageDetails]
"""What is a person's on an image: the shapes, the finished mark, what is said of the whole."""


def are_outlines(shapes: Iterable[Shape]) -> bool:
    """Whether all rings enclose something: three vertices or more, as only lines may have fewer."""
    rings = (ring for shape in shapes for polygon in shape.polygons for ring in polygon.rings)
    return all(len(ring) >= 3 for ring in rings)


def new_id() -> str:
    """A new instance id: 16 hexadecimal digits, unique for all practical purposes."""
    return secrets.token_hex(8)


def new_ids(count: int) -> list[str]:
    """So many new ids: asked for together, they take a tenth of the time."""
    digits = secrets.token_hex(8 * count)
    return [digits[start : start + 16] for start in range(0, 16 * count, 16)]


def with_ids(shapes: Iterable[Shape], ids: Iterable[str]) -> tuple[Shape, ...]:
    """Those of the shapes that have one of these ids, in their order."""
    wanted, shapes = frozenset(ids), tuple(shapes)
    return tuple(compress(shapes, map(wanted.__contains__, map(attrgetter("id"), shapes))))


def source_after_change(source: Source) -> Source:
    """The source of an instance after a person changed its outline or its label."""
    return Source.DRAWN if source is Source.DRAWN else Source.EDITED
