"""Suggestions that say nothing new."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.document.geometry import area, polygon_iou
from core.document.instance import Instance, Polygon, Source
from core.session import covered_by
from core.session.covering import INSIDE, SAME


def square(id: str, x: float, y: float, side: float, score: float | None = None) -> Instance:
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    source = Source.DRAWN if score is None else Source.SUGGESTED
    return Instance(id, "thing", (Polygon(ring),), source, score)


def test_an_instance_covers_a_suggestion_like_it() -> None:
    there = [square("mine", 0, 0, 10)]
    same, other = square("s", 0.2, 0, 10, 0.9), square("o", 4, 0, 10, 0.9)
    assert covered_by([same, other], there) == {"s": "mine"}
    assert covered_by([same], []) == {}
    assert covered_by([], there) == {}


def test_the_stronger_of_two_labels_is_shown() -> None:
    cell = replace(square("cell", 0, 0, 10, 0.7), label="cell")
    object_ = replace(square("object", 0.3, 0, 10, 0.8), label="object")
    assert covered_by([cell, object_], []) == {"cell": "object"}


def test_what_is_covered_covers_nothing() -> None:
    """A row of shifted squares: the third differs from the first, though not from the second."""
    row = [square(str(k), k * 1.0, 0, 10, 0.9 - k / 10) for k in range(3)]
    assert covered_by(row, [], parts=True) == {"1": "0"}


def test_a_hole_makes_another_outline() -> None:
    full = square("full", 0, 0, 10, 0.9)
    hole = square("x", 2, 2, 6).polygons[0].outer
    ring = replace(full, id="ring", score=0.8, polygons=(Polygon(full.polygons[0].outer, (hole,)),))
    assert covered_by([full, ring], [], parts=True) == {}


def inside(part: Instance, whole: Instance) -> bool:
    overlap = polygon_iou(part, whole)
    return overlap * (area(part) + area(whole)) / (1 + overlap) >= INSIDE * area(part)


def test_a_part_of_a_better_suggestion_is_not_shown_unless_parts_are_wanted() -> None:
    whole, head = square("whole", 0, 0, 10, 0.9), square("head", 7, 1, 4, 0.8)
    assert polygon_iou(head, whole) < SAME
    assert covered_by([whole, head], []) == {}  # three quarters of it lie inside
    head = square("head", 6.5, 1, 4, 0.8)
    assert covered_by([whole, head], []) == {"head": "whole"}
    assert covered_by([whole, head], [], parts=True) == {}
    assert covered_by([replace(whole, score=0.7), head], []) == {}
    assert covered_by([head], [replace(whole, source=Source.DRAWN)]) == {}


places = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(6, 9), st.floats(0.05, 1))


@given(st.lists(places, max_size=12), st.lists(places, max_size=3))
def test_against_every_pair(proposed: list[tuple], drawn: list[tuple]) -> None:
    suggestions = [square(f"s{k}", *place) for k, place in enumerate(proposed)]
    instances = [square(f"i{k}", *place[:3]) for k, place in enumerate(drawn)]
    expected, shown = set(), list(instances)
    for each in sorted(suggestions, key=lambda each: -(each.score or 0)):
        if any(
            polygon_iou(each, other) >= SAME or (other in suggestions and inside(each, other))
            for other in shown
        ):
            expected.add(each.id)
        else:
            shown.append(each)
    assert set(covered_by(suggestions, instances)) == expected
