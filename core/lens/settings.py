"""The knobs of the stages: every threshold and limit that inference uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from core.sentences import MasklensError, say

_SETTING_VALUE: Final = say(
    "lens.setting_value", "The setting {name} cannot be {value!r}: it takes {expected}."
)
_SETTING_UNKNOWN: Final = say(
    "lens.setting_unknown", "There is no setting named {name!r}. The settings are: {known}."
)


class SettingError(MasklensError):
    """A setting has an unknown name or a value that it cannot take."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Thresholds and limits of one prediction; the defaults are torchvision's `MaskRCNN`.

    Sizes are pixels of the resized image, all other floats are scores or IoUs from 0 to 1.
    Raises SettingError when a value is out of its range.
    """

    rpn_pre_nms_top_n: int = 1000
    """Boxes of each level that go into the NMS of the RPN."""
    rpn_post_nms_top_n: int = 1000
    """Proposals of all levels together."""
    rpn_nms: float = 0.7
    """IoU above which the weaker of two boxes of one level is dropped."""
    rpn_min_size: float = 1e-3
    """Shortest side of a decoded box."""
    rpn_score: float = 0.0
    """Lowest objectness of a decoded box (kept when equal)."""
    score: float = 0.05
    """Class probability that a candidate must exceed."""
    nms: float = 0.5
    """IoU above which the weaker of two candidates of one class is dropped."""
    detections_per_image: int = 100
    """Detections of all classes together."""
    proposer_tiles: int = 0
    """Overlapping parts of the image that a proposer looks at beside the whole; 0 or 1: none."""
    box_min_size: float = 1e-2
    """Shortest side of a candidate."""
    mask: float = 0.5
    """Mask probability from which a pixel belongs to the instance."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))

    def with_(self, **values: int | float) -> StageSettings:
        """These settings with some replaced. Raises SettingError as the constructor does."""
        for name in values:
            if name not in NAMES:
                raise SettingError(_SETTING_UNKNOWN.given(name=name, known=", ".join(NAMES)))
        changes: dict[str, Any] = dict(values)
        return replace(self, **changes)

    def with_text(self, assignments: Iterable[str]) -> StageSettings:
        """These settings with `NAME=VALUE` texts applied in order, as `--set` gives them.

        Raises SettingError for a text without `=`, an unknown name or a value out of range.
        """
        settings = self
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                raise SettingError(
                    say(
                        "lens.setting_form",
                        "{text!r} is not of the form NAME=VALUE.",
                        text=assignment,
                    )
                )
            settings = settings.with_(**{name.strip(): _parse(name.strip(), text.strip())})
        return settings

    def changed_from(self, other: StageSettings) -> tuple[str, ...]:
        """Names of the settings in which the two differ, in the order of the stages."""
        return tuple(name for name in NAMES if getattr(self, name) != getattr(other, name))

    def to_json(self) -> dict[str, int | float]:
        """All settings by name."""
        return {name: getattr(self, name) for name in NAMES}

    @staticmethod
    def from_json(value: object) -> StageSettings:
        """Read what `to_json` wrote; absent names take their default.

        Raises SettingError for an unknown name, a wrong type or a value out of range.
        """
        if not isinstance(value, Mapping):
            raise SettingError(
                say("lens.settings_not_object", "The settings must be a JSON object.")
            )
        return StageSettings().with_(**{str(name): item for name, item in value.items()})


RPN_SETTINGS: Final = (
    "rpn_pre_nms_top_n",
    "rpn_post_nms_top_n",
    "rpn_nms",
    "rpn_min_size",
    "rpn_score",
)
"""Those of the stages up to the proposals, which a proposer takes the place of."""
PROPOSER_SETTINGS: Final = ("proposer_tiles",)

NAMES = tuple(field.name for field in fields(StageSettings))
_LARGEST_COUNT = 10_000_000
_COUNTS = {
    "rpn_pre_nms_top_n": (1, _LARGEST_COUNT),
    "rpn_post_nms_top_n": (1, _LARGEST_COUNT),
    "detections_per_image": (1, _LARGEST_COUNT),
    "proposer_tiles": (0, 64),
}
_SIZES = frozenset({"rpn_min_size", "box_min_size"})


def _check(name: str, value: object) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in _COUNTS:
        low, high = _COUNTS[name]
        good = whole and low <= value <= high  # type: ignore[operator]
        expected = f"a whole number from {low} to {high}"
    elif name in _SIZES:
        good = (whole or isinstance(value, float)) and 0 <= value < math.inf  # type: ignore[operator]
        expected = "a size in pixels, 0 or more"
    else:
        good = (whole or isinstance(value, float)) and 0 <= value <= 1  # type: ignore[operator]
        expected = "a number from 0 to 1"
    if not good:
        raise SettingError(_SETTING_VALUE.given(name=name, value=str(value), expected=expected))


def _parse(name: str, text: str) -> int | float:
    if name not in NAMES:
        raise SettingError(_SETTING_UNKNOWN.given(name=name, known=", ".join(NAMES)))
    try:
        return int(text) if name in _COUNTS else float(text)
    except ValueError:
        raise SettingError(
            _SETTING_VALUE.given(name=name, value=text, expected="a number")
        ) from None
