"""Keypoints set one after the other, moved, hidden and taken away."""

from __future__ import annotations

import pytest

from core.document.instance import Seen
from core.document.skeleton import Skeleton
from core.gestures.base import Button, Key, Modifier
from core.gestures.keypoints import KeypointGesture
from core.gestures.select import SelectGesture
from tests.core.gestures.scenes import SQUARE, TRIANGLE, Hand, instance, make_scene

POINTS = ((20.0, 20.0, 2), (30.0, 30.0, 1), (0.0, 0.0, 0))


def points_of(hand: Hand) -> tuple:
    return hand.scene.document.get("a").keypoints


@pytest.fixture
def setting() -> Hand:
    scene = make_scene(instance("a", SQUARE), instance("b", TRIANGLE))
    scene.skeletons = {"cell": Skeleton(("head", "body", "tail"))}
    return Hand(scene, KeypointGesture(scene))


@pytest.fixture(params=[SelectGesture, KeypointGesture])
def changing(request) -> Hand:
    scene = make_scene(instance("a", SQUARE, keypoints=POINTS), selection=("a",))
    scene.skeletons = {"cell": Skeleton(("head", "body", "tail"))}
    return Hand(scene, request.param(scene))


def test_clicks_set_them_in_the_order_of_the_skeleton(setting):
    setting.click(30, 40)
    assert setting.scene.selection == {"a"}
    setting.click(11, 12)
    setting.click(60, 70, button=Button.RIGHT)  # outside of the outline, and hidden
    assert points_of(setting) == ((11.0, 12.0, 2), (60.0, 70.0, 1))
    setting.click(300, -5)
    assert points_of(setting)[2] == (100.0, 0.0, 2)
    assert len(setting.edits) == 3
    setting.click(68, 68)  # all are set: the click takes the other one
    assert setting.scene.selection == {"b"}
    assert len(setting.edits) == 3


def test_tab_leaves_one_out_and_backspace_takes_the_last_back(setting):
    setting.click(30, 40)
    setting.key(Key.TAB)
    setting.click(15, 15)
    assert points_of(setting) == ((0.0, 0.0, 0), (15.0, 15.0, 2))
    setting.key(Key.BACKSPACE)
    assert points_of(setting) == ()
    setting.click(16, 16)
    assert points_of(setting) == ((16.0, 16.0, 2),)


def test_a_label_without_keypoints_says_where_they_are_named(setting):
    setting.scene.skeletons = {}
    setting.click(30, 40)
    setting.click(15, 15)
    assert setting.outcomes[-1].refusal.id == "gestures.no_skeleton"
    assert setting.edits == []


def test_a_drag_moves_one_and_keeps_what_is_said_of_it(changing):
    changing.drag((30, 30), (33, 41))
    assert points_of(changing) == (POINTS[0], (33.0, 41.0, 1), POINTS[2])
    assert len(changing.edits) == 1


def test_shift_takes_one_away_and_alt_hides_and_shows_it(changing):
    changing.click(20, 20, held=Modifier.ALT)
    assert points_of(changing)[0] == (20.0, 20.0, Seen.HIDDEN)
    changing.click(20, 20, held=Modifier.ALT)
    assert points_of(changing) == POINTS
    changing.click(20, 20, held=Modifier.SHIFT)
    assert points_of(changing) == ((0.0, 0.0, 0), *POINTS[1:])


def test_those_of_what_is_not_selected_are_not_taken(changing):
    changing.scene.selection = frozenset()
    changing.drag((20, 20), (26, 20))
    seen = points_of(changing)
    # The select tool moved the whole instance, points and all.
    assert seen in (POINTS, ((26.0, 20.0, 2), (36.0, 30.0, 1), (0.0, 0.0, 0)))


def test_they_move_with_their_instance_and_its_copies():
    scene = make_scene(instance("a", SQUARE, keypoints=POINTS), selection=("a",))
    hand = Hand(scene, SelectGesture(scene))
    hand.drag((40, 40), (45, 42))
    moved = ((25.0, 22.0, 2), (35.0, 32.0, 1), (0.0, 0.0, 0))
    assert points_of(hand) == moved
    hand.drag((45, 42), (40, 40), button=Button.RIGHT)
    copy = next(each for each in scene.document.shapes if each.id != "a")
    assert copy.keypoints == POINTS
    assert points_of(hand) == moved


def test_a_mere_click_beside_another_keypoint_sets_the_next_one(setting):
    setting.click(30, 40)
    for x in (20, 21, 22):
        setting.click(x, 20)
    assert points_of(setting) == ((20.0, 20.0, 2), (21.0, 20.0, 2), (22.0, 20.0, 2))
    setting.click(21, 20)  # all are set: nothing is left to do
    assert len(setting.edits) == 3
