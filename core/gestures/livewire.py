"""Intelligent scissors: the way along image edges from a vertex to the pointer.

After Mortensen and Barrett, *Intelligent scissors for image composition*, SIGGRAPH 1995: the
cheapest path over a grid of pixels, where a step costs little along a strong edge. Their three
terms are kept: the zero crossing of the Laplacian (0.43), the strength of the gradient (0.43), and
how far the step turns from the direction of the edge (0.14).

Costs from one vertex to all pixels of a window around it are found by sweeping the rows down and
up; a row at a time is one running minimum, which numpy does at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Point

REACH: Final = 200
"""Cells from the vertex to each side of its window, at most."""
NEAR: Final = 32
"""The same of the window that is looked through at once, when the large one is not there yet."""
_ZERO, _STRENGTH, _TURN, _LEAST = 0.43, 0.43, 0.14, 0.02
_SMOOTHING: Final = np.array([1.0, 4.0, 6.0, 4.0, 1.0], np.float32) / 16
_MOST_SWEEPS: Final = 16
"""Then ways cost 0.3 % more than the cheapest at most, in the mean over a window of a photo."""
_STEPS: Final = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_EPSILON: Final = 1e-7
_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a step costs, float32 of shape (H, W): into a cell from the one at its left, above it,
    above at its left, above at its right. The same both ways. Off the grid it is infinite."""

    left: _F32
    above: _F32
    above_left: _F32
    above_right: _F32


def costs_of(image: _F32) -> Costs:
    """The costs of steps over an image, (H, W, channels) of any scale."""
    smooth = _smoothed(image)
    gy, gx = np.gradient(smooth, axis=(0, 1))
    strengths = np.hypot(gx, gy)
    best = strengths.argmax(axis=2)[..., None]
    strength, gx, gy, level = (
        np.take_along_axis(each, best, axis=2)[..., 0] for each in (strengths, gx, gy, smooth)
    )
    top = float(np.percentile(strength, 99)) or 1.0
    weak = 1.0 - np.minimum(strength / top, 1.0)
    cell = (_ZERO * ~_crossings(level) + _STRENGTH * weak).astype(np.float32)
    length = np.maximum(strength, 1e-6)
    along = np.stack([gy, -gx], axis=2) / length[..., None]  # the edge runs across the gradient
    return Costs(
        *(_step_cost(cell, along, *step) for step in ((0, -1), (-1, 0), (-1, -1), (-1, 1)))
    )


def _smoothed(image: _F32) -> _F32:
    for axis in (0, 1):
        pad = [(2, 2) if each == axis else (0, 0) for each in range(3)]
        wide = np.moveaxis(np.pad(image, pad, mode="edge"), axis, 0)
        count = image.shape[axis]
        parts = (weight * wide[k : k + count] for k, weight in enumerate(_SMOOTHING))
        image = np.moveaxis(np.add.reduce([*parts]), 0, axis)
    return image


def _crossings(level: _F32) -> NDArray[np.bool_]:
    """Where the Laplacian changes its sign to a neighbour, and is the nearer to zero of the two."""
    wide = np.pad(level, 1, mode="edge")
    around = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    laplacian = around - 4 * level
    found = np.zeros(level.shape, np.bool_)
    for a, b in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
    ):
        crosses = laplacian[a] * laplacian[b] < 0
        nearer = np.abs(laplacian[a]) < np.abs(laplacian[b])
        found[a] |= crosses & nearer
        found[b] |= crosses & ~nearer
    return found


def _step_cost(cell: _F32, along: _F32, down: int, right: int) -> _F32:
    """Of the step into each cell from the one at (down, right) of it."""
    cost = np.full(cell.shape, np.inf, np.float32)
    height, width = cell.shape
    here = (slice(-down, None), slice(max(-right, 0), width - max(right, 0)))
    there = (slice(0, height + down), slice(max(right, 0), width + min(right, 0)))
    length = math.hypot(down, right)
    turned = _LEAST + 0.5 * (cell[here] + cell[there])
    for end in (here, there):
        straight = np.abs(along[end][..., 0] * right + along[end][..., 1] * down) / length
        turned += 0.5 * _TURN * (1.0 - straight)
    cost[here] = turned * length
    return cost


def spread(costs: Costs, start: tuple[int, int]) -> _F32:
    """What the cheapest way from `start` (row, column) to each cell costs, float32 (H, W)."""
    height, width = costs.left.shape
    found = np.full((height, width), np.inf, np.float64)
    found[start] = 0.0
    sums = np.cumsum(np.where(np.isfinite(costs.left), costs.left, 0.0), axis=1, dtype=np.float64)
    _along(found[start[0]], sums[start[0]])
    lowered = [[row == start[0] for row in range(height)] for _ in range(2)]
    for turn in range(_MOST_SWEEPS):
        upwards = turn % 2
        mine, others = lowered[upwards], lowered[1 - upwards]
        if True not in mine:
            if True not in others:
                break
            continue
        # A row is gone into only from one that was lowered since it was last.
        for row in range(height - 2, -1, -1) if upwards else range(1, height):
            other = row + 1 if upwards else row - 1
            if mine[other]:
                mine[other] = False
                steps = (_from_below if upwards else _from_above)(costs, row)
                if _into(found[row], sums[row], found[other], steps):
                    mine[row] = others[row] = True
        mine[0 if upwards else height - 1] = False
    return found.astype(np.float32)


def _from_above(costs: Costs, row: int) -> tuple[_F32, _F32, _F32]:
    """Straight, from the left, from the right."""
    right = costs.above_right[row, :-1]
    return costs.above[row], costs.above_left[row, 1:], right


def _from_below(costs: Costs, row: int) -> tuple[_F32, _F32, _F32]:
    below = row + 1
    return costs.above[below], costs.above_right[below, :-1], costs.above_left[below, 1:]


def _into(line: _F64, sums: _F64, near: _F64, steps: tuple[_F32, _F32, _F32]) -> bool:
    """Lower a row by ways over the one beside it, then along itself; whether anything changed."""
    straight, from_left, from_right = steps
    over = near + straight
    np.minimum(over[1:], near[:-1] + from_left, out=over[1:])
    np.minimum(over[:-1], near[1:] + from_right, out=over[:-1])
    if not (over < line - _EPSILON).any():
        return False
    np.minimum(line, over, out=line)
    _along(line, sums)
    return True


def _along(line: _F64, sums: _F64) -> None:
    """Lower a row by ways along it: to the right, then to the left."""
    np.minimum(line, np.minimum.accumulate(line - sums) + sums, out=line)
    back = np.minimum.accumulate((line + sums)[::-1])[::-1] - sums
    np.minimum(line, back, out=line)


@dataclass(frozen=True, slots=True)
class Field:
    """The cheapest ways from a vertex to each cell of a window.

    Cells are squares of `step` image pixels; `x0`, `y0` is the outer corner of the first.
    """

    start: Point
    x0: int
    y0: int
    step: int
    towards: NDArray[np.int8]
    """Which of the eight neighbours comes before a cell on its way from the start; -1: none."""

    def has(self, point: Point) -> bool:
        """Whether a point lies in the window, or within a cell of it, as borders of images may."""
        height, width = self.towards.shape
        row, column = self._cell(point)
        return bool(-1 <= row <= height and -1 <= column <= width)

    def path(self, end: Point) -> tuple[Point, ...]:
        """From the start to a point in the window, both left out, a place a cell."""
        height, width = self.towards.shape
        row, column = self._cell(end)
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        cells: list[Point] = []
        for _ in range(self.towards.size):
            to = int(self.towards[row, column])
            if to < 0:
                break
            row, column = row + _STEPS[to][0], column + _STEPS[to][1]
            middle = (column + 0.5) * self.step + self.x0, (row + 0.5) * self.step + self.y0
            cells.append(middle)
        return tuple(cells[-2::-1])  # the last is the cell of the start

    def _cell(self, point: Point) -> tuple[int, int]:
        column, row = (point[0] - self.x0) / self.step, (point[1] - self.y0) / self.step
        return math.floor(row), math.floor(column)


See = Callable[[Pixels], Pixels]
"""What a person sees of a part of the image: uint8 (h, w, 3) in and out."""


def as_it_is(part: Pixels) -> Pixels:
    """Nothing is changed for the eye."""
    return part


def field_around(
    pixels: Pixels, start: Point, step: int, reach: int = REACH, see: See = as_it_is
) -> Field:
    """The ways from a vertex on an image, uint8 (H, W, 3), over cells of `step` pixels."""
    height, width = pixels.shape[:2]
    across, down = min(max(int(start[0]), 0), width - 1), min(max(int(start[1]), 0), height - 1)
    x0, y0 = max(across - reach * step, 0), max(down - reach * step, 0)
    columns = max(min((width - x0) // step, 2 * reach), 1)
    rows = max(min((height - y0) // step, 2 * reach), 1)
    part = pixels[y0 : y0 + rows * step, x0 : x0 + columns * step]
    image = _reduced(see(part), step)
    cell = min((down - y0) // step, rows - 1), min((across - x0) // step, columns - 1)
    costs = costs_of(image) if min(rows, columns) > 1 else None
    if costs is None:
        return Field(start, x0, y0, step, np.full((rows, columns), -1, np.int8))
    return Field(start, x0, y0, step, _towards(costs, spread(costs, cell), cell))


def _reduced(part: Pixels, step: int) -> _F32:
    """The sum over squares of `step` pixels."""
    rows = np.stack([part[k::step] for k in range(step)]).sum(axis=0, dtype=np.float32)
    return np.asarray(np.stack([rows[:, k::step] for k in range(step)]).sum(axis=0), np.float32)


def _towards(costs: Costs, found: _F32, start: tuple[int, int]) -> NDArray[np.int8]:
    """For each cell the neighbour over which its way is the cheapest."""
    height, width = found.shape
    wide = np.full((height + 2, width + 2), np.inf, np.float32)
    wide[1:-1, 1:-1] = found
    best = np.full(found.shape, np.inf, np.float32)
    towards = np.full(found.shape, -1, np.int8)
    for number, (down, right) in enumerate(_STEPS):
        over = wide[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        over = over + _into_from(costs, down, right)
        better = over < best
        best[better] = over[better]
        towards[better] = number
    towards[start] = -1
    return towards


def _into_from(costs: Costs, down: int, right: int) -> _F32:
    """The cost of the step into each cell from the neighbour at (down, right) of it."""
    if down < 0 or (down == 0 and right < 0):
        return (
            {-1: costs.above_left, 0: costs.above, 1: costs.above_right}[right]
            if down
            else costs.left
        )
    # The same step from the other side.
    back = _into_from(costs, -down, -right)
    cost = np.full(back.shape, np.inf, np.float32)
    height, width = back.shape
    there = (slice(down, None), slice(max(right, 0), width + min(right, 0)))
    here = (slice(0, height - down), slice(max(-right, 0), width - max(right, 0)))
    cost[here] = back[there]
    return cost


Run = Callable[[Callable[[], Field], Callable[[Field], None]], None]
"""Makes a field, here or elsewhere, and hands it on."""


def at_once(make: Callable[[], Field], then: Callable[[Field], None]) -> None:
    """The field is there when this returns."""
    then(make())


class Wire:
    """Ways along the edges of one image, uint8 (H, W, 3), from the vertex set last.

    The small window around a vertex is looked through at once, the large one by `run`; either as
    a person sees it.
    """

    def __init__(self, pixels: Pixels, run: Run = at_once, see: See = as_it_is) -> None:
        self._pixels = pixels
        self._run = run
        self._see = see
        self._fields: list[Field] = []

    def path(self, start: Point, end: Point, pixel: float) -> tuple[Point, ...]:
        """From a vertex to a point, both left out; empty where that is too far away, as yet.

        `pixel` is the side of a pixel of the screen in image pixels: nothing finer is looked at.
        """
        step = max(1, int(pixel))
        if not self._fields or (self._fields[-1].start, self._fields[-1].step) != (start, step):
            pixels, see = self._pixels, self._see
            self._fields = [field_around(pixels, start, step, NEAR, see)]
            self._run(lambda: field_around(pixels, start, step, see=see), self._take)
        return next((each.path(end) for each in self._fields if each.has(end)), ())

    def _take(self, field: Field) -> None:
        """The large window is there; for another vertex than the last it comes too late."""
        last = self._fields[-1]
        if (last.start, last.step) == (field.start, field.step):
            self._fields = [field, last]
