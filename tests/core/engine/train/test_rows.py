from __future__ import annotations

from dataclasses import replace

import torch

from core.engine.train.rows import with_classes
from core.engine.zoo import build_model
from tests.core.engine.networks import SMALL, network


def test_kept_reused_and_fresh_classes():
    old = network(SMALL)
    new, config = with_classes(old, SMALL, ("dog", "wolf", "tree"), {"wolf": "cat"})
    assert config.class_names == ("dog", "wolf", "tree")
    a, b = old.roi_heads.box_predictor, new.roi_heads.box_predictor
    assert torch.equal(b.cls_score.weight[:3], a.cls_score.weight[[0, 2, 1]])
    assert torch.equal(b.bbox_pred.weight[4:8], a.bbox_pred.weight[8:12])
    assert torch.allclose(
        b.bbox_pred.weight[12:16], a.bbox_pred.weight[4:].reshape(3, 4, -1).mean(0)
    )
    m, n = old.roi_heads.mask_predictor, new.roi_heads.mask_predictor
    assert torch.equal(n.mask_fcn_logits.weight[2], m.mask_fcn_logits.weight[1])
    assert torch.equal(
        new.backbone.fpn.inner_blocks[0][0].weight, old.backbone.fpn.inner_blocks[0][0].weight
    )


def test_the_same_classes_give_the_same_network():
    old = network(SMALL)
    new, _ = with_classes(old, SMALL, SMALL.class_names, {})
    image = torch.rand(3, 96, 96)
    with torch.inference_mode():
        one, two = old([image])[0], new([image])[0]
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_fresh_rows_depend_on_the_seed_alone():
    def rows(seed):
        torch.manual_seed(seed)
        return with_classes(network_of_two(), SMALL, ("new",), {})[0].roi_heads.box_predictor

    def network_of_two():
        state = torch.get_rng_state()
        module = build_model(SMALL)
        module.load_state_dict(network(SMALL).state_dict())
        torch.set_rng_state(state)
        return module

    assert torch.equal(rows(1).cls_score.weight, rows(1).cls_score.weight)
    assert not torch.equal(rows(1).cls_score.weight, rows(2).cls_score.weight)


def test_a_mask_that_is_one_for_all_classes_stays():
    config = replace(SMALL, mask_outputs="agnostic")
    old = network(config)
    new, _ = with_classes(old, config, ("tree", "cat"), {})
    a, b = old.roi_heads.mask_predictor, new.roi_heads.mask_predictor
    assert torch.equal(b.mask_fcn_logits.weight, a.mask_fcn_logits.weight)
    rois = torch.rand(2, 16, 14, 14)
    assert torch.equal(b(rois)[:, 1], a(rois)[:, 1])
    assert b(rois).shape[1] == 3
