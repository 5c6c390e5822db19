"""torchvision's box detectors as proposers, from state_dicts by torchvision's names."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from core.engine.proposers import dense
from core.engine.proposers.base import Boxes, ProposerError
from core.sentences import say

_UNKNOWN: Final = say(
    "proposers.arch",
    "{path} is none of torchvision's detectors as far as its names tell. Say which it is with "
    "--proposer-arch: {known}.",
)
_COCO: Final = tuple(MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"])
_MANY: Final = 2000
"""Boxes that a detector may hand on: the program's own NMS and limit come after it."""
_LEAST: Final = 0.01
"""Scores below this are not handed on."""
_RESNET: Final = "backbone.body.layer1.0.conv1.weight"
_MOBILENET: Final = "backbone.body.0.0.weight"
_BOX_PREDICTOR: Final = "roi_heads.box_predictor.cls_score.weight"


def _loose(scores: str, nms: str, limit: str) -> Mapping[str, float | int]:
    """Arguments under which a detector leaves the cuts to the program."""
    return MappingProxyType({scores: _LEAST, nms: 1.0, limit: _MANY})


_ONE_STAGE: Final = _loose("score_thresh", "nms_thresh", "detections_per_img")
_TWO_STAGES: Final = _loose("box_score_thresh", "box_nms_thresh", "box_detections_per_img")


def _rows(per: int, key: str, extra: int = 0) -> Callable[[Mapping[str, Tensor]], int]:
    return lambda state: state[key].shape[0] // per + extra


_EACH_CELL_9: Final = _rows(9, "head.classification_head.cls_logits.weight")
_BOX_HEAD: Final = _rows(1, _BOX_PREDICTOR)


class Kind:
    """One of torchvision's detectors: how it is told, made, and told how many classes it has."""

    def __init__(
        self,
        keys: tuple[str, ...],
        classes: Callable[[Mapping[str, Tensor]], int],
        loose: Mapping[str, float | int],
        settings: Mapping[str, float],
    ) -> None:
        self.keys = keys
        self.classes = classes
        self.loose = loose
        self.settings = MappingProxyType(dict(settings))

    def fits(self, state: Mapping[str, Tensor]) -> bool:
        """Whether a state_dict has all names that tell this detector."""
        return all(key in state for key in self.keys)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "fcos_resnet50_fpn": Kind(
            ("head.regression_head.bbox_ctrness.weight",),
            _rows(1, "head.classification_head.cls_logits.weight"),
            _ONE_STAGE,
            {"score": 0.2, "nms": 0.6},
        ),
        "retinanet_resnet50_fpn_v2": Kind(
            ("head.regression_head.bbox_reg.weight", "head.regression_head.conv.0.1.weight"),
            _EACH_CELL_9,
            _ONE_STAGE,
            {"score": 0.2, "nms": 0.5},
        ),
        "retinanet_resnet50_fpn": Kind(
            ("head.regression_head.bbox_reg.weight", "head.classification_head.cls_logits.weight"),
            _EACH_CELL_9,
            _ONE_STAGE,
            {"score": 0.2, "nms": 0.5},
        ),
        "ssdlite320_mobilenet_v3_large": Kind(
            ("head.classification_head.module_list.0.1.weight",),
            _rows(6, "head.classification_head.module_list.0.1.weight"),
            _ONE_STAGE,
            {"score": 0.2, "nms": 0.5},
        ),
        "ssd300_vgg16": Kind(
            ("backbone.scale_weight", "head.classification_head.module_list.0.weight"),
            _rows(4, "head.classification_head.module_list.0.weight"),
            _ONE_STAGE,
            {"score": 0.2, "nms": 0.45},
        ),
        "fasterrcnn_resnet50_fpn_v2": Kind(
            (_RESNET, _BOX_PREDICTOR, "roi_heads.box_head.0.0.weight"),
            _BOX_HEAD,
            _TWO_STAGES,
            {"score": 0.2, "nms": 0.5},
        ),
        "fasterrcnn_resnet50_fpn": Kind(
            (_RESNET, _BOX_PREDICTOR, "roi_heads.box_head.fc6.weight"),
            _BOX_HEAD,
            _TWO_STAGES,
            {"score": 0.2, "nms": 0.5},
        ),
        "fasterrcnn_mobilenet_v3_large_fpn": Kind(
            (_MOBILENET, _BOX_PREDICTOR), _BOX_HEAD, _TWO_STAGES, {"score": 0.2, "nms": 0.5}
        ),
        # The same names and shapes as the one above: only a person can tell.
        "fasterrcnn_mobilenet_v3_large_320_fpn": Kind(
            (_MOBILENET, _BOX_PREDICTOR), _BOX_HEAD, _TWO_STAGES, {"score": 0.2, "nms": 0.5}
        ),
    }
)
"""By torchvision's names, those with the more telling names first."""
ARCHES: Final = tuple(KINDS)


def load_file(path: Path, arch: str | None = None) -> DetectorProposer:
    """One of torchvision's detectors with the weights of a file; the file cannot run code.

    Without `arch` the names of the tensors tell which it is. Raises ProposerError.
    """
    state = _state(path)
    if arch is not None and arch not in KINDS:
        raise ProposerError(_UNKNOWN.given(path=str(path), known=", ".join(ARCHES)))
    name = arch or next((name for name, kind in KINDS.items() if kind.fits(state)), None)
    if name is None:
        raise ProposerError(_UNKNOWN.given(path=str(path), known=", ".join(ARCHES)))
    kind = KINDS[name]
    try:
        classes = kind.classes(state)
        module = _build(name, classes, state)
        module.load_state_dict(state)
    except (KeyError, RuntimeError, ValueError) as error:
        problem = str(error).strip().splitlines()[-1].strip()[:200]
        raise ProposerError(
            say(
                "proposers.mismatch",
                "The weights in {path} do not fit {arch}: {problem}.",
                path=str(path),
                arch=name,
                problem=problem,
            )
        ) from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return DetectorProposer(module, path.stem, f"{path.stem}@{digest[:12]}", classes, kind)


def _build(name: str, classes: int, state: Mapping[str, Tensor]) -> nn.Module:
    make: Callable[..., nn.Module] = getattr(detection, name)
    return make(weights=None, weights_backbone=None, num_classes=classes, **KINDS[name].loose)


def _state(path: Path) -> Mapping[str, Tensor]:
    unusable = ProposerError(_UNKNOWN.given(path=str(path), known=", ".join(ARCHES)))
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError, KeyError) as error:
        raise unusable from error
    for inner in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(inner), Mapping):
            content = content[inner]
    whole = isinstance(content, Mapping) and bool(content)
    if not whole or not all(isinstance(value, Tensor) for value in content.values()):
        raise unusable
    return dict(content)


class DetectorProposer:
    """One of torchvision's detectors, its own cuts opened wide."""

    def __init__(
        self, module: nn.Module, name: str, revision: str, classes: int, kind: Kind
    ) -> None:
        """`classes` counts the background, which is class 0."""
        self.module: Any = module.eval().requires_grad_(False)
        self.name = name
        self.revision = revision
        # Names that torchvision has for ids which COCO does not use are "N/A".
        known = _COCO if classes == len(_COCO) else [f"class {i}" for i in range(classes)]
        self.class_names = tuple(known[1:])
        self.settings: Mapping[str, int | float] = kind.settings

    def to(self, device: torch.device) -> None:
        """Move to a device."""
        self.module.to(device)

    @torch.inference_mode()
    def propose(self, image: Tensor) -> Boxes:
        """Look at an upright image, uint8 3×H×W in RGB."""
        with dense.Heard(self.module) as heard:
            found = self.module([image.float() / 255])[0]
        named = found["labels"] > 0  # RetinaNet and FCOS score the background as a class too
        boxes, label, score = (found[key][named] for key in ("boxes", "labels", "scores"))
        boxes, score = boxes.float(), score.float()
        size = int(image.shape[-2]), int(image.shape[-1])
        cells = heard.cells(size, boxes, label, score) if heard.system else None
        return Boxes(boxes, label, score, cells)
