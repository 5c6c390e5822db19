"""Where recall is lost, cut by cut, over the instances of an image or a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.lens.life import CUTS, Life

LABELLED: Final = "labelled"
"""The first bar of a funnel: every instance that is no crowd."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage of a funnel."""

    stage: str
    """`labelled`, or the name of the cut that these instances got past."""
    alive: int
    """Instances that live here or later: what the bar before has more was lost at this cut."""


def funnel(lives: Iterable[Life]) -> tuple[Bar, ...]:
    """The funnel of some instances of one model: a bar for each cut and one before them, none
    longer than the one before it."""
    together = tuple(lives)
    reached = [life.reached for life in together]
    cuts = together[0].cuts if together else CUTS
    bars = [Bar(LABELLED, len(reached))]
    for index, cut in enumerate(cuts, start=1):
        bars.append(Bar(cut.value, sum(1 for each in reached if each >= index)))
    return tuple(bars)
