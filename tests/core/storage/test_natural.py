"""Natural order of names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.storage.natural import natural_key


def test_numbers_count_as_numbers() -> None:
    names = ["img10.png", "img9.png", "IMG1.png", "img09.png", "10.png", "9.png", "a.png"]
    wanted = ["9.png", "10.png", "a.png", "IMG1.png", "img09.png", "img9.png", "img10.png"]
    assert sorted(names, key=natural_key) == wanted


@given(st.lists(st.text(max_size=8)))
def test_every_text_has_a_place(texts: list[str]) -> None:
    backwards = texts[::-1]
    assert sorted(backwards, key=natural_key) == sorted(texts, key=natural_key)


@given(st.text(alphabet="a1²٣b", max_size=8), st.text(alphabet="a1²٣b", max_size=8))
def test_equal_only_for_equal_texts(a: str, b: str) -> None:
    assert (natural_key(a) == natural_key(b)) == (a == b)
