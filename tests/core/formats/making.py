"""Instances and JSON values for tests of formats."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from core.document.instance import Instance, Polygon, Ring, Source

SQUARE: Ring = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0))
HOLE: Ring = ((25.0, 25.0), (45.0, 25.0), (45.0, 45.0), (25.0, 45.0))


def ring(cx: float, cy: float, r: float, count: int) -> Ring:
    """A regular polygon."""
    turns = [2 * math.pi * k / count for k in range(count)]
    return tuple((cx + r * math.cos(t), cy + r * math.sin(t)) for t in turns)


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    """A polygon inside 100 x 80 pixels, with a hole or without."""
    cx, cy = draw(st.floats(20, 80)), draw(st.floats(20, 60))
    r, count = draw(st.floats(2, 18)), draw(st.integers(3, 12))
    outer = ring(cx, cy, r, count)
    return Polygon(outer, (ring(cx, cy, r / 4, 4),) if draw(st.booleans()) else ())


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """An instance of any kind; ids are up to the caller."""
    source = draw(st.sampled_from(Source))
    proposed = source is not Source.DRAWN
    return Instance(
        id="",
        label=draw(st.sampled_from(["cell", "Zelle ü", "猫", "", 'a "b" \\c', "\ud800"])),
        polygons=tuple(draw(st.lists(polygons(), min_size=1, max_size=3))),
        source=source,
        score=draw(st.floats(0, 1)) if proposed else None,
        model="starter@1" if proposed else None,
        flags=tuple(draw(st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2)).items()),
        description=draw(st.text(max_size=5)),
        crowd=draw(st.booleans()),
        group_id=draw(st.none() | st.integers(0, 3)),
    )


def json_values(*keys: str) -> st.SearchStrategy[object]:
    """Any JSON value, with objects that often have the given keys."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=6)
        | st.sampled_from(["polygon", "mask", "rect", "circle", 10**400, -1, 0, 1, "1"])
    )
    names = st.sampled_from(keys) | st.text(max_size=3)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(names, inner, max_size=6)
            | st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), max_size=5)
        ),
        max_leaves=25,
    )
