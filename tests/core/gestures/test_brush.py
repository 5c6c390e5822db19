"""Brushes, split and ellipse."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.edits import Add, Reshape
from core.document.geometry import area, bounds, contains, is_valid
from core.document.geometry.algebra import split
from core.document.geometry.smoothing import painted
from core.document.instance import Polygon, Source
from core.gestures.base import Button, Key, Modifier, Wheeled
from core.gestures.brush import FIRST_SIZE, NO_VERTICES, BrushGesture, VertexBrush
from core.gestures.rectangle import RectangleGesture
from core.gestures.split import CROSSES_NOTHING, SplitGesture
from tests.core.gestures.scenes import FAR_PART, HOLE, SQUARE, TRIANGLE, Hand, instance, make_scene

RADIUS = FIRST_SIZE * 3.0 / 9.0  # of the hand's tolerance: pixels of the screen


def brush(*instances, selection=()) -> Hand:
    scene = make_scene(*instances, selection=selection)
    return Hand(scene, BrushGesture(scene))


def test_a_stroke_makes_a_new_instance_with_round_ends():
    hand = brush()
    hand.drag((20, 50), (60, 50), (80, 50))
    (edit,) = hand.edits
    assert isinstance(edit, Add)
    (made,) = edit.shapes
    assert made.source is Source.DRAWN
    assert area(made) == pytest.approx(60 * 2 * RADIUS + math.pi * RADIUS**2, rel=0.03)
    assert hand.scene.selection == {made.id}
    assert hand.names == ["gestures.brush"]


def test_the_next_stroke_adds_to_it_and_the_right_button_erases():
    hand = brush(instance("a", SQUARE), instance("b", TRIANGLE), selection=("a",))
    hand.drag((45, 30), (60, 30))
    assert bounds(hand.scene.get("a")).x1 == pytest.approx(60 + RADIUS, abs=0.2)
    hand.drag((30, 0), (30, 60), button=Button.RIGHT)
    assert len(hand.scene.get("a").polygons) == 2
    assert hand.scene.get("b").polygons[0].outer == TRIANGLE
    assert [type(edit) for edit in hand.edits] == [Reshape, Reshape]
    assert hand.names == ["gestures.brush", "gestures.erase"]


def test_the_preview_shows_what_comes_and_the_rim_of_the_brush():
    hand = brush(instance("a", SQUARE), selection=("a",))
    hand.press(45, 30)
    preview = hand.move(60, 30).preview
    assert preview.brush == ((60, 30), RADIUS)
    assert area(preview.changed[0]) > 1600
    hand.key(Key.ESCAPE)
    hand.release(60, 30)
    assert hand.edits == []
    hand.press(30, 30, button=Button.RIGHT)
    assert area(hand.move(31, 30).preview.changed[0]) < 1600


def test_wheel_and_keys_change_the_size_within_bounds():
    hand = brush()
    assert isinstance(hand.gesture, Wheeled)
    hand.move(50, 50)
    first = hand.gesture.turn(1).preview.brush[1]
    assert first > RADIUS
    assert hand.key(Key.SMALLER).preview.brush[1] == pytest.approx(RADIUS)
    assert hand.key(Key.LARGER).preview.brush[1] == pytest.approx(first)
    assert hand.gesture.turn(-100).preview.brush[1] == pytest.approx(1 / 3)
    assert hand.gesture.turn(100).preview.brush[1] == pytest.approx(400 / 3)


def test_nothing_can_be_erased_of_nothing():
    hand = brush(instance("a", SQUARE))
    assert hand.press(30, 30, button=Button.RIGHT).refusal is not None
    assert not hand.gesture.busy


def test_a_stroke_without_a_label_says_so():
    scene = make_scene(label="")
    hand = Hand(scene, BrushGesture(scene))
    hand.drag((20, 50), (60, 50))
    assert hand.outcomes[-1].refusal is not None


def test_a_click_paints_a_dot_and_erasing_all_is_refused():
    hand = brush()
    hand.click(50, 50)
    (made,) = hand.edits[0].shapes
    assert area(made) == pytest.approx(math.pi * RADIUS**2, rel=0.05)
    for _ in range(9):
        hand.gesture.turn(1)
    hand.click(50, 50, button=Button.RIGHT)
    assert hand.outcomes[-1].refusal is not None
    assert len(hand.edits) == 1


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=2),
    st.floats(0.1, 30),
)
def test_what_a_brush_covers_is_valid_and_holds_its_line(line, radius):
    found = painted(line, radius)
    assert is_valid(found)
    length = math.dist(line[0], line[-1])
    assert area(found) == pytest.approx(2 * radius * length + math.pi * radius**2, rel=0.02)


# Split


def splitting(*instances, selection=()) -> Hand:
    scene = make_scene(*instances, selection=selection)
    return Hand(scene, SplitGesture(scene))


def test_a_line_across_makes_two_of_one():
    hand = splitting(instance("a", SQUARE, source=Source.ACCEPTED, score=0.9))
    hand.drag((40, 0), (40, 60))
    assert hand.names == ["gestures.split"]
    first, other = hand.scene.document.instances
    assert (first.id, area(first), area(other)) == ("a", 1200, 400)
    assert (other.label, other.source, other.score) == ("cell", Source.EDITED, 0.9)
    assert hand.scene.selection == {first.id, other.id}


def test_only_what_is_selected_is_split_where_something_is():
    hand = splitting(instance("a", SQUARE), instance("b", SQUARE), selection=("b",))
    hand.drag((40, 0), (40, 60))
    assert area(hand.scene.get("a")) == 1600
    assert area(hand.scene.get("b")) == 1200


def test_a_line_that_ends_inside_splits_nothing():
    hand = splitting(instance("a", SQUARE))
    hand.drag((40, 0), (40, 30))
    assert hand.outcomes[-1].refusal == CROSSES_NOTHING
    assert hand.edits == []


def test_parts_that_are_not_crossed_stay_together_and_holes_stay():
    hand = splitting(instance("a", SQUARE, FAR_PART, holes=(HOLE,)))
    hand.drag((45, 0), (45, 60))
    pieces = sorted(hand.scene.document.instances, key=area)
    assert [area(each) for each in pieces] == [200, 400, 1300]
    assert len(pieces[-1].polygons[0].holes) == 1


def test_escape_drops_the_line():
    hand = splitting(instance("a", SQUARE))
    hand.press(40, 0)
    hand.move(40, 30)
    assert hand.gesture.wants(Key.ESCAPE)
    hand.key(Key.ESCAPE)
    hand.release(40, 60)
    assert hand.edits == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=6, unique=True)
)
def test_pieces_add_up_to_the_whole(line):
    whole = (Polygon(SQUARE, (HOLE,)),)
    pieces = split(whole, line)
    assert sum(area(each) for each in pieces) == pytest.approx(area(whole), abs=1e-4)
    assert all(is_valid(each) for each in pieces)


# Ellipse


def ellipse() -> Hand:
    scene = make_scene()
    return Hand(scene, RectangleGesture(scene, ellipse=True))


def test_an_ellipse_fills_its_box():
    hand = ellipse()
    hand.drag((20, 30), (80, 70))
    (made,) = hand.edits[0].shapes
    box = bounds(made)
    assert (box.x0, box.x1) == pytest.approx((20, 80))
    assert (box.y0, box.y1) == pytest.approx((30, 70))
    assert area(made) == pytest.approx(math.pi * 30 * 20, rel=0.01)
    assert hand.names == ["gestures.draw_ellipse"]


@pytest.mark.parametrize("end", [(80, 70), (80, -10), (-40, 70)])
def test_shift_makes_a_circle(end):
    hand = ellipse()
    hand.drag((30, 30), end, held=Modifier.SHIFT)
    (made,) = hand.edits[0].shapes
    box = bounds(made)
    assert box.width == pytest.approx(box.height)


def test_shift_makes_a_square_of_a_rectangle():
    scene = make_scene()
    hand = Hand(scene, RectangleGesture(scene))
    hand.drag((30, 30), (80, 50), held=Modifier.SHIFT)
    assert area(hand.edits[0].shapes[0]) == 400


# Vertices

DENSE = (*((10.0 + 2 * k, 10.0) for k in range(20)), (50.0, 50.0), (10.0, 50.0))
"""A square with a vertex every two pixels of its upper side."""


def taking(*instances, selection=()) -> Hand:
    scene = make_scene(*instances, selection=selection)
    return Hand(scene, VertexBrush(scene))


def test_vertices_under_the_brush_go_and_all_else_stays():
    other = instance("b", DENSE)
    hand = taking(instance("a", DENSE, FAR_PART, holes=(HOLE,)), other, selection=("a",))
    hand.press(20, 10)
    shown = hand.move(30, 10).preview
    hand.release(30, 10)
    (edit,) = hand.edits
    assert shown.changed[0].polygons == edit.polygons
    gone = {point for point in DENSE if 16 <= point[0] <= 34 and point[1] == 10}
    ring = hand.scene.get("a").polygons[0].outer
    assert ring == tuple(point for point in DENSE if point not in gone)
    assert hand.scene.get("a").polygons[0].holes == (HOLE,)
    assert hand.scene.get("a").polygons[1] == Polygon(FAR_PART)
    assert hand.scene.get("b") is other
    assert hand.names == ["gestures.erase_vertices"]


def test_the_right_button_thins_to_the_radius_and_escape_drops_it():
    hand = taking(instance("a", DENSE))
    hand.press(10, 10, button=Button.RIGHT)
    assert hand.scene.selection == {"a"}, "what the press is on is meant where nothing is selected"
    hand.move(48, 10)
    hand.key(Key.ESCAPE)
    hand.release(48, 10, button=Button.RIGHT)
    assert hand.edits == []
    hand.drag((10, 10), (48, 10), button=Button.RIGHT)
    side = [x for x, y in hand.scene.get("a").polygons[0].outer if y == 10]
    assert side == [10.0 + 4 * k for k in range(10)]
    assert hand.names == ["gestures.thin_vertices"]


def test_off_the_outline_it_says_so():
    hand = taking(instance("a", SQUARE), instance("l", SQUARE, locked=True))
    hand.drag((80, 80), (90, 90))
    assert hand.outcomes[-1].refusal is None
    assert any(each.refusal == NO_VERTICES for each in hand.outcomes)
    hand.scene.selection = frozenset({"a"})
    hand.drag((30, 30), (31, 31))
    assert hand.outcomes[-1].refusal == NO_VERTICES
    hand.scene.selection = frozenset({"l"})
    hand.drag((90, 90), (91, 91))
    assert hand.edits == []


@given(
    st.lists(st.tuples(st.floats(-9, 110), st.floats(-9, 110)), min_size=2, max_size=6),
    st.integers(-4, 12),
    st.sampled_from(list(Button)),
)
@settings(max_examples=40, deadline=None)
def test_a_ring_keeps_three_and_vertices_off_the_way_stay(way, steps, button):
    whole = instance("a", DENSE, FAR_PART, holes=(HOLE,))
    hand = taking(whole, selection=("a",))
    hand.gesture.turn(steps)
    radius = RADIUS * 1.25**steps
    hand.drag(*way, button=button)
    now = hand.scene.get("a")
    assert all(len(ring) >= 3 for part in now.polygons for ring in part.rings)
    shown = [each for outcome in hand.outcomes for each in outcome.preview.changed]
    if not shown or is_valid(shown[-1]):  # else it is taken apart
        path = painted(way, radius + 1e-6)
        for before, after in zip(whole.polygons, now.polygons, strict=True):
            off = [point for point in before.outer if not contains(path, *point)]
            assert set(off) <= set(after.outer) <= set(before.outer)
    if hand.edits:
        document = hand.scene.document
        inverse, _ = document.apply(Reshape("a", whole.polygons, whole.source))
        document.apply(inverse)
        assert document.get("a") == now
