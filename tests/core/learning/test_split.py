from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.learning.likeness import Likeness, groups, is_near_duplicate, likeness
from core.learning.split import hold_out
from tests.core.learning.making import picture


def test_a_recompressed_brighter_copy_is_a_near_duplicate():
    pixels = np.asarray(Image.fromarray(picture(1)[0]).resize((300, 200)))
    again = np.clip(pixels.astype(float) * 1.1 + 5, 0, 255).astype(np.uint8)
    small = np.asarray(Image.fromarray(pixels).resize((150, 100)))
    assert is_near_duplicate(likeness(pixels), likeness(again))
    assert is_near_duplicate(likeness(pixels), likeness(small))


def test_other_images_are_not():
    likenesses = [likeness(picture(seed)[0]) for seed in range(12)]
    assert groups(likenesses) == list(range(12))


def test_groups_join_over_a_third():
    a, b = picture(1)[0], picture(2)[0]
    found = groups([likeness(one) for one in (a, b, a, b, a)])
    assert found == [0, 1, 0, 1, 0]


def test_two_groups_become_one_when_an_image_is_near_both():
    small = np.full((32, 32), 1 / 32, np.float32)
    bits = np.zeros((3, 63), np.bool_)
    bits[1, :12] = bits[2, :6] = True
    first, second, between = (Likeness(each, small) for each in bits)
    assert not is_near_duplicate(first, second)
    assert groups([first, second, between]) == [0, 0, 0]
    assert groups([second, first, between, first]) == [0, 0, 0, 0]


def test_an_image_of_one_colour_is_like_its_kind_alone():
    bits = np.zeros(63, np.bool_)
    blank = Likeness(bits, np.zeros((32, 32), np.float32))
    other = Likeness(bits, np.full((32, 32), 1 / 32, np.float32))
    assert is_near_duplicate(blank, blank)
    assert not is_near_duplicate(blank, other)
    assert not is_near_duplicate(other, blank)


KEYS = st.lists(st.text("abcdef", min_size=1, max_size=6), min_size=3, max_size=40, unique=True)


@given(KEYS, st.floats(0.05, 0.9))
def test_both_sides_get_something(keys, share):
    sides = hold_out(keys, list(range(len(keys))), share)
    assert any(sides)
    assert not all(sides)


@given(KEYS, st.data())
def test_near_duplicates_stay_together(keys, data):
    group = data.draw(st.lists(st.integers(0, 5), min_size=len(keys), max_size=len(keys)))
    sides = hold_out(keys, group, 0.3)
    for number in set(group):
        assert len({s for s, g in zip(sides, group, strict=True) if g == number}) == 1


@given(KEYS, st.integers(1, 10))
def test_the_split_stays_when_images_are_added(keys, more):
    first = dict(zip(keys, hold_out(keys, list(range(len(keys))), 0.3), strict=True))
    longer = [*keys, *(f"new{k}" for k in range(more))]
    later = hold_out(longer, list(range(len(longer))), 0.3, first)
    assert dict(zip(longer, later, strict=True)) | first == dict(zip(longer, later, strict=True))


def test_an_image_that_joins_both_sides_pulls_them_to_the_learned_one():
    known = {"a": True, "b": False, "c": True, "d": False}
    sides = hold_out(["a", "b", "c", "d", "new"], [0, 0, 1, 2, 0], 0.3, known)
    assert sides == [False, False, True, False, False]


def test_too_few_images_hold_nothing_out():
    assert hold_out(["a", "b"], [0, 1], 0.5) == [False, False]
    assert hold_out(["a", "b", "c"], [0, 1, 2], 0.0) == [False] * 3
