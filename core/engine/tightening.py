"""An outline drawn anew by the mask head: as a whole, and in tiles where it is large.

A mask has 28×28 cells however large its box is. Tiles see a large object at the finest level of the
pyramid, but do not know which object is meant; so a tile counts only where it agrees with the mask
of the whole.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.document.geometry import bounds, polygon_iou
from core.document.instance import Instance
from core.engine.encodings import Encoding
from core.engine.prompts import Drawn, as_drawn, channels, draw_masks, name_boxes
from core.lens.detail import Detail, reduced
from core.protocol.messages.prompts import PromptOrigin

TILE: Final = 112.0
"""Side in resized pixels from which on a box is looked at in tiles: a cell of its mask then covers
one of the finest map."""
TILES_AT_MOST: Final = 4
"""Tiles along a side."""
_MARGIN: Final = 0.25
"""Share of a tile that its box reaches over on each side."""
_AGREE: Final = 0.7
"""Agreement with the whole mask from which on a tile counts."""
_SAME: Final = 0.5
"""IoU with the old outline below which the new one is of something else."""
_CELLS: Final = 28


@torch.inference_mode()
def tighten(encoding: Encoding, instance: Instance, detail: Detail) -> Drawn:
    """The instance with its outline drawn anew; its own when the mask head sees something else."""
    edges = bounds(instance.polygons)
    box = encoding.to_resized(np.array([edges.x0, edges.y0, edges.x1, edges.y1], np.float32))
    named = name_boxes(encoding, box)
    channel = _channel(encoding, instance.label, named.channel)
    whole = draw_masks(encoding, box, channel)
    tiles = min(math.ceil(float((box[0, 2:] - box[0, :2]).max()) / TILE), TILES_AT_MOST)
    field = whole[0] if tiles < 2 else _in_tiles(encoding, box[0], whole, channel, tiles)
    image_box = encoding.to_image(box[0])
    drawn = as_drawn(
        encoding,
        int(named.label[0]),
        float(named.score[0]),
        field.cpu().numpy(),
        image_box,
        PromptOrigin.TIGHTENED,
        detail,
    )
    drawn = replace(drawn, label=instance.label or drawn.label)
    if drawn.polygons and polygon_iou(drawn.polygons, instance.polygons) >= _SAME:
        return drawn
    return replace(drawn, polygons=reduced(instance.polygons, detail), steadiness=0.0)


def _channel(encoding: Encoding, label: str, guessed: Tensor) -> Tensor:
    names = encoding.predictor.loaded.class_names
    if label not in names:
        return guessed
    return channels(encoding, torch.full_like(guessed, names.index(label) + 1))


def _in_tiles(
    encoding: Encoding, box: Tensor, whole: Tensor, channel: Tensor, count: int
) -> Tensor:
    """The mask of a box, count·28 cells square: tiles where they agree with the whole."""
    side = _CELLS * count
    field = functional.interpolate(
        whole[None], size=(side, side), mode="bilinear", align_corners=False
    )[0, 0]
    places = [(row, column) for row in range(count) for column in range(count)]
    boxes = torch.stack([_tile_box(box, row, column, count) for row, column in places])
    masks = draw_masks(encoding, boxes, channel.expand(len(boxes)))
    found = field.clone()
    for (row, column), mask in zip(places, masks, strict=True):
        rows = slice(row * _CELLS, (row + 1) * _CELLS)
        columns = slice(column * _CELLS, (column + 1) * _CELLS)
        middle = _middle(mask)
        before = field[rows, columns]
        if _agreement(middle, before) >= _AGREE:
            found[rows, columns] = middle
    return found


def _tile_box(box: Tensor, row: int, column: int, count: int) -> Tensor:
    step = (box[2:] - box[:2]) / count
    corner = box[:2] + step * box.new_tensor((column, row))
    return torch.cat((corner - _MARGIN * step, corner + (1 + _MARGIN) * step))


def _middle(mask: Tensor) -> Tensor:
    """The tile without its margin, 28×28 again."""
    reach = 1 / (1 + 2 * _MARGIN)
    cells = (torch.arange(_CELLS, device=mask.device) + 0.5) / _CELLS * 2 - 1
    down, across = torch.meshgrid(cells * reach, cells * reach, indexing="ij")
    grid = torch.stack((across, down), dim=-1)[None]
    return functional.grid_sample(mask[None, None], grid, align_corners=False)[0, 0]


def _agreement(one: Tensor, other: Tensor) -> float:
    """IoU of what is inside of two masks or of what is outside, whichever is larger."""
    first, second = one >= 0.5, other >= 0.5
    return max(_overlap(first, second), _overlap(~first, ~second))


def _overlap(first: Tensor, second: Tensor) -> float:
    together = int((first | second).sum())
    return int((first & second).sum()) / together if together else 0.0


__all__ = ["tighten"]
