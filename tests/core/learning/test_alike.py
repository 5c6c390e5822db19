"""What is like examples: by angle, without classes; each answer moves the line."""

from __future__ import annotations

import numpy as np
import pytest

from core.learning.alike import likeness

RNG = np.random.default_rng(4)
CENTRES = RNG.normal(0, 1, (3, 32)).astype(np.float32)
KIND = np.repeat(np.arange(3), 40)
THINGS = (CENTRES[KIND] + RNG.normal(0, 0.25, (120, 32))).astype(np.float32) + 5.0


def found(things: np.ndarray, meant: list[int], unlike: list[int] | None = None) -> set[int]:
    no = None if unlike is None else things[unlike]
    compared = likeness(things, things[meant], no)
    assert compared.values.min() >= 0
    assert compared.values.max() <= 1
    return set(np.flatnonzero(compared.values >= compared.line).tolist())


def test_one_example_finds_those_of_its_kind() -> None:
    assert found(THINGS, [0]) == set(range(40))
    assert found(THINGS, [50]) == set(range(40, 80))


def test_more_examples_find_more_and_what_is_turned_down_goes() -> None:
    both = found(THINGS, [0, 45])
    assert {int(KIND[k]) for k in both} >= {0, 1}
    less = found(THINGS, [0, 5, 9], [45, 46])
    assert {int(KIND[k]) for k in less} == {0}


def test_an_answer_moves_the_line_to_its_side() -> None:
    yes, no = THINGS[:2], THINGS[40:41]
    before = likeness(THINGS, yes[:1])
    accepted = likeness(THINGS, np.concatenate((yes[:1], THINGS[40:41])))
    assert accepted.line < before.line
    near = (0.6 * THINGS[0] + 0.4 * THINGS[40])[None]
    refused = likeness(THINGS, yes[:1], near)
    assert refused.line > before.line
    assert likeness(near, yes[:1], near).values[0] < refused.line
    assert likeness(THINGS, yes[:1], no).values[0] == pytest.approx(1.0)


def test_nothing_to_compare_with_gives_nothing() -> None:
    none = likeness(THINGS[:0], THINGS[:1])
    assert len(none.values) == 0
    assert 0 <= none.line <= 1
