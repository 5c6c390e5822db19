from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from core.document.instance import Polygon
from core.learning.curve import Curve, Labelled, Round, means
from core.learning.effort import effort, match
from core.learning.threshold import FIRST, RECENT, next_threshold
from tests.bench.effort_figures import draw
from tests.core.learning.making import square

TRUTH = square("t", 10, 10, 40)


def sure(instance, score=0.9):
    return replace(instance, score=score)


def test_without_suggestions_every_vertex_is_drawn():
    found = effort([TRUTH, square("u", 60, 60, 20)], [], 100, 100)
    assert (found.by_hand, found.actions, found.missing) == (8, 8, 2)


def test_a_good_suggestion_costs_only_accepting():
    found = effort([TRUTH], [sure(square("s", 11, 10, 40))], 100, 100)
    assert (found.actions, found.good) == (1, 1)


def test_a_usable_suggestion_costs_its_far_vertices():
    # 40×40 against the left 28×40: IoU 0.7; the two right corners are 12 pixels off.
    ring = ((10.0, 10.0), (38.0, 10.0), (38.0, 50.0), (10.0, 50.0))
    near = sure(replace(square("s", 0, 0, 1), polygons=(Polygon(ring),)))
    found = effort([TRUTH], [near], 100, 100)
    assert (found.usable, found.moved, found.actions) == (1, 2, 3)


def test_a_bad_suggestion_is_false_and_the_instance_missing():
    found = effort([TRUTH], [sure(square("s", 60, 60, 20))], 100, 100)
    assert (found.false, found.drawn, found.actions) == (1, 4, 6)


def test_the_surer_of_two_takes_the_instance():
    pair = [sure(square("a", 10, 10, 40), 0.6), sure(square("b", 12, 12, 40), 0.9)]
    found = effort([TRUTH], pair, 100, 100)
    assert (found.good, found.false) == (1, 1)


def test_outlines_are_simplified_to_a_pixel():
    ring = ((10.0, 10.0), (30.0, 10.4), (50.0, 10.0), (50.0, 50.0), (10.0, 50.0))
    found = effort([replace(TRUTH, polygons=(Polygon(ring),))], [], 100, 100)
    assert found.by_hand == 4


def curve():
    bad, good = effort([TRUTH], [], 100, 100), effort([TRUTH], [sure(TRUTH)], 100, 100)
    images = [
        Labelled("a", 0, bad, bad, 0.5),
        Labelled("b", 1, good, bad, 0.5),
        Labelled("c", 1, good, bad, 0.5),
    ]
    return Curve(tuple(images), (Round(1, 10, 2.0),), 5.0)


def test_means_are_per_instance():
    assert means(curve().images) == {"by_hand": 4.0, "never": 4.0, "loop": pytest.approx(2.0)}
    assert curve().to_json()["last_third"] == {"by_hand": 4.0, "never": 4.0, "loop": 1.0}


HAND, NEVER, PLAIN, LOOP = "#7a7a7a", "#c4591a", "#8a4fa8", "#1a66b3"


def colours(png: bytes) -> set[str]:
    with Image.open(io.BytesIO(png)) as picture:
        counted = picture.convert("RGB").getcolors(1 << 20)
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in counted}


def test_the_picture_has_all_three_lines():
    some = effort([TRUTH], [sure(square("s", 60, 60, 20))], 100, 100)
    helped = replace(some, drawn=1)
    images = [replace(one, never=helped) for one in curve().images]
    found = colours(draw([replace(curve(), images=tuple(images))], "squares"))
    assert {HAND, NEVER, LOOP} <= found
    assert PLAIN not in found


def test_what_never_suggests_anything_is_not_drawn_twice():
    assert NEVER not in colours(draw([curve()], "squares"))


def test_several_orders_and_a_plain_loop_share_a_picture():
    other = replace(curve(), images=curve().images[::-1])
    assert {HAND, PLAIN, LOOP, "#a9c6e4"} <= colours(draw([curve(), other], "two", other))


def test_a_threshold_hides_what_is_below_and_never_matches_anew():
    truths = [TRUTH, square("u", 60, 60, 20)]
    found = match(
        truths,
        [sure(TRUTH, 0.9), sure(square("f", 0, 80, 10), 0.4), sure(square("s", 60, 60, 20), 0.2)],
        100,
        100,
    )
    for threshold, actions in ((0.0, 2), (0.3, 6), (0.5, 5), (0.95, 8)):
        assert found.effort(threshold).actions == actions
    assert found.effort(0.95).accept == 0


def test_the_threshold_that_was_best_is_taken():
    truths = [TRUTH, square("u", 60, 60, 20)]
    low = [sure(TRUTH, 0.9), sure(square("s", 60, 60, 20), 0.22)]
    assert next_threshold([]) == FIRST
    assert next_threshold([match(truths, low, 100, 100)]) == 0.2
    many = [sure(square(f"f{k}", 0, 80, 10), 0.6) for k in range(3)]
    false = match([TRUTH], [sure(TRUTH), *many], 100, 100)
    assert next_threshold([false]) == 0.65
    # Each image counts alike, however much is in it.
    crowd = [square(f"c{k}", 12 * k, 0, 10) for k in range(8)]
    crowded = match(crowd, [sure(each, 0.22) for each in crowd], 100, 100)
    assert next_threshold([crowded]) == 0.2
    assert next_threshold([crowded, *[false] * 5]) == 0.65
    # Only the last images count.
    wanted_low = match(truths, low, 100, 100)
    assert next_threshold([wanted_low] * RECENT * 3 + [false] * RECENT) == 0.65
    assert next_threshold([false] * RECENT * 3 + [wanted_low] * RECENT) == 0.2
    # An image without instances counts too: what is suggested there is false.
    empty = match([], [sure(TRUTH, 0.72)], 100, 100)
    assert next_threshold([empty]) == 0.75
