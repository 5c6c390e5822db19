"""Sweeping over suggestions."""

from __future__ import annotations

import pytest

from core.gestures.base import Button, Key
from core.gestures.sweep import HINT, HINT_SWEEPING, SweepGesture
from tests.core.gestures.scenes import SQUARE, Hand, instance, make_scene, suggestion


def square(x: float, y: float, side: float = 10.0):
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


@pytest.fixture
def hand() -> Hand:
    scene = make_scene(instance("a", SQUARE))
    scene.set_suggestions(
        [
            suggestion("large", square(0, 60, 40)),
            suggestion("one", square(5, 65)),
            suggestion("two", square(60, 65)),
            suggestion("three", square(85, 65)),
        ]
    )
    return Hand(scene, SweepGesture(scene))


@pytest.mark.parametrize(
    ("button", "accepted", "rejected"),
    [
        (Button.LEFT, {"one", "large", "two", "three"}, set()),
        (Button.RIGHT, set(), {"one", "large", "two", "three"}),
    ],
)
def test_a_quick_stroke_answers_all_it_went_over(hand, button, accepted, rejected):
    hand.move(10, 70)
    hand.press(10, 70, button=button)
    shown = hand.move(90, 70, button=button).preview
    assert (shown.accepting, shown.rejecting) == (accepted, rejected)
    end = hand.release(90, 70, button=button)
    assert (end.accepted, end.rejected) == (accepted, rejected)
    assert end.edit is None
    assert end.menu is False
    assert not hand.gesture.busy


def test_a_click_answers_the_smallest_and_nothing_beside_it(hand):
    assert hand.click(10, 70).accepted == {"one"}
    assert hand.click(30, 90).accepted == {"large"}
    assert hand.click(52, 70).accepted == frozenset()
    assert hand.click(65, 70, button=Button.RIGHT).rejected == {"two"}


def test_an_instance_in_the_way_does_not_matter(hand):
    hand.scene.set_suggestions([suggestion("under", square(0, 0, 90))])
    assert hand.click(30, 30).accepted == {"under"}


def test_escape_drops_and_enter_answers_at_once(hand):
    hand.press(65, 70)
    assert hand.gesture.hint == HINT_SWEEPING
    assert hand.key(Key.ESCAPE).accepted == frozenset()
    assert hand.release(90, 70).accepted == frozenset()
    hand.press(65, 70)
    assert hand.key(Key.ENTER).accepted == {"two"}
    assert hand.release(90, 70).accepted == frozenset()
    assert hand.gesture.hint == HINT


def test_the_other_button_does_not_end_the_stroke(hand):
    hand.press(65, 70)
    hand.press(90, 70, button=Button.RIGHT)
    assert hand.release(90, 70, button=Button.RIGHT).rejected == frozenset()
    assert hand.gesture.busy
    assert hand.release(66, 70).accepted == {"two"}


def test_hovering_shows_what_a_click_would_answer(hand):
    assert hand.move(10, 70).preview.hover_suggestion == "one"
    assert hand.move(52, 5).preview.hover_suggestion is None


def test_hidden_suggestions_are_not_answered(hand):
    hand.scene.suggestions_shown = False
    assert hand.click(10, 70).accepted == frozenset()


def test_keys_mean_nothing_at_rest(hand):
    assert not any(hand.gesture.wants(key) for key in Key)
