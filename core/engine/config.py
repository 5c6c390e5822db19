"""One typed description of a model: it travels in the model file beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Literal

import msgspec

from core.codec import Codec, FieldError, encode
from core.document.skeleton import Skeleton
from core.lens.settings import (
    LEVEL_SETTINGS,
    MASK_SETTINGS,
    NETWORK_SETTINGS,
    PROPOSER_SETTINGS,
    SettingError,
    StageSettings,
)
from core.sentences import MasklensError, english, say

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ONE_MAP: Final = "C4"
"""The map that stands for all where there is no pyramid."""
LEVELS = 5
"""Pyramid levels P2 to P6, at strides of about 4, 8, 16, 32 and 64."""


class ConfigError(MasklensError):
    """A field of a model configuration is missing, of a wrong type or out of range."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How anchors and RoIs are matched and sampled in training; torchvision's defaults."""

    rpn_pre_nms_top_n: int = 2000
    rpn_post_nms_top_n: int = 2000
    rpn_samples: int = 256
    rpn_positive_fraction: float = 0.5
    rpn_foreground_iou: float = 0.7
    rpn_background_iou: float = 0.3
    roi_samples: int = 512
    roi_positive_fraction: float = 0.25
    roi_foreground_iou: float = 0.5
    roi_background_iou: float = 0.5
    roi_instances: bool = True
    """Whether the instances' own boxes are drawn from too, beside the proposals."""
    roi_ratio: bool = False
    """Whether negative RoIs are drawn only as many as the positive ones allow (matterport)."""
    box_loss: Literal["sampled", "positive"] = "sampled"
    """Smooth L1 with beta 1/9, its sum by all samples (torchvision), or with beta 1, its mean over
    the numbers of the positive ones (matterport)."""
    mask_targets: Literal["soft", "mini"] = "soft"
    """RoIAlign of the whole mask, or a cut of a mini-mask of 56×56, rounded (matterport)."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.type == "int":
                _whole(f"training.{item.name}", value, 1, 10_000_000)
            elif item.type == "float":
                _number(f"training.{item.name}", value, 0, 1)
        if self.rpn_background_iou > self.rpn_foreground_iou:
            raise _bad("training.rpn_background_iou", "is above the foreground IoU")
        if self.roi_background_iou > self.roi_foreground_iou:
            raise _bad("training.roi_background_iou", "is above the foreground IoU")
        if self.box_loss not in ("sampled", "positive"):
            raise _bad("training.box_loss", "must be 'sampled' or 'positive'")
        if self.mask_targets not in ("soft", "mini"):
            raise _bad("training.mask_targets", "must be 'soft' or 'mini'")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Everything about a Mask R-CNN that its state_dict does not say.

    Label index 0 is the background; `class_names[i]` belongs to label index i + 1.
    Sizes are pixels. Raises ConfigError when a field is out of its range.
    """

    arch: str = "resnet50"
    """The backbone: a name from `zoo.ARCHES`, or `custom` for a user's own callable."""
    version: Literal[1, 2] = 1
    """Heads as in torchvision's `maskrcnn_resnet50_fpn` (1) or `..._v2` (2)."""
    family: Literal["torchvision", "matterport"] = "torchvision"
    """Whose layers they are: see `core.engine.matterport` for what differs."""
    class_names: tuple[str, ...] = ("object",)
    min_size: int = 800
    """Length to which the shorter side is resized (up or down)..."""
    max_size: int = 1333
    """... unless the longer side would exceed this."""
    least_factor: float | None = None
    """The least factor by which an image is resized, as far as `input_size.MOST_PIXELS` allow;
    None leaves it to the two above, as torchvision does."""
    image_mean: tuple[float, float, float] = IMAGENET_MEAN
    image_std: tuple[float, float, float] = IMAGENET_STD
    anchor_sizes: tuple[tuple[float, ...], ...] = ((32.0,), (64.0,), (128.0,), (256.0,), (512.0,))
    """Side lengths for each of P2 to P6; every level has as many."""
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Height divided by width, the same on every level."""
    one_map: bool = False
    """Without a pyramid: the RPN and the heads read the map of stride 16 as the trunk gives it."""
    fpn_channels: int = 256
    box_head_width: int = 1024
    mask_channels: int = 256
    mask_layers: int = 4
    """Convolutions of the mask head before its deconvolution."""
    mask_outputs: Literal["per_class", "agnostic", "none"] = "per_class"
    """One mask for each class, as in the paper, one for all of them, or none: boxes are all that
    a Faster R-CNN gives."""
    skeleton: Skeleton | None = None
    """The keypoints that it finds of every instance; None for a network without that head."""
    keypoint_channels: int = 512
    keypoint_layers: int = 8
    """Convolutions of the keypoint head before its deconvolution."""
    roi_canonical_size: int = 224
    """Side of the RoI that is pooled from P4 (224 in the FPN paper, equation 1)."""
    norm: Literal["frozen", "batch"] = "frozen"
    norm_eps: float = 1e-5
    trainable_layers: int = 3
    """Stages of the backbone that train, from the last: 0 (heads only) to 5 (all)."""
    settings: StageSettings = field(default_factory=StageSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        _check_classes(self.class_names)
        _check_transform(self)
        _check_anchors(self.anchor_sizes, self.aspect_ratios)
        if not isinstance(self.arch, str) or not self.arch:
            raise _bad("arch", "must be a name")
        if self.version not in (1, 2):
            raise _bad("version", "must be 1 or 2")
        if self.family not in ("torchvision", "matterport"):
            raise _bad("family", "must be 'torchvision' or 'matterport'")
        if not isinstance(self.one_map, bool):
            raise _bad("one_map", "must be true or false")
        if self.one_map and self.settings.fpn != ONE_MAP:
            raise _bad("settings", f"must have fpn={ONE_MAP} where one map is all there is")
        if self.norm not in ("frozen", "batch"):
            raise _bad("norm", "must be 'frozen' or 'batch'")
        for name in ("fpn_channels", "box_head_width", "mask_channels", "roi_canonical_size"):
            _whole(name, getattr(self, name), 1, 65536)
        _whole("keypoint_channels", self.keypoint_channels, 1, 65536)
        _whole("keypoint_layers", self.keypoint_layers, 1, 32)
        _whole("mask_layers", self.mask_layers, 1, 32)
        if self.mask_outputs not in ("per_class", "agnostic", "none"):
            raise _bad("mask_outputs", "must be 'per_class', 'agnostic' or 'none'")
        if self.mask_outputs != "per_class" and self.settings.mask_activation == "softmax":
            raise _bad("settings", "let classes compete for a mask, of which there is at most one")
        _number("norm_eps", self.norm_eps, 0, 1)
        _whole("trainable_layers", self.trainable_layers, 0, 5)

    @property
    def num_classes(self) -> int:
        """Outputs of the class predictor, the background included."""
        return len(self.class_names) + 1

    @property
    def draws_masks(self) -> bool:
        """Whether it has a mask head."""
        return self.mask_outputs != "none"

    def idle_settings(self, *, proposed: bool) -> dict[str, str]:
        """The settings that the model never looks at, each with what it would need for that;
        `proposed`: whether a proposer gives the boxes."""
        idle = dict.fromkeys(NETWORK_SETTINGS, "the model's own boxes") if proposed else {}
        if self.one_map:
            idle = dict.fromkeys(LEVEL_SETTINGS, "a feature pyramid") | idle
        if not proposed:
            idle |= dict.fromkeys(PROPOSER_SETTINGS, "a proposer")
        if self.mask_outputs == "agnostic":  # there is nothing that could compete
            idle["mask_activation"] = "a mask for each class"
        elif not self.draws_masks:
            idle |= dict.fromkeys(MASK_SETTINGS, "a mask head")
        return idle

    def class_name(self, label: int) -> str:
        """The name of a label index (1 or more). Raises IndexError when there is none."""
        if not 1 <= label <= len(self.class_names):
            raise IndexError(label)
        return self.class_names[label - 1]

    def to_json(self) -> dict[str, object]:
        """The configuration as plain JSON values."""
        values: dict[str, object] = msgspec.json.decode(encode(self))
        return values

    @staticmethod
    def from_json(value: object) -> ModelConfig:
        """Read what `to_json` wrote, field by field; absent fields take their default.

        Raises ConfigError naming the field that is unknown, of a wrong type or out of range.
        """
        if not isinstance(value, Mapping):
            raise ConfigError(
                say("engine.config_not_object", "The model configuration must be a JSON object.")
            )
        _only_known("", value, ModelConfig)
        _only_known("training.", value.get("training", {}), TrainingSettings)
        _only_known("settings.", value.get("settings", {}), StageSettings)
        try:
            return _CONFIG.convert(value)
        except FieldError as error:
            raise _bad(error.where, error.problem) from error
        except SettingError as error:
            raise _bad("settings", f"do not hold: {english(error.sentence)}") from error


_CONFIG: Final[Codec[ModelConfig]] = Codec(ModelConfig, "")


def _only_known(where: str, value: object, kind: type) -> None:
    known = {item.name for item in fields(kind)}
    for name in value if isinstance(value, Mapping) else ():
        if name not in known:
            raise _bad(f"{where}{name}", "is not a field of this version")


def _bad(name: str, problem: str) -> ConfigError:
    return ConfigError(
        say(
            "engine.config_field",
            "The model configuration is not usable: {field} {problem}.",
            field=name,
            problem=problem,
        )
    )


def _whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad(name, f"must be a whole number from {low} to {high}")


def _number(name: str, value: object, low: float, high: float) -> None:
    right_type = isinstance(value, int | float) and not isinstance(value, bool)
    if not right_type or not low <= value <= high:  # type: ignore[operator]
        raise _bad(name, f"must be a number from {low:g} to {high:g}")


def _check_classes(names: object) -> None:
    if not isinstance(names, tuple) or not all(isinstance(n, str) and n for n in names):
        raise _bad("class_names", "must be a list of names that are not empty")
    if not 1 <= len(names) <= 100_000:
        raise _bad("class_names", "must hold from 1 to 100000 names")


def _check_transform(config: ModelConfig) -> None:
    _whole("min_size", config.min_size, 1, 65536)
    _whole("max_size", config.max_size, 1, 65536)
    if config.max_size < config.min_size:
        raise _bad("max_size", "is below min_size")
    if config.least_factor is not None:
        _number("least_factor", config.least_factor, 0.01, 100)
    for name, low in (("image_mean", -1e6), ("image_std", 1e-6)):
        triple = getattr(config, name)
        if not isinstance(triple, tuple) or len(triple) != 3:
            raise _bad(name, "must hold three numbers")
        for number in triple:
            _number(name, number, low, 1e6)


def _check_anchors(sizes: object, ratios: object) -> None:
    if not isinstance(sizes, tuple) or len(sizes) != LEVELS:
        raise _bad("anchor_sizes", f"must hold a list for each of the {LEVELS} levels")
    for level in sizes:
        if not isinstance(level, tuple) or not level or len(level) != len(sizes[0]):
            raise _bad("anchor_sizes", "must hold equally many sizes for each level")
        for size in level:
            _number("anchor_sizes", size, 1, 65536)
    if not isinstance(ratios, tuple) or not ratios:
        raise _bad("aspect_ratios", "must hold at least one ratio")
    for ratio in ratios:
        _number("aspect_ratios", ratio, 0.01, 100)
