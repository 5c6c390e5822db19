"""The stages give exactly what torchvision's own forward gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision.models.detection import (
    MaskRCNN,
    maskrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn_v2,
)
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.roi_heads import paste_masks_in_image

from core.engine.config import ModelConfig, TrainingSettings
from core.engine.losses import training_pass
from core.engine.pipeline import run
from core.engine.zoo import build_model
from core.lens.settings import StageSettings
from core.lens.training import LOSSES
from tests.core.engine.networks import SMALL, network, picture, target, tensor

SIZES = {"min_size": 96, "max_size": 160}
CLASSES = ("cat", "dog", "bird")
SETTINGS = StageSettings(score=0.05, detections_per_image=24, rpn_post_nms_top_n=150)
TRAINING = TrainingSettings(rpn_post_nms_top_n=300, roi_samples=64)


def reference(name: str) -> tuple[MaskRCNN, ModelConfig]:
    torch.manual_seed(3)
    options = {
        **SIZES,
        "num_classes": 4,
        "box_score_thresh": SETTINGS.score,
        "box_detections_per_img": SETTINGS.detections_per_image,
        "rpn_post_nms_top_n_test": SETTINGS.rpn_post_nms_top_n,
        "rpn_post_nms_top_n_train": TRAINING.rpn_post_nms_top_n,
        "box_batch_size_per_image": TRAINING.roi_samples,
    }
    if name == "resnet18":
        backbone = resnet_fpn_backbone(
            backbone_name="resnet18", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5
        )
        return MaskRCNN(backbone, **options), config("resnet18", 1)
    if name == "v1":
        model = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, **options)
        return model, config("resnet50", 1)
    model = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, **options)
    return model, config("resnet50", 2)


def config(arch: str, version: int) -> ModelConfig:
    return ModelConfig(
        arch=arch,
        version=2 if version == 2 else 1,
        class_names=CLASSES,
        norm="batch",
        trainable_layers=5,
        settings=SETTINGS,
        training=TRAINING,
        **SIZES,
    )


@pytest.mark.parametrize("name", ["resnet18", "v1", "v2"])
def test_detections_and_losses_equal_torchvision_bit_for_bit(name: str) -> None:
    model, described = reference(name)
    with torch.no_grad():
        model.rpn.head.cls_logits.weight.mul_(20)
        model.roi_heads.box_predictor.cls_score.weight.mul_(8)
    ours = build_model(described)
    ours.load_state_dict(model.state_dict())
    images = [tensor(picture(90, 130)), tensor(picture(121, 77, 1))]

    with torch.no_grad():
        expected = model.eval()(images)
    runs = run(ours.eval(), images, SETTINGS)
    for found, wanted, image in zip(runs, expected, images, strict=True):
        assert len(wanted["boxes"]) > 5
        assert torch.equal(found.detections.boxes, wanted["boxes"])
        assert torch.equal(found.detections.label, wanted["labels"])
        assert torch.equal(found.detections.score, wanted["scores"])
        pasted = paste_masks_in_image(
            found.masks.probabilities[:, None], found.detections.boxes, image.shape[-2:]
        )
        assert torch.equal(pasted, wanted["masks"])

    targets = [target(90, 130, 3), target(121, 77, 2, 1)]
    torch.manual_seed(5)
    wanted_losses = model.train()(images, targets)
    torch.manual_seed(5)
    passed = training_pass(ours.train(), described, images, targets)
    assert tuple(passed.losses) == LOSSES
    for loss in LOSSES:
        assert torch.equal(passed.losses[loss], wanted_losses[loss]), loss
    assert all(
        torch.equal(one, two)
        for one, two in zip(model.state_dict().values(), ours.state_dict().values(), strict=True)
    )


def test_one_mask_for_all_classes_passes_through_torchvisions_own_forward() -> None:
    described = replace(SMALL, mask_outputs="agnostic", mask_layers=5)
    model, image = network(described), tensor(picture())
    with torch.no_grad():
        wanted = model([image])[0]
    found = run(model, [image], described.settings, keep=True)[0]
    assert len(wanted["boxes"]) > 3
    masks = found.masks.probabilities[:, None]
    pasted = paste_masks_in_image(masks, found.detections.boxes, image.shape[-2:])
    # torchvision takes the sigmoid of one mask expanded to all classes, value by value, where ours
    # goes by vectors: with wide ones the last bit may differ.
    assert torch.allclose(pasted, wanted["masks"], rtol=0, atol=1e-7)
    assert found.masks.logits is not None
    assert torch.equal(found.masks.logits[:, 1], found.masks.logits[:, 3])

    targets = [target(90, 130, 3)]
    torch.manual_seed(5)
    theirs = model.train()([image], targets)
    torch.manual_seed(5)
    ours = training_pass(model, described, [image], targets, items=True)
    assert all(torch.equal(ours.losses[name], theirs[name]) for name in LOSSES)
    torch.testing.assert_close(ours.traces[0].losses.mask.sum(), ours.losses["loss_mask"])


def test_an_untraced_run_gives_the_same_bits_as_a_traced_one() -> None:
    module, images = network(), [tensor(picture())]
    settings = SMALL.settings.with_(rpn_pre_nms_top_n=200)
    plain, traced = (run(module, images, settings, keep=keep)[0] for keep in (False, True))
    assert plain.trace is None
    assert traced.trace is not None
    assert len(plain.detections.boxes) > 3
    assert torch.equal(plain.detections.boxes, traced.detections.boxes)
    assert torch.equal(plain.detections.score, traced.detections.score)
    assert torch.equal(plain.masks.probabilities, traced.masks.probabilities)
    assert plain.polygons == traced.polygons


def test_more_masks_than_go_through_the_head_at_once() -> None:
    module, image = network(), tensor(picture())
    settings = SMALL.settings.with_(score=0.0, nms=1.0, detections_per_image=300)
    found = run(module, [image], settings)[0]
    assert len(found.detections.boxes) == 300
    module.roi_heads.score_thresh, module.roi_heads.nms_thresh = 0.0, 1.0
    module.roi_heads.detections_per_img = 300
    with torch.no_grad():
        wanted = module([image])[0]
    pasted = paste_masks_in_image(
        found.masks.probabilities[:, None], found.detections.boxes, image.shape[-2:]
    )
    assert torch.equal(found.detections.boxes, wanted["boxes"])
    torch.testing.assert_close(pasted, wanted["masks"])


def test_losses_with_an_image_without_instances() -> None:
    model, described = network().train(), SMALL
    twin = network().train()
    images = [tensor(picture()), tensor(picture(seed=2))]
    targets = [target(90, 130, 0), target(90, 130, 2)]
    torch.manual_seed(1)
    wanted = model(images, targets)
    torch.manual_seed(1)
    passed = training_pass(twin, described, images, targets)
    for loss in LOSSES:
        assert torch.equal(passed.losses[loss], wanted[loss]), loss
