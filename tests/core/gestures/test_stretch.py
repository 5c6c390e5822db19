"""The stretch stroke: as a tool, and from an outline with the select tool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.document.edits import Add, Reshape
from core.document.geometry import area, exclusive, is_valid
from core.document.instance import Source
from core.gestures.base import Button, Key, Modifier
from core.gestures.select import HINT, SelectGesture
from core.gestures.stretch import HINT_DRAWING, MET_NOTHING, UNCHANGED, StretchGesture
from tests.core.gestures.scenes import (
    FAR_PART,
    HOLE,
    SQUARE,
    TRIANGLE,
    Hand,
    instance,
    make_scene,
    suggestion,
)

OUT = ((20, 10), (20, 4), (40, 4), (40, 10))
IN = ((20, 10), (20, 16), (40, 16), (40, 10))
PROPOSED = ((60.0, 60.0), (90.0, 60.0), (90.0, 90.0), (60.0, 90.0))


@pytest.fixture
def hand() -> Hand:
    scene = make_scene(
        instance("a", SQUARE, FAR_PART, holes=(HOLE,), source=Source.ACCEPTED),
        instance("b", TRIANGLE),
    )
    return Hand(scene, StretchGesture(scene))


def test_leaving_and_coming_back_outside_adds_with_one_edit(hand):
    hand.drag(*OUT)
    (edit,) = hand.edits
    assert isinstance(edit, Reshape)
    assert hand.names == ["gestures.stretch"]
    assert area(hand.scene.get("a")) == 1600 - 100 + 400 + 120
    assert hand.scene.get("a").source is Source.EDITED
    assert hand.scene.selection == {"a"}


def test_inside_it_cuts(hand):
    hand.drag(*IN)
    assert area(hand.scene.get("a")) == 1600 - 100 + 400 - 120


def test_all_else_stays_and_undo_restores_exactly(hand):
    before = hand.scene.get("a")
    hand.drag(*OUT)
    after = hand.scene.get("a")
    assert set(SQUARE) <= set(after.polygons[0].outer)
    assert after.polygons[0].holes == before.polygons[0].holes
    assert after.polygons[1] is before.polygons[1]
    document = hand.scene.document
    inverse, _ = document.apply(Reshape("a", before.polygons, before.source))
    assert document.get("a") == before
    document.apply(inverse)
    assert document.get("a") == after


def test_the_preview_is_what_letting_go_makes(hand):
    hand.press(*OUT[0])
    for point in OUT[1:]:
        outcome = hand.move(*point)
    assert outcome.preview.stroke[0] == OUT[0]
    (shown,) = outcome.preview.changed
    assert hand.edits == []
    hand.release(*OUT[-1])
    assert hand.scene.get("a").polygons == shown.polygons


def test_tab_takes_the_other_side_and_it_stays_taken(hand):
    hand.press(*OUT[0])
    hand.move(*OUT[1])
    hand.move(*OUT[2])
    hand.key(Key.TAB)
    shown = hand.move(*OUT[3]).preview.changed[0]
    assert area(shown) == 120 + 400  # what was added, and the far part
    hand.key(Key.TAB)
    hand.release(*OUT[3])
    assert area(hand.scene.get("a")) == 1600 - 100 + 400 + 120


def test_escape_drops_it_and_the_release_that_follows_does_nothing(hand):
    before = hand.scene.get("a")
    hand.press(*OUT[0])
    hand.move(*OUT[1])
    assert hand.gesture.busy
    assert hand.key(Key.ESCAPE).preview.changed == ()
    assert not hand.gesture.busy
    hand.move(*OUT[2])
    hand.release(*OUT[3])
    assert hand.edits == []
    assert hand.scene.get("a") == before


def test_keys_mean_nothing_while_nothing_is_drawn(hand):
    for key in Key:
        assert not hand.gesture.wants(key)
        assert hand.gesture.key(key) is None


def test_a_hole_and_a_part_are_redrawn_alike(hand):
    hand.drag((22, 20), (22, 17), (28, 17), (28, 20))
    assert area((hand.scene.get("a").polygons[0],)) == 1600 - 118
    hand.drag((75, 10), (75, 5), (85, 5), (85, 10))
    assert area((hand.scene.get("a").polygons[1],)) == 450


def test_a_suggestion_is_accepted_as_edited(hand):
    hand.scene.set_suggestions([suggestion("s", PROPOSED)])
    hand.drag((70, 90), (70, 96), (80, 96), (80, 90))
    (edit,) = hand.edits
    assert isinstance(edit, Add)
    (made,) = edit.shapes
    assert (made.id, made.source, made.score) == ("s", Source.EDITED, 0.8)
    assert area(made) == 960
    assert hand.scene.selection == {"s"}
    assert hand.scene.picked == frozenset()


def test_a_stroke_that_begins_beside_takes_the_first_outline_it_meets(hand):
    hand.drag((28, 2), (28, 8), (28, 14), (38, 14), (38, 10))
    assert area(hand.scene.get("a")) == pytest.approx(1600 - 100 + 400 - 40, abs=4)


def test_a_fast_hand_meets_the_outline_between_two_events(hand):
    hand.drag((30, -30), (30, 20), (45, 20), (45, 5))
    assert area(hand.scene.get("a")) < 1600 - 100 + 400 - 100


def test_a_stroke_that_begins_a_little_beside_begins_on_the_outline(hand):
    hand.drag((38, 18), (46, 18), (46, 10))  # more than the tolerance of 3, less than thrice that
    assert area(hand.scene.get("a")) == pytest.approx(1600 - 100 + 400 - 64, abs=1)


def test_of_two_outlines_the_selected_one_is_meant():
    scene = make_scene(instance("a", SQUARE), instance("b", SQUARE), selection=("a",))
    hand = Hand(scene, StretchGesture(scene))
    hand.drag(*OUT)
    assert area(scene.get("a")) == 1720
    assert area(scene.get("b")) == 1600


def test_a_click_selects_and_a_click_beside_lets_go(hand):
    hand.click(35, 45)
    assert hand.scene.selection == {"a"}
    hand.click(95, 95)
    assert hand.scene.selection == frozenset()
    hand.scene.set_suggestions([suggestion("s", PROPOSED)])
    hand.click(85, 85)
    assert hand.scene.picked == {"s"}
    assert hand.edits == []


def test_hovering_shows_which_outline_a_press_would_take(hand):
    assert hand.move(30, 11).preview.hover.id == "a"
    assert hand.move(30, 45).preview.hover is None
    hand.scene.set_suggestions([suggestion("s", PROPOSED)])
    assert hand.move(75, 89).preview.hover_suggestion == "s"


def test_the_right_button_asks_for_the_menu(hand):
    assert hand.press(30, 10, button=Button.RIGHT).menu
    assert hand.release(30, 10, button=Button.RIGHT).edit is None


def test_shift_follows_a_neighbour():
    near = ((10.0, 4.0), (30.0, 3.0), (50.0, 4.0), (50.0, -20.0), (10.0, -20.0))
    scene = make_scene(instance("a", SQUARE), instance("b", near), selection=("a",))
    hand = Hand(scene, StretchGesture(scene), tolerance=2.0)
    hand.drag((12, 10), (12, 5), (20, 5), (30, 5), (40, 5), (48, 5), (48, 10), held=Modifier.SHIFT)
    outer = hand.outer("a")
    assert (30.0, 3.0) in outer
    assert not any(4.5 < y < 5.5 for _, y in outer)


def test_a_stroke_is_simplified_to_half_a_pixel_of_the_screen():
    scene = make_scene(instance("a", SQUARE))
    hand = Hand(scene, StretchGesture(scene), tolerance=9.0)
    wave = [(15 + 0.1 * k, 5 + 0.2 * (k % 2)) for k in range(300)]
    hand.drag((15, 10), *wave, (45, 10))
    assert len(hand.outer("a")) < 20
    assert area(scene.get("a")) == pytest.approx(1600 + 150, abs=12)


def test_what_leaves_the_image_is_cut_off_at_its_border(hand):
    hand.drag((20, 10), (20, -30), (40, -30), (40, 10))
    assert min(y for _, y in hand.outer("a")) == 0


@given(
    st.lists(st.tuples(st.integers(-10, 110), st.integers(-10, 110)), min_size=2, max_size=20),
    st.booleans(),
)
def test_any_scribble_makes_one_valid_edit_or_none(points, other):
    scene = make_scene(instance("a", SQUARE, FAR_PART, holes=(HOLE,)))
    before = scene.get("a").polygons
    hand = Hand(scene, StretchGesture(scene))
    hand.press(30, 10)
    for point in points:
        hand.move(*point)
    if other:
        hand.key(Key.TAB)
    hand.release(*points[-1])
    assert len(hand.edits) <= 1
    assert is_valid(scene.get("a"))
    if hand.edits:
        assert area(exclusive(before, scene.get("a").polygons)) > 0
    assert not hand.gesture.busy


@pytest.mark.parametrize(
    "line",
    [
        ((20, 10), (20, 4), (20, 10.2)),  # away and back the same way
        ((20, 10), (25, 10.1), (35, 9.9), (40, 10)),  # along the outline
        ((20, 10), (20, 3)),  # away, and led back by the shortest way
        ((60, 10), (60, 4), (60, 10)),  # on the outline of a suggestion
    ],
)
def test_a_stroke_that_changes_nothing_is_refused(hand, line):
    hand.scene.set_suggestions([suggestion("s", ((55, 10), (65, 10), (65, 20), (55, 20)))])
    hand.press(*line[0])
    for point in line[1:]:
        hand.move(*point)
    assert hand.release(*line[-1]).refusal == UNCHANGED
    assert hand.edits == []
    assert hand.scene.get("s") is None


def test_a_change_of_a_pixel_of_the_screen_is_kept(hand):
    hand.drag((20, 10), (22, 9), (38, 9), (40, 10))
    assert area(hand.scene.get("a")) == 1600 - 100 + 400 + 18


def test_a_stroke_that_meets_no_outline_says_so(hand):
    hand.press(5, 95)
    hand.move(35, 97)
    assert hand.release(35, 97).refusal == MET_NOTHING
    assert hand.edits == []


# From the select tool


@pytest.fixture
def select() -> Hand:
    scene = make_scene(instance("a", SQUARE), instance("b", TRIANGLE))
    return Hand(scene, SelectGesture(scene))


def test_ctrl_and_a_drag_from_an_outline_redraw_a_stretch(select):
    select.drag(*OUT, held=Modifier.CTRL)
    assert select.names == ["gestures.stretch"]
    assert area(select.scene.get("a")) == 1720
    assert select.scene.selection == {"a"}


def test_ctrl_and_a_click_on_an_outline_still_add_to_the_selection(select):
    select.click(65, 65)
    select.click(30, 10, held=Modifier.CTRL)
    assert select.scene.selection == {"a", "b"}
    assert select.edits == []


def test_a_drag_from_the_outline_of_a_suggestion_redraws_it(select):
    select.scene.set_suggestions([suggestion("s", PROPOSED)])
    select.press(70, 90)
    assert select.gesture.hint == HINT
    select.move(70, 96)
    assert select.gesture.hint == HINT_DRAWING
    select.move(80, 96)
    select.release(80, 90)
    assert select.scene.get("s").source is Source.EDITED


def test_a_drag_from_the_inside_of_a_suggestion_still_does_nothing(select):
    select.scene.set_suggestions([suggestion("s", PROPOSED)])
    select.drag((80, 80), (85, 95), (95, 95))
    assert select.edits == []


def test_the_selected_outline_is_still_dragged_without_a_key(select):
    select.click(30, 45)
    select.drag((20, 10), (20, 6), (20, 4))
    assert select.names == ["gestures.move_edge"]


def test_tab_belongs_to_the_stroke_only_while_it_is_drawn(select):
    assert not select.gesture.wants(Key.TAB)
    select.press(*OUT[0], held=Modifier.CTRL)
    select.move(*OUT[1], held=Modifier.CTRL)
    select.move(*OUT[2], held=Modifier.CTRL)
    assert select.gesture.wants(Key.TAB)
    select.key(Key.TAB)
    select.release(*OUT[3], held=Modifier.CTRL)
    assert area(select.scene.get("a")) == 120


def test_escape_drops_a_stroke_of_the_select_tool(select):
    select.press(*OUT[0], held=Modifier.CTRL)
    select.move(*OUT[1], held=Modifier.CTRL)
    select.key(Key.ESCAPE)
    select.release(*OUT[3], held=Modifier.CTRL)
    assert select.edits == []
