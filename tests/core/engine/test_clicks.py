"""The click-correct head: nothing while it is new, then it learns from clicks; files keep it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.document.instance import Polygon
from core.engine.click_training import click_loss, next_marks, spoilt
from core.engine.clicks import (
    CELLS,
    add_click_head,
    click_head,
    clicked_logits,
    correct,
    has_clicks,
    maps_of,
    point_maps,
)
from core.engine.losses import CLICK_LOSS, training_pass
from core.engine.stages import features, inputs, masks
from core.engine.train.rows import with_classes
from core.engine.weights import LoadedModel, export_state, load_file, save_model
from tests.core.engine.networks import SMALL, network, picture, target, tensor

BOXES = torch.tensor([[10.0, 10, 60, 70], [20, 5, 80, 50]])


def levels(model: torch.nn.Module) -> features.Maps:
    image = torch.from_numpy(picture()).permute(2, 0, 1)
    batch = inputs.prepare(model, [image])
    return features.roi_maps(features.run_pyramid(model, features.run_backbone(model, batch)))


def some_maps() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand((2, 3, CELLS, CELLS), generator=generator)


@torch.inference_mode()
def test_a_new_head_changes_no_bit_of_the_mask_head() -> None:
    model = network()
    channel = torch.tensor([1, 3])
    seen = levels(model)
    plain = torch.sigmoid(masks.answers(masks.run_mask_head(model, seen, [BOXES]), channel))
    add_click_head(model, SMALL)
    assert torch.equal(correct(model, seen, BOXES, some_maps(), channel), plain)
    again = torch.sigmoid(masks.answers(masks.run_mask_head(model, seen, [BOXES]), channel))
    assert torch.equal(again, plain)


def test_points_and_mask_lie_where_they_are_in_the_box() -> None:
    present = (Polygon(((10.0, 20.0), (20.0, 20.0), (20.0, 40.0), (10.0, 40.0))),)
    points, inside = [(15.2, 25.2), (29.0, 21.0)], np.array([True, False])
    inner, outer, mask = maps_of(points, inside, present, (10, 20, 30, 40))[0]
    assert divmod(int(inner.argmax()), CELLS) == (7, 7)
    assert divmod(int(outer.argmax()), CELLS) == (1, 26)
    assert inner.min() >= 0
    assert inner.max() > 0.9
    assert mask[:, :14].eq(1).all()
    assert mask[:, 14:].eq(0).all()
    none = maps_of([], np.zeros(0, bool), (), (10, 20, 30, 40))
    assert none.shape == (1, 3, CELLS, CELLS)
    assert not none.any()


def test_the_next_click_goes_into_the_middle_of_what_is_wrong() -> None:
    truth = torch.zeros(3, CELLS, CELLS)
    truth[:, 4:20, 4:20] = 1
    present = truth.clone()
    present[0, 4:13, 4:13] = 0  # missing
    present[1, 20:27, 8:15] = 1  # too much
    marks = next_marks(present, truth)
    y, x = divmod(int(marks[0, 0].argmax()), CELLS)
    assert max(abs(y - 8), abs(x - 8)) <= 1
    assert not marks[0, 1].any()
    y, x = divmod(int(marks[1, 1].argmax()), CELLS)
    assert max(abs(y - 23), abs(x - 11)) <= 1
    assert not marks[1, 0].any()
    assert not marks[2].any()
    assert torch.equal(point_maps(torch.tensor([[9.0, 9.0]]), torch.tensor([True]))[1], marks[2, 0])


def test_what_is_clicked_on_is_spoilt_in_many_ways() -> None:
    torch.manual_seed(0)
    truth = torch.zeros(64, CELLS, CELLS)
    truth[:, 6:22, 6:22] = 1
    made = spoilt(torch.full_like(truth, 0.2), truth)
    assert set(made.unique().tolist()) <= {0.0, 1.0}
    assert len({one.numpy().tobytes() for one in made}) > 20


def test_the_click_loss_teaches_the_head_and_nothing_else() -> None:
    model = network().train()
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.eval()
    add_click_head(model, SMALL)
    seen = levels(model)
    seen = features.Maps((name, level.detach()) for name, level in seen.items())
    wanted = [target(90, 130, 4)]
    head = click_head(model)
    assert head is not None
    optimiser = torch.optim.Adam(head.parameters(), lr=3e-3)
    torch.manual_seed(5)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = click_loss(model, seen, wanted)
        loss.backward()
        losses.append(float(loss.detach()))
        optimiser.step()
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    taught = {name for name, each in model.named_parameters() if each.grad is not None}
    assert taught == {f"roi_heads.click_head.{name}" for name, _ in head.named_parameters()}
    nothing = click_loss(model, seen, [{**wanted[0], "boxes": torch.zeros(0, 4)}])
    assert float(nothing) == 0


def test_the_five_losses_are_as_without_the_head() -> None:
    images, targets = [tensor(picture())], [target(90, 130, 3)]
    without = network().train()
    torch.manual_seed(2)
    plain = training_pass(without, SMALL, images, targets).losses
    with_head = network().train()
    add_click_head(with_head, SMALL)
    torch.manual_seed(2)
    more = training_pass(with_head, SMALL, images, targets).losses
    assert set(more) - set(plain) == {CLICK_LOSS}
    for name, value in plain.items():
        assert torch.equal(value, more[name]), name


def test_files_keep_the_head_and_load_without_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old.pt", tmp_path / "new.pt"
    model = network()
    save_model(old, model, SMALL)
    assert click_head(load_file(old).module) is None
    head = add_click_head(model, SMALL)
    torch.nn.init.normal_(head.behind[-1].weight)
    save_model(new, model, SMALL)
    back = load_file(new)
    kept = click_head(back.module)
    assert kept is not None
    assert torch.equal(kept.behind[-1].weight, head.behind[-1].weight)
    other, _ = with_classes(back.module, SMALL, ["cat", "fish"], {})
    moved = click_head(other)
    assert moved is not None
    assert torch.equal(moved.behind[-1].weight, head.behind[-1].weight)
    bare = tmp_path / "bare.pth"
    export_state(bare, LoadedModel(back.module, SMALL, "m", "m@1", {}))
    state = torch.load(bare, weights_only=True)
    assert not has_clicks(state)
    network().load_state_dict(state)


def test_gradients_reach_the_mask_head_only_when_wanted() -> None:
    model = network()
    add_click_head(model, SMALL)
    pooled = torch.rand(2, 16, 14, 14)
    channel = torch.tensor([1, -1])
    both = clicked_logits(model, pooled, some_maps(), channel)
    alone = clicked_logits(model, pooled, some_maps(), channel, only_clicks=True)
    assert torch.equal(both, alone)
    alone.sum().backward()
    assert all(each.grad is None for each in model.roi_heads.mask_head.parameters())
    both.sum().backward()
    assert all(each.grad is not None for each in model.roi_heads.mask_head.parameters())
