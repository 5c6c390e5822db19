"""A stretch of an outline replaced by a line: which, how much, and that all else stays."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.document.geometry import area, is_valid, ring_contains, subtract, union
from core.document.geometry.stretch import (
    Track,
    joined,
    nearer,
    snapped,
    stretched,
    without_loops,
)
from core.document.instance import Polygon

SQUARE = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
HOLE = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))
REACH = 2.0


def better(polygons, line, polygon=0, ring=0, reach=REACH):
    join = joined(Track(polygons[polygon].rings[ring]), line, reach)
    way = nearer(polygons, polygon, ring, join)
    return tuple(stretched(polygons, polygon, ring, join, each) for each in (way, 1 - way))


def test_out_and_back_adds_and_the_other_side_is_what_was_added():
    body = (Polygon(SQUARE),)
    added, other = better(body, ((10, 0), (10, -5), (30, -5), (30, 0)))
    assert area(added) == 1700
    assert area(other) == 100
    assert set(SQUARE) <= set(added[0].outer)


def test_in_and_back_cuts_and_the_other_side_is_what_was_cut_off():
    body = (Polygon(SQUARE),)
    cut, other = better(body, ((10, 0), (10, 5), (30, 5), (30, 0)))
    assert (area(cut), area(other)) == (1500, 100)


def test_a_line_across_leaves_the_larger_piece_and_then_the_smaller():
    body = (Polygon(SQUARE),)
    left, right = better(body, ((30, 0), (30, 40)))
    assert (area(left), area(right)) == (1200, 400)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("end", [19, 20, 21])
def test_a_line_around_the_whole_takes_it_in(turn, end):
    body = (Polygon(SQUARE),)
    line = ((20, 0), (20, -5), (-5, -5), (-5, 45), (45, 45), (45, -5), (end, -5), (end, 0))
    around, _ = better(body, line[::turn])
    assert area(around) == pytest.approx(2500, rel=0.01)


def test_ends_that_overshoot_are_cut_off_at_the_outline():
    body = (Polygon(SQUARE),)
    added, _ = better(body, ((10, 1), (10, -5), (30, -5), (30, 1)))
    assert area(added) == 1700
    assert (10, 1) not in added[0].outer


def test_an_end_far_beyond_the_outline_is_cut_off_at_the_last_crossing():
    body = (Polygon(SQUARE),)
    added, _ = better(body, ((10, 0), (10, -5), (30, -5), (30, 25)))
    assert area(added) == 1700


def test_an_end_that_never_came_back_is_led_straight_to_the_outline():
    body = (Polygon(SQUARE),)
    added, _ = better(body, ((10, 0), (10, -5), (30, -5)))
    assert area(added) == 1700


def test_a_line_that_weaves_over_the_outline_is_followed():
    body = (Polygon(SQUARE),)
    line = ((4, 0), (8, -3), (12, 3), (16, -3), (20, 3), (24, -3), (28, 3), (32, -3), (36, 0))
    woven, _ = better(body, line, reach=1.0)
    assert is_valid(woven)
    assert len(woven) == 1
    assert [point for point in line[1:-1] if point in woven[0].outer] == list(line[1:-1])


def test_a_hole_grows_and_shrinks():
    body = (Polygon(SQUARE, (HOLE,)),)
    grown, _ = better(body, ((15, 10), (15, 5), (25, 5), (25, 10)), ring=1)
    shrunk, _ = better(body, ((15, 10), (15, 15), (25, 15), (25, 10)), ring=1)
    assert (area(grown), area(shrunk)) == (1150, 1250)
    assert grown[0].outer == shrunk[0].outer == SQUARE


def test_a_hole_that_breaks_through_becomes_a_notch():
    body = (Polygon(SQUARE, (HOLE,)),)
    open_, _ = better(body, ((15, 10), (15, -5), (25, -5), (25, 10)), ring=1)
    assert is_valid(open_)
    assert area(open_) == 1100
    assert open_[0].holes == ()


def test_an_outline_drawn_through_a_hole_opens_it():
    body = (Polygon(SQUARE, (HOLE,)),)
    cut, _ = better(body, ((0, 20), (40, 20)))
    assert is_valid(cut)
    assert area(cut) == 600


def test_a_part_that_reaches_another_becomes_one_with_it():
    other = ((50.0, 0.0), (60.0, 0.0), (60.0, 40.0), (50.0, 40.0))
    third = ((0.0, 60.0), (9.0, 60.0), (9.0, 69.0))
    body = (Polygon(SQUARE), Polygon(third), Polygon(other))
    met, _ = better(body, ((40, 10), (55, 10), (55, 30), (40, 30)))
    assert len(met) == 2
    assert is_valid(met)
    assert area(met) == 1600 + 400 + 200 + area((Polygon(third),))


def test_of_several_parts_only_one_is_touched():
    other = ((50.0, 0.0), (60.0, 0.0), (60.0, 40.0), (50.0, 40.0))
    body = (Polygon(SQUARE), Polygon(other))
    cut, _ = better(body, ((50, 10), (55, 10), (55, 30), (50, 30)), polygon=1)
    assert cut[0] is body[0]
    assert area((cut[1],)) == 300


def test_the_loop_of_an_unsteady_hand_is_cut_off_and_a_drawn_one_stays():
    line = ((0.0, 0.0), (10.0, 0.0), (10.0, 2.0), (8.0, 2.0), (8.0, -1.0), (20.0, -1.0))
    assert without_loops(line, 9.0) == ((0, 0), (8, 0), (8, -1), (20, -1))
    assert without_loops(line, 1.0) == line


def test_a_line_without_length_joins_nothing():
    assert joined(Track(SQUARE), ((10, 0), (10, 0)), REACH) is None
    assert joined(Track(SQUARE), ((10, 0),), REACH) is None


def test_snapping_follows_the_neighbour():
    neighbour = ((0.0, 0.0), (10.0, 1.0), (20.0, 0.0), (20.0, -10.0), (0.0, -10.0))
    line = ((-5.0, 8.0), (1.0, 1.0), (19.0, 1.0), (25.0, 8.0))
    on = snapped(line, [neighbour], 2.0)
    assert on[0] == line[0]
    assert on[-1] == line[-1]
    assert (10.0, 1.0) in on
    for point in on[1:-1]:
        assert math.dist(Track(neighbour).nearest(point).point, point) < 1e-9


def test_snapping_does_not_run_round_a_neighbour():
    neighbour = ((0.0, 0.0), (20.0, 0.0), (20.0, 90.0), (0.0, 90.0))
    line = ((-1.0, 50.0), (21.0, 50.0))
    assert snapped(line, [neighbour], 2.0) == ((0, 50), (20, 50))


# Any outline, any stretch of it, drawn to either side of it


def star(seed: int, count: int):
    rng = random.Random(seed)
    angles = [2 * math.pi * (k + 0.8 * rng.random()) / count for k in range(count)]
    return tuple(
        (100 + (r := rng.uniform(30, 80)) * math.cos(a), 100 + r * math.sin(a)) for a in angles
    )


def drawn(ring, start: float, share: float, by: float):
    """A line beside a stretch of a star: its points moved away from the middle, or towards it."""
    first = int(start * len(ring))
    count = 1 + int(share * (len(ring) - 2))
    stretch = [ring[(first + k) % len(ring)] for k in range(count + 2)]
    inner = [(100 + by * (x - 100), 100 + by * (y - 100)) for x, y in stretch[1:-1]]
    ends = [
        ((3 * a[0] + b[0]) / 4, (3 * a[1] + b[1]) / 4) for a, b in (stretch[:2], stretch[-1:-3:-1])
    ]
    replaced = [stretch[1:-1]]
    return (ends[0], *inner, ends[1]), replaced[0]


@given(
    st.integers(0, 10**6),
    st.integers(5, 24),
    st.floats(0, 0.999),
    st.floats(0, 0.5),
    st.sampled_from([0.5, 0.8, 1.2, 1.6]),
    st.booleans(),
)
def test_only_the_drawn_stretch_changes(seed, count, start, share, by, backwards):
    ring = star(seed, count)
    body = (Polygon(ring),)
    line, replaced = drawn(ring, start, share, by)
    line = line[::-1] if backwards else line
    new, _ = better(body, line, reach=0.001)
    assert is_valid(new)
    assert len(new) == 1
    kept = [point for point in ring if point not in replaced]
    assert [point for point in new[0].outer if point in kept] == _turned(kept, new[0].outer)
    between = Polygon(tuple(dict.fromkeys((*line, *(replaced if backwards else replaced[::-1])))))
    assert area(new) - area(body) == pytest.approx(
        area((between,)) * (1 if by > 1 else -1), abs=1e-6
    )
    assert area(subtract(new, body)) == pytest.approx(area((between,)) if by > 1 else 0, abs=1e-6)


def _turned(kept, outer):
    """The kept vertices, in the order and from the place where the outline has them."""
    there = [point for point in outer if point in kept]
    if len(there) < 2:
        return there if len(there) == len(kept) else kept
    forward = kept[(first := kept.index(there[0])) :] + kept[:first]
    back = forward[:1] + forward[:0:-1]
    return forward if forward == there else back


lines = st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=2, max_size=12).map(
    tuple
)


@given(st.integers(0, 10**6), st.integers(3, 16), lines, st.booleans(), st.booleans())
def test_any_scribble_leaves_valid_polygons(seed, count, line, holed, of_hole):
    ring = star(seed, count)
    hole = tuple((100 + 0.4 * (x - 100), 100 + 0.4 * (y - 100)) for x, y in ring)
    far = ((150.0, 150.0), (190.0, 150.0), (190.0, 190.0))
    whole = Polygon(ring, (hole,) if holed else ())
    if not is_valid((whole,)):
        return
    body = (whole, Polygon(far))
    number = int(holed and of_hole)
    join = joined(Track(whole.rings[number]), line, 3.0)
    if join is None:
        return
    for end, place in ((join.line[0], join.start), (join.line[-1], join.end)):
        assert math.dist(end, place.point) < 1e-6
    ways = [stretched(body, 0, number, join, way) for way in (0, 1)]
    for way in ways:
        if way is not None:
            assert is_valid(way)
            assert area(way) > 0


@given(st.integers(0, 10**6), st.integers(3, 16), lines)
def test_the_two_ways_of_an_inner_line_are_the_two_pieces(seed, count, line):
    ring = star(seed, count)
    body = (Polygon(ring),)
    if not is_valid(body):
        return
    inner = tuple(point for point in line if ring_contains(ring, *point))[:1]
    if not inner:
        return
    join = joined(Track(ring), (ring[0], *inner, ring[count // 2]), 0.001)
    if join is None or not all(_inside(ring, a, b) for a, b in pairwise(join.line)):
        return
    one, other = (stretched(body, 0, 0, join, way) for way in (0, 1))
    better = nearer(body, 0, 0, join)
    assert area((one, other)[better]) >= area((one, other)[1 - better]) - 1e-6
    assert area(one) + area(other) == pytest.approx(area(body), rel=1e-6)
    assert area(union(one, other)) == pytest.approx(area(body), rel=1e-6)


def _inside(ring, a, b) -> bool:
    steps = [k / 32 for k in range(1, 32)]
    return all(
        ring_contains(ring, a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])) for s in steps
    )
