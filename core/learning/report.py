"""What came of a run: before and after, kept as `report.json` in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

import msgspec

from core.codec import Codec, FieldError, pretty
from core.learning.errors import NO_REPORT, LearningError
from core.storage import inside
from core.storage.atomic import write_atomic

Figures = Mapping[str, object]
"""As `evaluate` prints them; with `by_label` and `by_size`, each AP, AP50, AP75 and AR."""


class Kind(StrEnum):
    """What is compared with the labels; a name among the figures."""

    MASK = "mask"
    BOX = "box"
    KEYPOINTS = "keypoints"


@dataclass(frozen=True, slots=True)
class ImageChange:
    """A held-out image before and after.

    A detection with a score of one half or more counts as found when its label fits and its mask
    overlaps the instance's by an IoU of one half or more. `quality` is the sum of these IoUs over
    found + false / 2 + missed / 2 (panoptic quality, Kirillov et al. 2019, equation 1), 0 to 1.
    """

    key: str
    instances: int
    quality_before: float
    quality_after: float
    false_before: int
    false_after: int
    gained: tuple[str, ...]
    """Ids of the instances that are found now and were not before."""
    lost: tuple[str, ...]
    """Ids of the instances that were found before and are not now."""

    @property
    def change(self) -> float:
        """By how much the quality rose."""
        return self.quality_after - self.quality_before


class Report(msgspec.Struct, frozen=True, tag_field="format", tag="masklens-report"):
    """The outcome of a run. `before` and `after` are None when nothing was held out."""

    steps: int
    seconds: float
    base: str
    """Revision of the model it started from."""
    model: str
    """Revision of the model that came out."""
    classes: tuple[str, ...]
    reused: tuple[tuple[str, str], ...]
    """Pairs of a new label and the class whose rows it took over."""
    averaged: bool
    """Whether the averaged weights were kept."""
    before: Figures | None
    after: Figures | None
    images: tuple[ImageChange, ...]
    """The held-out images, the one that gained most first."""

    judged_by: Kind = Kind.MASK
    """What the network was taught, and so is chosen by; its masks may be whole boxes."""

    version: Literal[1] = 1

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of what there are figures that mean something, what it is judged by first."""
        figures = self.after or self.before or {}
        others = (Kind.BOX, *((Kind.KEYPOINTS,) if Kind.KEYPOINTS in figures else ()))
        return tuple(dict.fromkeys((self.judged_by, *others)))


_REPORT: Final[Codec[Report]] = Codec(Report, "report")


def write_report(path: Path, report: Report) -> None:
    """Write a report, whole or not at all. Raises StorageError."""
    write_atomic(path, pretty(report))


def read_report(path: Path) -> Report:
    """Read a report. Raises LearningError when it is missing or damaged."""
    try:
        return _REPORT.decode(inside.read(path))
    except (OSError, ValueError, RecursionError, FieldError) as error:
        raise LearningError(NO_REPORT.given(path=str(path))) from error
