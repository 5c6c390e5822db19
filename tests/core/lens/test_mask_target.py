"""What a mask target keeps, on masks whose overlap can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lens.mask_target import kept


def filled(height: int, width: int, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((height, width), np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def test_a_target_like_the_mask_keeps_all() -> None:
    mask = filled(20, 30, 5, 4, 15, 14)
    found = kept(mask, mask[4:14, 5:15], (5, 4), np.array([5, 4, 15, 14]))
    assert (found.iou, found.inside, found.outside) == (1, 1, 0)


def test_a_box_over_half_of_the_mask_loses_the_other_half() -> None:
    mask = filled(20, 30, 5, 4, 15, 14)
    found = kept(mask, mask[4:14, 5:10], (5, 4), np.array([5, 4, 10, 14]))
    assert found.iou == pytest.approx(0.5)
    assert found.inside == 1
    assert found.outside == pytest.approx(0.5)


def test_lost_cells_are_told_apart_from_the_box() -> None:
    mask = filled(20, 30, 0, 0, 10, 10)
    laid = np.ones((10, 10), np.bool_)
    laid[:, 8:] = False
    found = kept(mask, laid, (0, 0), np.array([0, 0, 10, 10]))
    assert found.inside == found.iou == pytest.approx(0.8)
    assert found.outside == 0


def test_a_pixel_lies_in_the_box_when_its_centre_does() -> None:
    mask = filled(4, 8, 0, 0, 8, 4)
    assert kept(mask, mask, (0, 0), np.array([0, 0, 3.6, 4])).outside == pytest.approx(4 / 8)
    assert kept(mask, mask, (0, 0), np.array([0, 0, 3.4, 4])).outside == pytest.approx(5 / 8)


def test_nothing_laid_keeps_nothing_and_empty_masks_agree() -> None:
    mask, none = filled(6, 6, 1, 1, 3, 3), np.zeros((2, 2), np.bool_)
    assert kept(mask, none, (1, 1), np.array([1, 1, 3, 3])).iou == 0
    assert kept(mask & False, none, (1, 1), np.array([1, 1, 3, 3])).iou == 1


@given(st.integers(0, 2**32 - 1))
def test_cropping_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((12, 15)) < 0.4
    x, y = int(rng.integers(0, 8)), int(rng.integers(0, 6))
    laid = rng.random((int(rng.integers(1, 6)), int(rng.integers(1, 7)))) < 0.5
    box = np.sort(rng.uniform(-2, 16, (2, 2)), axis=0).reshape(-1)
    whole = np.zeros_like(mask)
    whole[y : y + laid.shape[0], x : x + laid.shape[1]] = laid
    one, other = kept(mask, laid, (x, y), box), kept(mask, whole, (0, 0), box)
    assert one == other
    assert one.iou == ((mask & whole).sum() / (mask | whole).sum() if (mask | whole).any() else 1)
