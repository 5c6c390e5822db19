"""Instances as columns, all vertices in one array: a thousand of them are read in milliseconds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance, Polygon, Polygons, Ring, Source
from core.protocol.shape import Shape

Counts = Annotated[NDArray[np.int64], Shape(None)]


@dataclass(frozen=True, slots=True, eq=False)
class PackedInstances:
    """Entry i of the first nine columns is instance i.

    Its outline is told by counts: polygons of each instance, rings of each polygon (the outer
    one first), vertices of each ring; `points` are all vertices (x, y) in that order.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    sources: tuple[Source, ...]
    scores: tuple[float | None, ...]
    models: tuple[str | None, ...]
    flags: tuple[tuple[tuple[str, bool], ...], ...]
    descriptions: tuple[str, ...]
    crowds: tuple[bool, ...]
    groups: tuple[int | None, ...]
    polygons: Counts
    rings: Counts
    vertices: Counts
    points: Annotated[NDArray[np.float64], Shape(None, 2)]


def pack(instances: Sequence[Instance]) -> PackedInstances:
    """Turn instances into columns."""
    polygons = [polygon for one in instances for polygon in one.polygons]
    rings = [ring for polygon in polygons for ring in polygon.rings]
    points = np.array([point for ring in rings for point in ring], dtype=np.float64)
    return PackedInstances(
        ids=tuple(one.id for one in instances),
        labels=tuple(one.label for one in instances),
        sources=tuple(one.source for one in instances),
        scores=tuple(one.score for one in instances),
        models=tuple(one.model for one in instances),
        flags=tuple(one.flags for one in instances),
        descriptions=tuple(one.description for one in instances),
        crowds=tuple(one.crowd for one in instances),
        groups=tuple(one.group_id for one in instances),
        polygons=_counts(len(one.polygons) for one in instances),
        rings=_counts(len(polygon.rings) for polygon in polygons),
        vertices=_counts(len(ring) for ring in rings),
        points=points.reshape(-1, 2),
    )


def _counts(counts: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(counts, dtype=np.int64)


def unpack(packed: PackedInstances) -> tuple[Instance, ...]:
    """The instances again. Raises ValueError when columns, counts and vertices do not agree."""
    _check(packed)
    columns = zip(
        packed.ids,
        packed.labels,
        _outlines(packed),
        packed.sources,
        packed.scores,
        packed.models,
        packed.flags,
        packed.descriptions,
        packed.crowds,
        packed.groups,
        strict=True,
    )
    return tuple(Instance(*fields) for fields in columns)


def _check(packed: PackedInstances) -> None:
    for counts, least, what in (
        (packed.polygons, 0, packed.rings),
        (packed.rings, 1, packed.vertices),
        (packed.vertices, 3, packed.points),
    ):
        in_bounds = np.all((counts >= least) & (counts <= len(what)))
        if not in_bounds or int(counts.sum()) != len(what):
            raise ValueError("the vertices do not fill the rings")
    if not np.isfinite(packed.points).all():
        raise ValueError("a vertex is not finite")


def _outlines(packed: PackedInstances) -> Iterator[Polygons]:
    x, y = packed.points.T.tolist() if len(packed.points) else ((), ())
    points = iter(zip(x, y, strict=True))
    rings: Iterator[Ring] = (
        tuple(itertools.islice(points, count)) for count in packed.vertices.tolist()
    )
    polygons = (
        Polygon(next(rings), tuple(itertools.islice(rings, count - 1)))
        for count in packed.rings.tolist()
    )
    return (tuple(itertools.islice(polygons, count)) for count in packed.polygons.tolist())
