from __future__ import annotations

import numpy as np
import pytest
import torch

from core.engine.losses import training_pass
from core.engine.train.optimiser import Average, make_optimiser, rate_of, set_rate
from core.engine.train.stream import TrainingBatch
from core.engine.train.trainer import Trainer
from core.engine.weights import LoadedModel
from tests.core.engine.networks import SMALL, network, target
from tests.core.engine.train.test_samples import plan


def test_the_rate_rises_and_falls():
    chosen = plan(steps=100)
    rates = [rate_of(chosen, step) for step in range(100)]
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(chosen.learning_rate)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.02 * chosen.learning_rate


def test_the_trunk_learns_slower_and_vectors_do_not_decay():
    model = network(SMALL)
    optimiser = make_optimiser(model, plan(backbone_rate=0.25))
    set_rate(optimiser, 1.0)
    body = {id(p) for p in model.backbone.body.parameters()}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            assert group["lr"] == (0.25 if id(parameter) in body else 1.0)
            assert (group["weight_decay"] > 0) == (parameter.dim() > 1)


def test_the_average_follows_from_near():
    weights = {"a": torch.zeros(1)}
    average = Average(weights, 0.9)
    weights["a"] = torch.ones(1)
    for step in range(200):
        average.follow(weights, step)
    assert float(average.values["a"]) == pytest.approx(1.0, abs=1e-4)
    at_once = Average({"a": torch.zeros(1)}, 0.0)
    at_once.follow(weights, 0)
    assert float(at_once.values["a"]) == 1.0


def batch(size: int = 64) -> TrainingBatch:
    wanted = target(size, size, 3)
    return TrainingBatch([torch.rand(3, size, size)], [wanted])


def trainer(**changes) -> Trainer:
    torch.manual_seed(0)
    loaded = LoadedModel(network(SMALL), SMALL, "small", "small@0", {})
    return Trainer(loaded, plan(steps=10, **changes))


def test_learning_makes_the_loss_of_a_batch_smaller():
    learner, same = trainer(warm_up=0.0, learning_rate=2e-3), batch()
    first = sum(learner.learn(same).values())
    for _ in range(8):
        last = sum(learner.learn(same).values())
    assert last < first


def test_wide_maps_are_laid_out_as_is_faster_and_the_losses_stay():
    losses, one = [], batch(96)
    for planes in (True, False):
        learner, laid_out = trainer(planes=planes), []
        weights = dict(learner.model.named_parameters())
        for name in ("rpn.head.conv.0.0.weight", "backbone.fpn.layer_blocks.0.0.weight"):
            assert weights[name].is_contiguous() is planes
        assert not weights["roi_heads.mask_head.0.0.weight"].is_contiguous()
        learner.model.backbone.fpn.inner_blocks[0].register_forward_hook(
            lambda _module, given, _answer: laid_out.append(given[0].is_contiguous())  # noqa: B023
        )
        torch.manual_seed(1)
        losses.append(learner.learn(one))
        assert laid_out == [planes]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_trying_out_changes_nothing():
    learner, one = trainer(), batch()
    before = {name: value.clone() for name, value in learner.weights().items()}
    generator = torch.get_rng_state()
    learner.try_out(one)
    assert learner.step == 0
    assert torch.equal(generator, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in learner.weights().items())


def test_an_ignored_area_changes_the_losses_only_through_background():
    model, wanted = network(SMALL), target(96, 96, 2)
    model.transform._skip_resize = True
    model.train()
    image = torch.rand(3, 96, 96)

    def losses(more):
        torch.manual_seed(1)
        return training_pass(model, SMALL, [image], [{**wanted, **more}]).losses

    plain = losses({})
    nothing = losses({"ignore": torch.zeros(96, 96, dtype=torch.bool)})
    assert all(torch.equal(plain[name], nothing[name]) for name in plain)
    half = torch.zeros(96, 96, dtype=torch.bool)
    half[:, 48:] = True
    assert not torch.equal(plain["loss_objectness"], losses({"ignore": half})["loss_objectness"])
