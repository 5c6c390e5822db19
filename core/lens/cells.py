"""The cells of a one-stage detector, and what it says of each: everything is read off in one go."""

from __future__ import annotations

from dataclasses import dataclass

from core.lens.arrays import Boxes, Floats, Ints


@dataclass(frozen=True, slots=True)
class CellLevel:
    """The grid of one map; lengths are pixels of the image."""

    stride: int
    """From cell to cell, in pixels of the detector's own input; the name of the level."""
    rows: int
    columns: int
    per_cell: int
    """Boxes that each cell gives."""
    step: tuple[float, float]
    """From cell to cell, across and down."""
    first: tuple[float, float]
    """x, y of the middle of the first cell."""

    @property
    def count(self) -> int:
        """Boxes of the level."""
        return self.rows * self.columns * self.per_cell


@dataclass(frozen=True, slots=True)
class Cells:
    """What a one-stage detector says of the whole image: P answers by level, row, column, shape."""

    system: str
    """How the numbers are read: a name in `core.lens.views.cells.SYSTEMS`."""
    levels: tuple[CellLevel, ...]
    start: Boxes
    """float32 P×4, pixels of the image: the anchor; without anchors, the cell."""
    raw: Boxes
    """float32 P×4: the regression as the network gives it."""
    inside: Floats
    """float32 P: objectness or centre-ness, 0 to 1; empty where the detector has neither."""
    probability: Floats
    """float32 P: of the likeliest class, the background aside."""
    label: Ints
    """int64 P, from 1: that class."""
    source: Ints
    """int64 N: for each box of the proposer the answer that it was made of; -1 in a tile."""

    def place(self, answer: int) -> tuple[int, int, int, int]:
        """Level, row, column and shape of an answer. Raises IndexError when there is none."""
        rest = answer
        for number, level in enumerate(self.levels):
            if 0 <= rest < level.count:
                cell, shape = divmod(rest, level.per_cell)
                row, column = divmod(cell, level.columns)
                return number, row, column, shape
            rest -= level.count
        raise IndexError(answer)

    def answers(self, level: int, row: int, column: int) -> range:
        """The answers of a cell: the inverse of `place`."""
        own = self.levels[level]
        before = sum(each.count for each in self.levels[:level])
        first = before + (row * own.columns + column) * own.per_cell
        return range(first, first + own.per_cell)

    def at(self, level: int, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell of a level that has this place of the image, if one has."""
        own = self.levels[level]
        column = round((x - own.first[0]) / own.step[0])
        row = round((y - own.first[1]) / own.step[1])
        return (row, column) if 0 <= row < own.rows and 0 <= column < own.columns else None
