"""The trace: places of anchors, counts, and the way out of the engine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lens.trace import STAGES, Anchors, Fate, Prepared, Trace, numpy_of, to_numpy

grids = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=5, max_size=5).map(tuple)


@given(grids=grids, per_cell=st.integers(1, 4), data=st.data())
def test_an_anchor_is_found_by_its_place(
    grids: tuple[tuple[int, int], ...], per_cell: int, data: st.DataObject
) -> None:
    count = sum(rows * columns for rows, columns in grids) * per_cell
    anchors = Anchors(np.zeros((count, 4), np.float32), grids, ((4, 4),) * 5, per_cell)
    assert sum(anchors.level_counts) == count
    index = data.draw(st.integers(0, count - 1))
    cell = anchors.cell(index)
    assert anchors.cell_index(cell.level, cell.row, cell.column, cell.shape) == index
    rows, columns = grids[cell.level]
    assert cell.row < rows
    assert cell.column < columns
    assert cell.shape < per_cell
    for outside in (-1, count):
        with pytest.raises(IndexError):
            anchors.cell(outside)


def test_fields_of_a_trace_begin_with_the_stages_in_order() -> None:
    names = [field.name for field in dataclasses.fields(Trace)]
    assert tuple(names[: len(STAGES)]) == STAGES


def test_fates_are_small_and_zero_means_kept() -> None:
    assert Fate.KEPT == 0
    assert max(Fate) < 128


def test_numpy_passes_through() -> None:
    prepared = Prepared(np.zeros((3, 32, 64), np.float32), (30, 60), (15, 31))
    assert to_numpy(prepared) == prepared or to_numpy(prepared).tensor is prepared.tensor
    assert prepared.padded == (32, 64)
    assert prepared.scale == (60 / 31, 2.0)
    assert numpy_of(3) == 3
