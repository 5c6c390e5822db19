"""Selecting, moving, copying and nudging."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.document.edits import Add, Batch, Reshape
from core.document.geometry import bounds
from core.document.instance import Instance, Source
from core.gestures.base import Button, Cursor, Key, Modifier
from core.gestures.drags import copied
from core.gestures.select import SelectGesture
from tests.core.gestures.scenes import (
    FAR_PART,
    SQUARE,
    TRIANGLE,
    Hand,
    instance,
    make_scene,
    suggestion,
)


@pytest.fixture
def hand() -> Hand:
    scene = make_scene(instance("a", SQUARE), instance("b", TRIANGLE))
    return Hand(scene, SelectGesture(scene))


def test_a_click_selects_and_makes_no_edit(hand):
    hand.click(30, 40)
    assert hand.scene.selection == {"a"}
    assert hand.edits == []


def test_a_click_elsewhere_selects_the_other_and_on_nothing_none(hand):
    hand.click(30, 40)
    hand.click(68, 68)
    assert hand.scene.selection == {"b"}
    hand.click(5, 95)
    assert hand.scene.selection == frozenset()


@pytest.mark.parametrize("held", [Modifier.CTRL, Modifier.SHIFT])
def test_a_click_with_a_modifier_adds_and_takes_away(hand, held):
    hand.click(30, 40)
    hand.click(68, 68, held=held)
    assert hand.scene.selection == {"a", "b"}
    hand.click(30, 40, held=held)
    assert hand.scene.selection == {"b"}


def test_of_two_under_the_pointer_the_smaller_is_taken():
    inner = ((20.0, 20.0), (40.0, 20.0), (40.0, 40.0), (20.0, 40.0))
    scene = make_scene(instance("small", inner), instance("large", SQUARE))
    hand = Hand(scene, SelectGesture(scene))
    hand.click(30, 30)
    assert scene.selection == {"small"}
    hand.click(14, 45)
    assert scene.selection == {"large"}


def test_a_click_at_the_same_place_takes_what_lies_below_and_comes_round():
    inner = ((20.0, 20.0), (40.0, 20.0), (40.0, 40.0), (20.0, 40.0))
    scene = make_scene(instance("small", inner), instance("large", SQUARE))
    scene.set_suggestions([suggestion("model's", ((15, 15), (45, 15), (45, 45), (15, 45)))])
    hand = Hand(scene, SelectGesture(scene))
    chosen = []
    for _ in range(4):
        hand.click(30, 30)
        chosen.append(scene.selection | scene.picked)
    assert chosen == [{"small"}, {"model's"}, {"large"}, {"small"}]
    hand.click(30, 30)
    hand.click(30, 30)
    hand.drag((30, 30), (33, 30))
    assert [edit.id for edit in hand.edits] == ["large"], "a drag moves what is selected"
    hand.click(30, 30)
    assert scene.selection == {"small"}, "after a drag, a click is a first one"
    hand.click(33, 34)
    assert scene.selection == {"small"}, "elsewhere, a click takes what it always takes"
    hand.double_click(30, 31)
    assert scene.selection == {"small"}, "a double click means what its first click took"


def test_with_shift_a_band_begins_on_an_instance():
    inner = ((20.0, 20.0), (40.0, 20.0), (40.0, 40.0), (20.0, 40.0))
    scene = make_scene(instance("small", inner), instance("large", SQUARE))
    hand = Hand(scene, SelectGesture(scene))
    hand.drag((15, 15), (45, 45), held=Modifier.SHIFT)
    assert scene.selection == {"small"}
    assert hand.edits == []


def test_a_drag_moves_by_one_edit_and_shows_a_preview_before(hand):
    hand.press(30, 40)
    moved = hand.move(35, 43)
    assert moved.preview.offset == (5, 3)
    assert hand.outer("a") == SQUARE, "the document is untouched while dragging"
    hand.release(35, 43)
    assert hand.outer("a") == tuple((x + 5, y + 3) for x, y in SQUARE)
    assert len(hand.edits) == 1
    assert hand.names == ["gestures.move"]


def test_a_shaking_hand_does_not_move(hand):
    hand.drag((30, 40), (30.6, 40.4))
    assert hand.edits == []
    assert hand.scene.selection == {"a"}


def test_a_drag_stops_at_the_border_of_the_image(hand):
    hand.drag((30, 40), (0, 0), (-80, -80))
    box = bounds(hand.scene.get("a"))
    assert (box.x0, box.y0) == (0, 0)
    assert (box.width, box.height) == (40, 40)


def test_a_drag_of_one_of_several_moves_all_in_one_edit(hand):
    hand.click(30, 40)
    hand.click(68, 68, held=Modifier.CTRL)
    hand.drag((30, 40), (33, 41), (34, 44))
    assert isinstance(hand.edits[-1], Batch)
    assert len(hand.edits) == 1
    assert hand.outer("b")[0] == (64, 64)
    assert hand.scene.selection == {"a", "b"}


def test_a_click_on_one_of_several_leaves_that_one(hand):
    hand.click(30, 40)
    hand.click(68, 68, held=Modifier.CTRL)
    hand.click(30, 40)
    assert hand.scene.selection == {"a"}


def test_cancel_drops_a_drag(hand):
    hand.press(30, 40)
    hand.move(60, 40)
    assert hand.gesture.busy
    assert hand.key(Key.ESCAPE).preview.offset is None
    hand.release(60, 40)
    assert hand.edits == []
    assert hand.outer("a") == SQUARE


def test_a_band_selects_what_it_encloses(hand):
    hand.scene.set_suggestions([suggestion("s", FAR_PART)])
    hand.press(2, 2)
    assert hand.move(55, 55).preview.band is not None
    hand.release(55, 55)
    assert hand.scene.selection == {"a"}
    hand.drag((99, 99), (55, 55), (52, 2), held=Modifier.CTRL)
    assert hand.scene.selection == {"a", "b"}
    assert hand.scene.picked == {"s"}


def test_suggestions_are_picked_not_selected(hand):
    hand.scene.set_suggestions([suggestion("s", FAR_PART)])
    hand.click(30, 40)
    hand.click(80, 20)
    assert hand.scene.picked == {"s"}
    assert hand.scene.selection == frozenset()
    hand.drag((80, 20), (60, 40))
    assert hand.edits == [], "a suggestion is not moved"
    hand.click(30, 40)
    assert hand.scene.picked == frozenset()


def test_hidden_things_cannot_be_taken(hand):
    hand.scene.set_suggestions([suggestion("s", FAR_PART)])
    hand.scene.suggestions_shown = False
    hand.scene.set_hidden(frozenset({"a"}))
    hand.click(80, 20)
    hand.click(30, 40)
    assert hand.scene.picked == frozenset()
    assert hand.scene.selection == frozenset()
    hand.scene.set_hidden(frozenset())
    hand.click(30, 40)
    assert hand.scene.selection == {"a"}


def test_right_click_selects_and_asks_for_a_menu(hand):
    outcome = hand.click(30, 40, button=Button.RIGHT)
    assert outcome.menu
    assert hand.scene.selection == {"a"}


def test_a_copy_has_all_that_its_original_says_but_what_a_model_said():
    told = {
        "label": "cell", "polygons": (SQUARE,), "flags": (("odd", True),), "description": "left",
        "crowd": True, "group_id": 3, "attributes": (("age", 4),), "box": True,
        "keypoints": ((1.0, 2.0, 2),), "line": True,
    }  # fmt: skip
    gone = {"source": Source.EDITED, "score": 0.5, "model": "m", "locked": True}
    assert {"id", *told, *gone} == {field.name for field in fields(Instance)}
    copy = copied(Instance("a", **told, **gone), "b", (TRIANGLE,))
    assert copy == Instance("b", **told | {"polygons": (TRIANGLE,)})


def test_right_drag_copies(hand):
    hand.scene.document.apply(Reshape("a", hand.scene.get("a").polygons, Source.ACCEPTED))
    hand.press(30, 40, button=Button.RIGHT)
    assert hand.move(32, 45).preview.copying
    outcome = hand.release(32, 45, button=Button.RIGHT)
    (edit,) = hand.edits
    assert isinstance(edit, Add)
    assert not outcome.menu
    (copy,) = edit.shapes
    assert copy.id != "a"
    assert copy.source is Source.DRAWN
    assert copy.polygons[0].outer[0] == (12, 15)
    assert hand.outer("a") == SQUARE
    assert hand.scene.selection == {copy.id}


def test_arrows_nudge_and_one_press_is_one_edit(hand):
    hand.click(30, 40)
    hand.key(Key.RIGHT)
    assert hand.outer("a")[0] == (11, 10)
    hand.key(Key.DOWN, Modifier.SHIFT)
    assert hand.outer("a")[0] == (11, 20)
    assert len(hand.edits) == 2


def test_a_held_arrow_is_one_edit(hand):
    hand.click(30, 40)
    for _ in range(5):
        hand.gesture.key(Key.LEFT)
    assert hand.outer("a")[0] == (10, 10)
    hand.key(Key.LEFT)
    assert hand.outer("a")[0] == (4, 10)
    assert len(hand.edits) == 1


def test_keys_without_a_meaning_are_left_to_others(hand):
    assert not hand.gesture.wants(Key.LEFT)
    assert hand.gesture.key(Key.LEFT) is None
    assert not hand.gesture.wants(Key.ESCAPE)
    assert not hand.gesture.wants(Key.BACKSPACE)
    hand.click(30, 40)
    assert hand.gesture.wants(Key.ESCAPE)
    hand.key(Key.ESCAPE)
    assert hand.scene.selection == frozenset()


def test_the_pointer_tells_what_a_press_would_do(hand):
    assert hand.move(5, 95).cursor is Cursor.ARROW
    assert hand.move(30, 40).cursor is Cursor.POINT
    hand.click(30, 40)
    assert hand.move(30, 40).cursor is Cursor.MOVE
    hover = hand.move(68, 68).preview.hover
    assert (hover.id, hover.kind) == ("b", "body")
