"""The click-correct head: nothing while it is new, then it learns from clicks; files keep it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.document.instance import Polygon
from core.engine.click_training import begun, click_loss, next_marks, rounds_loss
from core.engine.clicks import (
    PREFIX,
    ClickHead,
    View,
    add_click_head,
    click_head,
    drawn_anew,
    has_clicks,
    marks_of,
    present_of,
    view_of,
)
from core.engine.colours import CELLS, RAISED, colours_of, led_by_colours
from core.engine.losses import CLICK_LOSS, training_pass
from core.engine.stages import features, inputs
from core.engine.train.rows import with_classes
from core.engine.weights import LoadedModel, export_state, load_file, save_model
from tests.core.engine.networks import SMALL, network, picture, target, tensor

BOXES = torch.tensor([[[10.0, 10, 60, 70]] * 2, [[20, 5, 80, 50], [18, 9, 84, 47]]])


def seen_by(model: torch.nn.Module) -> tuple[features.Maps, inputs.Batch]:
    image = torch.from_numpy(picture()).permute(2, 0, 1)
    batch = inputs.prepare(model, [image])
    levels = features.run_pyramid(model, features.run_backbone(model, batch))
    return features.roi_maps(levels), batch


def last(head: ClickHead) -> torch.nn.Conv2d:
    layer = head.last[-2]
    assert isinstance(layer, torch.nn.Conv2d)
    return layer


def some_view() -> tuple[View, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shown = torch.rand((2, 3, CELLS, CELLS), generator=generator)
    logits = torch.randn((2, CELLS, CELLS), generator=generator)
    pooled = torch.rand((2, 16, 14, 14), generator=generator)
    marks = torch.rand((2, 2, CELLS, CELLS), generator=generator)
    return View(shown, logits, torch.ones(2, CELLS, CELLS), pooled), marks


@torch.inference_mode()
def test_a_new_head_changes_nothing_of_what_masks_and_colours_say() -> None:
    model = network()
    seen, batch = seen_by(model)
    masks = torch.rand((2, 2, 28, 28), generator=torch.Generator().manual_seed(2))
    colours = colours_of(model, batch.one(0))
    view, places = view_of(model, seen, colours, BOXES, masks)
    led, same = led_by_colours(colours, BOXES, masks, RAISED)
    assert torch.equal(places, same)
    head = ClickHead(SMALL.fpn_channels)
    plain = drawn_anew(None, view)
    assert torch.allclose(torch.sigmoid(plain), led.clamp(1e-3, 1 - 1e-3), atol=1e-5)
    assert torch.equal(drawn_anew(head, view), plain)
    _, marks = some_view()
    clicked = drawn_anew(None, view, marks)
    assert not torch.equal(clicked, plain), "points say what colours the thing has"
    assert torch.equal(drawn_anew(head, view, marks), clicked)


@torch.inference_mode()
def test_a_head_hears_of_points_outline_image_and_features() -> None:
    view, marks = some_view()
    head = ClickHead(16)
    torch.nn.init.normal_(last(head).weight, generator=torch.Generator().manual_seed(3))
    before = drawn_anew(head, view)
    present = torch.ones(2, CELLS, CELLS)
    present[:, :20] = -1
    pooled = View(view.shown, view.logits, view.within, view.pooled.flip(-1))
    boxed = View(view.shown, view.logits, 1 - view.within, view.pooled)
    for other in (
        drawn_anew(head, view, marks),
        drawn_anew(head, view, None, present),
        drawn_anew(head, pooled),
        drawn_anew(head, boxed),
    ):
        assert not torch.allclose(other, before, atol=1e-3)
    assert torch.allclose(drawn_anew(head, view[1:]), before[1:], atol=1e-4), "each for itself"


def test_the_colours_within_an_outline_and_at_points_are_those_of_the_thing() -> None:
    shown = torch.zeros(1, 3, CELLS, CELLS)
    shown[:, 0, :, :32] = 1  # red on the left
    shown[:, 2, 40:, 32:] = 1  # blue below on the right
    flat = torch.zeros(1, CELLS, CELLS)
    view = View(shown, flat, flat, torch.rand(1, 16, 14, 14))
    present = flat - 1
    present[:, 10:50, 4:28] = 1
    found = drawn_anew(None, view, None, present)[0]
    assert bool((found[:, :28] > 0).all())
    assert bool((found[:, 36:] < 0).all())
    place = (0.0, 0.0, 64.0, 64.0)
    points = [(48.0, 54.0), (48.0, 12.0)]
    marks = marks_of(points, np.array([True, False]), place)
    clicked = drawn_anew(None, view, marks, present)[0]
    assert float((clicked - found)[40:, 36:].min()) > 0.1, "more of what is like the inner point"


def test_points_and_outline_lie_where_they_are_in_the_place() -> None:
    present = (Polygon(((10.0, 20.0), (20.0, 20.0), (20.0, 40.0), (10.0, 40.0))),)
    points, inside = [(15.2, 25.2), (29.0, 21.0)], np.array([True, False])
    inner, outer = marks_of(points, inside, (10, 20, 30, 40))[0]
    assert divmod(int(inner.argmax()), CELLS) == (16, 16)
    assert divmod(int(outer.argmax()), CELLS) == (3, 60)
    assert inner.min() >= 0
    assert inner.max() > 0.9
    mask = present_of(present, (10, 20, 30, 40))[0]
    assert mask[:, :32].eq(1).all()
    assert mask[:, 32:].eq(-1).all()
    assert not marks_of([], np.zeros(0, bool), (10, 20, 30, 40)).any()
    assert not present_of((), (10, 20, 30, 40)).any()


def test_the_next_click_goes_into_the_middle_of_what_is_wrong() -> None:
    truth = torch.zeros(4, CELLS, CELLS)
    truth[:, 8:40, 8:40] = 1
    present = truth.clone()
    present[0, 8:26, 8:26] = 0  # missing
    present[1, 44:58, 16:30] = 1  # too much
    present[3] = 0.5  # none yet
    marks = next_marks(present, truth)
    for row, kind, place in ((0, 0, 16), (1, 1, 50), (3, 0, 23)):
        y, x = divmod(int(marks[row, kind].argmax()), CELLS)
        assert abs(y - place) <= 3, row
        assert abs(x - (22 if row == 1 else place)) <= 3, row
        assert not marks[row, 1 - kind].any(), row
    assert not marks[2].any()


def test_what_is_clicked_on_is_spoilt_in_many_ways() -> None:
    torch.manual_seed(0)
    truth = torch.zeros(64, CELLS, CELLS)
    truth[:, 6:42, 6:42] = 1
    made = begun(torch.full_like(truth, -1.0), truth)
    assert set(made.flatten().tolist()) == {-1.0, 0.0, 1.0}
    assert len({one.numpy().tobytes() for one in made}) > 8
    assert 0.4 < float((made == -1).all(dim=2).all(dim=1).float().mean()) < 0.8, "its own answer"


def test_the_click_loss_teaches_the_head_and_nothing_else() -> None:
    model = network().train()
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.eval()
    head = add_click_head(model, SMALL)
    seen, batch = seen_by(model)
    seen = features.Maps((name, level.detach()) for name, level in seen.items())
    images, wanted = [batch.one(0)], [target(*batch.sizes[0], 4)]
    optimiser = torch.optim.Adam(head.parameters(), lr=3e-3)
    torch.manual_seed(5)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = click_loss(model, seen, images, wanted)
        torch.autograd.backward(loss)
        losses.append(float(loss.detach()))
        optimiser.step()
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    taught = {name for name, each in model.named_parameters() if each.grad is not None}
    assert taught == {f"{PREFIX}{name}" for name, _ in head.named_parameters()}
    nothing = click_loss(model, seen, images, [{**wanted[0], "boxes": torch.zeros(0, 4)}])
    assert float(nothing) == 0


def test_the_mask_of_a_box_is_learnt_without_any_click() -> None:
    view, _ = some_view()
    truth = torch.zeros(2, CELLS, CELLS)
    truth[0, 10:40, 20:60], truth[1, 30:, :30] = 1, 1
    head = ClickHead(16)
    optimiser = torch.optim.Adam(head.parameters(), lr=1e-2)
    before = ((drawn_anew(head, view) >= 0) == (truth >= 0.5)).float().mean()
    torch.manual_seed(7)
    for _ in range(60):
        optimiser.zero_grad()
        torch.autograd.backward(rounds_loss(head, view, truth, rounds=0))
        optimiser.step()
    after = ((drawn_anew(head, view) >= 0) == (truth >= 0.5)).float().mean()
    assert float(before) < 0.7
    assert float(after) > 0.95


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
    torch.nn.init.normal_(last(head).weight)
    save_model(new, model, SMALL)
    back = load_file(new)
    kept = click_head(back.module)
    assert kept is not None
    assert torch.equal(last(kept).weight, last(head).weight)
    other, _ = with_classes(back.module, SMALL, ["cat", "fish"], {})
    moved = click_head(other)
    assert moved is not None
    assert torch.equal(last(moved).weight, last(head).weight)
    bare = tmp_path / "bare.pth"
    export_state(bare, LoadedModel(back.module, SMALL, "m", "m@1", {}))
    state = torch.load(bare, weights_only=True)
    assert not has_clicks(state)
    network().load_state_dict(state)


@pytest.mark.parametrize("name", ["behind.0.weight", "seen.weight"])
def test_a_file_with_a_head_of_a_kind_before_loads_without_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "old.pt"
    model = network()
    save_model(path, model, SMALL)
    content = torch.load(path, weights_only=True)
    content["state"][f"{PREFIX}{name}"] = torch.zeros(3)
    torch.save(content, path)
    assert click_head(load_file(path).module) is None
