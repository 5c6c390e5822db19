"""Points stay in mind for the outline that came of them, and for no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.document.instance import Polygon
from core.gestures.base import Asked
from core.gestures.pointed import Pointed
from tests.core.gestures.scenes import SQUARE, TRIANGLE, instance

HERE = instance("a", SQUARE)
ONCE = (Polygon(TRIANGLE),)
TWICE = (Polygon(((10.0, 10.0), (90.0, 10.0), (90.0, 90.0))),)


@pytest.fixture
def pointed() -> Pointed:
    """One that was told of a point off an outline, and of one on what came of that."""
    pointed = Pointed()
    pointed.note(ONCE, Asked(outside=((20.0, 40.0),), mends=HERE))
    pointed.note(TWICE, Asked(inside=((60.0, 30.0),), mends=replace(HERE, polygons=ONCE)))
    return pointed


def mending(polygons, **points) -> Asked:
    return Asked(mends=replace(HERE, polygons=polygons), **points)


def test_earlier_points_come_before_the_new_one(pointed):
    asked = pointed.with_earlier(mending(TWICE, inside=((70.0, 15.0),)))
    assert asked.inside == ((60.0, 30.0), (70.0, 15.0))
    assert asked.outside == ((20.0, 40.0),)


def test_a_point_that_was_undone_is_forgotten(pointed):
    asked = pointed.with_earlier(mending(ONCE, inside=((70.0, 15.0),)))
    assert (asked.inside, asked.outside) == (((70.0, 15.0),), ((20.0, 40.0),))
    asked = pointed.with_earlier(mending(HERE.polygons, inside=((70.0, 15.0),)))
    assert (asked.inside, asked.outside) == (((70.0, 15.0),), ())


def test_an_outline_that_was_shaped_otherwise_has_no_points(pointed):
    shaped = (Polygon((*TWICE[0].outer, (10.0, 89.0))),)
    asked = mending(shaped, outside=((30.0, 30.0),))
    assert pointed.with_earlier(asked) == asked


def test_who_points_at_the_same_place_again_has_changed_their_mind(pointed):
    asked = pointed.with_earlier(mending(TWICE, outside=((61.0, 31.0),)))
    assert (asked.inside, asked.outside) == ((), ((20.0, 40.0), (61.0, 31.0)))
    far = pointed.with_earlier(mending(TWICE, outside=((72.0, 31.0),)))
    assert far.inside == ((60.0, 30.0),)


def test_points_that_mend_nothing_stay_alone_and_another_image_forgets_all(pointed):
    new = Asked(inside=((1.0, 1.0),))
    assert pointed.with_earlier(new) == new
    pointed.clear()
    asked = mending(TWICE, inside=((70.0, 15.0),))
    assert pointed.with_earlier(asked) == asked


def test_what_points_made_keeps_them():
    pointed = Pointed()
    pointed.note(ONCE, Asked(inside=((5.0, 5.0),), outside=((50.0, 9.0),)))
    asked = pointed.with_earlier(mending(ONCE, outside=((20.0, 40.0),)))
    assert (asked.inside, asked.outside) == (((5.0, 5.0),), ((50.0, 9.0), (20.0, 40.0)))
