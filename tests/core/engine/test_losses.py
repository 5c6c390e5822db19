"""The training view: what was matched and sampled, and each item's share in the losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from core.engine.config import ModelConfig, TrainingSettings
from core.engine.losses import TrainingPass, training_pass
from core.engine.targets import leave_out
from core.engine.zoo import build_model
from core.lens.settings import StageSettings
from core.lens.trace import to_numpy
from tests.core.engine.networks import SMALL, network, picture, target, tensor

IMAGES = [tensor(picture()), tensor(picture(seed=4))]
TARGETS = [target(90, 130, 3), target(90, 130, 1, 1)]


@pytest.fixture(scope="module")
def passed() -> TrainingPass:
    torch.manual_seed(2)
    return training_pass(network().train(), SMALL, IMAGES, TARGETS, items=True)


def test_shares_sum_to_the_losses(passed: TrainingPass) -> None:
    shares = {
        "loss_objectness": [t.losses.objectness for t in passed.traces],
        "loss_rpn_box_reg": [t.losses.rpn_box_reg for t in passed.traces],
        "loss_classifier": [t.losses.classifier for t in passed.traces],
        "loss_box_reg": [t.losses.box_reg for t in passed.traces],
        "loss_mask": [t.losses.mask for t in passed.traces],
    }
    for name, parts in shares.items():
        torch.testing.assert_close(torch.cat(parts).sum(), passed.losses[name])
    torch.testing.assert_close(passed.total, sum(passed.losses.values()))


def test_shares_belong_to_the_items_beside_them(passed: TrainingPass) -> None:
    for trace in passed.traces:
        sampled = len(trace.anchors.positive) + len(trace.anchors.negative)
        positive = int((trace.rois.label > 0).sum())
        assert len(trace.losses.objectness) == sampled <= SMALL.training.rpn_samples
        assert len(trace.losses.rpn_box_reg) == len(trace.anchors.positive)
        assert len(trace.losses.classifier) == len(trace.rois.label)
        assert len(trace.losses.box_reg) == len(trace.losses.mask) == positive
        assert trace.mask_targets.shape == trace.mask_logits.shape == (positive, 28, 28)
        assert bool((trace.anchors.label[trace.anchors.positive] == 1).all())
        assert bool((trace.anchors.label[trace.anchors.negative] == 0).all())
        assert bool((trace.losses.objectness >= 0).all())


def test_items_do_not_change_the_losses(passed: TrainingPass) -> None:
    torch.manual_seed(2)
    plain = training_pass(network().train(), SMALL, IMAGES, TARGETS)
    assert plain.traces == ()
    assert all(torch.equal(plain.losses[k], v) for k, v in passed.losses.items())


def test_shares_carry_gradients() -> None:
    module = network().train()
    passed = training_pass(module, SMALL, IMAGES[:1], TARGETS[:1], items=True)
    passed.traces[0].losses.mask.sum().backward()
    assert module.roi_heads.mask_predictor.mask_fcn_logits.weight.grad is not None
    assert module.rpn.head.cls_logits.weight.grad is None


def test_one_step_lowers_the_loss() -> None:
    module = network().train()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.002)
    totals = []
    for _ in range(4):
        torch.manual_seed(0)
        passed = training_pass(module, SMALL, IMAGES, TARGETS)
        optimiser.zero_grad()
        passed.total.backward()
        optimiser.step()
        totals.append(float(passed.total.detach()))
    assert totals[-1] < totals[0]


def test_sampling_follows_the_configuration() -> None:
    config = ModelConfig.from_json(
        {**SMALL.to_json(), "training": {"rpn_samples": 20, "roi_samples": 12}}
    )
    assert config.training == TrainingSettings(rpn_samples=20, roi_samples=12)
    module = network(config).train()
    trace = training_pass(module, config, IMAGES[:1], TARGETS[:1], items=True).traces[0]
    assert len(trace.losses.objectness) == 20
    assert len(trace.rois.label) == 12


def test_proposals_in_training_follow_the_training_limits() -> None:
    config = ModelConfig.from_json(
        {**SMALL.to_json(), "training": {"rpn_post_nms_top_n": 30, "rpn_pre_nms_top_n": 40}}
    )
    trace = training_pass(
        network(config).train(), config, IMAGES[:1], TARGETS[:1], items=True
    ).traces[0]
    assert trace.rois.proposal_count == 30


def test_the_training_view_leaves_the_engine_as_numpy(passed: TrainingPass) -> None:
    outside = to_numpy(passed.traces[0])
    assert isinstance(outside.anchors.match, np.ndarray)
    assert isinstance(outside.losses.mask, np.ndarray)
    assert outside.rois.proposal_count == passed.traces[0].rois.proposal_count


def test_masks_of_targets_are_what_the_instance_covers(passed: TrainingPass) -> None:
    trace = passed.traces[0]
    positive = torch.where(trace.rois.label > 0)[0]
    own = trace.rois.source[positive] >= trace.rois.proposal_count
    # The box of a rectangle cropped to itself is full but for the softened border.
    assert float(trace.mask_targets[own].mean()) > 0.85


MANY = [target(90, 130, 150, 7)]


@pytest.mark.parametrize(("share", "drawn"), [(0.25, 128), (0.125, 64)])
def test_the_share_of_positive_rois_is_its_own_setting(share: float, drawn: int) -> None:
    # 150 instances are 150 positive RoIs; of 512 a quarter, as torchvision has it, is 128.
    training = {"roi_positive_fraction": share, "rpn_positive_fraction": 0.5}
    config = ModelConfig.from_json({**SMALL.to_json(), "training": training})
    trace = training_pass(network(config).train(), config, IMAGES[:1], MANY, items=True).traces[0]
    assert int((trace.rois.label > 0).sum()) == drawn


def test_with_many_positives_the_losses_are_torchvisions() -> None:
    torch.manual_seed(2)
    theirs = reference_network()
    config = replace(
        SMALL, training=TrainingSettings(), settings=StageSettings(), box_head_width=32
    )
    ours = build_model(config)
    ours.load_state_dict(theirs.state_dict())
    images = [IMAGES[0]]
    torch.manual_seed(5)
    wanted = theirs.train()(images, MANY)
    torch.manual_seed(5)
    found = training_pass(ours.train(), config, images, MANY, items=True)
    assert int((found.traces[0].rois.label > 0).sum()) == 128
    for name, loss in found.losses.items():
        assert torch.equal(loss, wanted[name]), name


def reference_network() -> MaskRCNN:
    """torchvision's own, as wide as `SMALL`, with its own defaults of training."""
    backbone = resnet_fpn_backbone(
        backbone_name="resnet18", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5
    )
    backbone.fpn = FeaturePyramidNetwork([64, 128, 256, 512], 16, LastLevelMaxPool())
    backbone.out_channels = 16
    return MaskRCNN(
        backbone,
        min_size=96,
        max_size=160,
        rpn_anchor_generator=AnchorGenerator(SMALL.anchor_sizes, ((0.5, 1.0, 2.0),) * 5),
        box_head=TwoMLPHead(16 * 49, 32),
        box_predictor=FastRCNNPredictor(32, 4),
        mask_head=MaskRCNNHeads(16, [16] * 4, 1),
        mask_predictor=MaskRCNNPredictor(16, 16, 4),
    )


@pytest.mark.parametrize(("inside", "left_out"), [(5, True), (4, False), (6, True)])
def test_background_counts_for_nothing_where_half_of_the_box_is_ignored(
    inside: int, left_out: bool
) -> None:
    area = torch.zeros(20, 20, dtype=torch.bool)
    area[:, :inside] = True
    box = torch.tensor([[0.0, 0, 10, 10]])
    assert leave_out(torch.zeros(1), box, area).item() == (-1.0 if left_out else 0.0)
    assert leave_out(torch.ones(1), box, area).item() == 1.0
