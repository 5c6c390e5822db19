"""Outlines made smoother and simpler, and what several outlines cover together."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.document.geometry import (
    area,
    bounds,
    exclusive,
    hull,
    intersect,
    is_valid,
    polygon_iou,
    subtract,
    union,
    without_holes,
)
from core.document.geometry.algebra import grown
from core.document.geometry.smoothing import smooth, smooth_ring
from core.document.instance import Polygon

SQUARE = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
HOLE = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))
SHIFTED = tuple((x + 20, y) for x, y in SQUARE)


def circle(radius: float, count: int = 200, wobble: float = 0.0, waves: int = 40):
    return tuple(
        (
            100 + (radius + wobble * math.sin(waves * a)) * math.cos(a),
            100 + (radius + wobble * math.sin(waves * a)) * math.sin(a),
        )
        for a in (2 * math.pi * k / count for k in range(count))
    )


def test_small_waves_go_and_the_size_stays():
    rough = (Polygon(circle(60, 800, wobble=1.5)),)
    plain = (Polygon(circle(60)),)
    found = smooth(rough, 5.0, 0.0)
    assert polygon_iou(found, plain) > 0.995
    assert polygon_iou(rough, plain) < 0.99
    assert area(found) == pytest.approx(area(plain), rel=0.005)
    assert len(found[0].outer) < 200


def test_more_smoothing_rounds_corners_more():
    body = (Polygon(SQUARE),)
    rounded = [area(subtract(body, smooth(body, sigma, 0.0))) for sigma in (0.5, 1.0, 2.0, 4.0)]
    assert rounded == sorted(rounded)
    assert rounded[0] > 0


def test_without_smoothing_and_coarseness_all_stays():
    body = (Polygon(SQUARE, (HOLE,)),)
    assert smooth(body, 0.0, 0.0) == body


def test_growing_moves_every_edge_and_shrinking_takes_it_back():
    body = (Polygon(SQUARE, (HOLE,)),)
    for by in (1.5, -1.5):
        (found,) = grown(body, by)
        box, before = bounds((found,)), bounds(body)
        assert box.x0 == pytest.approx(before.x0 - by)
        assert box.y1 == pytest.approx(before.y1 + by)
        (hole,) = found.holes
        assert (area((Polygon(hole),)) < area((Polygon(HOLE),))) == (by > 0)
        back = grown((found,), -by)
        assert polygon_iou(back, body) > 0.99
    assert smooth(body, 0.0, 0.0, 1.5) == grown(body, 1.5)
    assert grown(body, 0.0) == body
    assert smooth(body, 1.0, 1.0, -100.0) == grown(body, -100.0) == ()


def test_a_ring_too_small_for_it_stays_and_holes_stay_holes():
    assert smooth_ring(SQUARE, 30.0) == SQUARE
    body = (Polygon(SQUARE, (HOLE,)),)
    (found,) = smooth(body, 1.0, 0.0)
    assert len(found.holes) == 1
    assert area((found,)) == pytest.approx(1200, rel=0.02)


def test_coarseness_takes_vertices_and_moves_little():
    rough = (Polygon(circle(60, 400)),)
    found = smooth(rough, 0.0, 2.0)
    assert len(found[0].outer) < 30
    assert polygon_iou(found, rough) > 0.95


@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=3, max_size=12).map(tuple),
    st.floats(0, 20),
    st.floats(0, 10),
)
def test_what_comes_out_is_valid(ring, sigma, tolerance):
    body = (Polygon(ring),)
    if not is_valid(body) or area(body) < 1:
        return
    found = smooth(body, sigma, tolerance)
    assert is_valid(found)
    for polygon in found:
        box = bounds((polygon,))
        assert box.x0 > -100
        assert box.x1 < 300


def test_what_two_outlines_share_and_what_one_of_them_covers_alone():
    one, other = (Polygon(SQUARE),), (Polygon(SHIFTED),)
    assert area(intersect(one, other)) == 800
    assert area(exclusive(one, other)) == 1600
    assert area(union(one, other)) == area(intersect(one, other)) + area(exclusive(one, other))
    far = (Polygon(tuple((x + 90, y) for x, y in SQUARE)),)
    assert intersect(one, far) == ()
    assert exclusive(one, one) == ()


def test_an_odd_number_counts():
    one, other = (Polygon(SQUARE),), (Polygon(SHIFTED),)
    assert area(exclusive(one, other, one)) == 1600


def test_the_hull_has_no_dents_and_filling_no_holes():
    dented = ((0.0, 0.0), (40.0, 0.0), (20.0, 20.0), (40.0, 40.0), (0.0, 40.0))
    assert area(hull((Polygon(dented),))) == 1600
    assert without_holes((Polygon(SQUARE, (HOLE,)),)) == (Polygon(SQUARE),)
    inner = ((15.0, 15.0), (25.0, 15.0), (25.0, 25.0))
    assert area(without_holes((Polygon(SQUARE, (HOLE,)), Polygon(inner)))) == 1600
