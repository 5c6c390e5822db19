"""The training view: what was matched and sampled, and each item's share in the losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.engine.config import ModelConfig, TrainingSettings
from core.engine.losses import TrainingPass, training_pass
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
