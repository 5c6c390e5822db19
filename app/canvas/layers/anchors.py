"""All anchors: a picture when far, cell centres when near, boxes of the strongest and the hovered.

Nothing here grows with the number of anchors but a few numpy lookups of what is in sight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.canvas.layers.base import LayerView
from app.canvas.layers.boxes import MOST
from app.canvas.layers.picture import image_of
from app.canvas.layers.plain import (
    Boxes,
    DrawingLayer,
    in_sight,
    pen_of,
    qcolour,
    rects,
    strong_box,
    tag,
)
from core.document.geometry.measure import Rect
from core.lens.colours import LEVELS, STRONGEST, STYLES
from core.lens.trace import PYRAMID_LEVELS, Anchors
from core.lens.views.marks import AnchorsShown

NEAR: Final = 4.0
"""Device pixels from cell to cell from which centres are drawn in place of the picture."""
FIRST: Final = 100
"""Boxes that stand out among those drawn."""
FAINT: Final = 128
"""Opacity below which an anchor has no coloured box."""
WEAKER = QColor(128, 134, 146)
Colours = NDArray[np.uint32]


class AnchorLayer(DrawingLayer[AnchorsShown]):
    """The anchors of one level or of all; `picked` and `hovered` are told the anchor's number."""

    def __init__(
        self,
        hovered: Callable[[int | None], object],
        picked: Callable[[int], object],
        describe: Callable[[int], str],
    ) -> None:
        super().__init__()
        self._tell_hovered = hovered
        self._tell_picked = picked
        self._describe = describe
        self._anchors: Anchors | None = None
        self._across = self._down = 1.0
        self._strength: NDArray[np.float32] = np.zeros(0, np.float32)
        self._colours: list[Colours] = []
        self._looks: NDArray[np.uint8] = np.zeros((0, 4), np.uint8)
        self._pictures: list[QImage] = []
        self._strongest: list[tuple[Boxes, list[QRectF], QColor]] = []
        self._cell: tuple[int, int, int] | None = None
        self._around: tuple[tuple[int, int, int], ...] = ()
        self._level: int | None = None
        self._ratio: int | None = None
        self._boxes_coloured = False
        self.boxes_shown = True

    @property
    def count(self) -> int:
        """Anchors of the shown levels and ratios."""
        if self._anchors is None:
            return 0
        counts = self._anchors.level_counts
        total = sum(counts) if self._level is None else counts[self._level]
        return total if self._ratio is None else total // self._anchors.per_cell

    def show(self, drawing: AnchorsShown) -> None:
        """Show anchors; a cell shows its strongest."""
        self._boxes_coloured = drawing.coloured
        self._anchors, self._strength = drawing.anchors, drawing.strength
        self._across, self._down = drawing.scale
        self._looks = drawing.colours
        self._level, self._ratio = drawing.level, drawing.shape
        self._cell, self._around = None, ()
        self._rebuild()

    def clear(self) -> None:
        self._anchors = self._cell = None
        self._around = ()

    def _rebuild(self) -> None:
        anchors = self._anchors
        assert anchors is not None
        self._colours, self._pictures = [], []
        start = 0
        for (rows, columns), count in zip(anchors.grids, anchors.level_counts, strict=True):
            part = slice(start, start + count)
            start += count
            strength = self._strength[part].reshape(-1, anchors.per_cell)
            best = strength.argmax(axis=1) if self._ratio is None else self._ratio
            cells = self._looks[part].reshape(-1, anchors.per_cell, 4)
            shown = np.ascontiguousarray(cells[np.arange(len(cells)), best])
            image = image_of(shown.reshape(rows, columns, 4))
            self._pictures.append(image)
            # Premultiplied by Qt, in lines that may be padded.
            lines = np.frombuffer(image.constBits(), np.uint32).reshape(rows, -1)
            self._colours.append(lines[:, :columns].copy())
        self._choose_strongest(anchors)

    def _choose_strongest(self, anchors: Anchors) -> None:
        start, end = 0, len(self._strength)
        if self._level is not None:
            start = sum(anchors.level_counts[: self._level])
            end = start + anchors.level_counts[self._level]
        step = 1 if self._ratio is None else anchors.per_cell
        places = np.arange(start + (self._ratio or 0), end, step)
        if self._boxes_coloured:
            places = places[self._looks[places, 3] >= FAINT]
        if len(places) > MOST:
            places = places[np.argpartition(-self._strength[places], MOST)[:MOST]]
        places = places[np.argsort(self._strength[places], kind="stable")]
        self._strongest = []
        for part, colour in self._tinted(places):
            boxes = self._in_image(anchors.boxes[part])
            self._strongest.append((boxes, rects(boxes), colour))

    def _tinted(self, places: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], QColor]]:
        """Anchors in groups of one colour; the smallest group is last, above the others."""
        if not self._boxes_coloured:
            return [(places[:-FIRST], WEAKER), (places[-FIRST:], qcolour(STRONGEST))]
        looks = self._looks[places, :3]
        colours, group = np.unique(looks, axis=0, return_inverse=True)
        parts = [places[group.ravel() == n] for n in range(len(colours))]
        pairs = [(part, QColor(*rgb)) for part, rgb in zip(parts, colours.tolist(), strict=True)]
        return sorted(pairs, key=lambda pair: -len(pair[0]))

    def _in_image(self, boxes: NDArray[np.float32]) -> Boxes:
        scale = np.array([self._across, self._down, self._across, self._down])
        moved: Boxes = boxes.astype(np.float64) / scale
        return moved

    def _levels(self) -> list[int]:
        if self._anchors is None:
            return []
        return list(range(len(self._anchors.grids))) if self._level is None else [self._level]

    def _cell_side(self, level: int) -> tuple[float, float]:
        """Image pixels from cell to cell, across and down."""
        assert self._anchors is not None
        down, across = self._anchors.strides[level]
        return across / self._across, down / self._down

    # Painting

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """A picture of the finest level that is far, centres of those that are near, boxes."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        far = [lv for lv in self._levels() if min(self._cell_side(lv)) * view.scale < NEAR]
        if far:
            self._paint_picture(painter, view, far[0])
        near = [lv for lv in self._levels() if lv not in far]
        if near:
            self._paint_centres(painter, view, near)
        if self._anchors is not None and self.boxes_shown:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for boxes, ready, colour in self._strongest:
                # Opaque: translucent lines take four times as long.
                painter.setPen(pen_of(colour, max(1.0, round(view.dpr))))
                painter.drawRects([ready[i] for i in np.flatnonzero(in_sight(boxes, view.visible))])
        for cell in self._around:
            self._paint_cell(painter, view, *cell)
        if self._cell is not None:
            self._paint_cell(painter, view, *self._cell)
            self._paint_tag(painter, view, *self._cell)

    def _paint_picture(self, painter: QPainter, view: LayerView, level: int) -> None:
        across, down = self._cell_side(level)
        picture = self._pictures[level]
        # A cell's centre is a corner of its square in the grid: anchors begin at (0, 0).
        place = QRectF(-across / 2, -down / 2, picture.width() * across, picture.height() * down)
        painter.drawImage(place, picture)

    def _paint_centres(self, painter: QPainter, view: LayerView, levels: list[int]) -> None:
        seen = view.visible
        width = int((seen.x1 - seen.x0) * view.scale) + 2
        height = int((seen.y1 - seen.y0) * view.scale) + 2
        if width <= 2 or height <= 2:
            return
        canvas = np.zeros((height, width), np.uint32)
        for level in levels:
            self._dot(canvas, view, seen, level)
        image = QImage(
            canvas.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        target = QRectF(seen.x0, seen.y0, width / view.scale, height / view.scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, image)

    def _dot(self, canvas: NDArray[np.uint32], view: LayerView, seen: Rect, level: int) -> None:
        """Set the pixels of the centres of one level that are in sight."""
        across, down = self._cell_side(level)
        rows, columns = self._colours[level].shape
        column = np.arange(max(int(seen.x0 / across), 0), min(int(seen.x1 / across) + 1, columns))
        row = np.arange(max(int(seen.y0 / down), 0), min(int(seen.y1 / down) + 1, rows))
        side = max(1, min(level + 3, int(min(across, down) * view.scale / 5)))
        x = ((column * across - seen.x0) * view.scale).astype(np.int64)
        y = ((row * down - seen.y0) * view.scale).astype(np.int64)
        across_fits, down_fits = x < canvas.shape[1] - side, y < canvas.shape[0] - side
        across_fits, down_fits = across_fits & (x >= 0), down_fits & (y >= 0)
        column, x, row, y = column[across_fits], x[across_fits], row[down_fits], y[down_fits]
        colours = self._colours[level][row[:, None], column]
        for dy in range(side):
            for dx in range(side):
                canvas[(y + dy)[:, None], x + dx] = colours

    def _paint_cell(
        self, painter: QPainter, view: LayerView, level: int, row: int, column: int
    ) -> None:
        anchors = self._anchors
        assert anchors is not None
        first = anchors.cell_index(level, row, column)
        boxes = self._in_image(anchors.boxes[first : first + anchors.per_cell])
        colour = LEVELS[level % len(LEVELS)]
        shapes = range(anchors.per_cell) if self._ratio is None else [self._ratio]
        for shape in shapes:
            style = STYLES[shape % len(STYLES)]
            strong_box(painter, boxes[shape].tolist(), colour, view, style)

    def _paint_tag(
        self, painter: QPainter, view: LayerView, level: int, row: int, column: int
    ) -> None:
        best = self._best_of((level, row, column))
        x, y = column * self._cell_side(level)[0], row * self._cell_side(level)[1]
        colour = LEVELS[level % len(LEVELS)]
        text = f"{PYRAMID_LEVELS[level]} · {self._describe(best)}"
        tag(painter, view, (x, y), [(text, colour)])

    # Pointing

    def cell_at(self, x: float, y: float) -> tuple[int, int, int] | None:
        """Level, row and column of the nearest centre of the finest shown level."""
        return None if self._anchors is None else self._cell_of(self._levels()[0], x, y)

    def _cell_of(self, level: int, x: float, y: float) -> tuple[int, int, int] | None:
        assert self._anchors is not None
        across, down = self._cell_side(level)
        rows, columns = self._anchors.grids[level]
        row, column = round(y / down), round(x / across)
        return (level, row, column) if 0 <= row < rows and 0 <= column < columns else None

    def _best_of(self, cell: tuple[int, int, int]) -> int:
        assert self._anchors is not None
        first = self._anchors.cell_index(*cell)
        if self._ratio is not None:
            return first + self._ratio
        return first + int(self._strength[first : first + self._anchors.per_cell].argmax())

    def hover(self, x: float, y: float, tolerance: float) -> bool:
        """Show the boxes of the cell under the pointer, on each of the shown levels."""
        cell = self.cell_at(x, y)
        if cell == self._cell:
            return False
        self._cell, self._around = cell, ()
        self._tell_hovered(None if cell is None else self._best_of(cell))
        if cell is not None:
            others = (self._cell_of(level, x, y) for level in reversed(self._levels()[1:]))
            self._around = tuple(filter(None, others))
        return True

    def light(self, anchor: int | None) -> None:
        """Show the boxes of the cell of an anchor, as if the pointer were there."""
        self._cell, self._around = None, ()
        if anchor is not None and self._anchors is not None:
            cell = self._anchors.cell(anchor)
            self._cell = (cell.level, cell.row, cell.column)

    def leave(self) -> None:
        """No cell is under the pointer."""
        if self._cell is not None:
            self._cell, self._around = None, ()
            self._tell_hovered(None)

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """Choose the strongest anchor of the cell, when the cells are large enough to hit."""
        cell = self.cell_at(x, y)
        if cell is None or min(self._cell_side(cell[0])) < tolerance / 2:
            return False
        self._tell_picked(self._best_of(cell))
        return True
