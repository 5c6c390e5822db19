"""The settings of the stages: every choice, threshold and limit that inference uses."""

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


Value = int | float | str
"""A setting's value."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Choices, thresholds and limits of one prediction; the defaults are torchvision's `MaskRCNN`.

    Sizes are pixels of the resized image, all other floats are scores or IoUs from 0 to 1, unless
    something else is said. Raises SettingError when a value is out of its range.
    """

    fpn: str = "on"
    """`on`: the coarser maps are added to the finer ones, as in the FPN paper. `C2` to `C5`: only
    this map of the backbone is used, on its own, by RPN and heads alike."""
    anchor_scale: float = 1.0
    """Factor for the sides of all anchors."""
    anchor_stretch: float = 1.0
    """Factor for the ratios of all anchors, height divided by width."""
    rpn_levels: str = "apart"
    """Whether each level has its own top-k and NMS (`apart`), or all have one (`together`)."""
    rpn_pre_nms_top_n: int = 1000
    """Boxes (of each level, where those are apart) that go into the NMS of the RPN."""
    rpn_post_nms_top_n: int = 1000
    """Proposals of all levels together."""
    rpn_nms: float = 0.7
    """IoU above which the weaker of two boxes of one level is dropped."""
    rpn_min_size: float = 1e-3
    """Shortest side of a decoded box."""
    rpn_score: float = 0.0
    """Lowest objectness of a decoded box (kept when equal)."""
    roi_level: str = "floor"
    """How the level of a RoI is rounded: `floor` as in the FPN paper, or `round` (matterport)."""
    roi_canonical: int = 0
    """Side of the RoI that is read from P4; 0 takes the model's own (224 in the paper)."""
    roi_pool: str = "roialign"
    """How the features below a RoI are read: see `core.engine.stages.pooling`."""
    roi_aligned: str = "no"
    """`yes` shifts the points of RoIAlign by half a cell, to where geometry puts them."""
    roi_sampling: int = 2
    """Points along each side of a cell in RoIAlign and RoIWarp; 0 takes one for each cell of the
    map."""
    roi_classes: str = "every"
    """`every`: a proposal is a candidate for each class. `best`: only for its most probable one,
    and for none where that is the background (matterport)."""
    score: float = 0.05
    """Class probability that a candidate must exceed."""
    suppression: str = "nms"
    """`nms` drops the weaker of two candidates of one class; `soft` lowers its score instead, by
    exp(-IoU² / 0.5) (Soft-NMS, Bodla et al. 2017), and drops it when that is below `score`."""
    nms: float = 0.5
    """IoU above which the weaker of two candidates of one class is dropped."""
    detections_per_image: int = 100
    """Detections of all classes together."""
    proposer_tiles: int = 0
    """Overlapping parts of the image that a proposer looks at beside the whole; 0 or 1: none."""
    box_min_size: float = 1e-2
    """Shortest side of a candidate."""
    mask_activation: str = "sigmoid"
    """`sigmoid`: each class has its own yes or no for a pixel. `softmax`: the classes and the
    background share each pixel, so that they compete."""
    mask_colours: str = "no"
    """`yes`: the colours of the image lead each mask to where its edges are, before it is cut: see
    `core.engine.colours`."""
    mask: float = 0.5
    """Mask probability from which a pixel belongs to the instance."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))

    def with_(self, **values: Value) -> StageSettings:
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

    def idle(self) -> dict[str, str]:
        """The settings that do nothing beside the others, each with what it would need for that."""
        found = {}
        if self.roi_pool != "roialign":
            found["roi_aligned"] = "roi_pool=roialign"
        if self.roi_pool in ("roipool", "crop"):
            found["roi_sampling"] = "roi_pool=roialign or roi_pool=roiwarp"
        if self.fpn != "on":
            found |= dict.fromkeys(("rpn_levels", "roi_level", "roi_canonical"), "fpn=on")
        return found

    def to_json(self) -> dict[str, Value]:
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


LED_MARGIN: Final = 0.15
"""Share of the sides of a box by which a mask that colours lead may leave it."""
NAMES: Final = tuple(field.name for field in fields(StageSettings))
_LARGEST_COUNT: Final = 10_000_000
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "fpn": ("on", "C2", "C3", "C4", "C5"),
    "rpn_levels": ("apart", "together"),
    "roi_level": ("floor", "round"),
    "roi_pool": ("roialign", "roipool", "roiwarp", "crop"),
    "roi_aligned": ("no", "yes"),
    "roi_classes": ("every", "best"),
    "suppression": ("nms", "soft"),
    "mask_activation": ("sigmoid", "softmax"),
    "mask_colours": ("no", "yes"),
}
"""The values of those that are a choice of words."""
COUNTS: Final[Mapping[str, tuple[int, int]]] = {
    "rpn_pre_nms_top_n": (1, _LARGEST_COUNT),
    "rpn_post_nms_top_n": (1, _LARGEST_COUNT),
    "roi_canonical": (0, 65536),
    "roi_sampling": (0, 16),
    "detections_per_image": (1, _LARGEST_COUNT),
    "proposer_tiles": (0, 64),
}
"""Least and largest value of those that are whole numbers."""
SIZES: Final = frozenset({"rpn_min_size", "box_min_size"})
FACTORS: Final[Mapping[str, tuple[float, float]]] = {
    "anchor_scale": (0.1, 10.0),
    "anchor_stretch": (0.1, 10.0),
}
"""Least and largest value of factors."""

PYRAMID_SETTINGS: Final = ("fpn",)
ANCHOR_SETTINGS: Final = ("anchor_scale", "anchor_stretch")
RPN_SETTINGS: Final = (
    *PYRAMID_SETTINGS,
    *ANCHOR_SETTINGS,
    "rpn_levels",
    "rpn_pre_nms_top_n",
    "rpn_post_nms_top_n",
    "rpn_nms",
    "rpn_min_size",
    "rpn_score",
)
"""Those of the stages up to the proposals, which a proposer takes the place of."""
LEVEL_SETTINGS: Final = (*PYRAMID_SETTINGS, "rpn_levels", "roi_level", "roi_canonical")
"""Those that do nothing where there is one map and no pyramid."""
POOL_SETTINGS: Final = (
    *PYRAMID_SETTINGS,
    "roi_level",
    "roi_canonical",
    "roi_pool",
    "roi_aligned",
    "roi_sampling",
)
"""Those on which the features of a RoI depend."""
PROPOSER_SETTINGS: Final = ("proposer_tiles",)
MASK_SETTINGS: Final = ("mask_activation", "mask_colours", "mask")
"""Those that do nothing where boxes stand for the masks."""
NETWORK_SETTINGS: Final = (*RPN_SETTINGS, "roi_classes")
"""Those that do nothing where a proposer gives the boxes."""


def _check(name: str, value: object) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or (isinstance(value, float) and math.isfinite(value))
    if name in CHOICES:
        good = value in CHOICES[name]
    elif name in COUNTS:
        low, high = COUNTS[name]
        good = whole and low <= value <= high  # type: ignore[operator]
    elif name in SIZES:
        good = number and value >= 0  # type: ignore[operator]
    else:
        least, most = FACTORS.get(name, (0.0, 1.0))
        good = number and least <= value <= most  # type: ignore[operator]
    if not good:
        raise SettingError(
            _SETTING_VALUE.given(name=name, value=str(value), expected=expected(name))
        )


def expected(name: str) -> str:
    """What a setting takes, in words."""
    if name in CHOICES:
        return "one of " + ", ".join(CHOICES[name])
    if name in COUNTS:
        return "a whole number from {} to {}".format(*COUNTS[name])
    if name in SIZES:
        return "a size in pixels, 0 or more"
    least, most = FACTORS.get(name, (0, 1))
    return f"a number from {least:g} to {most:g}"


def _parse(name: str, text: str) -> Value:
    if name not in NAMES:
        raise SettingError(_SETTING_UNKNOWN.given(name=name, known=", ".join(NAMES)))
    if name in CHOICES:
        return text
    try:
        return int(text) if name in COUNTS else float(text)
    except ValueError:
        raise SettingError(
            _SETTING_VALUE.given(name=name, value=text, expected=expected(name))
        ) from None
