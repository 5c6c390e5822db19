"""What came of a run: before and after, kept as `report.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.document.fields import (
    FieldError,
    as_int,
    as_list,
    as_number,
    as_object,
    as_text,
    get,
    wrong,
)
from core.learning.errors import NO_REPORT, LearningError
from core.storage import inside
from core.storage.atomic import write_atomic

FORMAT: Final = "masklens-report"
VERSION: Final = 1
Figures = Mapping[str, object]
"""As `evaluate` prints them; with `by_label` and `by_size`, each AP, AP50, AP75 and AR."""


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


@dataclass(frozen=True, slots=True)
class Report:
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

    def to_json(self) -> dict[str, object]:
        """The report as a JSON object."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "steps": self.steps,
            "seconds": self.seconds,
            "base": self.base,
            "model": self.model,
            "classes": list(self.classes),
            "reused": [list(pair) for pair in self.reused],
            "averaged": self.averaged,
            "before": None if self.before is None else dict(self.before),
            "after": None if self.after is None else dict(self.after),
            "images": [_image_to_json(image) for image in self.images],
        }

    @staticmethod
    def from_json(value: object) -> Report:
        """Read what `to_json` wrote. Raises FieldError."""
        given = as_object(value, "report")
        if given.get("format") != FORMAT or given.get("version") != VERSION:
            raise wrong("report.format", f"expected {FORMAT} {VERSION}")

        def take(name: str) -> object:
            return get(given, name, "report")

        reused = [as_list(pair, "reused") for pair in as_list(take("reused"), "reused")]
        return Report(
            steps=as_int(take("steps"), "steps"),
            seconds=as_number(take("seconds"), "seconds"),
            base=as_text(take("base"), "base"),
            model=as_text(take("model"), "model"),
            classes=_texts(take("classes"), "classes"),
            reused=tuple((as_text(a, "reused"), as_text(b, "reused")) for a, b in reused),
            averaged=bool(take("averaged")),
            before=_figures(take("before"), "before"),
            after=_figures(take("after"), "after"),
            images=tuple(
                _image(one, f"images[{k}]")
                for k, one in enumerate(as_list(take("images"), "images"))
            ),
        )


def write_report(path: Path, report: Report) -> None:
    """Write a report, whole or not at all. Raises StorageError."""
    write_atomic(path, json.dumps(report.to_json(), indent=1, allow_nan=False).encode())


def read_report(path: Path) -> Report:
    """Read a report. Raises LearningError when it is missing or damaged."""
    try:
        return Report.from_json(json.loads(inside.read(path)))
    except (OSError, ValueError, RecursionError, FieldError) as error:
        raise LearningError(NO_REPORT.given(path=str(path))) from error


def _image_to_json(image: ImageChange) -> dict[str, object]:
    return {
        "key": image.key,
        "instances": image.instances,
        "quality_before": image.quality_before,
        "quality_after": image.quality_after,
        "false_before": image.false_before,
        "false_after": image.false_after,
        "gained": list(image.gained),
        "lost": list(image.lost),
    }


def _image(value: object, where: str) -> ImageChange:
    given = as_object(value, where)

    def take(name: str) -> object:
        return get(given, name, where)

    return ImageChange(
        key=as_text(take("key"), where),
        instances=as_int(take("instances"), where),
        quality_before=as_number(take("quality_before"), where),
        quality_after=as_number(take("quality_after"), where),
        false_before=as_int(take("false_before"), where),
        false_after=as_int(take("false_after"), where),
        gained=_texts(take("gained"), where),
        lost=_texts(take("lost"), where),
    )


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(as_text(one, where) for one in as_list(value, where))


def _figures(value: object, where: str) -> Figures | None:
    return None if value is None else as_object(value, where)
