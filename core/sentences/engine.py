"""What the engine says about models, weights and devices."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "engine.config_field": "The model configuration is not usable: {field} {problem}.",
    "engine.config_not_object": "The model configuration must be a JSON object.",
    "engine.arch_unknown": "There is no architecture named {arch!r}. Known are: {known}.",
    "engine.backbone_needed": (
        "This model was built on a backbone of its author's own. Name the callable that makes it "
        "as MODULE:FUNCTION with --backbone."
    ),
    "engine.backbone_callable": (
        "The backbone {spec!r} cannot be used: {problem}. Name it as MODULE:FUNCTION."
    ),
    "engine.backbone_levels": (
        "The backbone must return four feature maps at strides 4, 8, 16 and 32, the finest "
        "first; this one returned {found}."
    ),
    "engine.model_missing": "There is no model file {path}.",
    "engine.model_unreadable": (
        "{path} is not a model file that can be loaded safely. It must be a *.pt file of masklens "
        "or a state_dict saved by torch.save."
    ),
    "engine.model_newer": (
        "{path} was written by a newer masklens (file format {found}; this one reads {known})."
    ),
    "engine.model_field": "{path} is damaged: {field} {problem}.",
    "engine.arch_needed": (
        "{path} holds bare weights without a description of the network. Name it with --arch, "
        "for example --arch maskrcnn_resnet50_fpn."
    ),
    "engine.weights_mismatch": (
        "The weights in {path} do not fit the architecture {arch}: {problem}."
    ),
    "engine.backbone_mismatch": "The weights in {path} do not fit the backbone: {problem}.",
    "engine.device_unknown": "{name!r} is not the name of a device; use auto, cpu, cuda or mps.",
    "engine.device_missing": "The device {name!r} is not available on this machine.",
    "engine.model_exists": "{path} is a folder, so no model can be saved there.",
}
