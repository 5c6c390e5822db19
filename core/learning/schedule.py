"""The training itself: what the amount of data decides, and what a person may set instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from core.codec import Codec, builtins, wrong

HEADS: Final = 0
LAST_STAGES: Final = 2
ALL: Final = 5
STAGES: Final[Mapping[str, int]] = {"heads": HEADS, "5+": 1, "4+": 2, "3+": 3, "all": ALL}
"""How many stages of the backbone learn, by matterport's names; the pyramid and heads always do."""
_FEW_IMAGES: Final = 10
_FEW_OBJECTS: Final = 100


def steps_for(images: int, *, new_network: bool = False) -> int:
    """Steps by the amount of data; a network from scratch takes twice as many."""
    steps = min(1500, max(150, 100 + 5 * images))
    return 2 * steps if new_network else steps


def phases_for(
    images: int, objects: int, *, new_network: bool = False
) -> tuple[tuple[int, float], ...]:
    """Which stages of the backbone learn, and how long: heads, then the last ones, then all.

    With more than a few images nothing is gained by holding the early stages back.
    """
    if new_network:
        return ((HEADS, 0.2), (LAST_STAGES, 0.4), (ALL, 0.4))
    if images <= _FEW_IMAGES or objects <= _FEW_OBJECTS:
        return ((HEADS, 0.2), (LAST_STAGES, 0.8))
    return ((HEADS, 0.1), (LAST_STAGES, 0.1), (ALL, 0.8))


class ScheduleChoices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Overrides of the schedule; None means that the amount of data decides.

    Raises FieldError when a value is out of its range.
    """

    batch: int | None = None
    """Images a step."""
    size: int | None = None
    """Shorter side of the images as the fine-tuned network sees them, in pixels."""
    side: int | None = None
    """Side of the training crops, in pixels of the resized image; a multiple of 32."""
    learning_rate: float | None = None
    """Peak rate of the heads."""
    backbone_rate: float | None = None
    """Rate of the backbone as a share of that of the heads."""
    phases: tuple[tuple[int, float], ...] | None = None
    """Pairs of backbone stages that learn (0: heads only, 5: all) and share of the steps."""
    warm_up: float | None = None
    """Share of the steps in which the rate rises."""
    clip: float | None = None
    """Largest norm of the gradient."""
    weight_decay: float | None = None
    average: float | None = None
    """How much of the averaged weights stays at each step; 0 averages nothing."""
    flip: bool | None = None
    rotate: bool | None = None
    """Quarter turns, for images without an up and a down."""
    scale: float | None = None
    """Largest factor by which images grow or shrink at random; 1 leaves the size alone."""
    colour: bool | None = None
    copy_paste: float | None = None
    """Share of the crops that get instances of other images pasted in."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise wrong(f"schedule.{name}", f"expected {low:g} to {high:g}")
        if self.side is not None and self.side % 32:
            raise wrong("schedule.side", "expected a multiple of 32")
        if self.phases is not None:
            check_phases(self.phases)

    def chosen(self) -> dict[str, object]:
        """Only what was set, by name."""
        values: dict[str, object] = builtins(self)
        return values


SCHEDULE: Final[Codec[ScheduleChoices]] = Codec(ScheduleChoices, "schedule")


def read_choices(given: Mapping[str, object]) -> ScheduleChoices:
    """Overrides by name. Raises FieldError, for an unknown name with those that there are."""
    for name in given.keys() - set(ScheduleChoices.__struct_fields__):
        known = ", ".join(ScheduleChoices.__struct_fields__)
        raise wrong(f"schedule.{name}", f"there is no such number; there are {known}")
    return SCHEDULE.convert(dict(given))


RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "batch": (1, 64),
    "size": (32, 4096),
    "side": (32, 2048),
    "learning_rate": (0, 1),
    "backbone_rate": (0, 10),
    "warm_up": (0, 1),
    "clip": (1e-6, 1e6),
    "weight_decay": (0, 1),
    "average": (0, 0.999999),
    "scale": (1, 4),
    "copy_paste": (0, 1),
}
"""Least and largest value of each number of the schedule."""


def check_phases(phases: tuple[tuple[int, float], ...]) -> None:
    """Raise FieldError unless these are stages of a backbone, with shares that make a whole."""
    if not phases or any(not 0 <= stages <= 5 or not share >= 0 for stages, share in phases):
        raise wrong("schedule.phases", "expected pairs of 0 to 5 stages and a share")
    if abs(sum(share for _, share in phases) - 1) > 1e-6:
        raise wrong("schedule.phases", "expected shares that add up to 1")
