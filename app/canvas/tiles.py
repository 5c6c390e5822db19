"""Rendered tiles, kept until memory runs short; the least recently shown go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtGui import QImage

from app.canvas.view import View
from core.document.geometry.measure import Rect

TILE = 512
"""Side of a tile in device pixels."""

_BLANK_COST = 256


@dataclass(frozen=True, slots=True)
class TileKey:
    """A square of the image at one scale (device pixels per image pixel), counted from its corner.

    The exact scale is part of the key, and so the device pixel ratio is too: a tile is only ever
    shown one to one, except as a stand-in while the right one is made.
    """

    scale: float
    column: int
    row: int

    def rect(self) -> Rect:
        """The tile in image pixels."""
        side = TILE / self.scale
        return Rect(
            self.column * side, self.row * side, (self.column + 1) * side, (self.row + 1) * side
        )


def tiles_in(view: View, width: float, height: float, margin: int = 0) -> list[TileKey]:
    """The tiles of a width×height image that the viewport shows, row by row.

    With `margin`, also those up to that many tiles around it.
    """
    scale = view.device_scale
    left, top = view.origin
    across, down = view.device_size
    columns = _span(-left, across - left, width * scale, margin)
    rows = _span(-top, down - top, height * scale, margin)
    return [TileKey(scale, column, row) for row in rows for column in columns]


def _span(start: int, stop: int, extent: float, margin: int) -> range:
    first = max(start // TILE - margin, 0)
    last = min(-(-stop // TILE) + margin, -(-int(-(-extent // 1)) // TILE))
    return range(first, max(last, first))


class TileCache:
    """Tiles by key, limited by the bytes of their pixels. None is a tile with nothing to see."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._tiles: OrderedDict[TileKey, QImage | None] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._tiles

    def __len__(self) -> int:
        return len(self._tiles)

    def __iter__(self) -> Iterator[TileKey]:
        return iter(self._tiles)

    def get(self, key: TileKey) -> QImage | None:
        """The tile, which counts as shown now. Raises KeyError when it is not there."""
        self._tiles.move_to_end(key)
        return self._tiles[key]

    def put(self, key: TileKey, image: QImage | None) -> None:
        """Keep a tile, and drop the longest unseen ones beyond the limit."""
        self.drop(key)
        self._tiles[key] = image
        self.bytes += _cost(image)
        while self.bytes > self.limit and len(self._tiles) > 1:
            self.drop(next(iter(self._tiles)))

    def drop(self, key: TileKey) -> None:
        """Forget a tile, if it is there."""
        if key in self._tiles:
            self.bytes -= _cost(self._tiles.pop(key))

    def clear(self) -> None:
        """Forget all tiles."""
        self._tiles.clear()
        self.bytes = 0


def _cost(image: QImage | None) -> int:
    return _BLANK_COST if image is None else image.sizeInBytes()
