"""Hypothesis strategies for documents and for edits that fit them."""

from __future__ import annotations

import math
import random

from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import (
    Add,
    Batch,
    Edit,
    Relabel,
    Remove,
    Reshape,
    SetDetails,
    SetDone,
    SetFields,
    SetRejected,
)
from core.document.instance import ImageDetails, Instance, Polygon, Polygons, Shape, Source
from core.document.regions import DONE_REGION, IGNORE, by_flags

WIDTH, HEIGHT = 640, 480

coordinates = st.floats(-100, 1000, allow_nan=False, width=32)
points = st.tuples(coordinates, coordinates)
rings = st.lists(points, min_size=3, max_size=8).map(tuple)
polygons = st.builds(Polygon, rings, st.lists(rings, max_size=2).map(tuple))
outlines = st.lists(polygons, min_size=1, max_size=3).map(tuple)


def _made_up(seed: int) -> tuple[Polygon, ...]:
    rng = random.Random(seed)

    def ring() -> tuple[tuple[float, float], ...]:
        return tuple(
            (rng.uniform(-100, 1000), rng.uniform(-100, 1000)) for _ in range(rng.randint(3, 6))
        )

    return tuple(
        Polygon(ring(), tuple(ring() for _ in range(rng.randint(0, 2))))
        for _ in range(rng.randint(1, 3))
    )


# Where only identity matters: drawn as one number, which is far quicker than point by point.
quick_outlines = st.integers(0, 2**32).map(_made_up)
labels = st.sampled_from(["cat", "dog", "", "Ünï\ncode"])
flag_names = labels | st.sampled_from([DONE_REGION, IGNORE])
flags = st.lists(st.tuples(flag_names, st.booleans()), max_size=2).map(tuple)
values = st.sampled_from(["", "Ünï", True, False, 0, -3, 0.5, 1e300])
attributes = st.dictionaries(st.sampled_from(["a", "b ü"]), values, max_size=2).map(
    lambda found: tuple(found.items())
)
details = st.builds(ImageDetails, flags, labels, attributes)


seen_points = st.tuples(coordinates, coordinates, st.integers(0, 2))
keypoints = st.lists(seen_points, max_size=2).map(tuple)


def instances(
    ids: st.SearchStrategy[str], outlines: st.SearchStrategy[Polygons] = quick_outlines
) -> st.SearchStrategy[Shape]:
    """Instances and regions."""
    return st.builds(
        Instance,
        id=ids,
        label=labels,
        polygons=outlines,
        source=st.sampled_from(Source),
        score=st.none() | st.floats(0, 1),
        model=st.none() | labels,
        flags=flags,
        description=labels,
        crowd=st.booleans(),
        group_id=st.none() | st.integers(-5, 5),
        attributes=attributes,
        locked=st.booleans(),
        keypoints=keypoints,
    ).map(by_flags)


ids = st.integers(0, 10**9).map(lambda number: f"i{number}")
documents = st.builds(
    lambda found, done: Document(WIDTH, HEIGHT, found, done),
    st.lists(instances(ids), max_size=6, unique_by=lambda instance: instance.id),
    st.booleans(),
)


@st.composite
def edits_for(draw: st.DrawFn, document: Document, depth: int = 2) -> Edit:
    """An edit that fits the document."""
    present = [instance.id for instance in document.shapes]
    kinds = ["add", "done", "details", "rejected"]
    if present:
        kinds += ["remove", "reshape", "relabel", "fields"]
    if depth:
        kinds.append("batch")
    match draw(st.sampled_from(kinds)):
        case "add":
            new = draw(st.lists(instances(ids), max_size=3, unique_by=lambda instance: instance.id))
            new = [instance for instance in new if instance.id not in document]
            count = len(present) + len(new)
            places = draw(st.permutations(range(count))) if draw(st.booleans()) else []
            return Add(tuple(new), tuple(sorted(places[: len(new)])))
        case "remove":
            return Remove(tuple(draw(st.lists(st.sampled_from(present), unique=True))))
        case "reshape":
            source = draw(st.none() | st.sampled_from(Source))
            points = draw(st.none() | keypoints)
            chosen = draw(st.sampled_from(present))
            return Reshape(chosen, draw(quick_outlines), source, keypoints=points)
        case "relabel":
            chosen = draw(st.lists(st.sampled_from(present), unique=True))
            return Relabel(tuple((id, draw(labels)) for id in chosen))
        case "fields":
            return SetFields(
                draw(st.sampled_from(present)),
                draw(flags),
                draw(labels),
                draw(st.booleans()),
                draw(st.none() | st.integers(0, 9)),
                draw(attributes),
                draw(st.booleans()),
            )
        case "done":
            return SetDone(draw(st.booleans()))
        case "details":
            return SetDetails(draw(details))
        case "rejected":
            return SetRejected(tuple(draw(st.lists(ids, max_size=3))), draw(st.booleans()))
        case _:
            return draw(batches_for(document, depth - 1))


@st.composite
def batches_for(draw: st.DrawFn, document: Document, depth: int) -> Batch:
    """A batch whose parts fit the document one after the other."""
    trial = copy_of(document)
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        edit = draw(edits_for(trial, depth))
        trial.apply(edit)
        parts.append(edit)
    return Batch(tuple(parts), draw(labels))


def copy_of(document: Document) -> Document:
    return Document(
        document.width, document.height, document.shapes, document.done, document.rejected
    )


def state(document: Document) -> object:
    """All that a document holds, to compare."""
    by_id = {instance.id: document.get(instance.id) for instance in document.shapes}
    return document.shapes, document.done, document.rejected, by_id


def circle(cx: float, cy: float, radius: float, count: int = 24) -> tuple[tuple[float, float], ...]:
    turn = 2 * math.pi / count
    return tuple(
        (cx + radius * math.cos(k * turn), cy + radius * math.sin(k * turn)) for k in range(count)
    )


def blob(id: str, cx: float, cy: float, radius: float, label: str = "cat") -> Instance:
    return Instance(id, label, (Polygon(circle(cx, cy, radius)),))


def square(x0: float, y0: float, size: float) -> tuple[tuple[float, float], ...]:
    return ((x0, y0), (x0 + size, y0), (x0 + size, y0 + size), (x0, y0 + size))
