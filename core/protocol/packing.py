"""Instances with all their vertices in one array: a thousand of them are read in milliseconds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance, Polygon, Polygons, Ring, Source
from core.protocol.shape import Shape


@dataclass(frozen=True, slots=True)
class PackedInstance:
    """An instance without its vertices; `rings` counts them, ring by ring, for each polygon."""

    id: str
    label: str
    source: Source
    score: float | None
    model: str | None
    flags: tuple[tuple[str, bool], ...]
    description: str
    crowd: bool
    group_id: int | None
    rings: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PackedInstances:
    """Instances and the vertices (x, y) of all their rings in order."""

    heads: tuple[PackedInstance, ...]
    points: Annotated[NDArray[np.float64], Shape(None, 2)]


def pack(instances: Sequence[Instance]) -> PackedInstances:
    """Gather the vertices of all instances."""
    rings = [ring for one in instances for polygon in one.polygons for ring in polygon.rings]
    points = np.array([point for ring in rings for point in ring], dtype=np.float64)
    return PackedInstances(tuple(_head(one) for one in instances), points.reshape(-1, 2))


def _head(one: Instance) -> PackedInstance:
    return PackedInstance(
        id=one.id,
        label=one.label,
        source=one.source,
        score=one.score,
        model=one.model,
        flags=one.flags,
        description=one.description,
        crowd=one.crowd,
        group_id=one.group_id,
        rings=tuple(tuple(len(ring) for ring in polygon.rings) for polygon in one.polygons),
    )


def unpack(packed: PackedInstances) -> tuple[Instance, ...]:
    """The instances again. Raises ValueError when counts and vertices do not agree."""
    if not np.isfinite(packed.points).all():
        raise ValueError("a vertex is not finite")
    counts = [count for head in packed.heads for polygon in head.rings for count in polygon]
    if sum(counts) != len(packed.points) or any(count < 3 for count in counts):
        raise ValueError("the vertices do not fill the rings")
    points = iter([(x, y) for x, y in packed.points.tolist()])
    return tuple(_instance(head, _polygons(head, points)) for head in packed.heads)


def _polygons(head: PackedInstance, points: Iterator[tuple[float, float]]) -> Polygons:
    polygons = []
    for counts in head.rings:
        rings: list[Ring] = [tuple(itertools.islice(points, count)) for count in counts]
        if not rings:
            raise ValueError("a polygon has no ring")
        polygons.append(Polygon(rings[0], tuple(rings[1:])))
    return tuple(polygons)


def _instance(head: PackedInstance, polygons: Polygons) -> Instance:
    return Instance(
        id=head.id,
        label=head.label,
        polygons=polygons,
        source=head.source,
        score=head.score,
        model=head.model,
        flags=head.flags,
        description=head.description,
        crowd=head.crowd,
        group_id=head.group_id,
    )
