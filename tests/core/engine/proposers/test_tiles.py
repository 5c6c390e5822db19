"""Tiles cover the image, overlap, and leave out what a border between them cuts off."""

from __future__ import annotations

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from core.engine.proposers.tiles import propose, tiles_of
from tests.core.engine.proposers.fakes import FakeProposer

SIDES = st.integers(40, 3000)


@given(SIDES, SIDES, st.integers(2, 12))
def test_tiles_cover_the_image_and_overlap(height: int, width: int, count: int) -> None:
    tiles = tiles_of(height, width, count)
    assert len(tiles) == count
    corners = {(x, y) for x in (0, width) for y in (0, height)}
    assert corners <= {(x, y) for x0, y0, x1, y1 in tiles for x in (x0, x1) for y in (y0, y1)}
    for axis, length in ((0, width), (1, height)):
        spans = sorted({(tile[axis], tile[axis + 2]) for tile in tiles})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        for (_, end), (start, _) in pairwise(spans):
            assert start < end


def test_tiles_are_as_square_as_can_be() -> None:
    assert tiles_of(100, 100, 4)[0] == (0, 0, 56, 56)
    assert len({tile[1] for tile in tiles_of(100, 500, 4)}) == 1
    assert tiles_of(100, 100, 0) == tiles_of(100, 100, 1) == ()


def test_boxes_of_a_tile_are_moved_to_its_place() -> None:
    proposer = FakeProposer((10, 12, 30, 32, 1, 0.9))
    found, source = propose(proposer, torch.zeros((3, 200, 200), dtype=torch.uint8), 4)
    assert proposer.sizes == [(200, 200)] + [(111, 111)] * 4
    assert source.tolist() == [0, 1, 2, 3, 4]
    assert found.boxes[2].tolist() == [99, 12, 119, 32]
    assert found.boxes[4].tolist() == [99, 101, 119, 121]


def test_a_box_at_an_inner_border_is_left_out_and_one_at_the_rim_stays() -> None:
    at_the_left = FakeProposer((0, 40, 30, 60, 1, 0.9))
    image = torch.zeros((3, 200, 200), dtype=torch.uint8)
    _, source = propose(at_the_left, image, 4)
    assert source.tolist() == [0, 1, 3]  # the tiles at the right begin inside of the image
    at_the_right = FakeProposer((80, 40, 111, 60, 1, 0.9))
    _, source = propose(at_the_right, image, 4)
    assert source.tolist() == [0, 2, 4]
    for borders, kept in (((40, 0, 60, 30), [0, 1, 2]), ((40, 80, 60, 111), [0, 3, 4])):
        _, source = propose(FakeProposer((*borders, 1, 0.9)), image, 4)
        assert source.tolist() == kept
