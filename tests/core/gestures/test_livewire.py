"""The live-wire: outlines that follow the edges of the image."""

from __future__ import annotations

import heapq
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.geometry import polygon_iou
from core.document.instance import Polygon
from core.gestures import livewire
from core.gestures.base import Key, Modifier
from core.gestures.livewire import NEAR, REACH, Costs, Wire, costs_of, field_around, spread
from core.gestures.polygon import HINT_WIRE, PolygonGesture
from core.gestures.purpose import Purpose
from tests.core.gestures.scenes import Hand, make_scene
from tests.pace import allowed


def disc(size: int = 100, radius: float = 30.0) -> np.ndarray:
    """A light disc in the middle of a dark image, with some noise."""
    y, x = np.mgrid[:size, :size] + 0.5
    inside = np.hypot(x - size / 2, y - size / 2) <= radius
    noise = np.random.default_rng(0).normal(0, 6, (size, size, 3))
    return np.clip(60 + 130 * inside[..., None] + noise, 0, 255).astype(np.uint8)


def around(angle: float, radius: float = 30.0) -> tuple[float, float]:
    return 50 + radius * math.cos(angle), 50 + radius * math.sin(angle)


@pytest.fixture
def hand() -> Hand:
    scene = make_scene()
    scene.wire = Wire(disc())
    return Hand(scene, PolygonGesture(scene), tolerance=9.0)


def dijkstra(costs: Costs, start: tuple[int, int]) -> np.ndarray:
    height, width = costs.left.shape
    found = np.full((height, width), np.inf)
    found[start] = 0
    queue = [(0.0, start)]
    while queue:
        so_far, (row, column) = heapq.heappop(queue)
        if so_far > found[row, column]:
            continue
        for down, right in livewire._STEPS:
            to = row + down, column + right
            if 0 <= to[0] < height and 0 <= to[1] < width:
                cost = so_far + float(livewire._into_from(costs, -down, -right)[to])
                if cost < found[to]:
                    found[to] = cost
                    heapq.heappush(queue, (cost, to))
    return found


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 9), st.data())
@settings(max_examples=25, deadline=None)
def test_the_cheapest_ways_are_found(seed, height, width, data):
    image = np.random.default_rng(seed).normal(0, 50, (height, width, 1)).astype(np.float32)
    costs = costs_of(image)
    start = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    found, true = spread(costs, start), dijkstra(costs, start)
    assert np.allclose(found, true, atol=1e-4)
    towards = livewire._towards(costs, found, start)
    for row in range(height):
        for column in range(width):
            cell, steps = (row, column), 0
            while towards[cell] >= 0 and steps < height * width:
                down, right = livewire._STEPS[towards[cell]]
                cell, steps = (cell[0] + down, cell[1] + right), steps + 1
            assert cell == start


def test_three_clicks_go_around_a_disc(hand):
    assert hand.gesture.hint == HINT_WIRE
    for angle in (0.0, 2.1, 4.2):
        hand.click(*around(angle))
    way = hand.move(*around(5.2)).preview.line
    assert all(abs(math.dist(point, (50, 50)) - 30) < 2 for point in way)
    hand.key(Key.ENTER)
    (made,) = hand.edits[0].shapes
    circle = Polygon(tuple(around(k / 20) for k in range(126)))
    assert polygon_iou(made, (circle,)) > 0.95
    assert len(made.polygons[0].outer) < 60, "no vertex a pixel"


def test_backspace_takes_back_the_way_with_its_click_and_redo_returns_it(hand):
    hand.click(*around(0.0))
    hand.click(*around(1.5))
    first = hand.gesture._points.copy()
    assert len(first) > 4
    hand.click(*around(3.0))
    both = hand.gesture._points.copy()
    hand.key(Key.BACKSPACE)
    assert hand.gesture._points == first
    hand.key(Key.REDO)
    assert hand.gesture._points == both
    for _ in range(2):
        hand.key(Key.BACKSPACE)
    assert hand.gesture._points == [around(0.0)]
    hand.key(Key.BACKSPACE)
    assert not hand.gesture.busy


def test_ctrl_draws_straight_and_so_does_a_line_of_two_ends(hand):
    hand.click(*around(0.0))
    hand.click(*around(1.5), held=Modifier.CTRL)
    assert len(hand.gesture._points) == 2
    line = Hand(hand.scene, PolygonGesture(hand.scene, Purpose.LINE, most=2), tolerance=9.0)
    line.click(*around(0.0))
    line.click(*around(1.5))
    assert len(line.edits[0].shapes[0].points) == 2


def test_what_is_made_elsewhere_serves_the_vertex_it_was_made_for():
    waiting = []
    wire = Wire(disc(), lambda make, then: waiting.append((make, then)))
    start, end = around(0.0), around(2.0)
    assert math.dist(start, end) > NEAR
    assert wire.path(start, end, 1.0) == ()
    assert wire.path(start, around(0.4), 1.0), "the near window is there at once"
    wire.path(around(1.0), end, 1.0)
    (make, then), (make_later, then_later) = waiting
    then(make())
    assert all(each.start == around(1.0) for each in wire._fields)
    then_later(make_later())
    assert wire.path(around(1.0), end, 1.0)
    assert len(waiting) == 2


def test_on_a_large_image_the_window_is_bounded_and_cells_are_those_of_the_screen():
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    pixels[:, 2100:] = 200
    field = field_around(pixels, (2100.0, 1500.0), 4)
    assert field.towards.shape == (2 * REACH, 2 * REACH)
    way = field.path((2100.0, 1100.0))
    assert len(way) == pytest.approx(100, abs=2)
    assert all(abs(x - 2100) <= 4 for x, _ in way)
    assert not field.has((2100.0, 1500.0 + 4 * REACH + 9))
    start = time.process_time()
    field_around(pixels, (2100.0, 1500.0), 1, NEAR)
    assert time.process_time() - start < allowed(0.012)
    for corner in ((0.0, 0.0), (4000.0, 3000.0), (-5.0, 4000.0)):
        assert field_around(pixels, corner, 3, NEAR).path(corner) == ()
    assert field_around(pixels[:1, :5], (2.0, 0.0), 1).path((4.0, 0.0)) == ()
