"""Vertices that go onto the outlines of neighbours, so that both share the border."""

from __future__ import annotations

import math
import statistics
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Reshape
from core.document.geometry import area, intersect, subtract, union
from core.document.geometry.vertices import nearest_edge
from core.document.hit import HitIndex
from core.gestures.base import Key, Modifier
from core.gestures.polygon import PolygonGesture
from core.gestures.purpose import Purpose
from core.gestures.scene import HINT_SNAPPED
from core.gestures.select import SelectGesture
from core.gestures.stretch import StretchGesture
from tests.core.gestures.scenes import HOLE, SQUARE, TRIANGLE, Hand, instance, make_scene
from tests.pace import allowed

STEP = 12.0
"""Between the vertices of a border: further than a hand is led by two of them at once."""
ROWS = 50
"""Of a hundred shapes each, among which a move is timed; with 500 the figures of the benchmarks."""
near = st.floats(-1.2, 1.2)


def border(offsets: list[float]) -> list[tuple[float, float]]:
    """A line from top to bottom, its vertices off the middle of the image by a little."""
    return [(50.0 + off, 20.0 + STEP * k) for k, off in enumerate(offsets)]


def snapping(tool, *shapes, selection=(), **how) -> Hand:
    scene = make_scene(*shapes, selection=selection)
    scene.snapping = True
    return Hand(scene, tool(scene, **how), tolerance=2.25)  # 8 pixels of the screen are 2


@given(st.floats(5, 55), st.floats(5, 55), st.floats(0.1, 8), st.booleans())
@settings(max_examples=60)
def test_a_snapped_point_lies_on_the_ring_and_a_vertex_goes_first(x, y, reach, holed):
    shape = instance("a", SQUARE, holes=(HOLE,) if holed else ())
    index = HitIndex([shape, instance("b", TRIANGLE)])
    found = index.place_at(x, y, reach)
    corners = [point for ring in shape.polygons[0].rings for point in ring]
    corner = min(corners, key=lambda each: math.dist(each, (x, y)))
    off = nearest_edge(shape.polygons, x, y).distance
    if math.dist(corner, (x, y)) <= reach:
        assert found is not None
        assert math.dist(found, (x, y)) == math.dist(corner, (x, y))
        assert found in corners
    elif off <= reach:
        assert found is not None
        # The sides run along the axes: not the smallest number lies between.
        assert {10.0, 50.0, 20.0, 30.0} & set(found)
        assert nearest_edge(shape.polygons, *found).distance == 0
        assert math.dist(found, (x, y)) == pytest.approx(off)
    else:
        assert found is None
    assert index.place_at(x, y, reach, but={"a", "b"}) is None


@given(st.lists(st.tuples(st.floats(-3, 3), near, near), min_size=2, max_size=5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_border_that_is_drawn_along_a_neighbour_is_shared(rows, every):
    line = border([off for off, _, _ in rows])
    left = instance("left", (*line, (10.0, line[-1][1]), (10.0, 20.0)))
    hand = snapping(PolygonGesture, left)
    clicked = range(len(line)) if every else (0, len(line) - 1)
    for k in clicked:
        _, dx, dy = rows[k]
        hand.click(line[k][0] + dx, line[k][1] + dy)
    hand.click(90, line[-1][1])
    hand.click(90, 20)
    hand.key(Key.ENTER)
    right = hand.edits[-1].shapes[0]
    assert set(line) <= set(right.polygons[0].outer)
    assert intersect(left, right) == ()
    assert area(union(left, right)) == pytest.approx(area(left) + area(right))


@pytest.mark.parametrize("turned", [0, 1])
def test_no_gap_and_no_overlap_where_both_begin_and_end_between_vertices(turned):
    left = instance("left", ((10, 10), (50.0, 13.0), (53.0, 40.0), (47.0, 71.0), (10, 90)))
    hand = snapping(PolygonGesture, left)
    clicks = [(51.5, 20.0), (48.0, 60.0), (90, 60), (90, 20)]
    for x, y in clicks[turned:] + clicks[:turned]:  # the border is drawn, or is what closes it
        hand.click(x, y)
    hand.key(Key.ENTER)
    right = hand.edits[-1].shapes[0]
    assert (53.0, 40.0) in right.polygons[0].outer  # which both share
    assert len(right.polygons[0].outer) == 5
    assert intersect(left, right) == ()
    gap = subtract(instance("all", ((49, 20.5), (80, 20.5), (80, 59.5), (49, 59.5))), left, right)
    assert gap == ()


def test_a_stroke_drawn_freehand_shares_the_border_it_runs_along():
    line = border([0, 2, -1, 1])
    left = instance("left", (*line, (10.0, 56.0), (10.0, 20.0)))
    hand = snapping(PolygonGesture, left)
    stroke = [
        (a[0] + (b[0] - a[0]) * k / 6 + (-1) ** k * 0.8, a[1] + (b[1] - a[1]) * k / 6)
        for a, b in pairwise(line)
        for k in range(6)
    ]
    hand.drag(*stroke, (line[-1][0] + 0.5, line[-1][1] - 0.5), (70, 56), (80, 40), (60, 21))
    hand.key(Key.ENTER)
    right = hand.edits[-1].shapes[0]
    assert set(line[1:-1]) <= set(right.polygons[0].outer)
    assert area(intersect(left, right)) < 1e-6
    assert subtract(instance("strip", ((49, 24), (53, 24), (53, 50), (49, 50))), left, right) == ()


@pytest.mark.parametrize("held", [Modifier.CTRL, Modifier.ALT])
def test_a_dragged_vertex_takes_that_of_a_neighbour_unless_a_key_is_held(held):
    hand = snapping(SelectGesture, instance("a", SQUARE), instance("b", TRIANGLE), selection=("a",))
    hand.press(50, 50)
    shown = hand.move(59, 59)
    assert shown.preview.snapped == (60.0, 60.0)
    assert shown.preview.changed[0].polygons[0].outer[2] == (60.0, 60.0)
    assert hand.gesture.hint == HINT_SNAPPED
    free = hand.move(59, 59, held=held)
    assert free.preview.snapped is None
    assert free.preview.changed[0].polygons[0].outer[2] == (59.0, 59.0)
    hand.move(59, 59)
    hand.release(59, 59)
    (edit,) = hand.edits
    assert isinstance(edit, Reshape)
    assert edit.polygons[0].outer[2] == (60.0, 60.0)
    hand.drag((60, 60), (20, 20), (11, 11))
    assert hand.edits[-1].polygons[0].outer[2] == (11.0, 11.0), "no outline is its own neighbour"


def test_the_place_is_shown_before_the_first_vertex_and_only_where_it_snaps():
    hand = snapping(PolygonGesture, instance("a", SQUARE))
    assert hand.move(30, 9).preview.snapped == (30.0, 10.0)
    assert hand.gesture.hint == HINT_SNAPPED
    assert hand.move(30, 9, held=Modifier.CTRL).preview.snapped is None
    assert hand.move(30, 7.9).preview.snapped is None  # over 8 pixels of the screen
    hand.scene.snapping = False
    assert hand.move(30, 9).preview.snapped is None
    assert hand.gesture.hint != HINT_SNAPPED
    hand.scene.snapping, hand.scene.instances_shown = True, False
    assert hand.move(30, 9).preview.snapped is None


def test_what_an_outline_is_added_to_or_cut_from_is_no_neighbour():
    for purpose in (Purpose.ADD_PART, Purpose.CUT, Purpose.REGION):
        hand = snapping(PolygonGesture, instance("a", SQUARE), selection=("a",), purpose=purpose)
        assert hand.move(30, 9).preview.snapped is None


def test_a_stroke_goes_along_a_neighbour_with_all_its_vertices():
    right = instance(
        "right",
        ((60.0, 5.0), (59.0, 25.0), (60.01, 32.5), (61.0, 40.0), (60.0, 55.0), (90.0, 30.0)),
    )
    hand = snapping(StretchGesture, instance("a", SQUARE), right)
    hand.drag((50, 15), (58.5, 15), (59.5, 25), (60.2, 40), (60.0, 45), (50, 45))
    (edit,) = hand.edits
    assert {(59.0, 25.0), (60.01, 32.5), (61.0, 40.0)} <= set(edit.polygons[0].outer)
    assert area(intersect(instance("b", edit.polygons[0].outer), right)) < 1e-6
    hand.scene.document.apply(Reshape("a", instance("a", SQUARE).polygons))
    held = {"held": Modifier.CTRL}
    hand.press(50, 15)
    for x, y in ((58.5, 15), (59.5, 25), (60.2, 40), (60.0, 45), (50, 45)):
        hand.move(x, y, **held)
    hand.release(50, 45)
    assert (59.0, 25.0) not in hand.edits[-1].polygons[0].outer


def test_among_many_a_move_takes_milliseconds():
    shapes = [
        instance(str(k), ((x, y), (x + 9.0, y), (x + 9.0, y + 9.0), (x, y + 9.0)))
        for k, (x, y) in enumerate((10.0 * i, 10.0 * j) for i in range(100) for j in range(ROWS))
    ]
    scene = make_scene()
    scene.document = Document(1000, 10 * ROWS, tuple(shapes))
    scene.snapping = True
    hand = Hand(scene, PolygonGesture(scene), tolerance=9.0)
    hand.click(0, 0)
    taken, marked = [], 0
    for k in range(60):
        start = time.process_time()
        shown = hand.move(16.6 * k, 0.16 * ROWS * k)
        taken.append(time.process_time() - start)
        marked += shown.preview.snapped is not None
    assert marked == 60
    assert statistics.median(taken) < allowed(0.004), taken
