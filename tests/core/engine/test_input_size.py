"""The least factor, and that without one everything is torchvision's."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from core.engine.input_size import MOST_PIXELS, InputTransform, input_factor
from core.engine.stages.inputs import prepare
from tests.core.engine.networks import SMALL, network

MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]
lengths = st.integers(1, 20_000)


@given(lengths, lengths, st.floats(0.01, 100))
def test_the_least_factor_holds_as_far_as_the_pixels_allow(
    height: int, width: int, least: float
) -> None:
    plain = input_factor(512, 800, None, height, width)
    factor = input_factor(512, 800, least, height, width)
    assert plain == min(512 / min(height, width), 800 / max(height, width))
    assert factor >= plain
    if factor > plain:
        assert factor <= least
        assert height * width * factor**2 <= MOST_PIXELS * 1.001
        assert factor == least or height * width * factor**2 == pytest.approx(MOST_PIXELS)


def target() -> dict[str, Tensor]:
    masks = torch.zeros(2, 40, 90, dtype=torch.uint8)
    masks[0, 5:20, 10:30] = 1
    masks[1, 21:39, 50:88] = 1
    boxes = torch.tensor([[10.0, 5, 30, 20], [50, 21, 88, 39]])
    points = torch.tensor([[[12.0, 7, 2], [20, 9, 1]], [[60, 30, 2], [0, 0, 0]]])
    return {"boxes": boxes, "masks": masks, "labels": torch.tensor([1, 1]), "keypoints": points}


def test_without_a_least_factor_it_is_torchvisions() -> None:
    image = torch.rand(3, 40, 90)
    ours, theirs = (
        kind(64, 100, MEAN, STD).eval() for kind in (InputTransform, GeneralizedRCNNTransform)
    )
    (batch, mine), (other, wanted) = ours([image], [target()]), theirs([image], [target()])
    assert torch.equal(batch.tensors, other.tensors)
    assert all(torch.equal(mine[0][name], wanted[0][name]) for name in wanted[0])


def test_with_one_it_is_torchvisions_at_that_size() -> None:
    image = torch.rand(3, 40, 90)
    ours = InputTransform(64, 100, MEAN, STD).eval()
    ours.least_factor = 2.0
    theirs = GeneralizedRCNNTransform(80, 180, MEAN, STD).eval()
    (batch, mine), (other, wanted) = ours([image], [target()]), theirs([image], [target()])
    assert batch.image_sizes == [(80, 180)]
    assert torch.equal(batch.tensors, other.tensors)
    assert all(torch.equal(mine[0][name], wanted[0][name]) for name in wanted[0])


def test_samples_in_training_keep_their_size() -> None:
    ours = InputTransform(64, 100, MEAN, STD).train()
    ours.least_factor = 2.0
    ours._skip_resize = True
    batch, _ = ours([torch.rand(3, 32, 64)])
    assert batch.image_sizes == [(32, 64)]


def test_the_stage_sees_what_the_models_transform_makes() -> None:
    config = replace(SMALL, least_factor=2.5)
    model = network(config)
    images = [torch.rand(3, 50, 71), torch.rand(3, 31, 120), torch.rand(3, 20, 20)]
    listed, _ = model.transform(images)
    batch = prepare(model, images)
    assert torch.equal(batch.tensors, listed.tensors)
    assert list(batch.sizes) == listed.image_sizes == [(125, 177), (77, 300), (96, 96)]


@pytest.mark.parametrize("least", [None, 0.01])
@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (1, 1), (2, 40_000)])
def test_an_image_of_any_shape_keeps_a_pixel(size: tuple[int, int], least: float | None) -> None:
    height, width = size
    image = torch.rand(3, height, width)
    transform = InputTransform(64, 100, MEAN, STD, least).eval()
    target = {
        "boxes": torch.tensor([[0.0, 0, width, height]]),
        "masks": torch.ones(1, height, width, dtype=torch.uint8),
        "labels": torch.tensor([1]),
    }
    batch, targets = transform([image], [target])
    assert min(batch.image_sizes[0]) >= 1
    assert targets[0]["masks"].shape[-2:] == batch.image_sizes[0]
    prepared = prepare(network_with(least), [image])
    assert prepared.sizes == tuple(batch.image_sizes)


def network_with(least: float | None) -> MaskRCNN:
    return network(replace(SMALL, min_size=64, max_size=100, least_factor=least))
