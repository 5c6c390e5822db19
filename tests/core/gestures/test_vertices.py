"""Dragging, inserting and deleting vertices, dragging edges."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Reshape
from core.document.geometry import area, is_valid
from core.document.geometry.boxes import is_box, is_upright, with_corner, with_side
from core.document.instance import Instance, Line, Polygon, Ring, Source
from core.gestures.base import Cursor, Key, Modifier
from core.gestures.select import SelectGesture
from tests.core.gestures.scenes import FAR_PART, HOLE, SQUARE, TRIANGLE, Hand, instance, make_scene


@pytest.fixture
def hand() -> Hand:
    scene = make_scene(
        instance("a", SQUARE, FAR_PART, holes=(HOLE,)),
        instance("b", TRIANGLE, source=Source.ACCEPTED),
        selection=("a",),
    )
    return Hand(scene, SelectGesture(scene), tolerance=2.0)


def test_dragging_a_vertex_reshapes_with_one_edit(hand):
    hand.press(10, 10)
    preview = hand.move(4, 6).preview
    assert preview.changed[0].polygons[0].outer[0] == (4, 6)
    assert hand.outer("a") == SQUARE
    hand.release(4, 6)
    assert hand.outer("a") == ((4, 6), *SQUARE[1:])
    assert [type(edit) for edit in hand.edits] == [Reshape]
    assert hand.names == ["gestures.move_vertex"]


def test_the_vertex_follows_the_hand_and_not_its_distance_from_it(hand):
    hand.drag((11, 11), (21, 12))
    assert hand.outer("a")[0] == (20, 11)


def test_a_vertex_stops_at_the_border(hand):
    hand.drag((10, 10), (-30, 5))
    assert hand.outer("a")[0] == (0, 5)


def test_a_vertex_of_a_hole_and_one_of_another_part(hand):
    hand.drag((20, 20), (16, 17))
    assert hand.scene.get("a").polygons[0].holes[0][0] == (16, 17)
    hand.drag((90, 30), (95, 35))
    assert hand.outer("a", 1)[2] == (95, 35)


def test_a_vertex_of_a_large_instance_need_not_be_selected_first(hand):
    hand.drag((90, 60), (95, 62))
    assert hand.outer("b")[1] == (95, 62)
    assert hand.scene.selection == {"b"}
    assert hand.scene.get("b").source is Source.EDITED


def test_a_vertex_of_a_small_instance_is_not_in_the_way():
    tiny = ((50.0, 50.0), (54.0, 50.0), (54.0, 54.0), (50.0, 54.0))
    scene = make_scene(instance("t", tiny), selection=("t",))
    hand = Hand(scene, SelectGesture(scene), tolerance=3.0)
    hand.drag((50, 50), (60, 60))
    assert hand.outer("t")[2] == (64, 64), "the whole of it moved"


def test_crossing_edges_are_mended(hand):
    hand.drag((60, 60), (85, 85))
    assert is_valid(hand.scene.get("b"))
    hand.drag((50, 50), (5, 5))
    assert is_valid(hand.scene.get("a"))


def test_a_vertex_that_would_leave_nothing_is_refused():
    sliver = ((10.0, 10.0), (60.0, 10.0), (60.0, 30.0))
    scene = make_scene(instance("s", sliver), selection=("s",))
    hand = Hand(scene, SelectGesture(scene), tolerance=2.0)
    outcome = hand.drag((60, 30), (60, 20), (60, 10))
    assert outcome.refusal is not None
    assert outcome.edit is None
    assert hand.outer("s") == sliver


def test_alt_click_on_an_edge_inserts(hand):
    hover = hand.move(22, 10.5, held=Modifier.ALT)
    assert hover.cursor is Cursor.INSERT
    assert hover.preview.ghost == (22, 10.5)
    hand.click(22, 10.5, held=Modifier.ALT)
    assert hand.outer("a")[:3] == (SQUARE[0], (22, 10.5), SQUARE[1])
    assert hand.names == ["gestures.insert_vertex"]


def test_alt_press_on_an_edge_inserts_and_drags(hand):
    hand.drag((22, 10), (22, 4), held=Modifier.ALT)
    assert hand.outer("a")[:3] == (SQUARE[0], (22, 4), SQUARE[1])
    assert len(hand.edits) == 1


def test_the_middle_of_a_long_edge_inserts_without_a_key(hand):
    assert hand.move(30, 10).preview.ghost == (30, 10)
    hand.drag((30, 10), (30, 3))
    assert hand.outer("a")[1] == (30, 3)


def test_a_vertex_inserted_on_a_straight_edge_stays(hand):
    hand.click(30, 10)
    assert hand.outer("a")[1] == (30, 10)


def test_a_drag_of_an_edge_moves_both_ends(hand):
    hand.drag((20, 10), (20, 5))
    assert hand.outer("a")[:2] == ((10, 5), (50, 5))
    assert hand.names == ["gestures.move_edge"]


@pytest.mark.parametrize("held", [Modifier.SHIFT, Modifier.SHIFT | Modifier.ALT])
def test_shift_click_deletes_a_vertex(hand, held):
    assert hand.move(90, 30, held=held).cursor is Cursor.REMOVE
    hand.click(90, 30, held=held)
    assert hand.outer("a", 1) == (*FAR_PART[:2], FAR_PART[3])
    assert hand.names == ["gestures.delete_vertex"]


def test_backspace_deletes_the_vertex_clicked_last(hand):
    assert not hand.gesture.wants(Key.BACKSPACE)
    hand.click(50, 50)
    assert hand.gesture.wants(Key.BACKSPACE)
    hand.key(Key.BACKSPACE)
    assert hand.outer("a") == (*SQUARE[:2], SQUARE[3])
    assert not hand.gesture.wants(Key.BACKSPACE), "the next press must not delete another"


def test_arrows_nudge_the_vertex_clicked_last(hand):
    hand.click(50, 50)
    hand.key(Key.RIGHT)
    assert hand.outer("a")[2] == (51, 50)
    assert hand.outer("a")[0] == (10, 10)


def test_deleting_from_the_last_triangle_is_refused(hand):
    hand.scene.selection = frozenset({"b"})
    outcome = hand.click(90, 60, held=Modifier.SHIFT)
    assert outcome.refusal is not None
    assert hand.outer("b") == TRIANGLE


def test_deleting_from_a_triangular_hole_closes_it(hand):
    hand.click(20, 20, held=Modifier.SHIFT)
    hand.click(30, 20, held=Modifier.SHIFT)
    assert hand.scene.get("a").polygons[0].holes == ()
    assert area(hand.scene.get("a").polygons[:1]) == 1600


def test_escape_lets_go_of_the_vertex_first_then_of_the_selection(hand):
    hand.click(50, 50)
    hand.key(Key.ESCAPE)
    assert hand.scene.selection == {"a"}
    hand.key(Key.ESCAPE)
    assert hand.scene.selection == frozenset()


def test_cancel_restores(hand):
    hand.press(10, 10)
    hand.move(40, 40)
    assert hand.gesture.cancel().preview.changed == ()
    assert hand.release(40, 40).edit is None
    assert hand.outer("a") == SQUARE


def test_a_vertex_that_is_gone_is_forgotten(hand):
    hand.click(50, 50)
    hand.scene.document.apply(Reshape("a", hand.scene.get("b").polygons))
    hand.gesture.key(Key.ESCAPE)
    hand.scene.selection = frozenset({"b"})
    assert hand.gesture.vertex is None


# Boxes


def turned(angle: float) -> Ring:
    """A rectangle of 40 x 20 around (50, 50), turned."""
    cos, sin = math.cos(angle), math.sin(angle)
    corners = ((-20.0, -10.0), (20.0, -10.0), (20.0, 10.0), (-20.0, 10.0))
    return tuple((50 + x * cos - y * sin, 50 + x * sin + y * cos) for x, y in corners)


@given(
    angle=st.sampled_from([0.0, 0.3, 1.2, -2.0]),
    index=st.integers(0, 3),
    to=st.tuples(st.floats(35, 65), st.floats(35, 65)),
)
@settings(max_examples=40)
def test_a_box_stays_one_while_a_corner_or_a_side_is_moved(angle, index, to):
    ring = turned(angle)
    opposite = ring[index - 2]
    moved = with_corner(ring, index, to)
    assert moved[index] == to
    assert moved[index - 2] == opposite
    near = min(math.dist(moved[k], moved[k - 1]) for k in range(4))
    assert near < 1e-3 or is_box((Polygon(moved),))
    if angle == 0.0:
        assert near == 0 or is_upright(moved)
    side = with_side(ring, index, *to)
    assert (side[index - 2], side[index - 1]) == (ring[index - 2], ring[index - 1])
    assert min(math.dist(side[k], side[k - 1]) for k in range(4)) < 1e-3 or is_box((Polygon(side),))
    shape = Instance("a", "cell", (Polygon(ring),), box=True)
    document = Document(100, 100, (shape,))
    inverse, _ = document.apply(Reshape("a", (Polygon((*ring, (50.0, 90.0))),)))
    assert not document.get("a").box
    document.apply(inverse)
    assert document.get("a") == shape


def test_a_corner_of_a_drawn_rectangle_takes_its_neighbours_along():
    scene = make_scene(replace(instance("a", SQUARE), box=True), selection=("a",))
    hand = Hand(scene, SelectGesture(scene))
    hand.drag((10, 10), (20, 30))
    assert hand.outer("a") == ((20, 30), (50, 30), (50, 50), (20, 50))
    assert scene.get("a").box
    hand.drag((50, 35), (60, 45))
    assert hand.outer("a") == ((20, 30), (60, 30), (60, 50), (20, 50))
    scene.document.apply(Reshape("a", ((Polygon(((1.0, 1.0), (9.0, 1.0), (5.0, 9.0)))),)))
    assert not scene.get("a").box


def test_vertices_of_a_line_are_moved_inserted_and_deleted():
    points = ((10.0, 50.0), (50.0, 50.0), (90.0, 50.0))
    line = Line("l", "road", (Polygon(points),), line=True)
    scene = make_scene(line, selection=("l",))
    hand = Hand(scene, SelectGesture(scene), tolerance=2.0)
    hand.drag((50, 50), (50, 20))
    assert scene.get("l").points == ((10, 50), (50, 20), (90, 50))
    hand.drag((30, 35), (20, 60))
    assert scene.get("l").points == ((10, 50), (20, 60), (50, 20), (90, 50))
    hand.drag((50, 50), (50, 50))
    assert len(scene.get("l").points) == 4, "no edge runs back from the last vertex to the first"
    scene.selection = frozenset({"l"})
    for x, y in ((20, 60), (50, 20)):
        hand.click(x, y, held=Modifier.SHIFT)
    assert scene.get("l").points == ((10, 50), (90, 50))
    hand.drag((30, 50), (30, 60))
    assert scene.get("l").points == ((10, 60), (90, 60)), "an edge moves as it is"
    assert isinstance(scene.get("l"), Line)


def test_a_box_is_turned_by_its_handle_and_stays_one():
    scene = make_scene(instance("a", SQUARE, box=True), selection=("a",))
    hand = Hand(scene, SelectGesture(scene), tolerance=2.0)
    handle = (30.0, 10.0 - 3 * 2.0)
    assert hand.move(*handle).cursor is Cursor.MOVE
    hand.drag(handle, (56.0, 30.0))
    (x, y), *_ = hand.outer("a")
    assert (x, y) == pytest.approx((50, 10)), "a quarter, clockwise"
    scene.get("a")
    assert scene.get("a").box
    hand.drag((30.0, 4.0), (48.4, 11.6))
    turned = scene.get("a")
    assert turned.box
    assert is_box(turned.polygons)
    assert not is_upright(turned.polygons[0].outer)
    assert area(turned) == pytest.approx(1600)


def test_what_is_locked_is_passed_over_by_the_hand():
    scene = make_scene(instance("below", SQUARE), instance("a", SQUARE, locked=True))
    hand = Hand(scene, SelectGesture(scene), tolerance=2.0)
    hand.click(30, 40)
    assert scene.selection == {"below"}
    scene.selection = frozenset({"a"})
    hand.drag((10, 10), (4, 6))
    assert scene.get("a").polygons[0].outer == SQUARE
    scene.selection = frozenset({"a"})
    hand.key(Key.RIGHT)
    hand.gesture.key_release(Key.RIGHT)
    hand.drag((2, 2), (60, 60), held=Modifier.SHIFT)
    assert scene.get("a").polygons[0].outer == SQUARE
