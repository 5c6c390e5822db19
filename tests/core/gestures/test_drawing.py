"""Drawing polygons and rectangles, adding parts, cutting holes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.edits import Add, Reshape
from core.document.geometry import area, bounds, is_valid
from core.document.geometry.boxes import is_box
from core.document.instance import Line, Source
from core.document.regions import DONE_REGION, comparable, is_done
from core.gestures.base import Button, Cursor, Key
from core.gestures.polygon import PolygonGesture, thinned
from core.gestures.purpose import Purpose
from core.gestures.rectangle import RectangleGesture
from core.gestures.rotated import RotatedBoxGesture
from tests.core.gestures.scenes import HOLE, SQUARE, TRIANGLE, Hand, instance, make_scene

LINESTRIP = "gestures.draw_linestrip"


def drawing(*instances, purpose=Purpose.NEW, selection=(), label="cell") -> Hand:
    scene = make_scene(*instances, selection=selection, label=label)
    return Hand(scene, PolygonGesture(scene, purpose), tolerance=2.0)


def draw(hand: Hand, ring) -> None:
    for point in ring:
        hand.click(*point)


def drawn(hand: Hand):
    (edit,) = hand.edits
    assert isinstance(edit, Add)
    return edit.shapes[0]


def test_clicks_and_enter_draw_one_instance():
    hand = drawing(label="nucleus")
    draw(hand, SQUARE)
    hand.key(Key.ENTER)
    made = drawn(hand)
    assert made.label == "nucleus"
    assert made.source is Source.DRAWN
    assert made.polygons[0].outer == SQUARE
    assert hand.scene.selection == {made.id}
    assert not hand.gesture.busy
    assert hand.names == ["gestures.draw_polygon"]


@pytest.mark.parametrize(
    ("most", "clicks", "name"),
    [
        (1, 1, "gestures.draw_point"),
        (2, 2, "gestures.draw_line"),
        (None, 4, "gestures.draw_linestrip"),
    ],
)
def test_points_and_lines_are_drawn_and_are_no_instances(most, clicks, name):
    scene = make_scene(label="road")
    hand = Hand(scene, PolygonGesture(scene, Purpose.LINE, most), tolerance=2.0)
    draw(hand, (*SQUARE, SQUARE[0])[:clicks])
    if most is None:
        hand.click(11, 11)
        assert hand.gesture.busy, "a click on the first vertex closes no line"
        assert hand.outcomes[-1].preview.open
        hand.key(Key.BACKSPACE)
        hand.key(Key.ENTER)
    made = drawn(hand)
    assert isinstance(made, Line)
    assert (made.label, made.points, area(made)) == ("road", SQUARE[:clicks], 0.0)
    assert (scene.document.lines, scene.document.instances) == ((made,), ())
    assert (hand.names, comparable(scene.document.shapes)) == ([name], ())


@pytest.mark.parametrize("clicks", [True, False])
def test_a_turned_box_is_drawn_from_one_side_and_stays_one(clicks):
    scene = make_scene()
    hand = Hand(scene, RotatedBoxGesture(scene), tolerance=2.0)
    if clicks:
        hand.click(20, 40)
        hand.click(40, 20)
    else:
        hand.drag((20, 40), (40, 20))
    assert hand.move(60, 60).preview.closes
    assert hand.key(Key.BACKSPACE).preview.open, "the side is taken back, its first end is not"
    hand.click(40, 20)
    hand.click(60, 60)
    made = drawn(hand)
    assert made.box
    assert is_box(made.polygons)
    ring = made.polygons[0].outer
    assert ring[:2] == ((20, 40), (40, 20))
    assert ring[2] == pytest.approx((70, 50))
    assert hand.names == ["gestures.draw_rotated"]
    hand.click(20, 90)
    hand.click(60, 80)
    hand.click(90, 100)
    at_border = hand.scene.document.instances[-1]
    assert at_border.box, "it ends where the image does"
    assert bounds(at_border).y1 == pytest.approx(100)
    hand.click(20, 40)
    assert hand.key(Key.ESCAPE) is not None
    assert not hand.gesture.busy


def test_a_line_is_drawn_by_a_drag_and_too_short_a_strip_is_refused():
    scene = make_scene()
    hand = Hand(scene, PolygonGesture(scene, Purpose.LINE, 2), tolerance=2.0)
    hand.drag((10, 10), (40, 30))
    assert drawn(hand).points == ((10.0, 10.0), (40.0, 30.0))
    strip = Hand(scene, PolygonGesture(scene, Purpose.LINE), tolerance=2.0)
    strip.click(5, 5)
    assert strip.key(Key.ENTER).refusal.id == "gestures.few_ends"


def test_a_click_near_the_first_vertex_closes_on_it():
    hand = drawing()
    draw(hand, SQUARE)
    near = hand.move(11, 11)
    assert near.preview.closes
    assert near.preview.next == SQUARE[0]
    assert near.cursor is Cursor.POINT
    hand.click(11, 11)
    assert drawn(hand).polygons[0].outer == SQUARE


def test_a_double_click_closes_with_the_vertex_of_its_first_press():
    hand = drawing()
    draw(hand, SQUARE[:3])
    hand.double_click(*SQUARE[3])
    assert drawn(hand).polygons[0].outer == SQUARE


def test_the_preview_shows_the_line_and_where_it_would_go():
    hand = drawing()
    draw(hand, SQUARE[:2])
    preview = hand.move(40, 44).preview
    assert preview.line == SQUARE[:2]
    assert preview.next == (40, 44)
    assert not preview.closes


@pytest.mark.parametrize("key", [Key.BACKSPACE, Key.UNDO])
def test_vertices_are_taken_back_and_returned(key):
    hand = drawing()
    draw(hand, (*SQUARE, (30, 90)))
    assert hand.gesture.wants(key)
    hand.key(key)
    hand.key(key)
    hand.key(Key.REDO)
    hand.key(Key.ENTER)
    assert drawn(hand).polygons[0].outer == SQUARE


def test_taking_back_all_leaves_the_keys_to_others():
    hand = drawing()
    hand.click(10, 10)
    hand.key(Key.UNDO)
    assert not hand.gesture.busy
    assert not any(hand.gesture.wants(key) for key in Key)


def test_escape_drops_the_outline():
    hand = drawing()
    draw(hand, SQUARE)
    hand.key(Key.ESCAPE)
    assert not hand.gesture.busy
    assert hand.gesture.key(Key.ENTER) is None
    assert hand.edits == []


def test_two_vertices_are_refused_and_kept():
    hand = drawing()
    draw(hand, SQUARE[:2])
    assert hand.key(Key.ENTER).refusal.id == "gestures.few_points"
    hand.click(*SQUARE[2])
    hand.key(Key.ENTER)
    assert len(drawn(hand).polygons[0].outer) == 3


def test_without_a_label_the_outline_waits_for_one():
    hand = drawing(label="")
    draw(hand, SQUARE)
    assert hand.key(Key.ENTER).refusal.id == "gestures.no_label"
    hand.scene.label = "cell"
    hand.key(Key.ENTER)
    assert drawn(hand).label == "cell"


@pytest.mark.parametrize(
    "ring",
    [
        ((10, 10), (20, 20), (40, 40)),
        ((10, 10), (10.5, 10), (10.5, 10.5)),
    ],
)
def test_outlines_without_an_area_are_refused(ring):
    hand = drawing()
    hand.tolerance = 0.1
    draw(hand, ring)
    assert hand.key(Key.ENTER).refusal is not None
    assert hand.edits == []


def test_what_lies_outside_the_image_is_drawn_on_its_border():
    hand = drawing()
    draw(hand, ((-20, -20), (140, -5), (120, 130), (-1, 50)))
    hand.key(Key.ENTER)
    box = bounds(drawn(hand))
    assert (box.x0, box.y0, box.x1, box.y1) == (0, 0, 100, 100)


def test_a_crossing_outline_becomes_valid_parts():
    hand = drawing()
    draw(hand, ((10, 10), (60, 60), (60, 10), (10, 60)))
    hand.key(Key.ENTER)
    made = drawn(hand)
    assert is_valid(made)
    assert len(made.polygons) == 2


def test_a_dragged_press_draws_freehand_and_closes_at_its_start():
    hand = drawing()
    circle = [
        (50 + 30 * math.cos(a / 50 * math.tau), 50 + 30 * math.sin(a / 50 * math.tau))
        for a in range(51)
    ]
    hand.drag(*circle)
    made = drawn(hand)
    assert area(made) == pytest.approx(math.pi * 900, rel=0.03)
    assert 8 < len(made.polygons[0].outer) < 45


def test_freehand_and_clicks_take_turns():
    hand = drawing()
    hand.click(10, 10)
    hand.drag((50, 10), (50, 20), (50, 35), (50, 50))
    hand.click(10, 50)
    hand.key(Key.ENTER)
    assert drawn(hand).polygons[0].outer == SQUARE


def test_the_right_button_does_not_draw():
    hand = drawing()
    hand.click(10, 10, button=Button.RIGHT)
    assert not hand.gesture.busy


def test_a_part_is_added_to_the_selected_instance():
    hand = drawing(instance("a", SQUARE), purpose=Purpose.ADD_PART, selection=("a",))
    draw(hand, TRIANGLE)
    hand.key(Key.ENTER)
    assert isinstance(hand.edits[0], Reshape)
    assert len(hand.scene.get("a").polygons) == 2
    assert area(hand.scene.get("a")) == 1600 + 450


def test_a_hole_is_cut_and_a_corner_cut_off():
    hand = drawing(instance("a", SQUARE), purpose=Purpose.CUT, selection=("a",))
    draw(hand, HOLE)
    hand.key(Key.ENTER)
    assert len(hand.scene.get("a").polygons[0].holes) == 1
    assert area(hand.scene.get("a")) == 1500
    draw(hand, ((40, 40), (60, 40), (60, 60), (40, 60)))
    hand.key(Key.ENTER)
    assert area(hand.scene.get("a")) == 1400


def test_cutting_all_or_from_nothing_is_refused_and_the_outline_kept():
    hand = drawing(instance("a", SQUARE), purpose=Purpose.CUT)
    draw(hand, ((5, 5), (60, 5), (60, 60), (5, 60)))
    assert hand.key(Key.ENTER).refusal.id == "gestures.nothing_selected"
    hand.scene.selection = frozenset({"a"})
    assert hand.key(Key.ENTER).refusal.id == "gestures.nothing_left"
    assert hand.gesture.busy
    assert hand.edits == []


def rectangle() -> Hand:
    scene = make_scene()
    return Hand(scene, RectangleGesture(scene), tolerance=2.0)


def test_a_drag_draws_a_rectangle_from_any_corner():
    hand = rectangle()
    hand.drag((50, 50), (30, 20), (10, 10))
    assert drawn(hand).polygons[0].outer == SQUARE
    assert hand.names == ["gestures.draw_rectangle"]


def test_two_clicks_draw_a_rectangle():
    hand = rectangle()
    hand.click(10, 10)
    assert hand.gesture.busy
    assert hand.move(50, 50).preview.line == SQUARE
    hand.click(50, 50)
    assert drawn(hand).polygons[0].outer == SQUARE


def test_a_rectangle_ends_at_the_border():
    hand = rectangle()
    hand.drag((50, 50), (150, 150))
    assert bounds(drawn(hand)).x1 == 100


def test_a_flat_rectangle_is_refused_and_escape_drops():
    hand = rectangle()
    assert hand.drag((10, 10), (50, 10)).refusal is not None
    hand.click(10, 10)
    hand.key(Key.ESCAPE)
    assert not hand.gesture.busy
    assert hand.edits == []


coordinates = st.integers(-20_000, 120_000).map(lambda value: value / 1000)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9))
def test_whatever_is_clicked_yields_a_valid_instance_inside_or_a_reason(points):
    hand = drawing()
    hand.tolerance = 0.01
    draw(hand, points)
    if not hand.edits:
        outcome = hand.key(Key.ENTER)
        if outcome is not None and outcome.edit is None:
            assert outcome.refusal is not None
            return
    made = drawn(hand)
    box = bounds(made)
    assert is_valid(made)
    assert min(box.x0, box.y0) >= 0
    assert max(box.x1, box.y1) <= 100


@given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=40), st.floats(0.1, 5))
def test_thinning_keeps_the_ends_and_only_removes(points, error):
    kept = thinned(points, error)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    rest = iter(points)
    assert all(point in rest for point in kept), "in the old order, none made up"


def test_a_region_needs_no_label_and_is_not_selected():
    hand = drawing(purpose=Purpose.REGION, label="")
    draw(hand, SQUARE)
    hand.key(Key.ENTER)
    made = drawn(hand)
    assert is_done(made)
    assert hand.scene.selection == frozenset()
    assert hand.names == ["gestures.draw_region"]
    scene = make_scene(label="")
    hand = Hand(scene, RectangleGesture(scene, Purpose.REGION))
    hand.drag((10, 10), (40, 30))
    assert is_done(drawn(hand))


def test_a_region_is_taken_by_its_outline_only():
    region = instance("r", SQUARE, flags=((DONE_REGION, True),))
    scene = make_scene(region, instance("c", HOLE))
    assert scene.target_at(40, 40, 2) is None
    assert scene.target_at(25, 25, 2).id == "c"
    assert scene.target_at(10.5, 40, 2).id == "r"
