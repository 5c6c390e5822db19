"""Folding normalisation away does not change what a network computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from core.engine.config import ModelConfig
from core.engine.fusing import fold_norms, lowered_copy, lowered_parts
from core.engine.stages.numerics import ALL_PARTS, Numerics, Part
from core.engine.zoo import build_model
from tests.core.engine.networks import SMALL, network
from tests.core.engine.test_zoo import Trunk


@pytest.mark.parametrize("norm", ["batch", "frozen"])
@pytest.mark.parametrize(
    "arch", ["resnet18", "resnet50", "resnext50", "mobilenet_v3_small", "efficientnet_lite2"]
)
@pytest.mark.parametrize("version", [1, 2])
def test_folded_networks_compute_the_same(arch: str, norm: str, version: int) -> None:
    config = ModelConfig.from_json(
        {**SMALL.to_json(), "arch": arch, "norm": norm, "version": version}
    )
    module = network(config)
    if norm == "frozen":
        for each in module.modules():
            if isinstance(each, FrozenBatchNorm2d):
                each.running_mean.uniform_(-0.2, 0.2)
                each.running_var.uniform_(0.8, 1.5)
    image = torch.rand(1, 3, 64, 64)
    rois = torch.rand(2, 16, 7, 7)
    with torch.no_grad():
        wanted = [*module.backbone(image).values(), module.roi_heads.mask_head(rois)]
        for part in (module.backbone, module.roi_heads.mask_head):
            fold_norms(part)
        found = [*module.backbone(image).values(), module.roi_heads.mask_head(rois)]
    assert not any(
        isinstance(each, nn.BatchNorm2d | FrozenBatchNorm2d) for each in module.backbone.modules()
    )
    for one, two in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-3 * float(two.abs().max()))


def test_the_copy_leaves_the_original_alone() -> None:
    module = network()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    twin = lowered_copy(module, Numerics(torch.bfloat16))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert twin.backbone.body.layer1[0].conv1.weight.dtype == torch.bfloat16
    for last in (
        twin.rpn.head.cls_logits,
        twin.rpn.head.bbox_pred,
        twin.roi_heads.box_predictor.cls_score,
        twin.roi_heads.mask_predictor.mask_fcn_logits,
    ):
        assert last.weight.dtype == torch.float32


def test_only_the_parts_that_gain_are_lowered() -> None:
    assert lowered_parts("resnet50") == ALL_PARTS
    light = lowered_parts("resnet18")
    assert light == {Part.PYRAMID, Part.MASK_HEAD}
    twin = lowered_copy(network(), Numerics(torch.bfloat16, light))
    low = {torch.bfloat16}
    assert {p.dtype for p in twin.backbone.fpn.parameters()} == low
    assert {p.dtype for p in twin.roi_heads.mask_head.parameters()} == low
    for part in (twin.backbone.body, twin.rpn, twin.roi_heads.box_head):
        assert {p.dtype for p in part.parameters()} == {torch.float32}


class Normed(Trunk):
    """A trunk whose order of computation is not that of its children."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return super().forward(self.first(self.norm(images)))


def test_a_users_own_trunk_is_not_folded() -> None:
    config = ModelConfig.from_json({**SMALL.to_json(), "arch": "custom"})
    twin = lowered_copy(build_model(config, backbone_factory=Normed), Numerics(torch.bfloat16))
    assert isinstance(twin.backbone.body.trunk.norm, nn.BatchNorm2d)
