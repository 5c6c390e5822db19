from __future__ import annotations

import math
import random

import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry import Polygon as ShapelyPolygon

from core.document.geometry import (
    GeometryError,
    Rect,
    area,
    bounds,
    clip_to_image,
    contains,
    delete_vertex,
    insert_vertex,
    is_valid,
    move_vertex,
    nearest_edge,
    nearest_vertex,
    polygon_iou,
    repair,
    repair_ring,
    ring_contains,
    signed_area,
    simplify,
    subtract,
    translate,
    union,
    union_rect,
)
from core.document.geometry.vertices import _LONG
from core.document.instance import Instance, Polygon
from tests.core.document.strategies import blob, circle, coordinates, outlines, rings, square

SQUARE = (Polygon(square(0, 0, 10)),)
RING = (Polygon(square(0, 0, 10), (square(2, 2, 4),)),)

# Small whole numbers make vertices and edges meet often, where repair is hard.
grid = st.integers(0, 6).map(float)
grid_rings = st.lists(st.tuples(grid, grid), min_size=3, max_size=12).map(tuple)
any_rings = rings | grid_rings
any_outlines = outlines | st.lists(
    st.builds(Polygon, grid_rings, st.lists(grid_rings, max_size=2).map(tuple)),
    min_size=1,
    max_size=3,
).map(tuple)


def test_area_bounds_and_containment_with_a_hole():
    assert area(RING) == 84
    assert area(Instance("a", "cat", RING)) == 84
    assert bounds(RING) == Rect(0, 0, 10, 10)
    assert contains(RING, 1, 1)
    assert not contains(RING, 4, 4)
    assert not contains(RING, 11, 4)


def test_signed_area_is_positive_clockwise_on_the_screen_and_exact_far_away():
    assert signed_area(square(0, 0, 10)) == 100
    assert signed_area(tuple(reversed(square(0, 0, 10)))) == -100
    assert signed_area(square(1e7, 1e7, 0.5)) == 0.25


def test_area_of_several_parts():
    assert area((*RING, Polygon(square(20, 20, 2)))) == 88


def test_rectangles():
    a, b = Rect(0, 0, 2, 2), Rect(1, 1, 5, 3)
    assert union_rect(a, b) == Rect(0, 0, 5, 3)
    assert union_rect(None, b) == b
    assert union_rect(a, None) == a
    assert union_rect(None, None) is None
    assert a.intersects(b)
    assert not a.intersects(Rect(3, 0, 4, 1))
    assert b.grown(1) == Rect(0, 0, 6, 4)
    assert (b.width, b.height, b.centre) == (4, 2, (3, 2))


@given(any_outlines, coordinates, coordinates)
@settings(max_examples=60, deadline=None)
def test_containment_agrees_with_shapely_away_from_the_border(polygons, x, y):
    try:
        polygons = repair(polygons)
    except GeometryError:
        return
    shapes = [ShapelyPolygon(each.outer, each.holes) for each in polygons]
    point = ShapelyPoint(x, y)
    if all(shape.boundary.distance(point) > 1e-3 for shape in shapes):
        assert contains(polygons, x, y) == any(shape.contains(point) for shape in shapes)


# Repair


def test_a_valid_outline_keeps_its_vertices():
    assert repair(RING) == RING


def test_a_figure_of_eight_becomes_two_parts():
    parts = repair_ring([(0, 0), (4, 4), (4, 0), (0, 4)])
    assert len(parts) == 2
    assert area(parts) == pytest.approx(8)


def test_repeated_collinear_and_spiky_vertices_go():
    ring = [(0, 0), (5, 0), (5, 0), (10, 0), (10, 10), (10, 14), (10, 10), (0, 10), (0, 0)]
    (polygon,) = repair_ring(ring)
    assert len(polygon.outer) == 4
    assert area((polygon,)) == 100


def test_a_hole_that_leaves_the_outline_is_cut_out_of_it():
    (polygon,) = repair((Polygon(square(0, 0, 10), (square(8, 8, 10),)),))
    assert polygon.holes == ()
    assert area((polygon,)) == pytest.approx(96)


def test_a_hole_without_area_goes():
    (polygon,) = repair((Polygon(square(0, 0, 10), (((1, 1), (2, 2), (3, 3)),)),))
    assert polygon == Polygon(square(0, 0, 10))


def test_a_part_without_area_goes_and_the_others_stay():
    line = Polygon(((0, 0), (1, 1), (2, 2)))
    assert repair((line, *SQUARE)) == SQUARE


@pytest.mark.parametrize(
    ("ring", "sentence"),
    [
        ([(0, 0), (1, 1), (0, 0)], "geometry.few_points"),
        ([(0, 0), (0, 0), (0, 0), (0, 0)], "geometry.few_points"),
        ([(0, 0), (1, 1), (2, 2)], "geometry.no_area"),
        ([(0, 0), (5, 0), (9, 0), (2, 0)], "geometry.no_area"),
    ],
)
def test_what_has_no_area_is_refused_with_the_reason(ring, sentence):
    with pytest.raises(GeometryError) as caught:
        repair_ring(ring)
    assert caught.value.sentence.id == sentence
    assert str(caught.value)


@given(any_outlines)
@settings(max_examples=80, deadline=None)
def test_repair_yields_valid_open_rings_or_says_why_not(polygons):
    try:
        repaired = repair(polygons)
    except GeometryError:
        return
    assert repaired
    assert is_valid(repaired)
    assert area(repaired) > 0
    for polygon in repaired:
        for ring in polygon.rings:
            assert len(ring) >= 3
            assert ring[0] != ring[-1]
            assert all(ring[k - 1] != ring[k] for k in range(len(ring)))
            assert all(math.isfinite(x + y) for x, y in ring)


@given(any_rings, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_repair_covers_what_the_ring_covers_by_the_even_odd_rule(ring, seed):
    try:
        repaired = repair_ring(ring)
    except GeometryError:
        repaired = ()
    rng = random.Random(seed)
    box = bounds((Polygon(ring),))
    border = shapely.LineString([*ring, ring[0]])
    for _ in range(30):
        x, y = rng.uniform(box.x0, box.x1), rng.uniform(box.y0, box.y1)
        if border.distance(ShapelyPoint(x, y)) > 1e-3:
            assert contains(repaired, x, y) == ring_contains(ring, x, y)


@given(any_outlines)
@settings(max_examples=60, deadline=None)
def test_repairing_again_changes_nothing(polygons):
    try:
        repaired = repair(polygons)
    except GeometryError:
        return
    assert repair(repaired) == repaired


# Simplify, clip, union, difference, overlap


@given(st.floats(0.1, 5), st.floats(5, 200))
@settings(max_examples=50, deadline=None)
def test_simplifying_stays_within_the_tolerance(tolerance, radius):
    polygons = (Polygon(circle(300, 300, radius, 400), (circle(300, 300, radius / 2, 200),)),)
    simple = simplify(polygons, tolerance)
    if not simple:
        assert radius < 2 * tolerance
        return
    assert is_valid(simple)
    assert sum(len(ring) for ring in simple[0].rings) < 600
    outline = shapely.LineString([*simple[0].outer, simple[0].outer[0]])
    assert max(outline.distance(ShapelyPoint(p)) for p in polygons[0].outer) <= tolerance + 1e-9


def test_simplifying_by_nothing_takes_only_what_is_in_a_straight_line():
    (polygon,) = simplify((Polygon(((0, 0), (5, 0), (10, 0), (10, 10), (0, 10))),), 0)
    assert set(polygon.outer) == set(square(0, 0, 10))


def test_clipping_leaves_what_is_inside_alone():
    assert clip_to_image(RING, 10, 10) == RING
    assert clip_to_image((Polygon(square(20, 20, 5)),), 10, 10) == ()
    assert area(clip_to_image((Polygon(square(-5, -5, 10)),), 100, 100)) == pytest.approx(25)


@given(any_outlines, st.integers(1, 500), st.integers(1, 500))
@settings(max_examples=60, deadline=None)
def test_clipped_outlines_lie_inside_the_image(polygons, width, height):
    for polygon in clip_to_image(polygons, width, height):
        box = bounds((polygon,))
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_clipping_can_make_several_parts():
    comb = Polygon(((0, -2), (6, -2), (6, 3), (4, 3), (4, -1), (2, -1), (2, 3), (0, 3)))
    parts = clip_to_image((comb,), 10, 10)
    assert len(parts) == 2
    assert area(parts) == pytest.approx(12)


def test_union_and_difference():
    a, b = SQUARE, (Polygon(square(5, 0, 10)),)
    assert area(union(a, b)) == pytest.approx(150)
    assert area(subtract(a, b)) == pytest.approx(50)
    assert subtract(a, a) == ()
    (holed,) = subtract(a, (Polygon(square(2, 2, 4)),))
    assert len(holed.holes) == 1


NEAR_A = (
    Polygon(
        ((226.0, 1.5), (0.0, 1.421875), (0.0, 406.0), (13.0, 999.0)),
        (((0.0, 0.0), (0.125, 0.0), (7.257658958435059, 895.625), (175.54782104492188, 0.0)),),
    ),
)
NEAR_B = (
    Polygon(
        ((623.45379638671, -1e-05), (226.0, 1.5), (0.0, 1.421875), (0.0, 406.0), (13.0, 0.0)),
        (((0.125, 0.0), (7.257658958435059, 895.625), (81.344352722, 642.05), (-100.0, -95.9)),),
    ),
)


@example(NEAR_A, NEAR_B)  # edges that nearly lie on each other
@given(any_outlines, any_outlines)
@settings(max_examples=50, deadline=None)
def test_union_difference_and_overlap_agree(a, b):
    whole, rest = union(a, b), subtract(a, b)
    assert is_valid(whole)
    assert is_valid(rest)
    if area(whole) > 0.01:  # of smaller ones the results leave out parts as dust
        shared = area(union(a, a)) - area(rest)
        assert polygon_iou(a, b) == pytest.approx(shared / area(whole), abs=1e-3)
    assert polygon_iou(a, b) == pytest.approx(polygon_iou(b, a), abs=1e-9)
    assert 0 <= polygon_iou(a, b) <= 1 + 1e-9


def test_outlines_without_an_area_take_part():
    crossed = Polygon(((0, 2), (6, 6), (0, 0), (3, 5), (1, 0)), (((4, 2), (1, 4), (1, 6), (2, 3)),))
    nothing = Polygon(((0, 0), (0, 0), (0, 0)))
    assert subtract((nothing,), (crossed,)) == ()
    assert area(subtract((crossed,), (nothing,))) == pytest.approx(area(union((crossed,))))
    assert polygon_iou((nothing,), (crossed,)) == 0


def test_overlap_of_known_outlines():
    assert polygon_iou(SQUARE, SQUARE) == 1
    assert polygon_iou(SQUARE, (Polygon(square(5, 0, 10)),)) == pytest.approx(1 / 3)
    assert polygon_iou(SQUARE, (Polygon(square(50, 0, 10)),)) == 0
    assert polygon_iou(RING, SQUARE) == pytest.approx(0.84)
    assert polygon_iou(blob("a", 5, 5, 3), blob("b", 5, 5, 3)) == pytest.approx(1)


# Vertices


def test_nearest_vertex_and_edge():
    vertex = nearest_vertex(RING, 2.5, 2.5)
    assert (vertex.polygon, vertex.ring, vertex.index, vertex.point) == (0, 1, 0, (2, 2))
    assert vertex.distance == pytest.approx(math.hypot(0.5, 0.5))
    edge = nearest_edge(RING, -1, 5)
    assert (edge.polygon, edge.ring, edge.index, edge.point) == (0, 0, 3, (0, 5))
    assert edge.distance == 1


def test_an_edge_without_length_is_its_vertex():
    edge = nearest_edge((Polygon(((0, 0), (0, 0), (9, 9))),), -3, -4)
    assert edge.distance == 5


@given(st.floats(-100, 1700), st.floats(-100, 1700))
@settings(max_examples=20)
def test_the_nearest_edge_of_a_long_ring_is_the_nearest_of_its_edges(x, y):
    """Long rings are searched with numpy, short ones edge by edge."""
    angles = [2 * math.pi * k / (2 * _LONG) for k in range(2 * _LONG)]
    ring = tuple((800 + 700 * math.cos(a), 800 + 500 * math.sin(a)) for a in angles)
    found = nearest_edge((Polygon(ring),), x, y)
    edges = zip(ring, (*ring[1:], ring[0]), strict=True)
    alone = [nearest_edge((Polygon((a, b, a)),), x, y).distance for a, b in edges]
    assert found.distance == pytest.approx(min(alone), abs=1e-9)
    assert alone[found.index] == pytest.approx(found.distance, abs=1e-9)


@pytest.mark.parametrize("count", [999, 1001])
def test_the_box_of_a_long_outline_is_that_of_all_its_parts(count):
    ring = tuple((float(k), float(k * k % 97)) for k in range(count))
    small = ((-5.0, 3.0), (0.0, 200.0), (1.0, 1.0))
    xs, ys = zip(*ring, *small, strict=True)
    assert bounds((Polygon(ring), Polygon(small))) == Rect(min(xs), min(ys), max(xs), max(ys))


@given(outlines, coordinates, coordinates)
@settings(max_examples=50, deadline=None)
def test_the_nearest_edge_is_never_further_than_the_nearest_vertex(polygons, x, y):
    edge, vertex = nearest_edge(polygons, x, y), nearest_vertex(polygons, x, y)
    assert edge.distance <= vertex.distance + 1e-9
    lines = [shapely.LineString([*ring, ring[0]]) for polygon in polygons for ring in polygon.rings]
    expected = min(line.distance(ShapelyPoint(x, y)) for line in lines)
    assert edge.distance == pytest.approx(expected, abs=1e-6, rel=1e-6)


@given(outlines, st.data())
@settings(max_examples=50, deadline=None)
def test_inserting_and_deleting_a_vertex_are_opposites(polygons, data):
    p = data.draw(st.integers(0, len(polygons) - 1))
    r = data.draw(st.integers(0, len(polygons[p].rings) - 1))
    k = data.draw(st.integers(0, len(polygons[p].rings[r]) - 1))
    more = insert_vertex(polygons, p, r, k, (1.5, 2.5))
    assert more[p].rings[r][k + 1] == (1.5, 2.5)
    assert delete_vertex(more, p, r, k + 1) == polygons
    moved = move_vertex(polygons, p, r, k, (7, 8))
    assert moved[p].rings[r][k] == (7, 8)
    assert move_vertex(moved, p, r, k, polygons[p].rings[r][k]) == polygons


def test_deleting_the_third_vertex():
    triangle = ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0))
    small = ((1.0, 1.0), (2.0, 1.0), (1.0, 2.0))
    holed = (Polygon(triangle, (small,)),)
    assert delete_vertex(holed, 0, 1, 0) == (Polygon(triangle),)
    assert delete_vertex((*holed, *SQUARE), 0, 0, 0) == SQUARE
    with pytest.raises(GeometryError) as caught:
        delete_vertex((Polygon(triangle),), 0, 0, 1)
    assert caught.value.sentence.id == "geometry.last_triangle"


@pytest.mark.parametrize("place", [(1, 0, 0), (0, 2, 0), (0, 0, 4), (0, 0, -1), (-1, 0, 0)])
def test_a_vertex_that_is_not_there(place):
    for change in (lambda: delete_vertex(RING, *place), lambda: move_vertex(RING, *place, (0, 0))):
        with pytest.raises(IndexError):
            change()


@given(outlines, st.integers(-99, 99), st.integers(-99, 99))
@settings(max_examples=50, deadline=None)
def test_translating_moves_the_box(polygons, dx, dy):
    box, moved = bounds(polygons), bounds(translate(polygons, dx, dy))
    expected = (box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)
    assert (moved.x0, moved.y0, moved.x1, moved.y1) == expected
