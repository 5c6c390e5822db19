"""The tiles that an image is shown in, and which of them a view shows."""

from __future__ import annotations

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


def cost(image: QImage | None) -> int:
    """The bytes of a tile; None is one with nothing to see."""
    return _BLANK_COST if image is None else image.sizeInBytes()
