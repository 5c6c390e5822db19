"""Where RoIAlign looks, recomputed in numpy, against torchvision's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import roi_align

from core.lens.sampling import axis_weights, pool, sample_points
from core.lens.settings import StageSettings


@given(
    seed=st.integers(0, 1000),
    x=st.floats(-40, 200),
    y=st.floats(-40, 200),
    w=st.floats(0, 300),
    h=st.floats(0, 300),
    bins=st.sampled_from([7, 14]),
    per_bin=st.integers(1, 3),
)
@settings(deadline=None)
def test_pooling_equals_roi_align(
    seed: int, x: float, y: float, w: float, h: float, bins: int, per_bin: int
) -> None:
    rng = np.random.default_rng(seed)
    feature = rng.normal(size=(3, 20, 26)).astype(np.float32)
    box = np.array([x, y, x + w, y + h], dtype=np.float32)
    ours = pool(feature, sample_points(box, 1 / 8, bins, StageSettings(roi_sampling=per_bin)))
    theirs = roi_align(
        torch.from_numpy(feature)[None], [torch.from_numpy(box)[None]], bins, 1 / 8, per_bin
    )
    # A point on the border of what counts may fall to either side.
    apart = np.abs(ours - theirs[0].numpy()) > 1e-4
    assert apart.mean() <= 0.3 if box_touches_border(box) else not apart.any()


def box_touches_border(box: np.ndarray) -> bool:
    points = sample_points(box, 1 / 8, 14, StageSettings(roi_sampling=6))
    ends = np.concatenate(
        [np.abs(points.x + 1), np.abs(points.x - 26), np.abs(points.y + 1), np.abs(points.y - 20)]
    )
    return bool(ends.min() < 1e-3)


def test_points_lie_evenly_in_the_box() -> None:
    samples = sample_points(np.array([8, 16, 64, 72], dtype=np.float32), 1 / 8, 7)
    assert len(samples.x) == len(samples.y) == 14
    assert np.allclose(np.diff(samples.x), 0.5)
    assert samples.x[0] == pytest.approx(1.25)
    columns, rows = samples.in_image(1 / 8)
    assert columns[0] == pytest.approx(10)
    assert rows[-1] == pytest.approx(70)


@given(st.lists(st.floats(-0.875, 9.875, width=32), min_size=1, max_size=20))
def test_weights_of_a_point_sum_to_one(points: list[float]) -> None:
    weights = axis_weights(np.array(points, dtype=np.float32), 10)
    assert np.allclose(weights.sum(1), 1)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert ((weights > 0).sum(1) <= 2).all()


def test_points_outside_count_nothing() -> None:
    assert not axis_weights(np.array([-1.5, 10.5], dtype=np.float32), 10).any()
