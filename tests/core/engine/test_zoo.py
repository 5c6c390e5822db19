"""The networks: names, sizes, strides and what is frozen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.detection import maskrcnn_resnet50_fpn, maskrcnn_resnet50_fpn_v2

from core.engine.backbones import BACKBONES, import_factory
from core.engine.config import ConfigError, ModelConfig
from core.engine.losses import training_pass
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel
from core.engine.zoo import ARCHES, MATTERPORT, build_model, parse_arch
from tests.core.engine.networks import SMALL

COCO = tuple(f"c{i}" for i in range(90))


def small(**fields: object) -> ModelConfig:
    return ModelConfig.from_json({**SMALL.to_json(), **fields})


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("arch", BACKBONES)
def test_every_backbone_has_levels_at_strides_4_to_64(arch: str, version: int) -> None:
    model = build_model(small(arch=arch, version=version)).eval()
    with torch.no_grad():
        maps = model.backbone(torch.zeros(1, 3, 64, 96))
    assert list(maps) == ["0", "1", "2", "3", "pool"]
    assert [tuple(m.shape) for m in maps.values()] == [
        (1, 16, 16, 24),
        (1, 16, 8, 12),
        (1, 16, 4, 6),
        (1, 16, 2, 3),
        (1, 16, 1, 2),
    ]


@pytest.mark.parametrize(
    ("version", "theirs"), [(1, maskrcnn_resnet50_fpn), (2, maskrcnn_resnet50_fpn_v2)]
)
def test_parameter_names_and_shapes_are_torchvisions(version: int, theirs: object) -> None:
    ours = build_model(ModelConfig(version=version, class_names=COCO, norm="batch"))
    model = theirs(weights=None, weights_backbone=None)  # type: ignore[operator]
    assert [(k, v.shape) for k, v in ours.state_dict().items()] == [
        (k, v.shape) for k, v in model.state_dict().items()
    ]


@pytest.mark.parametrize("arch", ["resnet101", "resnext101", "custom"])
def test_deep_and_own_trunks_predict_trace_and_train(arch: str) -> None:
    config = small(arch=arch, norm="batch", trainable_layers=0)
    factory = import_factory(f"{__name__}:Trunk") if arch == "custom" else None
    torch.manual_seed(0)
    module = build_model(config, backbone_factory=factory)
    image = torch.rand(3, 64, 64)
    target = {
        "boxes": torch.tensor([[8.0, 8, 40, 40]]),
        "labels": torch.tensor([2]),
        "masks": torch.ones(1, 64, 64, dtype=torch.uint8),
    }
    learning = [each for each in module.parameters() if each.requires_grad]
    before = [each.detach().clone() for each in learning]
    optimiser = torch.optim.SGD(learning, lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        done = training_pass(module, config, [image], [target])
        done.total.backward()
        optimiser.step()
    assert torch.isfinite(done.total)
    assert any(not torch.equal(a, b) for a, b in zip(before, learning, strict=True))
    predictor = Predictor(
        LoadedModel(module.eval(), config, "m", "m@0", {}), device="cpu", precision="float32"
    )
    pixels = np.full((40, 50, 3), 90, np.uint8)
    trace = predictor.predict(pixels, keep_trace=True).trace
    assert trace is not None
    assert [each.shape[-1] for each in trace.backbone.maps] == [32, 16, 8, 4]
    assert np.array_equal(predictor.predict(pixels).scores, trace.detections.score)


def test_parameter_counts() -> None:
    def count(**fields: object) -> int:
        model = build_model(ModelConfig(class_names=COCO, **fields))  # type: ignore[arg-type]
        return sum(p.numel() for p in model.parameters())

    assert count(norm="frozen") == 44_401_393
    assert count(norm="batch") == 44_454_513
    assert count(norm="batch", version=2) == 46_359_409


def test_how_many_parameters_each_number_of_layers_freezes() -> None:
    frozen = []
    for layers in range(6):
        model = build_model(ModelConfig(trainable_layers=layers))
        frozen.append(sum(not p.requires_grad for p in model.backbone.parameters()))
    # torchvision counts 53, 43, 24, 11, 1, 0 tensors; frozen normalisation has buffers instead.
    assert frozen == [53, 43, 24, 11, 1, 0]


@pytest.mark.parametrize(
    "arch", ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_lite2"]
)
def test_rows_of_blocks_freeze_stage_by_stage(arch: str) -> None:
    shares = []
    for layers in range(6):
        body = build_model(small(arch=arch, trainable_layers=layers)).backbone.body
        shares.append(sum(p.numel() for p in body.parameters() if p.requires_grad))
    assert shares[0] == 0
    assert shares == sorted(set(shares))
    assert shares[5] == sum(p.numel() for p in body.parameters())


def test_one_mask_for_all_classes_is_the_same_for_each_and_learns_from_each() -> None:
    config = small(mask_outputs="agnostic", mask_layers=6)
    model = build_model(config)
    assert sum("mask_head" in name and "weight" in name for name in model.state_dict()) == 6
    logits = model.roi_heads.mask_predictor(torch.rand(5, 16, 14, 14))
    assert logits.shape == (5, 4, 28, 28)
    assert all(torch.equal(logits[:, 0], logits[:, k]) for k in range(4))
    last = model.roi_heads.mask_predictor.mask_fcn_logits
    assert last.weight.shape == (1, 16, 1, 1)
    logits[0, 1].sum().backward(retain_graph=True)
    once = last.bias.grad.clone()
    logits[0, 3].sum().backward()
    assert torch.equal(last.bias.grad, 2 * once)


def test_names_of_networks() -> None:
    assert parse_arch("maskrcnn_resnet50_fpn") == ("resnet50", 1)
    assert parse_arch("maskrcnn_resnet50_fpn_v2") == ("resnet50", 2)
    assert parse_arch("resnet18") == ("resnet18", 1)
    assert parse_arch("maskrcnn_efficientnet_lite2_fpn_v2") == ("efficientnet_lite2", 2)
    assert parse_arch("mobilenet_v2") == ("mobilenet_v2", 1)
    assert parse_arch("maskrcnn_mobilenet_v2_fpn") == ("mobilenet_v2", 1)
    assert parse_arch("fasterrcnn_resnet50_fpn_v2") == ("resnet50", 2)
    torchvisions = [arch for arch in ARCHES if arch not in MATTERPORT]
    assert len(torchvisions) == 5 * len(BACKBONES) + 1  # VGG-16 on one map beside its pyramid
    named = {parse_arch(arch) for arch in torchvisions}
    assert named == {(b, v) for b in BACKBONES for v in (1, 2)}
    with pytest.raises(ConfigError, match="vgg"):
        parse_arch("vgg")


class Trunk(nn.Module):
    """A user's own trunk: four maps, the finest first."""

    def __init__(self, strides: tuple[int, ...] = (4, 2, 2, 2)) -> None:
        super().__init__()
        channels = [3, 4, 6, 8, 10]
        self.steps = nn.ModuleList(
            nn.Conv2d(a, b, stride, stride)
            for a, b, stride in zip(channels[:-1], channels[1:], strides, strict=True)
        )

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for step in self.steps:
            images = step(images)
            maps.append(images)
        return maps


def coarse_trunk() -> Trunk:
    return Trunk((8, 2, 2, 2))


def test_a_users_own_backbone() -> None:
    factory = import_factory(f"{__name__}:Trunk")
    model = build_model(small(arch="custom"), backbone_factory=factory).eval()
    assert isinstance(model.backbone.body.trunk, Trunk)
    with torch.no_grad():
        found = model([torch.rand(3, 90, 100)])
    assert set(found[0]) == {"boxes", "labels", "scores", "masks"}
    still = build_model(small(arch="custom", trainable_layers=0), backbone_factory=factory)
    assert not any(p.requires_grad for p in still.backbone.body.parameters())
    assert all(p.requires_grad for p in still.backbone.fpn.parameters())


def test_a_backbone_with_other_strides_is_refused() -> None:
    with pytest.raises(ConfigError, match="8x8, 4x4, 2x2, 1x1 for a 64x64 image"):
        build_model(small(arch="custom"), backbone_factory=coarse_trunk)


@pytest.mark.parametrize(
    "spec", ["math", "no_such_module:f", "math:no_such", "math:pi", ":f", "m:"]
)
def test_a_backbone_that_cannot_be_had_is_named(spec: str) -> None:
    with pytest.raises(ConfigError, match="MODULE:FUNCTION"):
        import_factory(spec)


def test_custom_without_a_callable_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="--backbone"):
        build_model(small(arch="custom"))
    with pytest.raises(ConfigError, match="no architecture named 'vgg19'"):
        build_model(small(arch="vgg19"))


@pytest.mark.parametrize(
    ("arch", "learning", "names"),
    [
        ("resnet18", 1, {"layer4"}),
        ("resnet18", 4, {"layer4", "layer3", "layer2", "layer1"}),
        ("mobilenet_v3_small", 1, set(map(str, range(9, 13)))),
        ("mobilenet_v3_small", 2, set(map(str, range(4, 13)))),
        ("mobilenet_v3_small", 4, set(map(str, range(1, 13)))),
    ],
)
def test_stages_learn_from_the_last_on(arch: str, learning: int, names: set[str]) -> None:
    body = build_model(replace(SMALL, arch=arch, trainable_layers=learning)).backbone.body
    found = {n.partition(".")[0] for n, value in body.named_parameters() if value.requires_grad}
    assert found == names
