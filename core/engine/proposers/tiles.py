"""Looking at an image in overlapping parts beside the whole, so that small things are seen."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from core.engine.proposers.base import Boxes, Proposer

OVERLAP: Final = 0.2
"""Share of a tile's side that it has in common with the next."""
_EDGE: Final = 2.0
"""Pixels from an inner border within which a box is taken to be cut off by it."""
Tile = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the image."""


def tiles_of(height: int, width: int, count: int) -> tuple[Tile, ...]:
    """`count` tiles in rows and columns that make them as square as can be; none below two.

    On a wide image four tiles are two rows of two or one row of four.
    """
    if count < 2:
        return ()
    grids = [(rows, count // rows) for rows in range(1, count + 1) if count % rows == 0]

    def elongation(grid: tuple[int, int]) -> float:
        ratio = (width / grid[1]) / (height / grid[0])
        return max(ratio, 1 / ratio)

    rows, columns = min(grids, key=elongation)
    return tuple(
        (x0, y0, x1, y1) for y0, y1 in _spans(height, rows) for x0, x1 in _spans(width, columns)
    )


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    side = length / (count - (count - 1) * OVERLAP)
    starts = [round(number * side * (1 - OVERLAP)) for number in range(count)]
    return [(start, min(length, round(start + side))) for start in starts]


def propose(proposer: Proposer, image: Tensor, count: int) -> tuple[Boxes, Tensor]:
    """What a proposer sees in the whole image and in `count` tiles, and where each box is from.

    The second value is int64 N: 0 for the whole image, then the number of the tile. Boxes that
    a border between tiles cuts off are left out: the next tile, or the whole, has all of them.
    """
    height, width = image.shape[-2:]
    whole = proposer.propose(image)
    found, source = [whole], [torch.zeros_like(whole.label)]
    for number, tile in enumerate(tiles_of(height, width, count), start=1):
        x0, y0, x1, y1 = tile
        seen = proposer.propose(image[:, y0:y1, x0:x1])
        boxes = seen.boxes + seen.boxes.new_tensor((x0, y0, x0, y0))
        whole_ones = ~_cut_off(boxes, tile, height, width)
        found.append(Boxes(boxes[whole_ones], seen.label[whole_ones], seen.score[whole_ones]))
        source.append(torch.full_like(found[-1].label, number))
    together = Boxes(
        torch.cat([each.boxes for each in found]),
        torch.cat([each.label for each in found]),
        torch.cat([each.score for each in found]),
        whole.cells,
    )
    return together, torch.cat(source)


def _cut_off(boxes: Tensor, tile: Tile, height: int, width: int) -> Tensor:
    x0, y0, x1, y1 = tile
    cut = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    if x0 > 0:
        cut |= boxes[:, 0] < x0 + _EDGE
    if y0 > 0:
        cut |= boxes[:, 1] < y0 + _EDGE
    if x1 < width:
        cut |= boxes[:, 2] > x1 - _EDGE
    if y1 < height:
        cut |= boxes[:, 3] > y1 - _EDGE
    return cut
