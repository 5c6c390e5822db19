from __future__ import annotations

import random
import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.geometry import bounds, contains, nearest_edge, nearest_vertex
from core.document.hit import Hit, HitIndex
from core.document.instance import Instance, Polygon
from tests.core.document.strategies import blob, coordinates, ids, instances, outlines, square
from tests.pace import allowed

HOLED = Instance(
    "holed", "cat", (Polygon(square(0, 0, 100), (square(30, 30, 40),)), Polygon(square(200, 0, 50)))
)


def test_vertex_before_edge_before_body():
    index = HitIndex([HOLED])
    assert index.at(2, 1, 5) == Hit("vertex", "holed", 0, 0, 0)
    assert index.at(31, 29, 5) == Hit("vertex", "holed", 0, 1, 0)
    assert index.at(98, 50, 5) == Hit("edge", "holed", 0, 0, 1)
    assert index.at(50, 68, 5) == Hit("edge", "holed", 0, 1, 2)
    assert index.at(15, 15, 5) == Hit("body", "holed", 0)
    assert index.at(225, 25, 5) == Hit("body", "holed", 1)
    assert index.at(50, 50, 5) is None
    assert index.at(150, 25, 5) is None


def test_the_upper_of_two_is_hit_unless_the_other_is_selected():
    low = Instance("low", "cat", (Polygon(square(0, 0, 100)),))
    high = Instance("high", "cat", (Polygon(square(0, 0, 100)),))
    index = HitIndex([low, high])
    for x, kind in ((0, "vertex"), (50, "edge")):
        assert (index.at(x, 0, 3).id, index.at(x, 0, 3).kind) == ("high", kind)
        assert index.at(x, 0, 3, first={"low"}).id == "low"
    assert index.at(50, 50, 3).id == "high"
    assert index.at(50, 50, 3, first={"low"}) == Hit("body", "low")
    assert [hit.id for hit in index.all_at(50, 50)] == ["high", "low"]


def test_a_selected_instance_elsewhere_does_not_matter():
    index = HitIndex([HOLED, blob("far", 900, 900, 5)])
    assert index.at(15, 15, 5, first={"far"}) == Hit("body", "holed", 0)


def test_nothing_to_hit():
    assert HitIndex().at(0, 0, 100) is None
    assert HitIndex().all_at(0, 0, 100) == ()


lists = st.lists(instances(ids, outlines), max_size=5, unique_by=lambda instance: instance.id)


@given(lists, coordinates, coordinates, st.floats(0, 60))
@settings(max_examples=60, deadline=None)
def test_the_index_agrees_with_plain_geometry(found, x, y, tolerance):
    hit = HitIndex(found).at(x, y, tolerance)
    vertices = [nearest_vertex(each, x, y).distance for each in found]
    # A hole may lie outside its outline here; the box, and so the index, is that of all rings.
    edges = [nearest_edge(each, x, y).distance for each in found]
    if any(abs(distance - tolerance) < 1e-6 for distance in (*vertices, *edges)):
        return
    if vertices and min(vertices) < tolerance:
        instance = next(each for each in found if each.id == hit.id)
        point = instance.polygons[hit.polygon].rings[hit.ring][hit.index]
        assert hit.kind == "vertex"
        assert abs(nearest_vertex(instance, x, y).distance - min(vertices)) < 1e-9
        assert (point[0] - x) ** 2 + (point[1] - y) ** 2 < (min(vertices) + 1e-6) ** 2
    elif edges and min(edges) < tolerance:
        instance = next(each for each in found if each.id == hit.id)
        assert hit.kind == "edge"
        assert abs(nearest_edge(instance, x, y).distance - min(edges)) < 1e-6
    elif hit is not None:
        assert hit.kind == "body"


@given(lists, lists)
@settings(max_examples=60, deadline=None)
def test_an_updated_index_is_like_a_new_one(before, after):
    kept = [each for each in before if each.id not in {new.id for new in after}]
    joined = [*after, *(replace(each, id=f"other {each.id}") for each in kept[::2]), *kept[1::2]]
    updated, fresh = HitIndex(before).updated(joined), HitIndex(joined)
    for each in joined:
        box = bounds(each)
        x, y = box.centre
        assert updated.at(x, y, 3) == fresh.at(x, y, 3)
        assert updated.all_at(x, y, 3) == fresh.all_at(x, y, 3)


def test_body_hits_agree_with_containment():
    rng = random.Random(3)
    found = [
        blob(str(k), rng.uniform(0, 300), rng.uniform(0, 300), rng.uniform(5, 60))
        for k in range(60)
    ]
    index = HitIndex(found)
    for _ in range(300):
        x, y = rng.uniform(0, 300), rng.uniform(0, 300)
        expected = [each.id for each in reversed(found) if contains(each, x, y)]
        assert [hit.id for hit in index.all_at(x, y)] == expected


def test_ten_thousand_instances_answer_within_two_milliseconds():
    rng = random.Random(1)
    found = [
        blob(str(k), rng.uniform(0, 2000), rng.uniform(0, 2000), rng.uniform(5, 40))
        for k in range(10_000)
    ]
    index = HitIndex(found)
    times = []
    for _ in range(200):
        x, y = rng.uniform(0, 2000), rng.uniform(0, 2000)
        start = time.process_time()
        index.at(x, y, 6)
        times.append(time.process_time() - start)
    assert sorted(times)[100] < allowed(0.001)
