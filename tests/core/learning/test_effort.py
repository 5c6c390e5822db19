from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from core.document.instance import Polygon
from core.learning.curve import Curve, Labelled, Round, draw, means
from core.learning.effort import effort
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
    images = [Labelled("a", 0, bad, bad), Labelled("b", 1, good, bad), Labelled("c", 1, good, bad)]
    return Curve(tuple(images), (Round(1, 10, 2.0),), 5.0)


def test_means_are_per_instance():
    assert means(curve().images) == {"by_hand": 4.0, "never": 4.0, "loop": pytest.approx(2.0)}
    assert curve().to_json()["last_third"] == {"by_hand": 4.0, "never": 4.0, "loop": 1.0}


def test_the_picture_has_all_three_lines(tmp_path):
    path = tmp_path / "curve.png"
    path.write_bytes(draw(curve(), "squares"))
    with Image.open(path) as picture:
        colours = {colour for _, colour in picture.getcolors(1 << 20)}
    assert {(0x7A, 0x7A, 0x7A), (0xC4, 0x59, 0x1A), (0x1A, 0x66, 0xB3)} <= colours
