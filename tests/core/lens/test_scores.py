"""From which score on suggestions are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lens.scores import (
    BINS,
    UNKNOWN,
    Answered,
    ScoreRecord,
    added,
    bin_of,
    record_for,
    record_of,
    records_from,
    start_score,
)

COUNTS = st.lists(st.integers(0, 500), min_size=BINS, max_size=BINS)
RECORDS = st.builds(
    lambda right, wrong: ScoreRecord("photos", tuple(right), tuple(wrong)), COUNTS, COUNTS
)


def told(*answers: tuple[float, bool], times: int = 1) -> ScoreRecord:
    return record_of("", [Answered(*each) for each in answers] * times)


def stepped(at: int, above: float = 1.0, below: float = 0.0) -> ScoreRecord:
    """Shares of right ones from one part on, and below."""
    right = tuple(20.0 * (above if place >= at else below) for place in range(BINS))
    return ScoreRecord("photos", right, tuple(20.0 - each for each in right))


@pytest.mark.parametrize(("at", "expected"), [(12, 8), (14, 11), (16, 14)])
def test_half_of_what_is_shown_is_right(at: int, expected: int) -> None:
    """Three fifths of those above and three tenths of half as many below make a half."""
    assert start_score(stepped(at, 0.6, 0.3)) == pytest.approx(expected / BINS, abs=0.03)


@pytest.mark.parametrize("at", [8, 12, 16])
def test_what_is_hardly_ever_right_is_not_shown_however_good_the_rest_is(at: int) -> None:
    assert (at - 3) / BINS < start_score(stepped(at)) < at / BINS
    assert start_score(stepped(at, 1.0, 0.4)) == 1 / BINS


def test_a_model_that_was_not_measured_starts_in_the_middle() -> None:
    assert start_score(UNKNOWN) == pytest.approx(0.5, abs=0.02)


def test_where_no_score_is_good_the_best_is_taken() -> None:
    wrong = tuple(100.0 for _ in range(BINS))
    right = tuple(30.0 if place == 17 else 0.0 for place in range(BINS))
    assert 0.75 <= start_score(ScoreRecord("photos", right, wrong)) <= 0.95


@pytest.mark.parametrize("record", [UNKNOWN, stepped(12)])
def test_answers_move_it(record: ScoreRecord) -> None:
    start = start_score(record)
    lower = start_score(record, told((start + 0.03, True), times=3))
    higher = start_score(record, told((start + 0.03, False), times=3))
    assert lower < start < higher
    assert start_score(record, told((start + 0.03, False), times=30)) > higher


def test_accepting_everything_does_not_show_everything_at_once() -> None:
    assert start_score(UNKNOWN, told((0.6, True), (0.7, True), (0.9, True), times=30)) > 0.25


def test_accepting_all_that_is_shown_shows_a_little_more_of_what_is_known_to_be_wrong() -> None:
    right = tuple(20.0 * place / BINS for place in range(BINS))
    record = ScoreRecord("photos", right, tuple(40.0 * (1 - place / BINS) for place in range(BINS)))
    start = start_score(record)
    shown = [(start + 0.02 * k, True) for k in range(20)]
    for times in (1, 5):
        assert start - 0.12 < start_score(record, told(*shown, times=times)) < start


@given(RECORDS, RECORDS)
def test_it_is_always_a_place_of_the_slider(record: ScoreRecord, answers: ScoreRecord) -> None:
    assert 0.05 <= start_score(record, answers) <= 0.95


@given(RECORDS, st.floats(0.05, 0.94), st.integers(1, 40))
def test_rejecting_never_shows_more(record: ScoreRecord, score: float, times: int) -> None:
    sure = added(record, ScoreRecord("", (0.0,) * (BINS - 1) + (1e6,), (0.0,) * BINS))
    before = start_score(sure)
    assert start_score(sure, told((score, False), times=times)) >= before - 1e-9
    assert start_score(sure, told((score, True), times=times)) <= before + 1e-9


def test_records_travel_as_json_and_broken_ones_are_left_out() -> None:
    record = stepped(9)
    extra = {"scores": [record.to_json(), {"kind": "cells"}, 3, {**record.to_json(), "right": [1]}]}
    assert records_from(extra) == (record,)
    assert records_from({}) == records_from({"scores": 7}) == ()


def test_the_record_of_the_kind_is_taken() -> None:
    cells = ScoreRecord("cells", stepped(4).right, stepped(4).wrong)
    both = (cells, stepped(9))
    assert record_for(both, "photos") == stepped(9)
    assert record_for(both, "") == cells
    assert record_for((), "photos") == UNKNOWN


@given(st.floats(0, 1))
def test_every_score_has_a_part(score: float) -> None:
    place = bin_of(score)
    assert 0 <= place < BINS
    assert place / BINS - 1e-9 <= score <= (place + 1) / BINS + 1e-9
