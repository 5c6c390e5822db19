"""Box and click: what the model is asked, what is shown, and what is kept."""

from __future__ import annotations

import pytest

from core.document.geometry import Rect
from core.document.instance import Source
from core.gestures.base import Answered, Asked, Button, Kept, Key, Modifier, Wheeled
from core.gestures.prompt import (
    HINT_BOX,
    HINT_BOX_DRAGGING,
    HINT_CLICK,
    HINT_POINTS,
    HINT_WAIT,
    BoxGesture,
    ClickGesture,
    Prompter,
)
from tests.core.gestures.scenes import SQUARE, TRIANGLE, Hand, instance, make_scene, suggestion


def prompted(id: str, x: float, y: float, side: float):
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return instance(id, ring, source=Source.PROMPTED, score=0.7)


SMALL, LARGE = prompted("small", 70, 20, 8), prompted("large", 66, 16, 20)


class PromptHand(Hand):
    """A hand with a model that answers when told to."""

    @property
    def asked(self) -> list[Asked]:
        return [outcome.asks for outcome in self.outcomes if outcome.asks is not None]

    @property
    def kept(self) -> list[Kept]:
        return [outcome.keeps for outcome in self.outcomes if outcome.keeps is not None]

    def hear(self, *choices, first=0, asked=None):
        answered = Answered(asked or self.asked[-1], choices, first)
        return self._take(self.gesture.hear(answered))


@pytest.fixture
def box() -> PromptHand:
    scene = make_scene(instance("a", SQUARE))
    scene.prompts_ready = True
    return PromptHand(scene, BoxGesture(scene))


@pytest.fixture
def click() -> PromptHand:
    scene = make_scene(instance("a", SQUARE), instance("b", TRIANGLE))
    scene.prompts_ready = True
    return PromptHand(scene, ClickGesture(scene))


@pytest.mark.parametrize("made", [BoxGesture, ClickGesture])
def test_both_are_told_the_answers(made):
    assert isinstance(made(make_scene()), Prompter)


# Box


def test_a_drag_asks_about_its_box_and_shows_the_answer(box):
    box.press(90, 40)
    assert box.asked == []
    outcome = box.move(60, 10)
    assert outcome.asks == Asked(Rect(60, 10, 90, 40))
    assert outcome.preview.band == Rect(60, 10, 90, 40)
    assert outcome.preview.changed == ()
    shown = box.hear(LARGE, SMALL).preview
    assert shown.changed == (LARGE,)
    assert shown.band == Rect(60, 10, 90, 40)
    assert box.move(61, 10).preview.changed == (LARGE,)  # until the next answer is there


def test_letting_go_keeps_the_box_as_it_is_then(box):
    box.press(60, 10)
    box.move(80, 30)
    box.hear(LARGE, SMALL)
    box.release(90, 40)
    assert box.kept == [Kept(Asked(Rect(60, 10, 90, 40)))]
    assert box.edits == []
    assert not box.gesture.busy


def test_tab_takes_the_other_outline_and_keeps_it(box):
    box.press(60, 10)
    box.move(90, 40)
    box.hear(LARGE, SMALL)
    assert box.key(Key.TAB).preview.changed == (SMALL,)
    box.release(90, 40)
    assert box.kept == [Kept(Asked(Rect(60, 10, 90, 40), most=2), 1)]


def test_a_box_asks_for_one_outline_and_for_one_more_with_each_tab(box):
    assert box.key(Key.TAB) is None
    box.press(60, 10)
    assert box.key(Key.TAB).asks is None  # no box yet
    box.key(Key.ESCAPE)
    box.press(60, 10)
    assert box.move(80, 30).asks == Asked(Rect(60, 10, 80, 30), most=1)
    box.hear(LARGE)
    turned = box.key(Key.TAB)
    assert turned.asks == Asked(Rect(60, 10, 80, 30), most=2)
    assert turned.preview.changed == (LARGE,)  # until the other one is there
    assert box.hear(LARGE, SMALL).preview.changed == (SMALL,)
    assert box.move(90, 40).asks == Asked(Rect(60, 10, 90, 40), most=2)
    box.release(90, 40)
    box.press(60, 10)
    assert box.move(90, 40).asks == Asked(Rect(60, 10, 90, 40), most=1)


@pytest.mark.parametrize("key", [Key.ESCAPE, Key.BACKSPACE, Key.UNDO])
def test_escape_leaves_no_trace(box, key):
    box.press(60, 10)
    box.move(90, 40)
    box.hear(LARGE)
    assert box.key(key).preview.changed == ()
    assert box.hear(LARGE).preview.changed == ()
    box.release(90, 40)
    assert box.kept == []


def test_two_clicks_make_a_box_and_enter_the_second_one(box):
    box.click(60, 10)
    assert box.gesture.busy
    box.click(90, 40)
    box.click(60, 10)
    box.move(80, 30)
    box.key(Key.ENTER)
    assert box.kept == [Kept(Asked(Rect(60, 10, 90, 40))), Kept(Asked(Rect(60, 10, 80, 30)))]


def test_a_box_without_width_asks_nothing(box):
    box.press(60, 10)
    assert box.move(60, 40).asks is None
    box.release(60, 40)
    assert box.kept == []


def test_an_answer_to_the_box_before_does_not_show_in_the_next(box):
    box.drag((60, 10), (90, 40))
    box.press(10, 60)
    assert box.move(30, 90).preview.changed == ()


def test_a_box_stays_on_the_image(box):
    box.drag((60, 60), (150, 130))
    assert box.kept == [Kept(Asked(Rect(60, 60, 100, 100)))]


def test_the_hints_of_the_box(box):
    assert box.gesture.hint == HINT_BOX
    box.press(60, 10)
    assert box.gesture.hint == HINT_BOX_DRAGGING
    box.scene.prompts_ready = False
    assert box.gesture.hint == HINT_WAIT
    assert not isinstance(box.gesture, Wheeled)


# Click


def test_hovering_asks_and_shows_and_a_click_keeps_what_is_shown(click):
    assert click.move(74, 24).asks == Asked(inside=((74, 24),))
    assert click.hear(SMALL, LARGE, first=1).preview.changed == (LARGE,)
    click.move(75, 25)
    click.press(75, 25)
    click.release(75, 25)
    assert click.kept == [Kept(Asked(inside=((74, 24),)))]
    assert click.edits == []


def test_a_click_before_the_answer_keeps_what_it_will_be(click):
    click.click(74, 24)
    assert click.kept == [Kept(Asked(inside=((74, 24),)))]


def test_wheel_and_tab_walk_by_size_round_about(click):
    click.move(74, 24)
    assert not click.gesture.wants(Key.TAB)
    click.hear(SMALL, LARGE)
    assert click.gesture.turn(1).preview.changed == (LARGE,)
    assert click.key(Key.TAB).preview.changed == (SMALL,)
    assert click.key(Key.TAB, Modifier.SHIFT).preview.changed == (LARGE,)
    click.click(74, 24)
    assert click.kept == [Kept(Asked(inside=((74, 24),)), 1)]


def test_away_from_what_is_shown_nothing_is_shown_until_the_next_answer(click):
    click.move(74, 24)
    click.hear(SMALL, LARGE)
    click.gesture.turn(1)
    assert click.move(95, 50).preview.changed == ()
    assert click.gesture.turn(1) is None


def test_a_late_answer_about_another_place_is_not_shown(click):
    click.move(20, 80)
    asked = click.asked[-1]
    click.move(74, 24)
    assert click.hear(prompted("late", 10, 70, 20), asked=asked).preview.changed == ()
    assert click.hear(SMALL).preview.changed == (SMALL,)


def test_points_inside_and_outside_are_collected(click):
    click.click(74, 24, held=Modifier.SHIFT)
    assert click.asked[-1] == Asked(inside=((74, 24),))
    click.click(80, 30, button=Button.RIGHT)
    assert click.asked[-1] == Asked(inside=((74, 24),), outside=((80, 30),))
    preview = click.hear(SMALL).preview
    assert preview.points == (((74, 24), True), ((80, 30), False))
    assert preview.changed == (SMALL,)
    assert click.move(95, 95).asks is None
    assert click.gesture.hint == HINT_POINTS
    click.click(95, 5)
    assert click.kept == [Kept(Asked(inside=((74, 24),), outside=((80, 30),)))]
    assert not click.gesture.busy


def test_alt_is_a_second_way_to_say_outside(click):
    click.click(74, 24, held=Modifier.SHIFT)
    click.click(80, 30, held=Modifier.ALT)
    assert click.asked[-1].outside == ((80, 30),)


def test_backspace_takes_the_last_point_back_and_escape_all(click):
    click.click(74, 24, held=Modifier.SHIFT)
    click.click(80, 30, button=Button.RIGHT)
    assert click.key(Key.BACKSPACE).asks == Asked(inside=((74, 24),))
    assert click.key(Key.ESCAPE).preview.points == ()
    assert not click.gesture.busy
    assert click.key(Key.ENTER) is None
    click.click(74, 24, held=Modifier.SHIFT)
    click.key(Key.ENTER)
    assert click.kept == [Kept(Asked(inside=((74, 24),)))]


def test_an_answer_to_other_points_is_not_shown(click):
    click.click(74, 24, held=Modifier.SHIFT)
    old = click.asked[-1]
    click.click(80, 30, button=Button.RIGHT)
    assert click.hear(SMALL, asked=old).preview.changed == ()
    assert click.hear(SMALL, asked=Asked(Rect(0, 0, 9, 9))).preview.changed == ()


def test_a_right_click_on_an_instance_mends_it_at_once(click):
    click.click(20, 40, button=Button.RIGHT)
    mended = click.scene.get("a")
    assert click.kept == [Kept(Asked(outside=((20, 40),), mends=mended))]
    assert not click.gesture.busy


def test_what_came_of_mending_is_seen_until_the_pointer_goes_elsewhere(click):
    click.move(20, 40)
    before = click.asked[-1]
    click.click(20, 40, button=Button.RIGHT)
    click.scene.set_hidden(frozenset({"a"}))  # nothing lies under the pointer any more
    count = len(click.asked)
    click.move(21, 41)
    assert len(click.asked) == count
    around = prompted("around", 15, 35, 20)
    assert click.hear(around, asked=before).preview.changed == ()
    click.move(26, 40)
    assert click.asked[count:] == [Asked(inside=((26, 40),))]
    assert click.hear(around).preview.changed == (around,)
    click.move(20, 40)
    assert len(click.asked) == count + 2, "it has been elsewhere"


def test_points_are_set_where_one_has_just_mended(click):
    click.click(20, 40, button=Button.RIGHT)
    click.scene.set_hidden(frozenset({"a"}))
    click.click(20, 40, held=Modifier.SHIFT)
    around = prompted("around", 15, 35, 20)
    assert click.hear(around).preview.changed == (around,)


def test_shift_beside_the_selected_instance_mends_it_and_far_away_begins_another(click):
    click.scene.selection = frozenset({"a"})
    click.click(55, 30, held=Modifier.SHIFT)
    assert click.kept == [Kept(Asked(inside=((55, 30),), mends=click.scene.get("a")))]
    click.click(97, 20, held=Modifier.SHIFT)
    assert len(click.kept) == 1
    assert click.gesture.busy


def test_what_is_there_is_selected_and_a_suggestion_accepted(click):
    click.scene.set_suggestions([suggestion("s", SMALL.polygons[0].outer)])
    assert click.move(20, 40).preview.hover.id == "a"
    click.click(20, 40)
    assert click.scene.selection == {"a"}
    assert click.move(74, 24).preview.hover_suggestion == "s"
    assert click.click(74, 24).accepted == {"s"}
    assert click.kept == []


def test_over_what_is_there_the_wheel_shows_other_outlines(click):
    inner = prompted("inner", 15, 35, 10)
    click.move(20, 40)
    assert click.hear(inner, LARGE).preview.changed == ()
    click.gesture.turn(2)
    assert click.gesture.move(click._event(20, 40)).preview.changed == (inner,)
    click.press(20, 40)
    click.release(20, 40)
    assert click.kept == [Kept(Asked(inside=((20, 40),)), 2)]


def test_a_suggestion_is_mended_as_well(click):
    proposed = suggestion("s", SMALL.polygons[0].outer)
    click.scene.set_suggestions([proposed])
    click.click(74, 24, button=Button.RIGHT)
    assert click.kept[0].asked.mends == proposed


def test_a_double_click_keeps_once(click):
    click.double_click(74, 24)
    assert len(click.kept) == 1


def test_beside_the_image_nothing_is_asked(click):
    assert click.move(120, 50).asks is None
    click.click(120, 50)
    assert click.kept == []


def test_the_hints_of_the_click(click):
    assert click.gesture.hint == HINT_CLICK
    click.scene.prompts_ready = False
    assert click.gesture.hint == HINT_WAIT
