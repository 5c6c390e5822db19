"""The table of boxes finds what a look at every box finds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.document.geometry import Rect, bounds, translate
from core.document.instance import Polygon
from core.gestures.boxes import BoxTable
from tests.core.gestures.scenes import FAR_PART, HOLE, SQUARE, TRIANGLE, instance

offsets = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), max_size=12)


def shapes(moves):
    kinds = [(SQUARE,), (TRIANGLE, FAR_PART), (HOLE,)]
    made = [instance(str(k), *kinds[k % 3]) for k in range(len(moves))]
    return [
        replace(each, polygons=translate(each.polygons, *move))
        for each, move in zip(made, moves, strict=True)
    ]


@given(offsets, st.floats(-60, 120), st.floats(-60, 120), st.floats(0, 90), st.floats(0, 30))
def test_searches_agree_with_a_look_at_every_box(moves, x, y, size, side):
    made = shapes(moves)
    table = BoxTable(made)
    rect = Rect(x, y, x + size, y + size)
    boxes = [bounds(each) for each in made]
    assert [table.box(row) for row in range(len(table))] == boxes
    there = [row for row, box in enumerate(boxes) if box.intersects(rect)]
    assert table.meeting(rect) == there
    assert table.boxes(there) == [boxes[row] for row in there]
    large = [row for row in there if min(boxes[row].width, boxes[row].height) >= side]
    large.sort(key=lambda row: -boxes[row].width * boxes[row].height)
    assert table.largest(rect, side, 100) == large
    assert table.largest(rect, side, 2) == large[:2]
    inside = [
        row
        for row, box in enumerate(boxes)
        if rect.x0 <= box.x0 and rect.y0 <= box.y0 and box.x1 <= rect.x1 and box.y1 <= rect.y1
    ]
    assert table.inside(rect) == inside


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_what_is_moved_brings_its_box_along(dx, dy):
    for rings in ((SQUARE,), (TRIANGLE, FAR_PART), (HOLE,)):
        made = instance("a", *rings).polygons
        parts = tuple(Polygon(part.outer, part.holes) for part in made)
        assert parts[0].known_extent is None
        box = bounds(parts)
        moved = translate(parts, dx, dy)
        known = [part.known_extent for part in moved]
        assert None not in known
        fresh = tuple(Polygon(part.outer, part.holes) for part in moved)
        assert bounds(moved) == bounds(fresh)
        assert bounds(parts) == box
        assert fresh == moved, "what is known of a polygon is no part of it"


@given(offsets, offsets)
def test_an_updated_table_is_the_table_of_the_new_instances(first, second):
    old = shapes(first)
    named = [replace(each, label="named anew") for each in old[::3]]
    new = old[1::2] + named + [replace(each, id=f"n{each.id}") for each in shapes(second)]
    updated = BoxTable(old).updated(new)
    assert updated.shapes == tuple(new)
    assert [updated.box(row) for row in range(len(updated))] == [bounds(each) for each in new]


@given(st.permutations(range(9)), st.integers(0, 9), st.sets(st.integers(0, 8)))
def test_a_table_of_shapes_that_came_went_moved_and_changed(order, stay, changed):
    old = shapes([(float(k), 2.0 * k) for k in range(9)])
    new = [old[k] for k in order[:stay]]
    new = [
        replace(each, polygons=translate(each.polygons, 9, 1)) if k in changed else each
        for k, each in enumerate(new)
    ]
    for before, now in ((old, new), (new, old), ([], new), (new, [])):
        updated = BoxTable(before).updated(now)
        assert updated.boxes(range(len(now))) == [bounds(each) for each in now]
        start, tail = updated.unchanged
        assert before[:start] == now[:start]
        assert before[len(before) - tail :] == now[len(now) - tail :]


@given(offsets, st.sets(st.integers(0, 40), max_size=3))
def test_a_table_in_which_few_shapes_changed(moves, rows):
    old = shapes(moves)
    new = [
        replace(each, polygons=shapes([(3.0, 70.0)])[0].polygons) if row in rows else each
        for row, each in enumerate(old)
    ]
    before = BoxTable(old)
    updated = before.updated(new)
    assert [updated.box(row) for row in range(len(updated))] == [bounds(each) for each in new]
    assert [before.box(row) for row in range(len(before))] == [bounds(each) for each in old]
