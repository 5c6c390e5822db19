"""Outlines of masks: where the pasted mask is, with holes, valid, inside the image."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models.detection.roi_heads import expand_boxes, expand_masks, paste_masks_in_image

from core.document.geometry import area, bounds, is_valid
from core.document.instance import Polygons
from core.lens.outline import outline, paste_box

boxes = st.builds(
    lambda x, y, w, h: np.array([x, y, x + w, y + h], dtype=np.float32),
    st.floats(-20, 150),
    st.floats(-20, 150),
    st.floats(0.01, 300),
    st.floats(0.01, 300),
)


def blob(seed: int, lobes: int = 3) -> np.ndarray:
    """A smooth mask like a network's: high inside a wavy disc."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    edge = rng.uniform(0.5, 0.85) + rng.uniform(0, 0.15) * np.cos(lobes * angle + seed)
    return (1 / (1 + np.exp(rng.uniform(6, 15) * (radius - edge)))).astype(np.float32)


def shape(polygons: Polygons) -> shapely.Geometry:
    return shapely.union_all([shapely.Polygon(p.outer, p.holes) for p in polygons])


@given(boxes)
def test_the_paste_box_is_torchvisions(box: np.ndarray) -> None:
    mask, scale = expand_masks(torch.zeros(1, 1, 28, 28), 1)
    assert mask.shape[-1] == 30
    wanted = expand_boxes(torch.from_numpy(box)[None], scale).to(torch.int64)[0]
    place = paste_box(box, 28)
    assert [place.x, place.y] == wanted[:2].tolist()
    assert place.width == max(int(wanted[2] - wanted[0] + 1), 1)
    assert place.height == max(int(wanted[3] - wanted[1] + 1), 1)


@given(seed=st.integers(0, 500), box=boxes)
@settings(max_examples=40, deadline=None)
def test_the_outline_encloses_the_pasted_mask(seed: int, box: np.ndarray) -> None:
    size = (110, 120)
    box = np.clip(box, 0, [120, 110, 120, 110]).astype(np.float32)  # as every detection is
    mask = blob(seed)
    polygons = outline(mask, box, size, 0.5)
    assert is_valid(polygons)
    whole = (
        paste_masks_in_image(torch.from_numpy(mask)[None, None], torch.from_numpy(box)[None], size)[
            0, 0
        ].numpy()
        >= 0.5
    )
    if not polygons:
        assert whole.sum() <= 4
        return
    frame = bounds(polygons)
    assert frame.x0 >= 0
    assert frame.y0 >= 0
    assert frame.x1 <= size[1]
    assert frame.y1 <= size[0]
    # Pixels well inside are set, pixels well outside are not; simplification takes half a pixel
    # and a pixel's centre stands for the whole pixel.
    ys, xs = np.nonzero(np.ones(size, dtype=bool))
    centres = shapely.points(xs + 0.5, ys + 0.5)
    covered = shape(polygons)
    inner, outer = covered.buffer(-1.3), covered.buffer(1.3)
    shapely.prepare(inner)
    shapely.prepare(outer)
    inside = shapely.contains(inner, centres).reshape(size)
    near = shapely.contains(outer, centres).reshape(size)
    assert not (inside & ~whole).any()
    assert not (whole & ~near).any()


def test_a_ring_has_a_hole() -> None:
    y, x = np.mgrid[0:28, 0:28] - 13.5
    radius = np.hypot(x, y)
    ring = ((radius < 11) & (radius > 5)).astype(np.float32)
    (polygon,) = outline(ring, np.array([10, 10, 94, 94], dtype=np.float32), (200, 200), 0.5)
    assert len(polygon.holes) == 1
    scale = 84 / 28
    assert area((polygon,)) == pytest.approx(np.pi * (11**2 - 5**2) * scale**2, rel=0.04)


def test_two_parts_and_a_speck() -> None:
    mask = np.zeros((28, 28), dtype=np.float32)
    mask[2:12, 2:12] = 1
    mask[16:26, 16:26] = 1
    mask[20, 3] = 1
    large = outline(mask, np.array([0, 0, 280, 280], dtype=np.float32), (300, 300), 0.5)
    assert len(large) == 3
    small = outline(mask, np.array([0, 0, 28, 28], dtype=np.float32), (300, 300), 0.5)
    assert len(small) == 2


def test_empty_and_full_masks() -> None:
    box = np.array([10, 10, 60, 40], dtype=np.float32)
    assert outline(np.zeros((28, 28), dtype=np.float32), box, (100, 100), 0.5) == ()
    full = outline(np.ones((28, 28), dtype=np.float32), box, (100, 100), 0.5)
    assert area(full) == pytest.approx(50 * 30, rel=0.08)
    everything = outline(np.zeros((28, 28), dtype=np.float32) + 0.1, box, (100, 100), 0.0)
    assert area(everything) > 50 * 30 * 0.95


def test_a_box_outside_the_image_has_no_outline() -> None:
    box = np.array([300, 300, 340, 340], dtype=np.float32)
    assert outline(np.ones((28, 28), dtype=np.float32), box, (100, 100), 0.5) == ()


@given(seed=st.integers(0, 200), low=st.floats(0.1, 0.5), more=st.floats(0.05, 0.4))
@settings(max_examples=30, deadline=None)
def test_a_higher_threshold_never_covers_more(seed: int, low: float, more: float) -> None:
    box = np.array([20, 30, 120, 150], dtype=np.float32)
    wide = outline(blob(seed), box, (200, 200), low)
    narrow = outline(blob(seed), box, (200, 200), low + more)
    assert area(narrow) <= area(wide) + 1


@given(seed=st.integers(0, 10_000), box=boxes)
@settings(max_examples=40, deadline=None)
def test_noise_gives_valid_polygons(seed: int, box: np.ndarray) -> None:
    noise = np.random.default_rng(seed).random((28, 28), dtype=np.float32)
    assert is_valid(outline(noise, box, (200, 220), 0.5))


def test_a_mask_that_is_likely_everywhere_ends_at_its_box() -> None:
    box = np.array([10, 20, 178, 188], np.float32)  # cells of six pixels
    (part,) = outline(np.full((28, 28), 0.9, np.float32), box, (300, 300), 0.5)
    corners = np.array(part.outer)
    found = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    np.testing.assert_allclose(found, box, atol=2)
