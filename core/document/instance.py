"""The instance: one labelled object of an image, made of polygons with holes.

Coordinates are float pixels of the upright image (after EXIF): x right, y down, (0, 0) the outer
corner of the first pixel. A ring is open (its first vertex is not repeated) and has three or
more vertices; its direction carries no meaning.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]
Ring = tuple[Point, ...]


class Source(StrEnum):
    """Where an instance comes from."""

    DRAWN = "drawn"  # a person drew it
    EDITED = "edited"  # a model proposed it and a person changed its outline or label
    ACCEPTED = "accepted"  # a model proposed it and a person took it as it was
    SUGGESTED = "suggested"  # a model proposes it; nobody has accepted it


@dataclass(frozen=True, slots=True)
class Polygon:
    """One part of an instance: an outer ring and the holes in it, in image pixels."""

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """All rings: number 0 is the outer one, the holes follow."""
        return (self.outer, *self.holes)


Polygons = tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: a label and the polygons that cover it.

    `score` is the detector's, 0 to 1, and `model` the model revision that proposed the instance;
    both stay when a person accepts or edits it. `crowd` marks a region that stands for many
    objects. `flags` are named yes/no marks in the order of the label file.
    """

    id: str
    label: str
    polygons: Polygons
    source: Source = Source.DRAWN
    score: float | None = None
    model: str | None = None
    flags: tuple[tuple[str, bool], ...] = ()
    description: str = ""
    crowd: bool = False
    group_id: int | None = None


def new_id() -> str:
    """A new instance id: 16 hexadecimal digits, unique for all practical purposes."""
    return secrets.token_hex(8)


def source_after_change(source: Source) -> Source:
    """The source of an instance after a person changed its outline or its label."""
    return Source.DRAWN if source is Source.DRAWN else Source.EDITED
