"""A mask put right by colours: it ends where the colours change, and nowhere when none do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from core.engine.colours import CELLS, _solved, led_by_colours

BOX = torch.tensor([[[40.0, 30.0, 120.0, 90.0]]])
DISC = (80.0, 60.0, 26.0)


def image(contrast: int) -> Tensor:
    """A disc on a plain ground, 3×120×160."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 12, (3, 120, 160), generator=generator)
    rows, columns = torch.meshgrid(torch.arange(120.0), torch.arange(160.0), indexing="ij")
    inside = (columns + 0.5 - DISC[0]) ** 2 + (rows + 0.5 - DISC[1]) ** 2 < DISC[2] ** 2
    return (60 + noise + contrast * inside).to(torch.uint8)


def blurry() -> Tensor:
    """A mask of the box that is about right: too wide, and soft at the edge."""
    cells = (torch.arange(28) + 0.5) / 28 * 2 - 1
    down, across = torch.meshgrid(cells * 30, cells * 40, indexing="ij")
    return torch.sigmoid((29 - (down**2 + across**2).sqrt()) / 5)[None, None]


def disc_in(place: Tensor) -> Tensor:
    steps = (torch.arange(CELLS) + 0.5) / CELLS
    x = place[0] + steps * (place[2] - place[0])
    y = place[1] + steps * (place[3] - place[1])
    return (x[None] - DISC[0]) ** 2 + (y[:, None] - DISC[1]) ** 2 < DISC[2] ** 2


def led(contrast: int, boxes: Tensor, masks: Tensor, raised: float) -> tuple[Tensor, Tensor]:
    """Of the one thing."""
    found, places = led_by_colours(image(contrast), boxes, masks, raised)
    return found[0], places[0]


def overlap(one: Tensor, other: Tensor) -> float:
    return int((one & other).sum()) / int((one | other).sum())


def test_the_mask_ends_where_the_colours_change() -> None:
    found, place = led(90, BOX, blurry(), 0.5)
    assert found.shape == (CELLS, CELLS)
    assert place.tolist() == pytest.approx([28, 21, 132, 99])
    assert overlap(found >= 0.5, disc_in(place)) > 0.9
    plain, _ = led(0, BOX, blurry(), 0.5)
    assert overlap(plain >= 0.5, disc_in(place)) < 0.75  # nothing says that it is too wide
    lower, _ = led(0, BOX, blurry(), 0.0)
    assert int((lower >= 0.5).sum()) < int((plain >= 0.5).sum())


def test_several_masks_are_asked_together_and_the_box_is_cut_at_the_image() -> None:
    boxes = torch.tensor([[[100.0, 60.0, 160.0, 120.0], [90.0, 50.0, 150.0, 110.0]]])
    found, place = led(0, boxes, torch.ones(1, 2, 28, 28), 0.0)
    assert place.tolist() == pytest.approx([91, 51, 160, 120])
    sure = float(found[CELLS // 2, CELLS // 2])
    nothing, _ = led(0, boxes, torch.zeros(1, 2, 28, 28), 0.0)
    assert sure > 0.9 > 0.1 > float(nothing.max())
    assert bool(torch.isfinite(found).all())


def test_each_of_several_things_is_led_as_it_is_alone() -> None:
    boxes = torch.cat((BOX, BOX + 9, torch.tensor([[[0.0, 0.0, 12.0, 9.0]]])))
    masks = blurry().expand(3, 1, 28, 28) * torch.tensor([1.0, 0.8, 0.6])[:, None, None, None]
    together, places = led_by_colours(image(90), boxes, masks, 0.5)
    for row in range(3):
        alone, place = led_by_colours(image(90), boxes[row, None], masks[row, None], 0.5)
        assert torch.equal(alone[0], together[row])
        assert torch.equal(place[0], places[row])


def test_small_systems_are_solved() -> None:
    generator = torch.Generator().manual_seed(2)
    half = torch.rand(3, 3, 4, 5, generator=generator)
    whole = torch.einsum("ikab,jkab->ijab", half, half) + torch.eye(3)[..., None, None]
    (a, b, c), (_, d, e), (_, _, f) = whole
    values = torch.rand(3, 4, 5, generator=generator)
    solved = _solved((a, b, c), (d, e, f), (values[0], values[1], values[2]))
    found = torch.einsum("ijab,jab->iab", whole, solved)
    assert torch.allclose(found, values, atol=1e-5)
