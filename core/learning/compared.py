"""Figures of a report side by side: for all instances, by label and by size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.learning.report import Figures, Kind, Report

NAMES: Final = ("AP", "AP50", "AP75", "AR")
SIZES: Final = ("small", "medium", "large")
_LEAST_IMAGES: Final = 4
_LEAST_INSTANCES: Final = 50
SAME: Final = 0.005
"""Figures that are nearer than this look the same when they are rounded to a hundredth."""


class Part(StrEnum):
    """Which instances a row of figures is about."""

    ALL = "all"
    LABEL = "label"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure before and after, 0 to 1; None where it was not measured."""

    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        """By how much it rose; None unless both are known."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def sign(self) -> int:
        """1 for better, -1 for worse, 0 for the same or unknown."""
        change = self.change or 0.0
        return 0 if abs(change) < SAME else (1 if change > 0 else -1)


@dataclass(frozen=True, slots=True)
class Row:
    """All figures about some of the instances; `name` is the label or the size."""

    part: Part
    name: str
    figures: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the figures stand on."""

    images: int
    instances: int

    @property
    def is_thin(self) -> bool:
        """Whether so little was held out that before and after cannot be trusted."""
        return self.images < _LEAST_IMAGES or self.instances < _LEAST_INSTANCES


def compared(report: Report, kind: Kind) -> tuple[Row, ...]:
    """The figures of a report: all instances first, then each label, then each size."""
    before, after = report.before, report.after
    if before is None and after is None:
        return ()
    rows = [Row(Part.ALL, "", _both(before, after, kind))]
    for part, key in ((Part.LABEL, "by_label"), (Part.SIZE, "by_size")):
        ours, theirs = _object(before, key), _object(after, key)
        if part is Part.LABEL:
            ours = _named(ours, theirs)
        names = dict.fromkeys((*ours, *theirs))
        if part is Part.SIZE:
            names = {name: None for name in SIZES if name in names}
        for name in names:
            one, other = _object(ours, name), _object(theirs, name)
            rows.append(Row(part, name, _both(one, other, kind)))
    return tuple(rows)


def ground(report: Report) -> Ground | None:
    """On how many held-out images and instances the figures stand; None without figures."""
    figures = report.after or report.before
    if figures is None:
        return None
    return Ground(_count(figures, "images"), _count(figures, "instances"))


def _named(before: Mapping[str, object], after: Mapping[str, object]) -> Mapping[str, object]:
    """What was measured before, whatever its class, under the only label that is new."""
    new = [name for name in after if name not in before]
    if list(before) != [""] or len(new) != 1 or len(after) != 1:
        return before
    return {new[0]: before[""]}


def _both(before: Figures | None, after: Figures | None, kind: Kind) -> tuple[Compared, ...]:
    one, other = _object(before, kind), _object(after, kind)
    return tuple(Compared(name, _number(one, name), _number(other, name)) for name in NAMES)


def _object(value: Mapping[str, object] | None, key: str) -> Mapping[str, object]:
    found = None if value is None else value.get(key)
    return found if isinstance(found, dict) else {}


def _number(value: Mapping[str, object], key: str) -> float | None:
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        return None
    return float(found)


def _count(value: Mapping[str, object], key: str) -> int:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0
