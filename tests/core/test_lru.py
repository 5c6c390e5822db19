"""The cache of what was used last, against the plainest model of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.lru import Lru

STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "drop"]), st.integers(0, 7), st.integers(0, 9))
)


@given(STEPS, st.integers(0, 20))
def test_it_keeps_what_was_used_last(steps: list[tuple[str, int, int]], limit: int) -> None:
    cache: Lru[int, int] = Lru(limit, lambda value: value)
    kept: list[tuple[int, int]] = []  # the longest unused first
    for what, key, value in steps:
        there = [pair for pair in kept if pair[0] == key]
        rest = [pair for pair in kept if pair[0] != key]
        if what == "put":
            cache[key] = value
            kept = [*rest, (key, value)]
            while sum(v for _, v in kept) > limit and len(kept) > 1:
                kept.pop(0)
        elif what == "get":
            assert cache.get(key) == (there[0][1] if there else None)
            kept = [*rest, *there]
        else:
            cache.drop(key)
            kept = rest
        assert list(cache) == [k for k, _ in kept]
        assert cache.total == sum(v for _, v in kept)
        assert len(cache) == len(kept)
        assert (key in cache) == any(k == key for k, _ in kept)
    cache.clear()
    assert (len(cache), cache.total) == (0, 0)


def test_without_a_cost_each_counts_as_one() -> None:
    cache: Lru[str, None] = Lru(2)
    for key in "abc":
        cache[key] = None
    assert list(cache) == ["b", "c"]
    assert cache["b"] is None
    assert list(cache) == ["c", "b"]
