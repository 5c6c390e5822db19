"""How often a suggestion of a score is right: counted on held-out images, then on answers.

A model's file carries one `ScoreRecord` for each kind of image it was measured on. What a person
accepts and rejects is added to it, so that the score from which suggestions are shown follows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

BINS: Final = 20
"""Equal parts of 0 to 1 in which scores are counted."""
PHOTOS, CELLS = "photos", "cells"
"""The kinds of images that are told apart."""
WANTED: Final = 0.5
"""The share of right ones among what is shown."""
WORTH_IT: Final = 0.2
"""The share of right ones among the weakest of what is shown: where it is lower, to take the wrong
ones away is more work than to draw the right ones."""
_STRENGTH: Final = 4.0
"""A record counts as much as this many answers in each part."""
_REACH: Final = 4
"""An answer also tells of the scores this many parts away, the less the farther."""
_REACH_DOWN: Final = 1
"""A right one tells of weaker ones only so far: that those farther down are right was not seen."""
_MOST: Final = 1e9


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """Detections by score, `BINS` counts each. Raises ValueError for counts that are none."""

    kind: str
    right: tuple[float, ...]
    """Those that overlap an instance by an IoU of 0.5, whatever its label."""
    wrong: tuple[float, ...]

    def __post_init__(self) -> None:
        for counts in (self.right, self.wrong):
            if len(counts) != BINS or not all(0 <= count <= _MOST for count in counts):
                raise ValueError(f"a score record needs {BINS} counts")

    def to_json(self) -> dict[str, object]:
        """The record as plain JSON values."""
        return {"kind": self.kind, "right": list(self.right), "wrong": list(self.wrong)}


@dataclass(frozen=True, slots=True)
class Answered:
    """A suggestion that a person accepted (`right`) or rejected."""

    score: float
    right: bool


def bin_of(score: float) -> int:
    """The part of 0 to 1 in which a score lies."""
    return min(max(int(score * BINS), 0), BINS - 1)


def _unknown() -> ScoreRecord:
    """The weaker, the more; right as often as the score says, less what makes 0.5 the start."""
    middles = [(place + 0.5) / BINS for place in range(BINS)]
    counts = [1000 * math.exp(-middle / 0.15) for middle in middles]
    right = [count * max(0.0, middle - 0.15) for count, middle in zip(counts, middles, strict=True)]
    wrong = [count - each for count, each in zip(counts, right, strict=True)]
    return ScoreRecord("", tuple(right), tuple(wrong))


UNKNOWN: Final = _unknown()
"""Stands for a model that was not measured."""


def record_of(kind: str, answers: Iterable[Answered]) -> ScoreRecord:
    """Detections counted by score."""
    right, wrong = [0.0] * BINS, [0.0] * BINS
    for each in answers:
        (right if each.right else wrong)[bin_of(each.score)] += 1
    return ScoreRecord(kind, tuple(right), tuple(wrong))


def records_from(extra: Mapping[str, object]) -> tuple[ScoreRecord, ...]:
    """The records in what a model file says beside its weights; what is no record is left out."""
    found = []
    listed = extra.get("scores")
    for each in listed if isinstance(listed, list) else ():
        try:
            right, wrong = (tuple(float(n) for n in each[key]) for key in ("right", "wrong"))
            found.append(ScoreRecord(str(each["kind"]), right, wrong))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)


def record_for(records: Iterable[ScoreRecord], kind: str) -> ScoreRecord:
    """The record for a kind of image, else the first, else `UNKNOWN`."""
    listed = tuple(records)
    of_kind = [each for each in listed if each.kind == kind]
    return (of_kind or listed or (UNKNOWN,))[0]


def added(one: ScoreRecord, other: ScoreRecord) -> ScoreRecord:
    """The counts of both, under the kind of the first."""
    right = tuple(a + b for a, b in zip(one.right, other.right, strict=True))
    wrong = tuple(a + b for a, b in zip(one.wrong, other.wrong, strict=True))
    return ScoreRecord(one.kind, right, wrong)


NONE: Final = ScoreRecord("", (0.0,) * BINS, (0.0,) * BINS)


def start_score(record: ScoreRecord, answers: ScoreRecord = NONE) -> float:
    """The least score from which at least half of what is shown should be right, and a fifth of
    the weakest: 0.05 to 0.95.

    An answer is evidence about its own score and those near it. How many suggestions there are of
    a score, answered or not, is taken from the record: so a person who accepts all that is shown
    gets more to see, but not everything at once. Where no score reaches a half, the best one.
    """
    shares = _shares(record, answers)
    counts = [r + w for r, w in zip(record.right, record.wrong, strict=True)]
    # A score that was never met counts a little, so that answers can tell of it.
    counts = [count + 0.05 for count in counts]

    def precision(first: int) -> float:
        right = sum(c * s for c, s in zip(counts[first:], shares[first:], strict=True))
        return right / sum(counts[first:])

    value = [min(precision(place) / WANTED, shares[place] / WORTH_IT) for place in range(BINS)]
    good = [place for place in range(1, BINS) if value[place] >= 1]
    if not good:
        return max(range(1, BINS), key=precision) / BINS
    place = good[0]
    if place == 1:
        return 1 / BINS
    # Between two parts, where a straight line crosses what is wanted.
    low, high = value[place - 1], value[place]
    return (place - (high - 1) / (high - low)) / BINS


def _shares(record: ScoreRecord, answers: ScoreRecord) -> list[float]:
    """Of each part, the share that should be right."""
    right, all_of = [0.0] * BINS, [0.0] * BINS
    for middle, (good, bad) in enumerate(zip(answers.right, answers.wrong, strict=True)):
        for place in range(max(0, middle - _REACH), min(BINS, middle + _REACH + 1)):
            weight = 1 - abs(place - middle) / (_REACH + 1)
            told = good if middle - place <= _REACH_DOWN else 0.0
            all_of[place] += weight * (told + bad)
            right[place] += weight * told
    shares = []
    for place, before in enumerate(_smooth_shares(record)):
        shares.append((_STRENGTH * before + right[place]) / (_STRENGTH + all_of[place]))
    return shares


def _smooth_shares(record: ScoreRecord) -> list[float]:
    """The record's own shares; a part with few detections leans on all from there up."""
    shares, right, total = [0.0] * BINS, 0.0, 0.0
    for place in reversed(range(BINS)):
        here, wrong = record.right[place], record.wrong[place]
        right, total = right + here, total + here + wrong
        above = right / total if total else 1.0
        shares[place] = (here + above) / (here + wrong + 1)
    return shares
