"""Masks, run lengths and polygons turn into each other exactly."""

from __future__ import annotations

import numpy as np
import pytest
from contourpy import FillType, contour_generator
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from core.codec import FieldError
from core.document.geometry import area, bounds
from core.document.instance import Polygon
from core.document.runs import encode, rasterise
from core.formats.masks import trace, trace_runs
from tests.core.formats.making import HOLE, SQUARE, polygons

# pycocotools has not caught up with numpy 2 where it decodes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@settings(max_examples=60, deadline=None)
@given(masks)
def test_traced_and_drawn_again_a_mask_is_the_same(mask: np.ndarray) -> None:
    height, width = mask.shape
    traced = trace(mask)
    assert np.array_equal(rasterise(traced, width, height), mask)
    assert encode(traced, width, height).area == mask.sum()


@settings(max_examples=60, deadline=None)
@given(masks)
def test_run_lengths_are_traced_as_their_masks(mask: np.ndarray) -> None:
    height, width = mask.shape
    compressed = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    text = {"size": [height, width], "counts": compressed["counts"].decode()}
    flat = mask.ravel(order="F").astype(int)
    changes = np.flatnonzero(np.diff(np.concatenate(([0], flat)))).tolist()
    plain = {"size": [height, width], "counts": np.diff([0, *changes, flat.size]).tolist()}
    for runs in (text, plain):
        traced = trace_runs(runs, width, height, "runs")
        assert np.array_equal(rasterise(traced, width, height), mask)


@settings(max_examples=60, deadline=None)
@given(st.lists(polygons(), max_size=3).map(tuple))
def test_encoding_agrees_with_pycocotools(drawn: tuple[Polygon, ...]) -> None:
    expected = np.zeros((80, 100), bool)
    for polygon in drawn:
        outer, *holes = (
            coco_mask.decode(coco_mask.frPyObjects([[v for p in ring for v in p]], 80, 100))[..., 0]
            for ring in polygon.rings
        )
        for hole in holes:
            outer = outer & ~hole & 1
        expected |= outer.astype(bool)
    runs = encode(drawn, 100, 80)
    assert np.array_equal(coco_mask.decode(runs.to_json()).astype(bool), expected)
    assert runs.area == expected.sum()
    assert np.array_equal(rasterise(drawn, 100, 80), expected)


def test_area_and_box_of_runs() -> None:
    runs = encode((Polygon(SQUARE, (HOLE,)),), 100, 80)
    assert runs.area == 2500 - 400
    assert runs.box == (10, 10, 50, 50)
    empty = encode((), 100, 80)
    assert (empty.area, empty.box) == (0, (0, 0, 0, 0))
    assert trace_runs(empty.to_json(), 100, 80, "runs") == ()


def test_what_lies_outside_of_the_image_is_not_drawn() -> None:
    far = Polygon(((-1e12, -1e12), (1e12, -1e12), (1e12, 1e12), (-1e12, 1e12)))
    assert encode((far,), 30, 20).area == 600
    beside = Polygon(((200.0, 0.0), (300.0, 0.0), (300.0, 50.0)))
    assert encode((beside,), 30, 20).area == 0


def test_traced_outlines_bend_in_every_vertex() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:35, 10:30] = True
    (polygon,) = trace(mask, 0.25, 3)
    assert len(polygon.outer) == 8  # a rectangle with its corners cut
    box = bounds((polygon,))
    assert (box.x0, box.y0, box.x1, box.y1) == (10.25, 8, 30.25, 38)
    assert area((polygon,)) == 600 - 0.5


@pytest.mark.parametrize(
    ("runs", "where"),
    [
        ({"counts": [6]}, "runs.size"),
        ({"size": [3, 2], "counts": [6]}, "runs.size"),
        ({"size": [2, 3]}, "runs.counts"),
        ({"size": [2, 3], "counts": [1, 2]}, "runs.counts"),
        ({"size": [2, 3], "counts": [1, 6]}, "runs.counts"),
        ({"size": [2, 3], "counts": [7, -1]}, "runs.counts"),
        ({"size": [2, 3], "counts": [10**30, 1]}, "runs.counts"),
        ({"size": [2, 3], "counts": [1.5, 4.5]}, "runs.counts"),
        ({"size": [2, 3], "counts": [True, 5]}, "runs.counts"),
        ({"size": [2, 3], "counts": {}}, "runs.counts"),
        ({"size": [2, 3], "counts": ""}, "runs.counts"),
        ({"size": [2, 3], "counts": "é"}, "runs.counts"),
        ({"size": [2, 3], "counts": "~~~"}, "runs.counts"),
        ({"size": [2, 3], "counts": "P"}, "runs.counts"),
        ({"size": [2, 3], "counts": "o" * 40 + "0"}, "runs.counts"),
    ],
)
def test_run_lengths_that_do_not_fit_are_refused(runs: dict, where: str) -> None:
    with pytest.raises(FieldError, match=where):
        trace_runs(runs, 3, 2, "runs")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=[chr(code) for code in range(48, 112)], max_size=12))
def test_any_text_is_a_mask_or_refused(text: str) -> None:
    try:
        traced = trace_runs({"size": [5, 4], "counts": text}, 4, 5, "runs")
    except FieldError:
        return
    back = coco_mask.decode({"size": [5, 4], "counts": text})
    assert np.array_equal(rasterise(traced, 4, 5), back.astype(bool))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_rows_and_columns_that_repeat_change_nothing_but_the_lengths(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mask = chance.random((5, 6)) < 0.5
    tall, wide = chance.integers(1, 5, 5), chance.integers(1, 5, 6)
    large = mask.repeat(tall, axis=0).repeat(wide, axis=1)
    lines = contour_generator(z=np.pad(large, 1).astype(float), fill_type=FillType.OuterOffset)
    whole = lines.filled(0.5, np.inf)
    found = trace(large)
    assert len(found) == len(whole[0])
    expected = [
        ring for points, ends in zip(*whole, strict=True) for ring in np.split(points, ends[1:-1])
    ]
    rings = [np.array(ring) + 0.5 for polygon in found for ring in polygon.rings]
    assert sorted(map(_area, rings)) == pytest.approx(sorted(_area(ring[:-1]) for ring in expected))
    known = {tuple(point) for ring in expected for point in ring.tolist()}
    assert {tuple(point) for ring in rings for point in ring.tolist()} <= known


def _area(ring: NDArray[np.float64]) -> float:
    x, y = ring.T
    return float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
